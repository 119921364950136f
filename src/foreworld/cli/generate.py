"""A data set from a world or a family of worlds: shards, splits, manifest; resumes.

    foreworld generate pendulum --mass 0.5..1.0 --length 0.5..1.0 --out data/pendulum

A field is a value, or a range low..high from which every sequence draws its own. Run
the same command again after an interruption: it makes what is missing.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

from foreworld.cli._launch import add_launch_options, launcher_of
from foreworld.cli._sizes import SPLITS, add_sizes, sizes_of
from foreworld.cli._usage import Fields, Usage
from foreworld.core.errors import ConfigError


def configure(usage: Usage) -> None:
    """Declare the options."""
    usage.add("what", metavar="WHAT", help="a world, or ./my_world.py:MyWorld")
    usage.add("--out", metavar="DIR", help="folder to make (default: data/WHAT)")
    add_sizes(usage)
    add_launch_options(usage)
    usage.quiet()


def describe(args: argparse.Namespace) -> list[Any]:
    """The world, whose fields may be ranges."""
    from foreworld.cli._fields import Shown
    from foreworld.cli._what import resolve

    what = resolve(args.what)
    if what.world is None:
        raise ConfigError(
            f"{args.what} is a data set already. 'foreworld generate' takes a world; "
            f"'foreworld list worlds' names them."
        )
    return [Shown(what.world, ranges=True)]


def run(args: argparse.Namespace, fields: Fields) -> int:
    """Print the plan, then generate."""
    from foreworld.cli._fields import read_fields
    from foreworld.data.generate import generate

    parts, launcher = describe(args), launcher_of(args)
    workers = args.workers or (launcher.num_workers if launcher else 1)
    values = read_fields(parts, fields, f"foreworld generate {args.what}")
    family = parts[0].cls.family(**values)
    name = Path(args.what.rpartition(":")[2]).name
    out = args.out or _default_out(name)
    if not any(getattr(args, split) for split in SPLITS):
        raise ConfigError(
            "there is nothing to make: --train, --val and --test are all 0. Give a "
            "number of sequences for one of them, for example --train 1000."
        )
    if not args.quiet:
        print(plan_text(family, args, str(out)), flush=True)
    generate(
        family,
        out,
        **sizes_of(args),
        launcher=launcher,
        workers=workers,
        quiet=args.quiet,
    )
    if not args.quiet:
        print(f"{out} is complete: look at it with 'foreworld preview {out}'.")
    return 0


def plan_text(family: Any, args: argparse.Namespace, out: str) -> str:
    """What will be made: sequences, frames, bytes before compression."""
    import jax

    from foreworld.core.keys import root_key

    world = family.world
    state, _ = jax.eval_shape(world.reset, root_key(0))
    shape = jax.eval_shape(world.render, state).shape
    counts = {split: getattr(args, split) for split in SPLITS}
    total = sum(counts.values())
    size = total * args.num_frames * math.prod(shape)
    ranges = [
        f"{name} {'..'.join(f'{end:g}' for end in values.ends())}"
        for name, values in family.ranges.items()
    ]
    return (
        f"{type(world).__name__}: {total:,} sequences "
        f"({', '.join(f'{split} {n:,}' for split, n in counts.items())}) of "
        f"{args.num_frames} frames of {'x'.join(map(str, shape))}, seed {args.seed}"
        + (f"; ranges: {', '.join(ranges)}" if ranges else "")
        + f"\n{size / 1e6:,.1f} MB of frames before compression -> {out}"
    )


def _default_out(name: str) -> Path:
    from foreworld.core.places import data_folder

    return data_folder() / name
