"""A study: plans its programs, runs what is missing, survives failures.

    foreworld sweep pomdp/tmaze_10_ppo --dry-run
    foreworld sweep pomdp/tmaze_10_ppo --launch processes

Run the same command again after an interruption: it goes on from the last checkpoints.
"""

from __future__ import annotations

import argparse
from typing import Any

from foreworld.cli._launch import add_launch_options, launcher_of
from foreworld.cli._tracking import add_track_option, tracker_of
from foreworld.cli._usage import STUDY, Fields, Usage


def configure(usage: Usage) -> None:
    """Declare the options."""
    usage.add("study", metavar="STUDY", help=STUDY)
    usage.add("--out", metavar="DIR", help="folder to make (default: under runs/)")
    usage.add(
        "--dry-run", action="store_true", help="print the plan, check it, run nothing"
    )
    usage.add(
        "--width",
        type=int,
        low=1,
        metavar="N",
        help="runs in one program (default: by plan)",
    )
    usage.add(
        "--chunk",
        type=int,
        low=0,
        metavar="K",
        help="run chunk K only, for 'foreworld jobs'",
    )
    usage.add("--force", action="store_true", help="replace what the folder holds")
    add_launch_options(usage)
    add_track_option(usage)
    usage.quiet()


def run(args: argparse.Namespace, fields: Fields) -> int:
    """Run the study; only print its plan if it is a dry run."""
    from foreworld.sweeps.run.sweep import sweep

    launcher = launcher_of(args)
    if args.dry_run:
        print(_dry_run(launcher, args))
        return 0
    folder = sweep(
        args.study,
        out=args.out,
        launcher=launcher,
        workers=args.workers,
        width=args.width,
        tracker=tracker_of(args),
        chunk=args.chunk,
        force=args.force,
        quiet=args.quiet,
    )
    if not args.quiet:
        print(f"{folder.path}")
    return 0


def _dry_run(launcher: Any, args: argparse.Namespace) -> str:
    """The plan that there is, or that would be made; writes nothing."""
    from foreworld.sweeps.folder import locate
    from foreworld.sweeps.plan.estimate import estimate
    from foreworld.sweeps.plan.plan import describe, make_plan
    from foreworld.sweeps.plan.prepare import PLAN, read_plan

    study, folder = locate(args.study, args.out)
    if (folder / PLAN).exists() and not args.force:
        plan, words = read_plan(folder), "planned already in"
    else:
        plan = make_plan(
            study,
            workers=args.workers or (launcher.num_workers if launcher else 1),
            threads=launcher.num_threads if launcher else 0,
            width=args.width,
        )
        words = "would go to"
    expected = estimate(study, plan, folder)
    tail = f"\n  {expected}" if expected is not None else ""
    return f"{study.name}: {describe(plan)}{tail}\n{words} {folder}; nothing was run"
