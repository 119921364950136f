"""The clipped objective of proximal policy optimisation on sequences.

Source: Schulman et al. 2017, arXiv 1707.06347, equations 7 and 9; value clipping as in
the baselines of the same authors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from foreworld.learners.ppo._networks import ActorCritic, Memory

if TYPE_CHECKING:
    from foreworld.learners.ppo.ppo import PPO

_FORBIDDEN = -1e9
"""Logit of an action that is not allowed."""


class Sequences(NamedTuple):
    """What is learned from: sequences of some lanes and the memories before them.

    Attributes
    ----------
    inputs, starts, actions
        What went into the network, where episodes start, what was done.
    log_prob, value
        Of the network that acted.
    advantage, target
        Estimated advantages and the values to learn.
    acting, allowed
        In a game: whether the agent acted and what it was allowed to do.
    memory
        Memory before the first step.
    """

    inputs: Float[Array, "time lane input"]
    starts: Bool[Array, "time lane"]
    actions: Int[Array, "time lane"]
    log_prob: Float[Array, "time lane"]
    value: Float[Array, "time lane"]
    advantage: Float[Array, "time lane"]
    target: Float[Array, "time lane"]
    acting: Bool[Array, "time lane"] | None
    allowed: Bool[Array, "time lane num_actions"] | None
    memory: Memory


def log_probs(
    logits: Float[Array, "*batch num_actions"],
    allowed: Bool[Array, "*batch num_actions"] | None = None,
) -> Float[Array, "*batch num_actions"]:
    """Log-probabilities of all actions; those not allowed get almost none.

    Parameters
    ----------
    logits
        Unnormalised log-probabilities.
    allowed
        Which actions are allowed; ``None`` for all.
    """
    if allowed is not None:
        logits = jnp.where(allowed, logits, _FORBIDDEN)
    return jax.nn.log_softmax(logits)


def pick(
    table: Float[Array, "*batch num_actions"], actions: Int[Array, "*batch"]
) -> Float[Array, "*batch"]:
    """The entry of each row that belongs to the action.

    Parameters
    ----------
    table
        One number an action.
    actions
        The action of each row, from 0.
    """
    # A masked sum: gathers are slow on CPUs, and so are their gradients.
    chosen = actions[..., None] == jnp.arange(table.shape[-1])
    return jnp.sum(jnp.where(chosen, table, 0.0), axis=-1)


def ppo_loss(
    network: ActorCritic, batch: Sequences, settings: PPO
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
    settings
        Says the weights of the terms and the clipping range.
    """
    features = network.unroll(batch.inputs, batch.starts, batch.memory)
    table = log_probs(network.logits(features), batch.allowed)
    values = network.value(features)
    eps = settings.clip_eps

    centred = batch.advantage - _mean(batch.advantage, batch.acting)
    deviation = jnp.sqrt(_mean(centred * centred, batch.acting))
    advantage = centred / (deviation + 1e-8)
    log_ratio = pick(table, batch.actions) - batch.log_prob
    ratio = jnp.exp(log_ratio)
    bounded = jnp.clip(ratio, 1.0 - eps, 1.0 + eps)
    gain = jnp.minimum(ratio * advantage, bounded * advantage)
    policy_loss = -_mean(gain, batch.acting)

    near = batch.value + jnp.clip(values - batch.value, -eps, eps)
    worst = jnp.maximum((values - batch.target) ** 2, (near - batch.target) ** 2)
    value_loss = jnp.mean(worst)

    entropy = -_mean(jnp.sum(jnp.exp(table) * table, axis=-1), batch.acting)
    loss = policy_loss + settings.value_coef * value_loss
    loss = loss - settings.entropy_coef * entropy
    clipped = (jnp.abs(ratio - 1.0) > eps).astype(jnp.float32)
    return loss, {
        "policy_loss": policy_loss,
        "value_loss": value_loss,
        "entropy": entropy,
        "approx_kl": _mean(ratio - 1.0 - log_ratio, batch.acting),
        "clip_fraction": _mean(clipped, batch.acting),
    }


def _mean(
    x: Float[Array, "time lane"], counted: Bool[Array, "time lane"] | None
) -> Float[Array, ""]:
    if counted is None:
        return jnp.mean(x)
    total = jnp.sum(jnp.where(counted, x, 0.0))
    return total / jnp.maximum(jnp.sum(counted, dtype=jnp.float32), 1.0)
