"""A run or a study again, with changes: other fields, another seed, more seeds.

    foreworld rerun runs/tmaze_ppo-1a2b3c4d-s0 --learning-rate 1e-3
    foreworld rerun pomdp/tmaze_10_ppo --seed 2025 --seeds 30

Bare fields are the learner's, those of the world begin with ``world.``. A swept field
that is given a value is swept no longer. The result goes into a folder of its own.
"""

from __future__ import annotations

import argparse
from typing import Any

from foreworld.cli._launch import add_launch_options, launcher_of
from foreworld.cli._tracking import add_track_option, tracker_of
from foreworld.cli._usage import STUDY, Fields, Usage
from foreworld.core.errors import ConfigError


def configure(usage: Usage) -> None:
    """Declare the options."""
    usage.add("run", metavar="RUN", help=STUDY)
    usage.add("--seeds", type=int, metavar="N", help="runs of each point")
    usage.add("--seed", type=int, metavar="S", help="root seed")
    usage.add("--out", metavar="DIR", help="folder to make (default: under runs/)")
    usage.add("--force", action="store_true", help="replace what the folder holds")
    add_launch_options(usage)
    add_track_option(usage)
    usage.quiet()


def describe(args: argparse.Namespace) -> list[Any]:
    """The learner and the world, with the run's values as defaults."""
    from foreworld.cli._fields import Shown
    from foreworld.sweeps.study.find import find_folder, read_study

    base = read_study(find_folder(args.run)).base
    parts = [Shown(type(base.learner), preset=base.learner)]
    if base.world is not None:
        parts.append(Shown(type(base.world), "world", preset=base.world))
    return parts


def run(args: argparse.Namespace, fields: Fields) -> int:
    """Change it, and run it."""
    from foreworld.cli._fields import read_fields
    from foreworld.sweeps.plan.prepare import output_folder
    from foreworld.sweeps.run.sweep import sweep
    from foreworld.sweeps.study.change import changed
    from foreworld.sweeps.study.find import find_folder, read_study

    given = [(name.removeprefix("learner."), text) for name, text in fields]
    values = read_fields(describe(args), given, f"foreworld rerun {args.run}")
    folder = find_folder(args.run)
    study = changed(read_study(folder), values, args.seeds, args.seed)
    same = output_folder(study, args.out).resolve() == folder.resolve()
    if same and not args.force:
        raise ConfigError(
            f"nothing would change: {folder} is this run already. Give a field, --seed "
            f"or --seeds, or another folder with --out."
        )
    found = sweep(
        study,
        out=args.out,
        launcher=launcher_of(args),
        workers=args.workers,
        tracker=tracker_of(args),
        force=args.force,
        quiet=args.quiet,
    )
    if not args.quiet:
        print(found.path)
    return 0
