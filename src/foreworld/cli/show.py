"""One part: its fields with units, defaults and kinds, its spaces, and a picture.

foreworld show pendulum
foreworld show tmaze --length 5 --out tmaze.png
foreworld show slvm/pendulum3
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from foreworld.cli._usage import Args, Fields, Usage
from foreworld.core import registry
from foreworld.core.errors import ConfigError


def configure(usage: Usage) -> None:
    """Declare the options."""
    usage.add("name NAME", "a world, user, learner, launcher, tracker, set")
    usage.add("--out PNG", "draw a world here (default: NAME.png)")
    usage.json()


def describe(args: Args) -> list[Any]:
    """The part itself; nothing for a named set."""
    from foreworld.cli._fields import Shown
    from foreworld.workspace.words import meaning

    part = meaning(args.name, *registry.KINDS, "set").part
    return [] if part is None else [Shown(part)]


def run(args: Args, fields: Fields) -> int:
    """Print what is known about the part; draw its first frame if it is a world."""
    import jax
    import numpy as np

    from foreworld.cli._fields import read_fields
    from foreworld.cli._sets import print_set, set_facts
    from foreworld.core.keys import root_key
    from foreworld.core.parts.opening import opened
    from foreworld.core.parts.paths import nested
    from foreworld.data.sets.find import make_set
    from foreworld.render.gif import write_png
    from foreworld.worlds.base import AbstractWorld
    from foreworld.worlds.look import look_at

    parts = describe(args)
    if not parts:
        if fields:
            raise ConfigError(
                f"--{fields[0][0]}: a named set is as it is. Show a world, which has "
                f"fields: 'foreworld list worlds'."
            )
        facts = set_facts(args.name, make_set(args.name))
        if args.json:
            print(json.dumps(facts, indent=1))
        else:
            print_set(facts)
        return 0
    cls = parts[0].cls
    values = read_fields(parts, fields, f"foreworld show {args.name}")
    rows = _rows(cls)
    facts: dict[str, Any] = {
        "name": args.name,
        "class": registry.address(cls),
        "summary": (cls.__doc__ or "").partition("\n")[0],
        "presets": list(cls.presets),
        "fields": rows,
    }
    missing = [row["name"] for row in rows if row["required"]]
    if issubclass(cls, AbstractWorld) and not set(missing) - set(values):
        world = cls(**nested(values))
        look_at(world)
        world = opened(world)
        facts["action_space"] = str(world.action_space)
        facts["observation_space"] = str(world.observation_space)
        state, _ = jax.jit(lambda key: world.reset(key))(root_key(0))
        frame = np.asarray(world.render(state))
        path = Path(args.out or f"{cls.__name__.lower()}.png")
        write_png(path, frame, scale=max(1, 256 // max(frame.shape[:2])))
        facts["picture"] = str(path)
    if args.json:
        print(json.dumps(facts, indent=1))
    else:
        _print(facts)
    return 0


def _rows(cls: Any, prefix: str = "") -> list[dict[str, Any]]:
    """The fields of a part, and of parts that it holds by default, by path."""
    from foreworld.cli._fields import describe_field
    from foreworld.core.parts.config import encode
    from foreworld.core.parts.docs import field_docs
    from foreworld.core.parts.part import Part, field_specs

    docs, rows = field_docs(cls), []
    for spec in field_specs(cls):
        default = None if spec.required else spec.default()
        if isinstance(default, Part) and type(default) is spec.type.bare:
            rows += _rows(spec.type.bare, f"{prefix}{spec.name}.")
            continue
        rows.append(
            {
                "name": f"{prefix}{spec.name}",
                "kind": spec.kind,
                "default": default if default == {} else encode(default),
                "required": spec.required,
                "doc": describe_field(spec, docs.get(spec.name, "")),
            }
        )
    return rows


def _print(facts: dict[str, Any]) -> None:
    print(f"{facts['name']}: {facts['summary']}\n{facts['class']}")
    for key in ("action_space", "observation_space", "picture"):
        if key in facts:
            print(f"{key.replace('_', ' ')}: {facts[key]}")
    if facts["presets"]:
        print(f"presets: {', '.join(facts['presets'])}")
    print("fields:")
    width = max((len(row["name"]) for row in facts["fields"]), default=0)
    for row in facts["fields"]:
        default = "required" if row["required"] else f"default {row['default']}"
        print(f"  {row['name']:<{width}}  {row['doc']}; {default}")
