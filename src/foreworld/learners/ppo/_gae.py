"""Generalised advantage estimation that bootstraps through truncation.

Source: Schulman et al. 2016, arXiv 1506.02438, equation 16.
"""

from __future__ import annotations

from typing import Any, NamedTuple

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
    return _summed(deltas, jnp.where(ended, 0.0, discount * lambda_))


class Decisions(NamedTuple):
    """Steps of which an agent acts in some only; a silent step passes on what follows.

    From one decision to the next lie ``k`` steps. Their rewards, discounted, are that
    of the decision, and the next one's value is discounted ``k`` times.

    Attributes
    ----------
    values
        Value before each step; in silence the rewards until the next decision and its
        value, discounted.
    next_values
        The same of the state that each step reached.
    known
        Whether the agent acts again, or the world ends before it could. Where neither
        is so, before a cut or the end of a rollout, nothing tells what is to come.
    """

    values: Float[Array, "time lane"]
    next_values: Float[Array, "time lane"]
    known: Bool[Array, "time lane"]


def decisions(
    rewards: Float[Array, "time lane"],
    values: Float[Array, "time lane"],
    acting: Bool[Array, "time lane"],
    ended: Bool[Array, "time lane"],
    ends: tuple[Float[Array, "time lane"], Bool[Array, "time lane"]],
    last: tuple[Float[Array, " lane"], Bool[Array, " lane"]],
    discount: Scalar,
) -> Decisions:
    """Values of all steps, from those of the steps in which the agent acts.

    Parameters
    ----------
    rewards, ended, discount
        As for :func:`gae`.
    values
        Value of the state before each step; it counts where the agent acts.
    acting
        Where it acts.
    ends
        Where an episode is over: value of the state reached (zero where the world
        ended), and whether it is known.
    last
        Value of the state in which the rollout ends, and whether it is known.
    """

    def step(after: tuple[Array, Array], now: Any) -> tuple[Any, Decisions]:
        reward, value, acts, over, end, sure = now
        following = jnp.where(over, end, after[0])
        known = jnp.where(over, sure, after[1])
        value = jnp.where(acts, value, reward + discount * following)
        return (value, acts | known), Decisions(value, following, known)

    every = rewards, values, acting, ended, *ends
    return jax.lax.scan(step, last, every, reverse=True)[1]


def gae_of_decisions(
    rewards: Float[Array, "time lane"],
    made: Decisions,
    acting: Bool[Array, "time lane"],
    ended: Bool[Array, "time lane"],
    discount: Scalar,
    lambda_: Scalar,
) -> Float[Array, "time lane"]:
    """Advantages of the steps in which an agent acts, ``lambda`` once a decision.

    They are those of :func:`gae` where it always acts.

    Parameters
    ----------
    rewards, ended, discount, lambda_
        As for :func:`gae`.
    made
        Of :func:`decisions`.
    acting
        Where the agent acts.
    """
    deltas = rewards + discount * made.next_values - made.values
    deltas = jnp.where(acting & made.known, deltas, 0.0)
    decay = jnp.where(acting, discount * lambda_, discount)
    return _summed(deltas, jnp.where(ended | ~made.known, 0.0, decay))


def _summed(
    deltas: Float[Array, "time lane"], decay: Float[Array, "time lane"]
) -> Float[Array, "time lane"]:
    """``A[t] = deltas[t] + decay[t] * A[t + 1]``."""

    def step(after: Array, inputs: tuple[Array, Array]) -> tuple[Array, Array]:
        delta, decay = inputs
        advantage = delta + decay * after
        return advantage, advantage

    last = jnp.zeros_like(deltas[0])
    return jax.lax.scan(step, last, (deltas, decay), reverse=True)[1]
