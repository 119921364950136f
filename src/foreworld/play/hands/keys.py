"""Which key chooses which action.

Those that a game states, arrows where a world has directions, else digits and letters.
Choices beyond the last letter have a button and no key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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
MOST_CHOICES = 5000
"""Buttons that a page can hold."""
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
    if space.num > MOST_CHOICES:
        raise ConfigError(
            f"{name} has {space.num} actions, but a page shows at most {MOST_CHOICES}. "
            f"Choose another world: 'foreworld list worlds'."
        )
    return _keys_of(space, _codes((space,), ()))


def field_keys(
    game: AbstractGame, agent: str, spaces: Iterable[Discrete]
) -> tuple[tuple[Key, ...], ...]:
    """The keys of a person in an agent's place, for each choice that it makes.

    Parameters
    ----------
    game
        The game.
    agent
        One of its agents.
    spaces
        The choices of its action, of a record those of all fields.

    Raises
    ------
    ConfigError
        The keys that the game states are not one for each choice.
    """
    spaces, stated = tuple(spaces), game.keys(agent)
    num = sum(space.num for space in spaces)
    if stated and (len(stated) != num or len(set(stated)) != num):
        raise ConfigError(
            f"{type(game).__name__}.keys({agent!r}) is {stated!r}; it must be one key "
            f"for each of {num} actions, all different, or empty."
        )
    codes = _codes(spaces, stated)
    return tuple(_keys_of(space, codes) for space in spaces)


def names_of(space: Discrete) -> tuple[str, ...]:
    """What the actions of a space are called."""
    return space.names or tuple(f"action {action}" for action in range(space.num))


def _codes(spaces: tuple[Discrete, ...], stated: tuple[str, ...]) -> Iterator[str]:
    """The key of each choice, field by field; empty where none is left."""
    yield from stated
    free = dict(_ARROWS)
    names = [name for space in spaces for name in names_of(space)]
    for i, name in enumerate(names[len(stated) :]):
        plain = _PLAIN[i] if i < len(_PLAIN) else ""
        yield free.pop(name, (plain, ""))[0]


def _keys_of(space: Discrete, codes: Iterator[str]) -> tuple[Key, ...]:
    signs = dict(_ARROWS.values())
    made = []
    for i, name in enumerate(names_of(space)):
        code = next(codes)
        made.append(Key(code, signs.get(code, code), i, name))
    return tuple(made)
