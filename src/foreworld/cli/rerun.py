"""A run or a study again, with changes: other fields, another seed, more seeds.

    foreworld rerun runs/tmaze_ppo-1a2b3c4d-s0 --learning-rate 1e-3
    foreworld rerun pomdp/tmaze_10_ppo --seed 2025 --seeds 30

Bare fields are the learner's, those of the world begin with ``world.``, those of the
run that it started from with ``start.``. A swept field
that is given a value is swept no longer. The result goes into a folder of its own.
"""

from __future__ import annotations

from typing import Any

from foreworld.cli._launch import add_run_options, run_options
from foreworld.cli._usage import STUDY, Args, Fields, Usage
from foreworld.core.errors import ConfigError


def configure(usage: Usage) -> None:
    """Declare the options."""
    usage.add("run RUN", STUDY)
    usage.add("--seeds N", "runs of each point", int)
    usage.add("--seed S", "root seed", int)
    usage.add("--out DIR", "folder to make (default: under runs/)")
    add_run_options(usage)


def describe(args: Args) -> list[Any]:
    """The learner, the world and the start, with the run's values as defaults."""
    from foreworld.cli._fields import Shown
    from foreworld.core.own.in_parts import demand_code
    from foreworld.sweeps.study.find import find_folder, read_study

    base = read_study(find_folder(args.run)).base
    demand_code(base)
    parts = [Shown(type(base.learner), preset=base.learner)]
    if base.world is not None:
        parts.append(Shown(type(base.world), "world", preset=base.world))
    if base.start is not None:
        parts.append(Shown(type(base.start), "start", preset=base.start))
    return parts


def run(args: Args, fields: Fields) -> int:
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
    found = sweep(study, **run_options(args))
    if not args.quiet:
        print(found.path)
    return 1 if found.failures else 0
