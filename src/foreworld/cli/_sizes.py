"""Options of the verbs that make data sets: sizes, seed, lengths, format."""

from __future__ import annotations

from typing import Any

from foreworld.cli._launch import add_change_options
from foreworld.cli._usage import Args, Usage

SPLITS = {"train": 1000, "val": 100, "test": 100}
"""Default numbers of sequences."""
BESIDE = ("force", "again", "go_on")
"""What becomes of a folder that is there; no part of what is made."""
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
        help = f"sequences of the {split} split (default: {number}{own})"
        default = None if sets else number
        usage.add(f"--{split} N", help, int, low=0, default=default)
    usage.seed(default=None if sets else 0, own=own)
    help = f"frames of a sequence (default: {NUM_FRAMES}{own})"
    default = None if sets else NUM_FRAMES
    usage.add("--num-frames N", help, int, low=2, default=default)
    usage.add("--force", "replace a folder that holds other data")
    add_change_options(usage)
    help = "format of the files: small, or large and for NumPy (default: hdf5)"
    usage.add("--store", help, choices=("hdf5", "npz"), default="hdf5")


def sizes_of(args: Args) -> dict[str, Any]:
    """What was given, as :func:`foreworld.generate` takes it."""
    names = (*SPLITS, "seed", "num_frames", "store", *BESIDE)
    return {n: getattr(args, n) for n in names if getattr(args, n) is not None}
