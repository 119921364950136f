"""A data set from your own recordings: arrays, films, folders of images.

    foreworld import recordings.npz --out data/mine
    foreworld import videos/ --out data/mine --num-frames 30

Arrays (.npz, .npy, .h5, .mat): 'image' (sequence, time, height, width, channels; --axes
tells another order), uint8, or 'state', or both, and whatever there is of the others
named below (an empty name leaves one out). Films: .gif, .tif, .webp, .mp4 (with
ffmpeg). Frames: PNG, JPEG, BMP, TIFF, WebP, GIF or PPM, those of one sequence in a
folder, in the order of their numbers; such folders in a folder. Folders train/, val/
and test/ of any of these are kept as splits.

What was taken, what was left out and why is said at the end. Nothing is stored that
differs from what was recorded, but for the rounding to float32; what cannot be read, or
not for certain, is refused. The data set is then like any other: check, preview, train.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

from foreworld.cli._usage import Args, Fields, Usage
from foreworld.core.errors import ConfigError
from foreworld.data.format.schema import BROUGHT


def configure(usage: Usage) -> None:
    """Declare the options."""
    usage.add("files FILES", "files or folders to import", nargs="+")
    usage.add("--out DIR", "folder to make (required)")
    for split, meaning in (("val", "choose by"), ("test", "report")):
        help = f"share of the recorded sequences to {meaning} (default: 0.1)"
        usage.add(f"--{split} FRACTION", help, float)
    usage.seed("draws the splits")
    help = "cut sequences into pieces of N frames (default: keep them whole)"
    usage.add("--num-frames N", help, int)
    help = "order of the axes n (sequence) t h w c, such as tnhw (default: a guess)"
    usage.add("--axes ORDER", help, default="")
    help = "leave out the last action, reward and end, if there are as many as frames"
    usage.add("--drop-last-action", help)
    help = "what transparent pictures are laid over: a name or #rrggbb (default: black)"
    usage.add("--background COLOUR", help, default="black")
    for name in BROUGHT:
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
            names={name: getattr(args, name) for name in BROUGHT},
            axes=args.axes,
            drop_last_action=args.drop_last_action,
            background=args.background,
            force=args.force,
            quiet=args.quiet,
        )
    if not args.quiet:
        for warning in said:
            print(f"foreworld: {warning.message}", file=sys.stderr)
        print(data)
    return 0
