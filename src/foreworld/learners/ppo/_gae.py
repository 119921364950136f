"""Generalised advantage estimation that bootstraps through truncation.

Source: Schulman et al. 2016, arXiv 1506.02438, equation 16.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from foreworld.nn.adam import Scalar


def gae(
    rewards: Float[Array, "time lane"],
    values: Float[Array, "time lane"],
    next_values: Float[Array, "time lane"],
    terminated: Bool[Array, "time lane"],
    ended: Bool[Array, "time lane"],
    discount: Scalar,
    lambda_: Scalar,
) -> Float[Array, "time lane"]:
    """Advantages ``A[t] = delta[t] + discount * lambda * A[t + 1]`` within episodes.

    ``delta[t] = rewards[t] + discount * next_values[t] - values[t]``.

    Parameters
    ----------
    rewards
        Reward of each step.
    values
        Value of the state before each step.
    next_values
        Value of the state that each step reached, before any fresh start.
    terminated
        Where the world ended: nothing follows, ``next_values`` does not count.
    ended
        Where the episode is over, by termination or truncation: the sum stops here.
    discount
        Discount factor of returns, from 0 to 1.
    lambda_
        Decay of the sum, from 0 (one step ahead) to 1 (the whole episode).
    """
    deltas = rewards + discount * jnp.where(terminated, 0.0, next_values) - values
    decay = jnp.where(ended, 0.0, discount * lambda_)

    def step(after: Array, inputs: tuple[Array, Array]) -> tuple[Array, Array]:
        delta, decay = inputs
        advantage = delta + decay * after
        return advantage, advantage

    last = jnp.zeros_like(deltas[0])
    return jax.lax.scan(step, last, (deltas, decay), reverse=True)[1]
