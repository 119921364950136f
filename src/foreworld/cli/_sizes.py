"""Options of the verbs that make data sets: sizes, seed, lengths, format."""

from __future__ import annotations

import argparse
from typing import Any

from foreworld.cli._usage import Usage, seed_option

SPLITS = {"train": 1000, "val": 100, "test": 100}
"""Default numbers of sequences."""
NUM_FRAMES = 30
"""Default length of a sequence."""


def add_sizes(usage: Usage, sets: bool = False) -> None:
    """Declare sizes, seed, length of sequences, format and ``--force``.

    Parameters
    ----------
    usage
        Of the verb.
    sets
        Whether named sets, which have sizes of their own, can be asked for: options
        that were not given are then ``None``.
    """
    own = ", or the set's own" if sets else ""
    for split, number in SPLITS.items():
        usage.add(
            f"--{split}",
            type=int,
            low=0,
            default=None if sets else number,
            metavar="N",
            help=f"sequences of the {split} split (default: {number}{own})",
        )
    if sets:
        usage.add(
            "--seed",
            type=int,
            default=None,
            low=0,
            high=2**32 - 1,
            metavar="S",
            help=f"root seed (default: 0{own})",
        )
    else:
        seed_option(usage)
    usage.add(
        "--num-frames",
        type=int,
        low=2,
        default=None if sets else NUM_FRAMES,
        metavar="N",
        help=f"frames of a sequence (default: {NUM_FRAMES}{own})",
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
    return {n: getattr(args, n) for n in names if getattr(args, n) is not None}
