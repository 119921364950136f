"""One command per unfinished chunk of a study, for other launchers; runs nothing."""

from __future__ import annotations

import json

from foreworld.cli._usage import STUDY, Args, Fields, Usage


def configure(usage: Usage) -> None:
    """Declare the options."""
    usage.add("study STUDY", STUDY)
    usage.add("--out DIR", "folder of the study (default: under runs/)")
    usage.add("--width N", "runs in one program; small: many jobs", int, low=1)
    usage.json()


def run(args: Args, fields: Fields) -> int:
    """Print the commands, one a line."""
    from foreworld.sweeps.run.jobs import job_list

    commands = job_list(args.study, out=args.out, width=args.width)
    print(json.dumps(commands, indent=1) if args.json else "\n".join(commands))
    return 0
