"""Worlds that misbehave, for testing generation."""

from __future__ import annotations

from typing import Annotated

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key, UInt8

from foreworld.core.parts.part import Traced
from foreworld.core.spaces import Box
from foreworld.worlds.base import AbstractWorld, EpisodeLen, Step
from foreworld.worlds.dynamics.base import (
    AbstractDynamics,
    Discount,
    FrameTime,
    ImageSize,
)


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


class Escaping(AbstractDynamics):
    """A drop that drifts off in some of its sequences and gains energy in others."""

    dt: FrameTime = 0.5
    image_size: ImageSize = 4
    discount: Discount = 1.0
    max_episode_len: EpisodeLen = 0

    @property
    def observation_space(self) -> Box:
        return Box(-float("inf"), float("inf"), (2,))

    def reset(self, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        state = jax.random.uniform(key, (2,), jnp.float32)
        return state, state

    def step(self, state: jax.Array, action: None, key: jax.Array) -> Step:
        state = state + jnp.asarray(self.dt, jnp.float32) * jnp.array([1.0, 0.0])
        no = jnp.asarray(False)
        state = state.astype(jnp.float32)
        return Step(state, state, jnp.float32(0), no, no)

    def render(self, state: jax.Array) -> jax.Array:
        return jnp.full((4, 4, 1), 100, jnp.uint8)

    def derivative(self, state: jax.Array) -> jax.Array:
        return jnp.array([1.0, 0.0])

    def energy(self, state: jax.Array) -> jax.Array:
        # Grows within the sequence where it begins high up.
        return jnp.where(state[1] > 0.5, 1 + state[0], 1.0)

    def keeps(self, state: jax.Array) -> jax.Array:
        return state[0] < 1.0

    def extras(self, state: jax.Array) -> dict[str, jax.Array]:
        return {"half": state[:1] / 2, "side": (state[1] > 0.25).astype(jnp.int32)}
