"""A self-contained HTML page on studies and runs: curves, points, videos, settings."""

from __future__ import annotations

import argparse
from pathlib import Path

from foreworld.cli._study import HELP, find_folder
from foreworld.cli._usage import Fields, Usage


def configure(usage: Usage) -> None:
    """Declare the options."""
    usage.add("study", nargs="+", metavar="STUDY", help=HELP)
    usage.add("--out", metavar="HTML", help="file (default: report.html in the folder)")
    usage.quiet()


def run(args: argparse.Namespace, fields: Fields) -> int:
    """Write the page and print where it is."""
    from foreworld.plot.report.page import report

    folders = [find_folder(word) for word in args.study]
    path = report(folders, Path(args.out) if args.out else folders[0] / "report.html")
    if not args.quiet:
        print(path)
    return 0
