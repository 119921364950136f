"""A data set from a world, a family of worlds, a generator or a named set; resumes.

    foreworld generate pendulum --mass 0.5..1.0 --length 0.5..1.0 --out data/pendulum
    foreworld generate slvm/pendulum3 --out data/pendulum3 --scale 0.01

A field is a value, or a range low..high from which every sequence draws its own. A
named set ('foreworld list sets') has its own sizes; one of several tasks makes a folder
with a data set for each. Run the same command again after an interruption: it makes
what is missing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from foreworld.cli._launch import add_launch_options, launcher_of, num_workers_of
from foreworld.cli._sizes import BESIDE, NUM_FRAMES, SPLITS, add_sizes, sizes_of
from foreworld.cli._usage import Args, Fields, Usage
from foreworld.core.errors import ConfigError


def configure(usage: Usage) -> None:
    """Declare the options."""
    usage.add("what WHAT", "a world, ./my_file.py:MyClass, or a named set")
    usage.add("--out DIR", "folder to make (default: data/WHAT)")
    add_sizes(usage, sets=True)
    help = "size of a named set: 0.01 for a hundredth (default: 1)"
    usage.add("--scale F", help, float)
    usage.add(
        "--legacy", "a named set as its authors' programs make it, for comparison"
    )
    add_launch_options(usage)
    usage.quiet()


def describe(args: Args) -> list[Any]:
    """What is observed, and the world, whose fields may be ranges; or a generator."""
    from foreworld.cli._fields import Shown
    from foreworld.data.format.observation import Observation
    from foreworld.workspace.words import meaning

    what = meaning(args.what, "folder", "worlds", "set")
    if what.kind == "set":
        return [Shown(Observation)]
    if what.generator is not None:
        return [Shown(what.generator)]
    if what.world is None:
        raise ConfigError(
            f"{args.what} is a folder. 'foreworld generate' takes a world or a named "
            f"set; 'foreworld list worlds' and 'foreworld list sets' name them."
        )
    return [Shown(Observation), Shown(what.world, ranges=True)]


def run(args: Args, fields: Fields) -> int:
    """Print the plan, then generate."""
    from foreworld.cli._plan import plan_text
    from foreworld.core.disk.places import data_folder
    from foreworld.core.own.made_with import check_choice
    from foreworld.data.format.generator import AbstractGenerator
    from foreworld.data.making.generate import generate, placed, plan
    from foreworld.workspace.check import account

    launcher = launcher_of(args)
    what, seen = _what(args, fields)
    workers = num_workers_of(args, launcher)
    name = Path(args.what.rpartition(":")[2]).name
    first = Path(args.out or data_folder() / name)
    settings = {**sizes_of(args), **seen}
    there = {name: settings.pop(name) for name in BESIDE}
    if not isinstance(what, str):
        frames = (
            {} if isinstance(what, AbstractGenerator) else {"num_frames": NUM_FRAMES}
        )
        settings = {**SPLITS, **frames, **settings}
        if not any(settings[split] for split in SPLITS):
            raise ConfigError(
                "there is nothing to make: --train, --val and --test are all 0. Give "
                "a number of sequences for one of them, for example --train 1000."
            )
    if args.scale is not None:
        settings["scale"] = args.scale
    if args.legacy:
        settings["legacy"] = True
    recipe = plan(what, **settings)
    check_choice(there["again"], there["go_on"])
    out = placed(recipe, first, there["again"])
    if not args.quiet:
        print(plan_text(recipe, str(out)), flush=True)
    generate(
        recipe, first, launcher=launcher, workers=workers, quiet=args.quiet, **there
    )
    if not args.quiet:
        print(f"{out} is complete: look at it with 'foreworld preview {out}'.")
        if told := account(out):
            print(f"{told[0].upper()}{told[1:]}.")
    return 0


def _what(args: Args, fields: Fields) -> tuple[Any, dict[str, Any]]:
    """A family, a generator, or the name of a set; and what of it is observed."""
    from foreworld.cli._fields import read_fields
    from foreworld.core.parts.part import field_specs
    from foreworld.core.parts.paths import nested
    from foreworld.data.format.generator import AbstractGenerator
    from foreworld.data.format.observation import NAMES

    *_, last = parts = describe(args)
    if issubclass(last.cls, AbstractGenerator):
        values = read_fields(parts, fields, f"foreworld generate {args.what}")
        return last.cls(**nested(values)), {}
    named = len(parts) == 1
    for name, _ in fields if named else ():
        if name.replace("-", "_") not in NAMES:
            raise ConfigError(
                f"--{name}: the worlds of the named set {args.what} are as they are. "
                f"'foreworld show {args.what}' tells them; generate a world with "
                f"fields of your own instead."
            )
    values = read_fields(parts, fields, f"foreworld generate {args.what}")
    known = {spec.name for spec in field_specs(last.cls)}
    own = {p for p in values if named or p.partition(".")[0] not in known}
    seen = {path: values.pop(path) for path in own}
    return (args.what if named else last.cls.family(**values)), seen
