"""Regions of a picture that mean an action: what a click chooses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import jax
import numpy as np

from foreworld.core.errors import ConfigError
from foreworld.core.keys import root_key
from foreworld.core.spaces import Discrete
from foreworld.play.stage.base import Target
from foreworld.worlds.base import AbstractWorld
from foreworld.worlds.game import AbstractGame


def targets_of(rows: Any, choices: Iterable[int]) -> tuple[Target, ...]:
    """The regions of some actions.

    Parameters
    ----------
    rows
        One for each action, ``(num_actions, 4)``; ``None`` for no regions.
    choices
        Actions that are allowed now.
    """
    if rows is None:
        return ()
    ends = np.asarray(rows, float)
    made = (Target(action, *ends[action].tolist()) for action in choices)
    return tuple(one for one in made if one.left < one.right and one.top < one.bottom)


def check_targets(world: AbstractWorld) -> None:
    """Refuse regions that do not fit the actions.

    Parameters
    ----------
    world
        A world or a game, opened.

    Raises
    ------
    ConfigError
        Not one row of four numbers for each action.
    """
    found = jax.eval_shape(lambda key: world.targets(world.reset(key)[0]), root_key(0))
    if found is None:
        return
    spaces: Any = world.action_space
    if not isinstance(world, AbstractGame):
        spaces, found = {"": spaces}, {"": found}
    elif not isinstance(found, dict) or not set(found) <= set(spaces):
        raise ConfigError(
            f"{type(world).__name__}.targets must be a dictionary by agent "
            f"({', '.join(spaces)}), got {found}."
        )
    for agent, rows in found.items():
        space, shape = spaces[agent], getattr(rows, "shape", rows)
        num = space.num if isinstance(space, Discrete) else 0
        if shape != (num, 4):
            raise ConfigError(
                f"{type(world).__name__}.targets{f' of {agent!r}' if agent else ''} "
                f"must have the shape ({num}, 4), one row (left, top, right, bottom) "
                f"for each action, got {shape}."
            )
