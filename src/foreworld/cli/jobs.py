"""One command per unfinished chunk of a study, for other launchers; runs nothing."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from foreworld.cli._study import HELP, find_study
from foreworld.cli._usage import Fields, Usage


def configure(usage: Usage) -> None:
    """Declare the options."""
    usage.add("study", metavar="STUDY", help=HELP)
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

    out = args.study if args.out is None and Path(args.study).is_dir() else args.out
    commands = job_list(find_study(args.study), out=out, width=args.width)
    print(json.dumps(commands, indent=1) if args.json else "\n".join(commands))
    return 0
