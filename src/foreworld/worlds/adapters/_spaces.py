"""Our spaces as those of Gymnasium and gymnax, and theirs as ours."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np

from foreworld.core.errors import ConfigError
from foreworld.core.spaces import Allowed, Box, Discrete, Record, Space
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


def to_foreign_space(space: Space | None, spaces: Any) -> Any:
    """The space in another suite's terms; one choice, to be ignored, for ``None``.

    Parameters
    ----------
    space
        Ours.
    spaces
        Gymnasium's or gymnax's module of that name.
    """
    if space is None:
        return spaces.Discrete(1)
    match space:
        case Discrete():
            return spaces.Discrete(space.num)
        case Box():
            dtype = np.dtype(space.dtype)
            return spaces.Box(space.low, space.high, space.shape, dtype)
        case Record():
            fields = [(n, to_foreign_space(one, spaces)) for n, one in space.items]
            return spaces.Dict(OrderedDict(fields))


def action_mask(space: Space, allowed: Allowed) -> Any:
    """A mask of one state or many in the terms of Gymnasium: int8 flags, 1 for allowed.

    A box has ``None``; in a dictionary every field has an entry, as
    ``action_space.sample(mask)`` wants it.

    Parameters
    ----------
    space
        Of the actions.
    allowed
        Ours, with any leading axes; ``None`` in a field where all is allowed.
    """
    if isinstance(space, Record):
        masks = allowed or {}
        return {name: action_mask(one, masks.get(name)) for name, one in space.items}
    return None if allowed is None else np.asarray(allowed, np.int8)


def from_foreign_space(
    space: Any, shape: tuple[int, ...], what: str, even: bool = False
) -> Discrete | Box:
    """A simple space of Gymnasium or gymnax as ours.

    Parameters
    ----------
    space
        The foreign space. Bounds that differ between entries become the widest.
    shape
        Shape of its elements as the environment really gives them.
    what
        What it is the space of, for errors.
    even
        Refuse a box whose bounds differ between entries, as actions' may not.

    Raises
    ------
    ConfigError
        A kind of space that we have no word for, or uneven bounds.
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
    ends = np.asarray(space.low), np.asarray(space.high)
    for bounds in ends:
        if even and bounds.size and np.any(bounds != bounds.flat[0]):
            raise ConfigError(
                f"{what} has bounds that differ between entries: {bounds.tolist()}. "
                f"Rescale the actions in the environment to common bounds."
            )
    dtype = np.dtype(space.dtype)
    name = "float32" if dtype.kind == "f" else str(dtype)
    if dtype.kind in "iu" and dtype.itemsize == 8:
        limits, name = np.iinfo(np.int32), "int32"
        if any(np.any(e < limits.min) or np.any(e > limits.max) for e in ends):
            raise ConfigError(
                f"{what} holds {dtype} numbers from {np.min(ends[0])} to "
                f"{np.max(ends[1])}; programs hold whole numbers of 32 bits. Give "
                f"bounds within {limits.min} and {limits.max}, or use float32."
            )
    return Box(_bound(np.min(ends[0])), _bound(np.max(ends[1])), shape, name)


def _bound(value: Any) -> float:
    value = float(value)
    return float(np.copysign(np.inf, value)) if abs(value) > _HUGE else value
