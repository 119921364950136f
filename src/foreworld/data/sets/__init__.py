"""Named sets by module: ``foreworld.sets.slvm.pendulum3``."""

import importlib
from typing import Any

_MODULES = ("dm", "slvm")


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(
        f"module {__name__!r} has no attribute {name!r}. It has: {', '.join(_MODULES)}."
    )
