"""Which key chooses which action: arrows where a world has directions, else numbers."""

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
            f"{name} is a game of {', '.join(world.agents)}; live play has one person "
            f"or agent. Choose a world of one agent: 'foreworld list worlds'."
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
    names = space.names or [f"action {action}" for action in range(space.num)]
    codes = [_ARROWS.get(name, (_PLAIN[i], _PLAIN[i])) for i, name in enumerate(names)]
    return tuple(Key(*codes[i], i, name) for i, name in enumerate(names))
