"""Worlds by class name, found by their place: ``foreworld.worlds.TMaze``."""

from typing import Any

from foreworld.core.registry import class_by_name


def __getattr__(name: str) -> Any:
    return class_by_name("worlds", name)
