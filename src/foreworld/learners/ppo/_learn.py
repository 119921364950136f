"""From a rollout of one agent to its new parameters: epochs of minibatches.

Source: sections "rollout" and "update" of Schulman et al. 2017, arXiv 1707.06347;
minibatches are whole sequences of some lanes, so that a memory can be replayed, and
single steps of all lanes where there is none.
"""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from foreworld.core.keys import named_key
from foreworld.learners.metrics import Mean, Metrics
from foreworld.learners.ppo._agent import Agent, AgentState
from foreworld.learners.ppo._frozen import Trained, trained
from foreworld.learners.ppo._loss import mean_of, ppo_loss
from foreworld.learners.ppo._rows import Trajectory, sequences
from foreworld.networks.base import Parameters
from foreworld.nn.adam import adam_step


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
        Draws the order of lanes, or of steps, in every epoch.
    progress
        Fraction of the run's updates already done, for the learning rate.
    """
    settings = agent.settings
    learning_rate = settings.rate_at(progress)
    batch = sequences(agent, trajectory)
    if not jax.tree.leaves(batch.memory):
        # Nothing has to be replayed in order. Steps of a lane are alike, so groups that
        # are mixed of all of them learn more.
        batch = jax.tree.map(lambda x: x.reshape(1, -1, *x.shape[2:]), batch)
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
    spread = _variance(batch.target, batch.counted)
    left = _variance(batch.target - batch.value, batch.counted)
    unexplained = left / jnp.maximum(spread, 1e-8)
    metrics["explained_variance"] = Mean.where(1.0 - unexplained, spread > 1e-8)
    return state._replace(network=network, moments=moments), metrics


def _variance(
    x: Float[Array, "time lane"], counted: Bool[Array, "time lane"] | None
) -> Float[Array, ""]:
    if counted is None:
        return jnp.var(x)
    return mean_of(jnp.square(x - mean_of(x, counted)), counted)
