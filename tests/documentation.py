"""Which arguments of public functions are not documented: a walk through the package.

``python -m tests.documentation ROOM ...`` prints them by room. A function or method of
two or more arguments needs a NumPy-style Parameters section that names each. What
implements a method of an interface is documented there, a constructor in its class,
and what every verb of the command line has in ``foreworld.cli.main``.
"""

import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import foreworld.cli.main

_SECTION = re.compile(r"^Parameters\n-+\n(.*?)(?=^\w[\w ]*\n-+\n|\Z)", re.M | re.S)


def documented(doc: str) -> set[str]:
    """Names in the Parameters section of a docstring."""
    found = _SECTION.search(inspect.cleandoc(doc))
    lines = found[1].splitlines() if found else []
    heads = [line.partition(" : ")[0] for line in lines if line and line[0] != " "]
    return {name.strip(" *\\") for head in heads for name in head.split(",")}


def lacking(room: str) -> list[str]:
    """``module:function: names`` of all arguments in a room that are not documented."""
    found = []
    for module in _modules(f"foreworld.{room}"):
        for where, function, doc in _functions(module):
            names = _arguments(function)
            missing = [name for name in names if name not in documented(doc)]
            if len(names) > 1 and missing:
                found.append(f"{module.__name__}:{where}: {', '.join(missing)}")
    return found


def _modules(package: str) -> Iterator[ModuleType]:
    top = importlib.import_module(package)
    yield top
    for info in pkgutil.walk_packages(getattr(top, "__path__", []), f"{package}."):
        if not any(part.startswith("_") for part in info.name.split(".")):
            yield importlib.import_module(info.name)


def _functions(module: ModuleType) -> Iterator[tuple[str, Callable[..., Any], str]]:
    """Public functions and methods that a module defines, with what documents them."""
    for name, value in vars(module).items():
        if name.startswith("_") or getattr(value, "__module__", "") != module.__name__:
            continue
        if inspect.isclass(value):
            yield from _methods(value)
        elif inspect.isroutine(inspect.unwrap(value)):
            verb = module.__name__.startswith("foreworld.cli.") and name == "run"
            where = foreworld.cli.main if verb else value
            yield name, inspect.unwrap(value), where.__doc__ or ""


def _methods(cls: type) -> Iterator[tuple[str, Callable[..., Any], str]]:
    for name, value in vars(cls).items():
        method = inspect.unwrap(getattr(value, "__func__", value))
        # What Equinox wraps and dataclasses write is no text of ours.
        if not inspect.isfunction(method) or method.__module__ != cls.__module__:
            continue
        if name == "__init__" and cls.__qualname__ in method.__qualname__:
            if "__create_fn__" not in method.__qualname__ and _written(method):
                yield cls.__name__, method, f"{inspect.getdoc(cls)}"
        elif not name.startswith("_") and not any(
            name in vars(b) for b in cls.mro()[1:]
        ):
            yield f"{cls.__name__}.{name}", method, method.__doc__ or ""


def _written(method: Callable[..., Any]) -> bool:
    return method.__code__.co_filename == inspect.getfile(inspect.getmodule(method))  # type: ignore


def _arguments(function: Callable[..., Any]) -> list[str]:
    names = inspect.signature(function).parameters
    return [name for name in names if name not in ("self", "cls")]


if __name__ == "__main__":
    for room in sys.argv[1:]:
        missing = lacking(room)
        print(f"{room}: {len(missing)} without", *missing, sep="\n  ")
