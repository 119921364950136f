"""A self-contained HTML page on studies and runs: curves, points, videos, settings.

With --live it follows a running study: the page is written again and again, and an open
one loads the newer by itself, until the study is finished or Ctrl-C.
"""

from __future__ import annotations

from pathlib import Path

from foreworld.cli._usage import STUDY, Args, Fields, Usage


def configure(usage: Usage) -> None:
    """Declare the options."""
    usage.add("study STUDY", STUDY, nargs="+")
    usage.add("--out HTML", "file (default: report.html in the folder)")
    usage.add("--live", "follow studies that are running")
    help = "with --live, seconds between two pages (default: 5)"
    usage.add("--every S", help, float, above=0, default=5.0)
    usage.add("--force", "replace files that are there")
    usage.quiet()


def run(args: Args, fields: Fields) -> int:
    """Write the page and print where it is."""
    from foreworld.core.disk.outputs import check_free
    from foreworld.plot.report.page import follow, report
    from foreworld.sweeps.folder import StudyFolder
    from foreworld.sweeps.plan.prepare import PAGE
    from foreworld.sweeps.study.find import find_folder

    folders = [find_folder(word) for word in args.study]
    out = folders[0] / PAGE if args.out is None else Path(args.out)
    if args.out is not None and out.resolve() != (folders[0] / PAGE).resolve():
        check_free(out, args.force)
    studies = [StudyFolder(folder) for folder in folders]
    pages = follow(studies, out, args.every) if args.live else [report(studies, out)]
    for number, path in enumerate(pages):
        if number == 0 and not args.quiet:
            print(path, flush=True)
    return 0
