"""Worlds that misbehave, for testing generation."""

from __future__ import annotations

from typing import Annotated

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key, UInt8

from foreworld.core.part import Traced
from foreworld.core.spaces import Box
from foreworld.worlds.base import AbstractWorld, EpisodeLen, Step


class Fragile(AbstractWorld):
    """A number that stays; with some probability it is none."""

    broken_prob: Annotated[float, Traced(low=0, high=1)] = 0.3
    """probability of a start that is not a number"""
    size: Annotated[float, Traced(above=0)] = 1.0
    """scale of the number"""
    discount: Annotated[float, Traced(low=0, high=1)] = 1.0
    """discount factor of returns"""
    max_episode_len: EpisodeLen = 0
    """steps until an episode is truncated"""

    @property
    def action_space(self) -> None:
        return None

    @property
    def observation_space(self) -> Box:
        return Box(-float("inf"), float("inf"), (1,))

    def reset(self, key: Key[Array, ""]) -> tuple[Float[Array, "1"], Float[Array, "1"]]:
        unit = jax.random.uniform(key, (), jnp.float32)
        value = jnp.where(unit < self.broken_prob, jnp.nan, self.size * unit)
        state = value.astype(jnp.float32)[None]
        return state, state

    def step(self, state: Float[Array, "1"], action: None, key: Key[Array, ""]) -> Step:
        no = jnp.asarray(False)
        return Step(state, state, jnp.float32(0), no, no)

    def render(self, state: Float[Array, "1"]) -> UInt8[Array, "height width channels"]:
        return jnp.full((2, 2, 1), 7, jnp.uint8)
