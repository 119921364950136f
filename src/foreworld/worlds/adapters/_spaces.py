"""Our spaces as those of Gymnasium and gymnax, and theirs as ours."""

from __future__ import annotations

from typing import Any

import numpy as np

from foreworld.core.errors import ConfigError
from foreworld.core.spaces import Box, Discrete, Space
from foreworld.worlds.adapters._optional import require
from foreworld.worlds.base import AbstractWorld

_HUGE = 1e38
"""Bounds beyond this stand for none: peers write the largest float32 there."""


def single_agent(world: AbstractWorld, suite: str) -> tuple[Space | None, Space]:
    """Action and observation space of a world of one agent.

    Raises
    ------
    ConfigError
        The world is a game of several agents, which the suite does not know.
    """
    actions, observations = world.action_space, world.observation_space
    if isinstance(actions, dict) or isinstance(observations, dict):
        raise ConfigError(
            f"{type(world).__name__} is a game of several agents; {suite} knows worlds "
            f"of one agent only. Step it directly, with dictionaries by agent."
        )
    return actions, observations


def to_gymnasium_space(space: Space | None) -> Any:
    """The space in Gymnasium's terms; one choice, to be ignored, for ``None``."""
    spaces = require("gymnasium").spaces
    if space is None:
        return spaces.Discrete(1)
    if isinstance(space, Discrete):
        return spaces.Discrete(space.num)
    return spaces.Box(space.low, space.high, space.shape, np.dtype(space.dtype))


def to_gymnax_space(space: Space | None) -> Any:
    """The space in gymnax's terms; one choice, to be ignored, for ``None``."""
    require("gymnax")
    from gymnax.environments import spaces

    if space is None:
        return spaces.Discrete(1)
    if isinstance(space, Discrete):
        return spaces.Discrete(space.num)
    return spaces.Box(space.low, space.high, space.shape, np.dtype(space.dtype))


def from_foreign_space(space: Any, shape: tuple[int, ...], what: str) -> Space:
    """A space of Gymnasium or gymnax as ours.

    Parameters
    ----------
    space
        The foreign space. Bounds that differ between entries become the widest.
    shape
        Shape of its elements as the environment really gives them.
    what
        What it is the space of, for errors.

    Raises
    ------
    ConfigError
        A kind of space that we have no word for.
    """
    kind = type(space).__name__
    if kind == "Discrete":
        if getattr(space, "start", 0) != 0:
            raise ConfigError(
                f"{what} is {space}, which starts at {space.start}. Only choices that "
                f"are counted from 0 are known here."
            )
        return Discrete(int(space.n))
    if kind != "Box":
        raise ConfigError(
            f"{what} is a {kind}; only Discrete and Box are known here. Flatten it in "
            f"the environment."
        )
    low, high = np.min(np.asarray(space.low)), np.max(np.asarray(space.high))
    dtype = np.dtype(space.dtype)
    name = "float32" if dtype.kind == "f" else str(dtype)
    return Box(_bound(low), _bound(high), shape, name)


def check_even_bounds(space: Any, what: str) -> None:
    """Raise :class:`ConfigError` where a box of actions is bounded entry by entry."""
    if type(space).__name__ != "Box":
        return
    for bounds in (np.asarray(space.low), np.asarray(space.high)):
        if bounds.size and np.any(bounds != bounds.flat[0]):
            raise ConfigError(
                f"{what} has bounds that differ between entries: {bounds.tolist()}. "
                f"Rescale the actions in the environment to common bounds."
            )


def _bound(value: Any) -> float:
    value = float(value)
    return float(np.copysign(np.inf, value)) if abs(value) > _HUGE else value
