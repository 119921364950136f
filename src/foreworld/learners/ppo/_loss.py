"""The clipped objective of proximal policy optimisation on sequences.

Source: Schulman et al. 2017, arXiv 1707.06347, equations 7 and 9; value clipping as in
the baselines of the same authors.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from foreworld.core.spaces import Space
from foreworld.learners.ppo.base import AbstractSettings
from foreworld.networks.base import Memory, Parameters
from foreworld.nn.distributions import distribution


class Sequences(NamedTuple):
    """What is learned from: sequences of some lanes and the memories before them.

    Attributes
    ----------
    obs, starts, actions
        What was seen, where episodes start, what was done.
    log_prob, value
        Of the network that acted.
    advantage, target
        Estimated advantages and the values to learn.
    counted
        In a game: which steps are learned from, of those in which the agent acted.
        ``None`` for all.
    allowed
        What it was allowed to do.
    memory
        Memory before the first step.
    """

    obs: Any
    starts: Bool[Array, "time lane"]
    actions: Any
    log_prob: Float[Array, "time lane"]
    value: Float[Array, "time lane"]
    advantage: Float[Array, "time lane"]
    target: Float[Array, "time lane"]
    counted: Bool[Array, "time lane"] | None
    allowed: Any
    memory: Memory


def ppo_loss(
    network: Parameters,
    batch: Sequences,
    action_space: Space,
    settings: AbstractSettings,
) -> tuple[Float[Array, ""], dict[str, Float[Array, ""]]]:
    """The loss of a minibatch and its terms.

    ``-mean(min(rho A, clip(rho) A)) + value * mean(max(...)) - entropy * mean(H)``
    with advantages normalised over the minibatch and the value error clipped around
    the old value, without a factor 1/2.

    Parameters
    ----------
    network
        Parameters, by which the loss is differentiated.
    batch
        Sequences of some lanes, with what the network that acted made of them.
    action_space
        What the actions are out of.
    settings
        Says the network, the weights of the terms and the clipping range.
    """
    outputs = settings.network.unroll(network, batch.memory, batch.obs, batch.starts)
    policy = distribution(action_space, outputs.policy, batch.allowed)
    values, eps = outputs.values[..., 0], settings.clip_eps

    centred = batch.advantage - mean_of(batch.advantage, batch.counted)
    deviation = jnp.sqrt(mean_of(centred * centred, batch.counted))
    advantage = centred / (deviation + 1e-8)
    log_ratio = policy.log_prob(batch.actions) - batch.log_prob
    ratio = jnp.exp(log_ratio)
    bounded = jnp.clip(ratio, 1.0 - eps, 1.0 + eps)
    gain = jnp.minimum(ratio * advantage, bounded * advantage)
    policy_loss = -mean_of(gain, batch.counted)

    near = batch.value + jnp.clip(values - batch.value, -eps, eps)
    worst = jnp.maximum((values - batch.target) ** 2, (near - batch.target) ** 2)
    value_loss = mean_of(worst, batch.counted)

    entropy = mean_of(policy.entropy(), batch.counted)
    loss = policy_loss + settings.value_coef * value_loss
    loss = loss - settings.entropy_coef * entropy
    clipped = (jnp.abs(ratio - 1.0) > eps).astype(jnp.float32)
    return loss, {
        "policy_loss": policy_loss,
        "value_loss": value_loss,
        "entropy": entropy,
        "approx_kl": mean_of(ratio - 1.0 - log_ratio, batch.counted),
        "clip_fraction": mean_of(clipped, batch.counted),
    }


def mean_of(
    x: Float[Array, "time lane"], counted: Bool[Array, "time lane"] | None
) -> Float[Array, ""]:
    """The mean of what counts; zero where nothing does.

    Parameters
    ----------
    x
        Numbers.
    counted
        Which of them count; ``None`` for all.
    """
    if counted is None:
        return jnp.mean(x)
    total = jnp.sum(jnp.where(counted, x, 0.0))
    return total / jnp.maximum(jnp.sum(counted, dtype=jnp.float32), 1.0)
