"""Makes a world by name: ``make("pendulum", gravity=3.0)``."""

from __future__ import annotations

from typing import Any

from foreworld.core import registry
from foreworld.core.errors import ConfigError
from foreworld.core.parts.part import field_specs, unknown_field
from foreworld.worlds.base import AbstractWorld


def make(name: str, **fields: Any) -> AbstractWorld:
    """A world by its name, or a person's own as ``./my_world.py:MyWorld``.

    Parameters
    ----------
    name
        Name of a world (``foreworld list worlds``) or a file and a class.
    fields
        Values of the world's fields; the others keep their defaults. Those of a
        nested part as a dictionary: ``picture={"margin": 0.4}``.

    Raises
    ------
    UnknownNameError
        No such world or no such field; the message lists the nearest names.
    ConfigError
        The class is no world, or a value is not allowed.
    """
    cls = registry.find("worlds", name)
    if not issubclass(cls, AbstractWorld):
        raise ConfigError(
            f"{name!r} is no world: {cls.__name__} is not a subclass of "
            f"foreworld.worlds.AbstractWorld. Derive it from that class."
        )
    specs = field_specs(cls)
    known = [spec.name for spec in specs]
    for field in fields:
        if field not in known:
            raise unknown_field(cls, field)
    missing = [s.name for s in specs if s.required and s.name not in fields]
    if missing:
        raise ConfigError(f"{cls.__name__} needs a value for {', '.join(missing)}.")
    return cls(**fields)


def as_world(world: AbstractWorld | str, fields: dict[str, Any]) -> AbstractWorld:
    """A world by its name, or the world itself, with some fields replaced.

    Parameters
    ----------
    world
        A world, or what :func:`make` takes.
    fields
        Values of the world's fields; the others stay as they are.
    """
    if not isinstance(world, AbstractWorld):
        return make(world, **fields)
    return world.replace(**fields) if fields else world
