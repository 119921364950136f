"""Options of the verbs that make data sets: how many sequences, how long, where."""

from __future__ import annotations

import argparse
from typing import Any

from foreworld.cli._usage import Usage, seed_option

SPLITS = {"train": 1000, "val": 100, "test": 100}
"""Default numbers of sequences."""


def add_sizes(usage: Usage) -> None:
    """Declare sizes, seed, length of sequences, format and ``--force``."""
    for split, number in SPLITS.items():
        usage.add(
            f"--{split}",
            type=int,
            low=0,
            default=number,
            metavar="N",
            help=f"sequences of the {split} split (default: {number})",
        )
    seed_option(usage)
    usage.add(
        "--num-frames",
        type=int,
        low=2,
        default=30,
        metavar="N",
        help="frames of a sequence (default: 30)",
    )
    usage.add(
        "--force", action="store_true", help="replace a folder that holds other data"
    )
    usage.add(
        "--store",
        choices=("hdf5", "npz"),
        default="hdf5",
        help="format of the files: small, or large and for NumPy (default: hdf5)",
    )


def sizes_of(args: argparse.Namespace) -> dict[str, Any]:
    """What was given, as :func:`foreworld.generate` takes it."""
    names = (*SPLITS, "seed", "num_frames", "store", "force")
    return {name: getattr(args, name) for name in names}
