"""One figure of studies or runs: learning curves, or error by horizon.

    foreworld plot pomdp/tmaze_10_ppo --out curves.svg
    foreworld plot runs/a runs/b --metric entropy --out both.png

The ending of --out chooses the format: png, svg or pdf. Of one study every point is a
line; of several the best point of each.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from foreworld.cli._usage import STUDY, Args, Fields, Usage
from foreworld.core.disk.outputs import check_free
from foreworld.core.errors import ConfigError, unknown_name

ENDINGS = (".png", ".svg", ".pdf")


def configure(usage: Usage) -> None:
    """Declare the options."""
    usage.add("study STUDY", STUDY, nargs="+")
    usage.add("--out FILE", "a png, svg or pdf (default: NAME.png)")
    usage.add("--metric NAME", "what to draw (default: the learner's score)")
    usage.add("--title TEXT", "title of the figure", default="")
    usage.add("--force", "replace the file")
    usage.quiet()


def run(args: Args, fields: Fields) -> int:
    """Draw it, and print where it is."""
    from foreworld.core.disk.folder import write_bytes
    from foreworld.core.own.versions import say_versions
    from foreworld.plot._style import to_file
    from foreworld.sweeps.study.find import find_folder

    folders = [find_folder(word) for word in args.study]
    out = Path(args.out or f"{folders[0].resolve().name}.png")
    if out.suffix.lower() not in ENDINGS:
        raise ConfigError(
            f"--out={out} ends in none of {', '.join(ENDINGS)}, the formats there are."
        )
    check_free(out, args.force)
    figure = draw(folders, args.metric, args.title)
    write_bytes(out, to_file(figure, out.suffix.lower()[1:]))
    if not args.quiet:
        print(out)
        for folder in folders:
            say_versions(folder)
    return 0


def draw(folders: list[Path], metric: str | None, title: str) -> Any:
    """The figure.

    Parameters
    ----------
    folders
        Of studies, at least one. Of one study every point is a line; of several the
        best point of each.
    metric
        A curve, or for one study an error by horizon; ``None`` for the learner's score.
    title
        Of the figure; empty for none.
    """
    from foreworld.plot.compare import compare
    from foreworld.plot.curves import curve_names, curves
    from foreworld.plot.horizon import horizon, horizon_names
    from foreworld.sweeps.folder import StudyFolder
    from foreworld.sweeps.results.before import joined

    names = [folder.resolve().name for folder in folders]
    if len(set(names)) < len(names):
        names = [str(folder) for folder in folders]
    results = {
        name: joined(StudyFolder(folder))
        for name, folder in zip(names, folders, strict=True)
    }
    first = next(iter(results.values()))
    drawn = curve_names(first)
    if metric is None:
        # The curve of the score: while training, or else on the validation split.
        score = str(first.attrs["score"])
        metric = next((n for n in (score, f"val_{score}") if n in drawn), None)
    if metric is None:
        raise ConfigError(
            "there is nothing to draw yet: no segment of the study is finished. "
            "'foreworld status' shows how far it is."
        )
    if len(results) > 1:
        return compare(results, metric, title)
    if metric in horizon_names(first):
        return horizon(first, metric, title=title)
    known = [*drawn, *horizon_names(first)]
    if metric not in known:
        raise unknown_name("metric", metric, known)
    return curves(first, metric, title=title)
