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


def add_observation(usage: Usage) -> None:
    """Declare what is stored of a sequence, and how it is observed."""
    usage.add("--no-images", action="store_true", help="store no frames")
    usage.add(
        "--derivatives", action="store_true", help="store time derivatives of states"
    )
    for name, what in (
        ("image-noise", "standard deviation of noise in frames, of full scale"),
        ("state-noise", "standard deviation of noise in states"),
        ("missing", "chance that a frame was not observed"),
        ("jitter", "irregular frames: time varies within this fraction of dt"),
    ):
        usage.add(f"--{name}", type=float, low=0, default=0.0, metavar="F", help=what)
    usage.add(
        "--skip",
        type=int,
        low=0,
        default=0,
        metavar="N",
        help="frames before the first one that is stored",
    )
    usage.add(
        "--random-skip", action="store_true", help="draw that number, 0 to --skip"
    )


def sizes_of(args: argparse.Namespace) -> dict[str, Any]:
    """What was given, as :func:`foreworld.generate` takes it."""
    names = (*SPLITS, "seed", "num_frames", "store", "force")
    return {n: getattr(args, n) for n in names if getattr(args, n) is not None}


def observation_of(args: argparse.Namespace) -> dict[str, Any]:
    """What of :func:`add_observation` was given, likewise."""
    names = ("derivatives", "image_noise", "state_noise", "missing", "jitter", "skip")
    given = {name: getattr(args, name) for name in (*names, "random_skip")}
    fields = {name: value for name, value in given.items() if value}
    return {**fields, **({"images": False} if args.no_images else {})}
