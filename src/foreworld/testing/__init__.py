"""Checks that any part of yours keeps its contract: the public ones, by name."""

import importlib
from typing import Any

_CHECKS = {
    "CheckError": "checks",
    "check_world": "worlds",
    "check_learner": "learners",
    "check_launcher": "launchers",
}
"""Public name -> module of this folder."""

__all__ = [*_CHECKS]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name in _CHECKS:
        module = importlib.import_module(f"foreworld.testing.{_CHECKS[name]}")
        return getattr(module, name)
    raise AttributeError(f"module 'foreworld.testing' has no attribute {name!r}")
