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
    "make_set": "data.sets.find",
    "generate": "data.making.generate",
    "load": "workspace.load",
    "Parameters": "train.parameters",
    "run_experiment": "sweeps.run.sweep",
    "Study": "sweeps.study.study",
    "sweep": "sweeps.run.sweep",
    "results": "sweeps.results.gather",
    "best": "sweeps.results.selection",
    "check": "workspace.check",
}
"""Public name -> module it lives in."""

_ROOMS = {
    "worlds": "worlds",
    "learners": "learners",
    "sets": "data.sets",
    "testing": "testing",
}
"""Public name -> package."""

__all__ = [*_CONTENTS, *_ROOMS]


def __getattr__(name: str) -> Any:
    if name in _CONTENTS:
        module = importlib.import_module(f"foreworld.{_CONTENTS[name]}")
        value = getattr(module, name)
        # Kept, so that the next use costs nothing.
        globals()[name] = value
        return value
    if name in _ROOMS:
        return importlib.import_module(f"foreworld.{_ROOMS[name]}")
    raise AttributeError(
        f"module 'foreworld' has no attribute {name!r}. It has: {', '.join(__all__)}."
    )


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
