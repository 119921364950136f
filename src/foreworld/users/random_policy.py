"""Acts at random: uniform over the allowed actions of its world.

Source: the usual baseline.
"""

from __future__ import annotations

from typing import Any

from jaxtyping import Array, Key

from foreworld.core.keys import named_key
from foreworld.core.parts.part import Part
from foreworld.worlds.base import AbstractWorld, Action, Observation
from foreworld.worlds.game import AbstractGame
from foreworld.worlds.policy import AbstractPolicy, Turns


class RandomPolicy(AbstractPolicy, Part):
    """Draws every action among those that are allowed, whatever it observes.

    In a game all agents draw; in a passive world the action is ``None``.
    """

    world: AbstractWorld
    """the world whose action space is drawn from"""

    @property
    def seats(self) -> tuple[str, ...]:
        """All agents of a game."""
        return self.world.agents if isinstance(self.world, AbstractGame) else ()

    def init_memory(self) -> Any:
        """Nothing to remember."""
        return None

    def act(
        self, memory: Any, obs: Observation, key: Key[Array, ""], turn: Turns = None
    ) -> tuple[Any, Action]:
        """One uniform draw."""
        space = self.world.action_space
        if space is None:
            return memory, None
        turns = turn if isinstance(turn, dict) else {"": turn}
        masks = {n: one.allowed for n, one in turns.items() if one is not None}
        if isinstance(space, dict):
            return memory, {
                agent: one.sample(named_key(key, agent), masks.get(agent))
                for agent, one in space.items()
            }
        return memory, space.sample(key, masks.get(""))
