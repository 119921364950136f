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
    """Print the winner."""
    from foreworld.sweeps.selection import best

    winner = best(find_folder(args.study), measure=args.measure, metric=args.metric)
    if args.json:
        print(json.dumps(dataclasses.asdict(winner), indent=1))
    else:
        print(winner)
    return 0
