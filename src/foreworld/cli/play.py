"""Live play in the browser: a world, a game, a trained agent, a model beside its world.

    foreworld play tmaze
    foreworld play pendulum --friction 0.1 --image-size 64
    foreworld play runs/tmaze_ppo-1a2b3c4d-s0

WHAT is a world, a class of your own (./my_world.py:MyWorld), or the folder of a run or
a study, of which the best run is shown. A world takes its fields as options. The page
is served on this machine only; every browser has a session of its own.

In a game every browser may take the seat of an agent; the others are played by the
run's policies, or at random. 'foreworld play ./my_game.py:MyGame --seat teller'.
"""

from __future__ import annotations

from typing import Any

from foreworld.cli._usage import Args, Fields, Usage
from foreworld.core.errors import ConfigError
from foreworld.data.sets.find import make_set

KINDS = ("folder", "worlds", "set", "study")


def configure(usage: Usage) -> None:
    """Declare the options."""
    usage.add("what WHAT", "a world, or the folder of a run or a study")
    usage.add("--seat AGENT", "the agent of a game that the first browser plays")
    usage.page()
    usage.seed()


def describe(args: Args) -> list[Any]:
    """The world, if it is one."""
    from foreworld.cli._fields import Shown
    from foreworld.workspace.words import meaning

    world = meaning(args.what, *KINDS).world
    return [] if world is None else [Shown(world)]


def run(args: Args, fields: Fields) -> int:
    """Open what is played, print the address, serve until Ctrl-C."""
    from foreworld.cli._fields import read_fields
    from foreworld.core.compilation import configure as use_cache
    from foreworld.core.parts.paths import nested
    from foreworld.play.stage.open import open_run, open_world
    from foreworld.play.web.server import play
    from foreworld.workspace.words import meaning
    from foreworld.worlds.make import make

    use_cache()
    parts, seat = describe(args), args.seat or ""
    if parts:
        values = read_fields(parts, fields, f"foreworld play {args.what}")
        stage = open_world(make(args.what, **nested(values)), args.seed, seat)
    elif fields:
        raise ConfigError(
            f"--{fields[0][0]}: {args.what} is a run, whose world is as it was "
            f"trained in. Change its numbers with the sliders on the page."
        )
    elif meaning(args.what, *KINDS).kind == "set":
        # Of several tasks, the first; the sliders lead to the others.
        family = next(iter(make_set(args.what).families.values()))
        stage = open_world(family.world, args.seed, seat)
    else:
        stage = open_run(args.what, args.seed, seat)
    play(stage, args.port, open_browser=not args.no_open)
    return 0
