"""From a rollout of one agent to its new parameters: epochs of minibatches.

Source: sections "rollout" and "update" of Schulman et al. 2017, arXiv 1707.06347;
minibatches are whole sequences of some lanes, so that a memory can be replayed.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from foreworld.core.keys import named_key
from foreworld.learners.base import Mean, Metrics
from foreworld.learners.ppo._agent import Agent, AgentState
from foreworld.learners.ppo._gae import gae
from foreworld.learners.ppo._loss import Sequences, log_probs, pick, ppo_loss
from foreworld.learners.ppo._networks import ActorCritic, Memory
from foreworld.nn.adam import adam_step


class Trajectory(NamedTuple):
    """What one agent went through in a rollout.

    Attributes
    ----------
    inputs, next_inputs
        What the network was given at each step, and what it would have been given after
        it had no episode ended.
    starts
        Where an episode starts.
    actions
        What was done.
    rewards
        Reward of each step.
    terminated
        Where the world ended: nothing follows.
    ended
        Where the episode is over, by termination or truncation.
    features, logits
        What the network that acted made of ``inputs``.
    acting, allowed
        In a game: whether the agent acted and what it was allowed to do.
    memory
        Memory before the first step.
    """

    inputs: Float[Array, "time lane input"]
    next_inputs: Float[Array, "time lane input"]
    starts: Bool[Array, "time lane"]
    actions: Int[Array, "time lane"]
    rewards: Float[Array, "time lane"]
    terminated: Bool[Array, "time lane"]
    ended: Bool[Array, "time lane"]
    features: Float[Array, "time lane hidden"]
    logits: Float[Array, "time lane num_actions"]
    acting: Bool[Array, "time lane"] | None
    allowed: Bool[Array, "time lane num_actions"] | None
    memory: Memory


def learn(
    agent: Agent,
    state: AgentState,
    trajectory: Trajectory,
    key: Key[Array, ""],
    progress: Float[Array, ""],
) -> tuple[AgentState, Metrics]:
    """The agent after all epochs on one rollout, and means of the loss's terms.

    Parameters
    ----------
    agent
        Hyperparameters of learning.
    state
        Parameters and Adam's moments before the update.
    trajectory
        The rollout as this agent saw it.
    key
        Draws the order of lanes in every epoch.
    progress
        Fraction of the run's updates already done, for the learning rate.
    """
    settings = agent.settings
    learning_rate = settings.learning_rate * (1.0 - settings.anneal * progress)
    batch = _sequences(agent, state.network, trajectory)
    num_lanes = batch.starts.shape[1]
    keys = jax.random.split(named_key(key, "epochs"), settings.num_epochs)
    order = jax.vmap(lambda k: jax.random.permutation(k, num_lanes))(keys)
    groups = order.reshape(-1, num_lanes // settings.num_minibatches)

    def step(
        carry: tuple[ActorCritic, Any], lanes: Int[Array, " group"]
    ) -> tuple[tuple[ActorCritic, Any], Any]:
        network, moments = carry
        # All but the memory, which is one of each lane, have time first.
        memory = None if batch.memory is None else batch.memory[lanes]
        some = jax.tree.map(lambda x: x[:, lanes], batch._replace(memory=None))
        gradients, terms = jax.grad(ppo_loss, has_aux=True)(
            network, some._replace(memory=memory), settings
        )
        limits = settings.max_grad_norm, settings.adam_eps
        network, moments, norm = adam_step(
            network, gradients, moments, learning_rate, *limits
        )
        return (network, moments), {**terms, "grad_norm": norm}

    start = state.network, state.moments
    (network, moments), terms = jax.lax.scan(step, start, groups)
    metrics = {name: Mean.of(values) for name, values in terms.items()}
    spread = jnp.var(batch.target)
    unexplained = jnp.var(batch.target - batch.value) / jnp.maximum(spread, 1e-8)
    metrics["explained_variance"] = Mean.where(1.0 - unexplained, spread > 1e-8)
    return state._replace(network=network, moments=moments), metrics


def _sequences(agent: Agent, network: ActorCritic, trajectory: Trajectory) -> Sequences:
    """Values, advantages and targets, all steps at once."""
    values = network.value(trajectory.features)
    memory = None if trajectory.memory is None else trajectory.features
    next_features, _ = network.step(trajectory.next_inputs, memory)
    advantages = gae(
        trajectory.rewards,
        values,
        network.value(next_features),
        trajectory.terminated,
        trajectory.ended,
        agent.discount,
        agent.settings.lambda0,
    )
    table = log_probs(trajectory.logits, trajectory.allowed)
    return Sequences(
        inputs=trajectory.inputs,
        starts=trajectory.starts,
        actions=trajectory.actions,
        log_prob=pick(table, trajectory.actions),
        value=values,
        advantage=advantages,
        target=advantages + values,
        acting=trajectory.acting,
        allowed=trajectory.allowed,
        memory=trajectory.memory,
    )
