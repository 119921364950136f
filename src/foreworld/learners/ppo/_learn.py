"""From a rollout of one agent to its new parameters: epochs of minibatches.

Source: sections "rollout" and "update" of Schulman et al. 2017, arXiv 1707.06347;
minibatches are whole sequences of some lanes, so that a memory can be replayed.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from foreworld.core.keys import named_key
from foreworld.learners.metrics import Mean, Metrics
from foreworld.learners.ppo._agent import Agent, AgentState
from foreworld.learners.ppo._frozen import Trained, trained
from foreworld.learners.ppo._gae import gae
from foreworld.learners.ppo._loss import Sequences, ppo_loss
from foreworld.networks.base import Memory, Outputs, Parameters
from foreworld.nn.adam import adam_step
from foreworld.nn.distributions import distribution


class Trajectory(NamedTuple):
    """What one agent went through in a rollout.

    Attributes
    ----------
    obs, starts
        What was seen at each step, and where an episode starts.
    actions, rewards
        What was done, and what came of it.
    terminated
        Where the world ended: nothing follows.
    ended
        Where the episode is over, by termination or truncation.
    outputs
        What the network that acted made of ``obs``.
    cut_values
        Values of the states reached, where an episode was cut off; zero elsewhere.
    end_values
        Values of the states in which the rollout ends.
    acting, allowed
        In a game: whether the agent acted and what it was allowed to do.
    memory
        Memory before the first step.
    """

    obs: Any
    starts: Bool[Array, "time lane"]
    actions: Any
    rewards: Float[Array, "time lane"]
    terminated: Bool[Array, "time lane"]
    ended: Bool[Array, "time lane"]
    outputs: Outputs
    cut_values: Float[Array, "time lane"]
    end_values: Float[Array, " lane"]
    acting: Bool[Array, "time lane"] | None
    allowed: Any
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
    learning_rate = settings.rate_at(progress)
    batch = _sequences(agent, trajectory)
    num_lanes = batch.starts.shape[1]
    keys = jax.random.split(named_key(key, "epochs"), settings.num_epochs)
    order = jax.vmap(lambda k: jax.random.permutation(k, num_lanes))(keys)
    groups = order.reshape(-1, num_lanes // settings.num_minibatches)

    every = Trained(state.network, state.moments)

    def step(carry: Trained, lanes: Int[Array, " group"]) -> tuple[Trained, Any]:
        # All but the memory, which is one of each lane, have time first.
        memory = jax.tree.map(lambda x: x[lanes], batch.memory)
        some = jax.tree.map(lambda x: x[:, lanes], batch._replace(memory=None))
        some = some._replace(memory=memory)

        def loss(network: Parameters) -> tuple[Array, dict[str, Array]]:
            network = eqx.combine(network, state.network)
            return ppo_loss(network, some, agent.action_space, settings)

        gradients, terms = jax.grad(loss, has_aux=True)(carry.network)
        limits = settings.max_grad_norm, settings.adam_eps
        network, moments, norm = adam_step(
            carry.network, gradients, carry.moments, learning_rate, *limits
        )
        return Trained(network, moments), {**terms, "grad_norm": norm}

    last, terms = jax.lax.scan(step, trained(every, settings.freeze), groups)
    network, moments = last.within(every)
    metrics = {name: Mean.of(values) for name, values in terms.items()}
    spread = jnp.var(batch.target)
    unexplained = jnp.var(batch.target - batch.value) / jnp.maximum(spread, 1e-8)
    metrics["explained_variance"] = Mean.where(1.0 - unexplained, spread > 1e-8)
    return state._replace(network=network, moments=moments), metrics


def _sequences(agent: Agent, trajectory: Trajectory) -> Sequences:
    """Values, advantages and targets, all steps at once.

    What follows a step is the next one of the same lane, unless the episode is over.
    """
    values = trajectory.outputs.values[..., 0]
    after = jnp.concatenate([values[1:], trajectory.end_values[None]])
    advantages = gae(
        trajectory.rewards,
        values,
        jnp.where(trajectory.ended, trajectory.cut_values, after),
        trajectory.terminated,
        trajectory.ended,
        agent.discount,
        agent.settings.lambda0,
    )
    policy = distribution(
        agent.action_space, trajectory.outputs.policy, trajectory.allowed
    )
    return Sequences(
        obs=trajectory.obs,
        starts=trajectory.starts,
        actions=trajectory.actions,
        log_prob=policy.log_prob(trajectory.actions),
        value=values,
        advantage=advantages,
        target=advantages + values,
        acting=trajectory.acting,
        allowed=trajectory.allowed,
        memory=trajectory.memory,
    )
