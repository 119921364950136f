"""Learners by class name, found by their place: ``foreworld.learners.PPO``."""

from typing import Any

from foreworld.core.registry import class_by_name


def __getattr__(name: str) -> Any:
    return class_by_name("learners", name)
