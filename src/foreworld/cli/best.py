"""The best point of a study by a declared rule, with an interval."""

from __future__ import annotations

import argparse
import dataclasses
import json

from foreworld.cli._study import HELP, find_folder
from foreworld.cli._usage import Fields, Usage

MEASURES = ("auc", "final", "last10")
"""Mean of the curve, held-out value at the end, mean of the curve's last tenth."""


def configure(usage: Usage) -> None:
    """Declare the options."""
    usage.add("study", metavar="STUDY", help=HELP)
    usage.add(
        "--measure",
        choices=MEASURES,
        default="auc",
        help="mean of the training curve (auc), held-out value at the end (final), or "
        "mean of the curve's last tenth (last10); default: auc",
    )
    usage.add("--metric", help="what to rank by (default: the learner's score)")
    usage.json()


def run(args: argparse.Namespace, fields: Fields) -> int:
    """Print the winner, or that of each world."""
    from foreworld.sweeps.selection import best_by_world

    found = best_by_world(find_folder(args.study), args.measure, args.metric)
    if args.json:
        facts = {name: dataclasses.asdict(winner) for name, winner in found.items()}
        print(json.dumps(facts[""] if list(facts) == [""] else facts, indent=1))
        return 0
    for name, winner in found.items():
        print(f"{name}: {winner}" if name else winner)
    return 0
