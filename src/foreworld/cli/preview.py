"""Pictures of a data set or a run: contact sheet PNG and GIF; curves and video."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from foreworld.cli._study import find_folder
from foreworld.cli._usage import Fields, Usage
from foreworld.core.errors import ConfigError


def configure(usage: Usage) -> None:
    """Declare the options."""
    usage.add("path", metavar="PATH", help="folder of a data set, a run or a study")
    usage.add("--out", metavar="DIR", help="folder for the pictures (default: preview)")
    usage.add("--fps", type=float, default=10.0, metavar="F", help="frames a second")
    usage.quiet()


def run(args: argparse.Namespace, fields: Fields) -> int:
    """Write the pictures and print where they are."""
    import foreworld as fw
    from foreworld.data.dataset import DataSet

    if args.fps <= 0:
        raise ConfigError(f"--fps={args.fps:g} must be above 0.")
    path = Path(args.path)
    path = path if path.is_dir() else find_folder(args.path)
    out = Path(args.out or "preview")
    found = fw.load(path)
    if isinstance(found, DataSet):
        written = data_pictures(found, out, path.name, args.fps)
    else:
        written = run_pictures(found, out, path.name, args.fps)
    if not args.quiet:
        for file in written:
            print(file)
    return 0


def data_pictures(data: Any, out: Path, name: str, fps: float) -> list[Path]:
    """A contact sheet of some sequences, and the same ones moving side by side."""
    from foreworld.core.folder import write_bytes
    from foreworld.data.pictures import moving_gif, sheet_png

    split = next(s for s in (data.train, data.val, data.test) if len(s))
    sheet, moving = out / f"{name}.png", out / f"{name}.gif"
    write_bytes(sheet, sheet_png(split))
    write_bytes(moving, moving_gif(split, fps))
    return [sheet, moving]


def run_pictures(study: Any, out: Path, name: str, fps: float) -> list[Path]:
    """Learning curves, and the video of a forward model."""
    from foreworld.core.folder import write_bytes
    from foreworld.plot._style import to_png
    from foreworld.plot.curves import curves
    from foreworld.plot.report.gather import main_curves, study_video
    from foreworld.render.gif import write_gif

    written = []
    for metric in main_curves(study)[:1]:
        file = out / f"{name}.png"
        write_bytes(file, to_png(curves(study.results, metric, title=study.study.name)))
        written.append(file)
    video = study_video(study)
    if video is not None:
        file = out / f"{name}.gif"
        write_gif(file, video.frames, fps=fps)
        written.append(file)
    return written
