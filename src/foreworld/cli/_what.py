"""What a word on the command line means: a world, a person's class, a data set."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from foreworld.core import registry
from foreworld.core.disk.folder import CONFIG
from foreworld.core.errors import ConfigError, unknown_name
from foreworld.data.sets.find import names_set, set_entries
from foreworld.worlds.base import AbstractWorld


@dataclass(frozen=True)
class What:
    """What ``--on`` or ``generate`` was given.

    Attributes
    ----------
    name
        As it was written.
    world
        Class of the world, ``None`` for a data set.
    data
        Folder of the data set, ``None`` for a world.
    named
        Whether it is the name of a named set (or a constant in a person's file).
    """

    name: str
    world: type[AbstractWorld] | None = None
    data: Path | None = None
    named: bool = False


def resolve(name: str) -> What:
    """A world or set by name, ``./file.py:Class``, or the folder of a data set.

    Raises
    ------
    UnknownNameError
        No world or set has that name; the message lists the nearest.
    ConfigError
        A folder that is no data set, or a class that is no world.
    """
    path = Path(name)
    if path.is_dir():
        if not (path / CONFIG).is_file():
            raise ConfigError(
                f"{name} is a folder but no data set: it has no {CONFIG}. "
                f"'foreworld generate' makes one."
            )
        return What(name, data=path)
    if names_set(name):
        if name in set_entries():
            return What(name, named=True)
        if name.partition("/")[0] in {n.partition("/")[0] for n in set_entries()}:
            raise unknown_name("set", name, set_entries())
        raise ConfigError(
            f"{name!r} is neither a folder nor a world. A data set is named by its "
            f"folder, a world by its name ('foreworld list worlds'), a set by its name "
            f"('foreworld list sets'), a class of your own as './my_file.py:MyWorld'."
        )
    cls = registry.find("worlds", name)
    if not issubclass(cls, AbstractWorld):
        raise ConfigError(
            f"{name!r} is no world: {cls.__name__} is not a subclass of "
            f"foreworld.worlds.AbstractWorld. Derive it from that class."
        )
    return What(name, world=cls)
