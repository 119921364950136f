"""The parts of an action that are chosen one by one: the fields of a record, a box."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from foreworld.core.spaces import Box, Discrete, Record, Space
from foreworld.play.hands.keys import MOST_CHOICES, field_keys
from foreworld.play.stage.base import Field, Seat, Slider
from foreworld.worlds.game import AbstractGame

MOST_NUMBERS = 64
"""Numbers that a person is asked for at once."""

_GAP = "/"
"""Between the names of a record in a record; no field's name holds it."""


def parts_of(space: Space) -> dict[str, Discrete | Box]:
    """The spaces that a space is made of, by path; of one that is no record itself.

    Parameters
    ----------
    space
        Of actions or of observations.
    """
    if not isinstance(space, Record):
        return {"": space}
    return {
        f"{name}{_GAP * bool(path)}{path}": part
        for name, field in space.items
        for path, part in parts_of(field).items()
    }


def part_of(element: Any, path: str) -> Any:
    """A part of an element or of a mask; ``None`` where a mask does not name it.

    Parameters
    ----------
    element
        Nested dictionaries, as those of a record.
    path
        One of :func:`parts_of`.
    """
    for name in path.split(_GAP) if path else ():
        element = None if element is None else element.get(name)
    return element


def element_of(space: Space, parts: Mapping[str, Any], path: str = "") -> Any:
    """The element of a space that is made of such parts.

    Parameters
    ----------
    space
        Of actions.
    parts
        A choice, or the numbers of a box, by path.
    path
        Where the space lies in another one.
    """
    if isinstance(space, Record):
        before = path and path + _GAP
        return {
            name: element_of(one, parts, before + name) for name, one in space.items
        }
    return np.asarray(parts[path], space.dtype).reshape(space.shape)


def seat_of(game: AbstractGame, agent: str) -> Seat:
    """How a person acts in an agent's place, or why none can.

    Parameters
    ----------
    game
        The game.
    agent
        One of its agents.

    Raises
    ------
    ConfigError
        The keys that the game states are not one for each choice.
    """
    space: Any = game.action_space
    parts = parts_of(space[agent])
    choices = {n: one for n, one in parts.items() if isinstance(one, Discrete)}
    boxes = {n: one for n, one in parts.items() if isinstance(one, Box)}
    keys = dict(zip(choices, field_keys(game, agent, choices.values()), strict=True))
    refusal = next(filter(None, (_refusal(n, one) for n, one in parts.items())), "")
    fields = (Field(n, keys.get(n, ()), _sliders(boxes.get(n))) for n in parts)
    return Seat(agent, () if refusal else tuple(fields), refusal)


def _refusal(name: str, space: Discrete | Box) -> str:
    """Why no hand can choose a part of an action; empty where one can."""
    if isinstance(space, Discrete):
        what = f"the choices of {name!r}" if name else "its actions"
        many = space.num > MOST_CHOICES
        return f"{what} are {space.num}; a page shows {MOST_CHOICES}" if many else ""
    box, what = space, f"the numbers of {name!r}" if name else "its actions"
    if not (math.isfinite(box.low) and math.isfinite(box.high)):
        return f"{what} lie in [{box.low:g}, {box.high:g}], which has no end"
    if not 0 < box.flat_size <= MOST_NUMBERS:
        return f"{what} are {box.flat_size}; a hand can give 1 to {MOST_NUMBERS}"
    return ""


def _sliders(box: Box | None) -> tuple[Slider, ...]:
    """A slider for each entry of a box, which stands in the middle."""
    if box is None or _refusal("", box):
        return ()
    whole = not np.issubdtype(np.dtype(box.dtype), np.floating)
    low, high = float(box.low), float(box.high)
    if whole:
        low, high = math.ceil(low), math.floor(high)
    middle = low + (high - low) // 2 if whole else (low + high) / 2
    return tuple(Slider(name, middle, low, high, whole=whole) for name in entries(box))


def entries(box: Box) -> tuple[str, ...]:
    """What the entries of a box are called: their indices; nothing of a lone number.

    Parameters
    ----------
    box
        Of actions or of observations.
    """
    return tuple(",".join(map(str, index)) for index in np.ndindex(box.shape))
