"""A self-contained HTML page on studies and runs: curves, points, videos, settings.

With --live it follows a running study: the page is written again and again, and an open
one loads the newer by itself, until the study is finished or Ctrl-C.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from foreworld.cli._usage import STUDY, Fields, Usage
from foreworld.core.errors import ConfigError


def configure(usage: Usage) -> None:
    """Declare the options."""
    usage.add("study", nargs="+", metavar="STUDY", help=STUDY)
    usage.add("--out", metavar="HTML", help="file (default: report.html in the folder)")
    usage.add("--live", action="store_true", help="follow studies that are running")
    usage.add(
        "--every",
        type=float,
        default=5.0,
        metavar="S",
        help="with --live, seconds between two pages (default: 5)",
    )
    usage.quiet()


def run(args: argparse.Namespace, fields: Fields) -> int:
    """Write the page and print where it is."""
    from foreworld.plot.report.page import follow, report
    from foreworld.sweeps.folder import StudyFolder
    from foreworld.sweeps.study.find import find_folder

    if args.every <= 0:
        raise ConfigError(f"--every={args.every:g} must be above 0.")
    folders = [find_folder(word) for word in args.study]
    out = Path(args.out) if args.out else folders[0] / "report.html"
    studies = [StudyFolder(folder) for folder in folders]
    pages = follow(studies, out, args.every) if args.live else [report(studies, out)]
    for number, path in enumerate(pages):
        if number == 0 and not args.quiet:
            print(path, flush=True)
    return 0
