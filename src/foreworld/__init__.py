"""Foreworld: a research workbench for learning in simulated worlds.

A table of contents and nothing else: names are imported when they are first used.
"""

import importlib
from typing import Any

__version__ = "0.1.0"

_CONTENTS = {
    "Family": "worlds.base",
    "Uniform": "worlds.base",
    "make": "worlds.make",
    "generate": "data.generate",
    "load": "sweep.load",
    "Parameters": "train.parameters",
    "run_experiment": "sweep.run",
    "Study": "sweep.study",
    "sweep": "sweep.run",
    "results": "sweep.results",
    "best": "sweep.selection",
    "check": "sweep.check",
}
"""Public name -> module it lives in."""

_ROOMS = ("worlds", "learners", "testing")

__all__ = [*_CONTENTS, *_ROOMS]


def __getattr__(name: str) -> Any:
    if name in _CONTENTS:
        module = importlib.import_module(f"foreworld.{_CONTENTS[name]}")
        value = getattr(module, name)
        # A room of the same name (foreworld.sweep) must not hide the function.
        globals()[name] = value
        return value
    if name in _ROOMS:
        return importlib.import_module(f"foreworld.{name}")
    raise AttributeError(f"module 'foreworld' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
