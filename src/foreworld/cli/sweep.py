"""A study: plans its programs, runs what is missing, survives failures.

    foreworld sweep pomdp/tmaze_10_ppo --dry-run
    foreworld sweep pomdp/tmaze_10_ppo --launch processes

Run the same command again after an interruption: it goes on from the last checkpoints.
"""

from __future__ import annotations

from foreworld.cli._launch import (
    add_run_options,
    launcher_of,
    num_workers_of,
    run_options,
)
from foreworld.cli._usage import STUDY, Args, Fields, Usage


def configure(usage: Usage) -> None:
    """Declare the options."""
    usage.add("study STUDY", STUDY)
    usage.add("--out DIR", "folder to make (default: under runs/)")
    usage.add("--dry-run", "print the plan, check it, run nothing")
    usage.add("--width N", "runs in one program (default: by plan)", int, low=1)
    usage.add("--chunk K", "run chunk K only, for 'foreworld jobs'", int, low=0)
    add_run_options(usage)


def run(args: Args, fields: Fields) -> int:
    """Run the study; only print its plan if it is a dry run."""
    from foreworld.sweeps.results.failures import failures
    from foreworld.sweeps.run.sweep import sweep

    if args.dry_run:
        print(_dry_run(args))
        return 0
    options = run_options(args)
    folder = sweep(args.study, width=args.width, chunk=args.chunk, **options)
    if not args.quiet:
        print(f"{folder.path}")
    return 1 if failures(folder.path, folder.plan, args.chunk) else 0


def _dry_run(args: Args) -> str:
    """The plan that there is, or that would be made; writes nothing."""
    from foreworld.sweeps.folder import locate
    from foreworld.sweeps.plan.estimate import estimate
    from foreworld.sweeps.plan.plan import describe, make_plan
    from foreworld.sweeps.plan.prepare import PLAN, read_plan
    from foreworld.sweeps.plan.starts import told_starts

    launcher = launcher_of(args)
    study, folder = locate(args.study, args.out)
    if (folder / PLAN).exists() and not args.force:
        plan, words = read_plan(folder), "planned already in"
    else:
        plan = make_plan(
            study,
            workers=num_workers_of(args, launcher),
            threads=launcher.num_threads if launcher else 0,
            width=args.width,
        )
        words = "would go to"
    expected = estimate(study, plan, folder)
    tail = "".join(f"\n  {line}" for line in told_starts(study, plan))
    tail += f"\n  {expected}" if expected is not None else ""
    return f"{study.name}: {describe(plan)}{tail}\n{words} {folder}; nothing was run"
