"""Which key chooses which action.

Those that a game states, arrows where a world has directions, else digits and letters.
"""

from __future__ import annotations

from typing import Any

from foreworld.core.errors import ConfigError
from foreworld.core.spaces import Discrete
from foreworld.play.stage.base import Key
from foreworld.worlds.base import AbstractWorld
from foreworld.worlds.game import AbstractGame

_ARROWS = {
    "up": ("ArrowUp", "↑"),
    "down": ("ArrowDown", "↓"),
    "left": ("ArrowLeft", "←"),
    "right": ("ArrowRight", "→"),
}
_PLAIN = "1234567890abcdefghijklmnopqrstuvwxyz"


def keys(world: AbstractWorld) -> tuple[Key, ...]:
    """The keys of a world; none for a passive one.

    Raises
    ------
    ConfigError
        The world is a game of several agents, or its actions are no choices.
    """
    space: Any = world.action_space
    name = type(world).__name__
    if isinstance(world, AbstractGame):
        raise ConfigError(
            f"{name} is a game of {', '.join(world.agents)}, but one person or agent "
            f"acts here. Choose a world of one agent: 'foreworld list worlds'."
        )
    if space is None:
        return ()
    if not isinstance(space, Discrete):
        raise ConfigError(
            f"{name} has actions {space}, but keys choose among a number of them "
            f"(Discrete). Choose another world: 'foreworld list worlds'."
        )
    if space.num > len(_PLAIN):
        raise ConfigError(
            f"{name} has {space.num} actions, but there are only {len(_PLAIN)} keys "
            f"for them."
        )
    return _keys_of(space, ())


def seat_keys(game: AbstractGame, agent: str) -> tuple[Key, ...]:
    """The keys of a person in an agent's place.

    Parameters
    ----------
    game
        The game.
    agent
        One of its agents.

    Returns
    -------
    keys
        None where the agent's actions are no choices, or too many for keys.

    Raises
    ------
    ConfigError
        The keys that the game states are not one for each action.
    """
    space: Any = game.action_space
    space, stated = space[agent], game.keys(agent)
    if not isinstance(space, Discrete):
        return ()
    if stated and len(set(stated)) != space.num:
        raise ConfigError(
            f"{type(game).__name__}.keys({agent!r}) is {stated!r}; it must be one key "
            f"for each of {space.num} actions, all different, or empty."
        )
    return () if space.num > len(stated or _PLAIN) else _keys_of(space, stated)


def names_of(space: Discrete) -> tuple[str, ...]:
    """What the actions of a space are called."""
    return space.names or tuple(f"action {action}" for action in range(space.num))


def _keys_of(space: Discrete, stated: tuple[str, ...]) -> tuple[Key, ...]:
    signs = dict(_ARROWS.values())
    made = []
    for i, name in enumerate(names_of(space)):
        plain = _ARROWS.get(name, (_PLAIN[i], ""))[0]
        code = stated[i] if stated else plain
        made.append(Key(code, signs.get(code, code), i, name))
    return tuple(made)
