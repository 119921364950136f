"""Stops a running study; what is finished is kept, the same command goes on."""

from __future__ import annotations

import argparse

from foreworld.cli._usage import STUDY, Fields, Usage


def configure(usage: Usage) -> None:
    """Declare the options."""
    usage.add("study", metavar="STUDY", help=STUDY)
    usage.add(
        "--wait",
        type=float,
        default=float("inf"),
        metavar="S",
        help="seconds to wait until it has stopped (default: as long as it takes)",
    )
    usage.quiet()


def run(args: argparse.Namespace, fields: Fields) -> int:
    """Stop it, and say what is left."""
    from foreworld.sweeps.folder import StudyFolder
    from foreworld.sweeps.run.cancel import cancel
    from foreworld.sweeps.study.find import find_folder

    folder = find_folder(args.study)
    stopped = cancel(folder, args.wait)
    if not args.quiet:
        runs = StudyFolder(folder).status()["runs"]
        words = "has stopped" if stopped else "is not running"
        print(f"{folder} {words}: {runs['done']} of {sum(runs.values())} runs are done")
    return 0
