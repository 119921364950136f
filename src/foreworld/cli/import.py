"""A data set from your own frames or arrays: NPZ, HDF5, folders of images.

    foreworld import recordings.npz --out data/mine
    foreworld import videos/ --out data/mine --num-frames 30

A file holds an array 'image' (sequence, time, height, width, channels), uint8, and may
hold 'state', 'action', 'reward', 'terminated' and 'valid'. A folder holds the frames of
one sequence as PNG or JPEG, in the order of their names, or one such folder for each
sequence. The data set is then like any other: check, preview, train on it.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

from foreworld.cli._usage import Args, Fields, Usage
from foreworld.core.errors import ConfigError
from foreworld.data.format.schema import RECORDED


def configure(usage: Usage) -> None:
    """Declare the options."""
    usage.add("files FILES", "files or folders to import", nargs="+")
    usage.add("--out DIR", "folder to make (required)")
    for split, meaning in (("val", "choose by"), ("test", "report")):
        help = f"share of the recorded sequences to {meaning} (default: 0.1)"
        usage.add(f"--{split} FRACTION", help, float, default=0.1)
    usage.seed("draws the splits")
    help = "cut sequences into pieces of N frames (default: keep them whole)"
    usage.add("--num-frames N", help, int)
    for name in RECORDED:
        help = f"what the {name} array is called in the files (default: {name})"
        usage.add(f"--{name} NAME", help, default=name)
    usage.add("--force", "replace a folder that holds other data")
    usage.quiet()


def run(args: Args, fields: Fields) -> int:
    """Import, and say what came of it."""
    from foreworld.data.exchange.importing import import_data

    if args.out is None:
        raise ConfigError("import needs --out DIR, the folder of the new data set.")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", UserWarning)
        data = import_data(
            [Path(file) for file in args.files],
            args.out,
            val=args.val,
            test=args.test,
            seed=args.seed,
            num_frames=args.num_frames,
            names={name: getattr(args, name) for name in RECORDED},
            force=args.force,
            quiet=args.quiet,
        )
    if not args.quiet:
        for warning in said:
            print(f"foreworld: {warning.message}", file=sys.stderr)
        print(data)
    return 0
