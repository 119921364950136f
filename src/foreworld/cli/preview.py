"""Pictures of a data set, of a world, or of a run: contact sheet, GIF, MP4, figures.

    foreworld preview data/pendulum
    foreworld preview two_body --mass-1 0.5..1.5
    foreworld preview slvm/gravity3
    foreworld preview runs/tmaze_ppo-1a2b3c4d-s0

Of data and of worlds: frames, phase portraits, energy over time, signals with their
modes, histograms of the parameters that are drawn. A world is shown as the first
sequences of its data set; its fields are options, and may be ranges. Of a run: its
curves, and the video of a model.
"""

from __future__ import annotations

import glob
from pathlib import Path
from typing import Any

from foreworld.cli._usage import Args, Fields, Usage
from foreworld.core.errors import ConfigError

_ENDINGS = (".png", ".gif", ".mp4")
KINDS = ("folder", "worlds", "set", "study")


def configure(usage: Usage) -> None:
    """Declare the options."""
    usage.add(
        "what WHAT", "folder of a data set, a run or a study; a world; a named set"
    )
    usage.add("--out DIR", "folder for the pictures (default: preview)")
    usage.add("--fps F", "frames a second", float, above=0, default=10.0)
    help = "length of a world's sequences (default: 60, or 1500 with modes)"
    usage.add("--num-frames N", help, int, low=2, high=10_000)
    usage.seed("root seed of a world's sequences")
    usage.add("--force", "replace files that are there")
    usage.quiet()


def describe(args: Args) -> list[Any]:
    """The world, if it is one; its fields may be ranges."""
    from foreworld.cli._fields import Shown
    from foreworld.workspace.words import meaning

    world = meaning(args.what, *KINDS).world
    return [] if world is None else [Shown(world, ranges=True)]


def run(args: Args, fields: Fields) -> int:
    """Write the pictures and print where they are."""
    import foreworld as fw
    from foreworld.cli._fields import read_fields
    from foreworld.data.sets.find import make_set
    from foreworld.plot.preview.album import write_album
    from foreworld.plot.preview.footage import of_family, of_set
    from foreworld.render.gif import check_fps
    from foreworld.sweeps.folder import StudyFolder
    from foreworld.workspace.words import folder_of, meaning
    from foreworld.worlds.look import look_at

    check_fps(args.fps)
    out = Path(args.out or "preview")
    parts = describe(args)
    if parts:
        values = read_fields(parts, fields, f"foreworld preview {args.what}")
        family = parts[0].cls.family(**values)
        name = Path(args.what).name.rpartition(":")[2]
        _check_free(args, out, name)
        look_at(family.world)
        footage = of_family(family, name, args.num_frames, args.seed)
        album = write_album([footage], out, name, args.fps)
    elif fields:
        raise ConfigError(
            f"--{fields[0][0]}: {args.what} is as it was made; only a world's fields "
            f"can be given. 'foreworld list worlds' names the worlds."
        )
    elif meaning(args.what, *KINDS).kind == "set":
        named = make_set(args.what)
        tasks = of_set(named, args.what, args.num_frames, args.seed)
        name = args.what.rpartition(":")[2].replace("/", "_")
        _check_free(args, out, name)
        album = write_album(tasks, out, name, args.fps, title=args.what)
    else:
        path = folder_of(args.what)
        found, name = fw.load(path), path.name
        _check_free(args, out, name)
        if isinstance(found, StudyFolder):
            album = _run_album(found, out, name, args.fps)
        else:
            album = _data_album(found, out, name, args.fps)
    if not args.quiet:
        for line in (*album.files, *album.notes):
            print(line)
    return 0


def _check_free(args: Args, out: Path, name: str) -> None:
    """Refuse to replace pictures in a folder that was named, as far as names are known.

    Those in the folder by default are replaced.
    """
    from foreworld.core.disk.outputs import check_apart, check_free

    check_apart(out)
    if args.out is not None:
        for path in sorted(out.glob(f"{glob.escape(name)}[._]*")):
            if path.suffix in _ENDINGS:
                check_free(path, args.force)


def _data_album(data: Any, out: Path, name: str, fps: float) -> Any:
    """Pictures of the tasks that have worlds, and columns of those that have none."""
    from foreworld.plot.preview.album import Album, write_album
    from foreworld.plot.preview.columns import made_tasks, write_columns
    from foreworld.plot.preview.footage import of_data

    footage = of_data(data, name)
    album = write_album(footage, out, name, fps) if footage else Album()
    for task, one in made_tasks(data).items():
        write_columns(one, out, f"{name}_{task}" if task else name, fps, album)
    return album


def _run_album(study: Any, out: Path, name: str, fps: float) -> Any:
    """Learning curves, and the video of a forward model."""
    from foreworld.core.disk.folder import write_bytes
    from foreworld.plot._style import to_file
    from foreworld.plot.curves import curves
    from foreworld.plot.preview.album import Album
    from foreworld.plot.report.gather import main_curves, study_video
    from foreworld.render.gif import write_gif

    album = Album()
    results = study.results
    for metric in main_curves(results)[:1]:
        file = out / f"{name}.png"
        figure = curves(results, metric, title=study.study.name)
        write_bytes(file, to_file(figure, "png"))
        album.files.append(file)
    video = study_video(study)
    if video is not None:
        file = out / f"{name}.gif"
        write_gif(file, video.frames, fps=fps)
        album.files.append(file)
    return album
