"""A walk along a line: go right to the goal; the floor is slippery.

Source: mine.
"""

from __future__ import annotations

from typing import Annotated

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key, UInt8

from foreworld.core import Bounded, Box, Discrete, Traced
from foreworld.worlds import AbstractWorld, EpisodeLen, Step

_PIXELS = 8


class MyWorld(AbstractWorld):
    """Starts at the left end of a line; reaching the right end is worth 1 and ends it.

    Actions are 0 left, 1 right. An observation is the one-hot code of the position.
    """

    # A traced field is a float that a sweep can put side by side in one program.
    slip: Annotated[float, Traced(low=0, high=1)] = 0.1
    """chance that a move fails"""
    # Every other field is static: it may decide shapes, and costs a program a value.
    size: Annotated[int, Bounded(low=2, unit="cells")] = 8
    """cells of the line"""
    discount: Annotated[float, Traced(low=0, high=1)] = 0.99
    """discount factor of returns"""
    max_episode_len: EpisodeLen = 64
    """steps after which an episode is cut off; 0 for never"""

    @property
    def action_space(self) -> Discrete:
        """Left and right."""
        return Discrete(2, ("left", "right"))

    @property
    def observation_space(self) -> Box:
        """One flag a cell."""
        return Box(0.0, 1.0, (self.size,))

    def reset(
        self, key: Key[Array, ""]
    ) -> tuple[Int[Array, ""], Float[Array, " size"]]:
        """At the left end; everything random would come from the key."""
        position = jnp.int32(0)
        return position, self._observe(position)

    def step(
        self, state: Int[Array, ""], action: Int[Array, ""], key: Key[Array, ""]
    ) -> Step:
        """One move. Values that are traced may never decide a Python ``if``."""
        slipped = jax.random.uniform(key, (), jnp.float32) < self.slip
        moved = jnp.clip(state + jnp.where(action == 1, 1, -1), 0, self.size - 1)
        position = jnp.where(slipped, state, moved).astype(jnp.int32)
        reached = position == self.size - 1
        reward = reached.astype(jnp.float32)
        # Code that runs episodes starts the next one and counts the time limit.
        return Step(
            state=position,
            obs=self._observe(position),
            reward=reward,
            terminated=reached,
            truncated=jnp.asarray(False),
        )

    def render(self, state: Int[Array, ""]) -> UInt8[Array, "height width 3"]:
        """The line from above: the goal green, the walker white."""
        cells = jnp.full((1, self.size, 3), 40, jnp.uint8)
        cells = cells.at[0, self.size - 1].set(jnp.asarray((40, 160, 70), jnp.uint8))
        cells = cells.at[0, state].set(jnp.uint8(255))
        return jnp.repeat(jnp.repeat(cells, _PIXELS, axis=0), _PIXELS, axis=1)

    def _observe(self, position: Int[Array, ""]) -> Float[Array, " size"]:
        return jax.nn.one_hot(position, self.size, dtype=jnp.float32)
