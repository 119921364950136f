"""Acts at random: uniform over the action space of its world.

Source: the usual baseline.
"""

from __future__ import annotations

from typing import Any

from jaxtyping import Array, Key

from foreworld.core.keys import named_key
from foreworld.core.parts.part import Part
from foreworld.worlds.base import AbstractWorld, Action, Observation
from foreworld.worlds.policy import AbstractPolicy


class RandomPolicy(AbstractPolicy, Part):
    """Draws every action from its space, whatever it observes.

    In a game all agents draw; in a passive world the action is ``None``.
    """

    world: AbstractWorld
    """the world whose action space is drawn from"""

    def init_memory(self) -> Any:
        """Nothing to remember."""
        return None

    def act(
        self, memory: Any, obs: Observation, key: Key[Array, ""]
    ) -> tuple[Any, Action]:
        """One uniform draw."""
        space = self.world.action_space
        if space is None:
            return memory, None
        if isinstance(space, dict):
            return memory, {
                agent: one.sample(named_key(key, agent)) for agent, one in space.items()
            }
        return memory, space.sample(key)
