"""The module of a class that a folder names, where its code may run."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

from foreworld.core.own import trusted
from foreworld.core.own.files import (
    load_file,
    load_module,
    loaded_file,
    read_source,
)


def trusted_module(place: str, cls: str, installed: Iterable[str]) -> ModuleType:
    """The module of a class that a folder names; imported only if it is trusted.

    Parameters
    ----------
    place
        File or module, as it was written.
    cls
        The class.
    installed
        Modules of entry points, which the person trusted when installing them.

    Raises
    ------
    UntrustedError
        It is neither imported already nor trusted.
    ConfigError
        It cannot be imported.
    """
    where, is_file = f"{place}:{cls}", place.endswith(".py")
    found = loaded_file(Path(place)) if is_file else sys.modules.get(place)
    if found is not None:
        return found
    file = Path(place) if is_file else file_of(place)
    if trusted.ours_only():
        raise trusted.refusal(where, file)
    for module in () if is_file else installed:
        if module.partition(".")[0] == place.partition(".")[0]:
            load_module(module, where)
    if place in sys.modules:
        return sys.modules[place]
    if file is not None and file.is_file() and trusted.allows(file):
        if is_file:
            return load_file(file)
        read_source(file.resolve())
        return load_module(place, where)
    name = Path(place).name if is_file else f"{place.rpartition('.')[2]}.py"
    moved = trusted.same_named(name, cls)
    if moved is None:
        raise trusted.refusal(where, file)
    return load_file(moved)


def file_of(module: str) -> Path | None:
    """The file of a module, found without importing the packages around it."""
    path, spec, steps = None, None, module.split(".")
    if not all(step.isidentifier() for step in steps):
        return None
    for number in range(len(steps)):
        name = ".".join(steps[: number + 1])
        spec: Any = PathFinder.find_spec(name, path)
        if spec is None or (number < len(steps) - 1 and spec.origin == "built-in"):
            return None
        path = spec.submodule_search_locations
    return Path(spec.origin) if spec is not None and spec.has_location else None
