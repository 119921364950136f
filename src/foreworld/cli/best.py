"""The best point of a study by a declared rule, with an interval.

    foreworld best pomdp/tmaze_10_ppo --measure last10
    foreworld best pomdp/tmaze_10_ppo --rerun 30    # and again on 30 fresh seeds

The seeds that chose a point overestimate it; ``--rerun`` reports it on others.
"""

from __future__ import annotations

import dataclasses
import json

from foreworld.cli._launch import add_launch_options, launcher_of
from foreworld.cli._usage import STUDY, Args, Fields, Usage

MEASURES = ("auc", "final", "last10")
"""Mean of the curve, held-out value at the end, mean of the curve's last tenth."""


def configure(usage: Usage) -> None:
    """Declare the options."""
    usage.add("study STUDY", STUDY)
    usage.add(
        "--measure",
        "mean of the training curve (auc), held-out value at the end (final), or "
        "mean of the curve's last tenth (last10); default: auc",
        choices=MEASURES,
        default="auc",
    )
    usage.add("--metric METRIC", "what to rank by (default: the learner's score)")
    help = "train the best point again on N fresh seeds, and report those"
    usage.add("--rerun N", help, int, low=1)
    add_launch_options(usage)
    usage.quiet()
    usage.json()


def run(args: Args, fields: Fields) -> int:
    """Print the winner, or that of each world."""
    from foreworld.sweeps.results.selection import best_by_world
    from foreworld.sweeps.run.fresh import rerun_best
    from foreworld.sweeps.study.find import find_folder

    folder = find_folder(args.study)
    found = best_by_world(folder, args.measure, args.metric)
    if args.rerun is not None:
        launcher = launcher_of(args)
        found = {
            name: rerun_best(
                folder, winner, args.rerun, launcher=launcher, quiet=args.quiet
            )
            for name, winner in found.items()
        }
    if args.json:
        facts = {name: dataclasses.asdict(winner) for name, winner in found.items()}
        print(json.dumps(facts[""] if list(facts) == [""] else facts, indent=1))
        return 0
    for name, winner in found.items():
        print(f"{name}: {winner}" if name else winner)
    return 0
