"""A data set from a trained policy acting in its world; resumes.

    foreworld collect runs/tmaze_ppo-1a2b3c4d-s0 --out data/tmaze_expert --train 5000

Of a study the best seed of the best point acts. Run the same command again after an
interruption: it makes what is missing.
"""

from __future__ import annotations

from foreworld.cli._launch import add_launch_options, launcher_of, num_workers_of
from foreworld.cli._sizes import add_sizes, sizes_of
from foreworld.cli._usage import STUDY, Args, Fields, Usage
from foreworld.core.errors import ConfigError


def configure(usage: Usage) -> None:
    """Declare the options."""
    usage.add("run RUN", STUDY)
    usage.add("--out DIR", "folder to make (required)")
    usage.add("--point P", "point of a study (default: best)", int)
    usage.add("--seed-index K", "seed of a study (default: best)", int)
    add_sizes(usage)
    add_launch_options(usage)
    usage.quiet()


def run(args: Args, fields: Fields) -> int:
    """Let the policy act, and write down what happens."""
    from foreworld.sweeps.run.collect import collect

    if args.out is None:
        raise ConfigError("collect needs --out DIR, the folder of the new data set.")
    launcher = launcher_of(args)
    data = collect(
        args.run,
        args.out,
        point=args.point,
        seed_index=args.seed_index,
        **sizes_of(args),
        launcher=launcher,
        workers=num_workers_of(args, launcher),
        quiet=args.quiet,
    )
    if not args.quiet:
        print(data)
    return 0
