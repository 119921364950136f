"""One experiment: a learner in a world or on a data set, over seeds; resumes.

    foreworld train ppo --on tmaze --world.length 10 --learning-rate 2.5e-3 --seeds 4
    foreworld train rnn_deconvolve --on data/pendulum --preset small --seeds 3
    foreworld train rnn_deconvolve --on pendulum --data.num-frames 40 --preset small
    foreworld train ppo --on tmaze --start runs/tmaze_ppo-1a2b3c4d-s0 --total-steps 3e6

Bare fields are the learner's, those of the world begin with ``world.``. A learner that
learns from data is given new episodes of a world for every update; ``data.`` are the
fields of that stream. Run the same command again after an interruption: it goes on from
the last checkpoint.
"""

from __future__ import annotations

from typing import Any

from foreworld.cli._launch import add_run_options, run_options
from foreworld.cli._usage import Args, Fields, Usage
from foreworld.core.errors import ConfigError


def configure(usage: Usage) -> None:
    """Declare the options."""
    usage.add("learner LEARNER", "'foreworld list learners'")
    help = "a world, ./my_world.py:MyWorld, or the folder of a data set"
    usage.add("--on WHAT", help, required=True)
    usage.add("--data SET", "data set or file that the world refers to, if any")
    usage.add("--seeds N", "number of runs (default: 1)", int, low=1, default=1)
    usage.seed()
    usage.add("--start RUN", "a run to go on from; with --start.parts to begin anew")
    usage.add("--preset NAME", "the learner's defaults for a purpose, if any")
    usage.add("--out DIR", "folder to make (default: under runs/)")
    usage.add("--width N", "runs in one program (default: by plan)", int)
    add_run_options(usage)


def describe(args: Args) -> list[Any]:
    """The learner, and the world if there is one."""
    from foreworld.cli._fields import Shown
    from foreworld.core import registry
    from foreworld.data.making.fresh import Fresh
    from foreworld.workspace.words import meaning

    cls: Any = registry.find("learners", args.learner)
    preset = None if args.preset is None else cls.preset(args.preset)
    parts = [Shown(cls, preset=preset)]
    what = meaning(args.on, "folder", "worlds", "set")
    if what.kind == "set":
        name = args.on.rpartition("/")[2]
        raise ConfigError(
            f"{args.on} is a named set and no data yet. Make it with 'foreworld "
            f"generate {args.on} --out data/{name}', then train --on data/{name}."
        )
    if what.world is not None:
        parts.append(Shown(what.world, "world"))
        if cls.reads_data:
            parts.append(Shown(Fresh, "data"))
    if args.start is not None:
        from foreworld.sweeps.reference import StartRef

        parts.append(Shown(StartRef, "start"))
    return parts


def run(args: Args, fields: Fields) -> int:
    """Say what will be done and where, then train."""
    from foreworld.cli._fields import read_fields
    from foreworld.sweeps.run.sweep import run_experiment
    from foreworld.sweeps.study.find import find_folder
    from foreworld.train.parameters import Parameters
    from foreworld.workspace.words import meaning

    parts = describe(args)
    given = [(name.removeprefix("learner."), text) for name, text in fields]
    command = f"foreworld train {args.learner} --on {args.on}"
    values = read_fields(parts, given, command)
    data: Any = meaning(args.on, "folder", "worlds", "set").folder
    world: Any = args.on if data is None else None
    if args.data is not None:
        field = _reference(args, parts)
        values[f"world.{field}"] = args.data
    if world is not None and parts[0].cls.reads_data:
        values = {
            f"data.{n}" if n.startswith("world.") else n: v for n, v in values.items()
        }
        values, world = {"data.world": world, **values}, None
    learner = parts[0].preset or args.learner
    given_start = {n: values.pop(n) for n in list(values) if n.startswith("start.")}
    start = {n.removeprefix("start."): value for n, value in given_start.items()}
    if args.start is not None:
        start["path"] = str(find_folder(args.start))
    seed, start = args.seed, start or None
    parameters = Parameters(world, learner, data, seed=seed, start=start, **values)
    folder = run_experiment(
        parameters, seeds=args.seeds, width=args.width, **run_options(args)
    )
    if not args.quiet:
        print(folder)
    return 1 if folder.failures else 0


def _reference(args: Args, parts: list[Any]) -> str:
    """The field of the world that refers to data."""
    from foreworld.core.parts.part import field_specs

    specs = field_specs(parts[1].cls) if len(parts) > 1 else ()
    shared = [spec.name for spec in specs if spec.kind == "shared"]
    if len(shared) == 1:
        return shared[0]
    if shared:
        names = " or ".join(f"--world.{name}" for name in shared)
        said = f"refers to several things; give one of its fields: {names}."
    else:
        said = "refers to no data; leave it out, or train --on the data set."
    raise ConfigError(f"--data {args.data}: {args.on} {said}")
