"""One command per unfinished chunk of a study, for other launchers; runs nothing."""

from __future__ import annotations

import argparse
import json

from foreworld.cli._usage import STUDY, Fields, Usage


def configure(usage: Usage) -> None:
    """Declare the options."""
    usage.add("study", metavar="STUDY", help=STUDY)
    usage.add("--out", metavar="DIR", help="folder of the study (default: under runs/)")
    usage.add(
        "--width",
        type=int,
        low=1,
        metavar="N",
        help="runs in one program; small: many jobs",
    )
    usage.json()


def run(args: argparse.Namespace, fields: Fields) -> int:
    """Print the commands, one a line."""
    from foreworld.sweeps.run.jobs import job_list

    commands = job_list(args.study, out=args.out, width=args.width)
    print(json.dumps(commands, indent=1) if args.json else "\n".join(commands))
    return 0
