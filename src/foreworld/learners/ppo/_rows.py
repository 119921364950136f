"""What one agent went through in a rollout, and the rows of it that it learns from.

In a game these are the steps in which it acted, in each lane one after the other, so
that a memory goes from one decision to the next. With a period the rounds in which it
never acts were not evaluated and are left out; the rest is the same.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from foreworld.learners.ppo._agent import Agent, AgentState
from foreworld.learners.ppo._gae import decisions, gae, gae_of_decisions
from foreworld.learners.ppo._loss import Sequences
from foreworld.networks.base import Memory, Outputs, Parameters
from foreworld.nn.distributions import distribution


class Trajectory(NamedTuple):
    """What one agent went through in a rollout.

    Rows are the steps of the rounds in which it may act: all of them in a plain world.

    Attributes
    ----------
    obs, actions, outputs
        What was seen and done in each row, and what the network that acted made of it.
    allowed
        What it was allowed to do in each row; ``None`` for all.
    starts
        Where an episode starts.
    rewards
        What came of each step.
    terminated
        Where the world ended for the agent: nothing follows.
    ended
        Where it is over for the agent, by termination or truncation.
    cut_values
        Values of the states reached, where an episode was cut off; zero elsewhere.
    end_values
        Values of the states in which the rollout ends.
    acting
        In a game: where the agent acted.
    acts_next, acts_last
        In a game: whether it would act in the state that each step reached, and in
        which the rollout ends.
    memory
        Memory before the first step.
    """

    obs: Any
    actions: Any
    outputs: Outputs
    allowed: Any
    starts: Bool[Array, "time lane"]
    rewards: Float[Array, "time lane"]
    terminated: Bool[Array, "time lane"]
    ended: Bool[Array, "time lane"]
    cut_values: Float[Array, "time lane"]
    end_values: Float[Array, " lane"]
    acting: Bool[Array, "time lane"] | None
    acts_next: Bool[Array, "time lane"] | None
    acts_last: Bool[Array, " lane"] | None
    memory: Memory


def with_scaled_rewards(
    agent: Agent, state: AgentState, trajectory: Trajectory
) -> tuple[AgentState, Trajectory]:
    """The rollout with rewards in the unit that the agent learns in, if it has one.

    Parameters
    ----------
    agent
        Its discount.
    state
        What rewards are divided by.
    trajectory
        The rollout as this agent saw it.
    """
    if state.rewards is None:
        return state, trajectory
    scale = state.rewards.seen(trajectory.rewards, trajectory.ended, agent.discount)
    rewards = trajectory.rewards / scale.returns.deviation
    return state._replace(rewards=scale), trajectory._replace(rewards=rewards)


def observed(agent: Agent, network: Parameters, trajectory: Trajectory) -> Parameters:
    """Parameters that have taken in what was seen, where a network keeps such.

    Parameters
    ----------
    agent
        Its network, and when it may act.
    network
        Parameters.
    trajectory
        The rollout as this agent saw it.
    """
    acting = trajectory.acting
    counted = None if acting is None else spoken_rows(agent, acting)
    return agent.settings.network.observed(network, trajectory.obs, counted)


def sequences(agent: Agent, trajectory: Trajectory) -> Sequences:
    """Values, advantages and targets of what is learned from, all at once.

    Parameters
    ----------
    agent
        Hyperparameters of learning.
    trajectory
        The rollout as this agent saw it.
    """
    values = trajectory.outputs.values[..., 0]
    if trajectory.acting is None:
        counted, advantages = None, _advantages(agent, trajectory, values)
    else:
        found = _advantages_of_decisions(agent, trajectory, values)
        advantages, counted = (spoken_rows(agent, x) for x in found)
    policy = distribution(
        agent.action_space, trajectory.outputs.policy, trajectory.allowed
    )
    batch = Sequences(
        obs=trajectory.obs,
        starts=trajectory.starts,
        actions=trajectory.actions,
        log_prob=policy.log_prob(trajectory.actions),
        value=values,
        advantage=advantages,
        target=advantages + values,
        counted=counted,
        allowed=trajectory.allowed,
        memory=trajectory.memory,
    )
    if trajectory.acting is None:
        return batch
    acting = spoken_rows(agent, trajectory.acting)
    # How many episodes had started: a change between two rows is a start.
    episode = jnp.cumsum(trajectory.starts, 0, jnp.int32)
    return _packed(batch, acting, spoken_rows(agent, episode))


def spoken_rows(agent: Agent, x: Array) -> Array:
    """Of all steps those of the rounds in which an agent may act, time first.

    Parameters
    ----------
    agent
        Says which.
    x
        An entry for each step of a rollout.
    """
    if len(agent.spoken) == agent.num_rounds:
        return x
    every = x.reshape(-1, agent.num_rounds, *x.shape[1:])
    return every[:, np.asarray(agent.spoken)].reshape(-1, *x.shape[1:])


def _advantages(
    agent: Agent, trajectory: Trajectory, values: Float[Array, "time lane"]
) -> Float[Array, "time lane"]:
    """What follows a step is the next one of the lane, unless the episode is over."""
    after = jnp.concatenate([values[1:], trajectory.end_values[None]])
    return gae(
        trajectory.rewards,
        values,
        jnp.where(trajectory.ended, trajectory.cut_values, after),
        trajectory.terminated,
        trajectory.ended,
        agent.discount,
        agent.settings.lambda0,
    )


def _advantages_of_decisions(
    agent: Agent, trajectory: Trajectory, values: Float[Array, "row lane"]
) -> tuple[Float[Array, "time lane"], Bool[Array, "time lane"]]:
    """What follows a decision is the next one; and which ones can be learned from."""
    acting: Any = trajectory.acting
    acts_next: Any = trajectory.acts_next
    acts_last: Any = trajectory.acts_last
    sure = trajectory.terminated | acts_next
    made = decisions(
        trajectory.rewards,
        _at_spoken(agent, values),
        acting,
        trajectory.ended,
        (trajectory.cut_values, sure),
        (trajectory.end_values, acts_last),
        agent.discount,
    )
    advantages = gae_of_decisions(
        trajectory.rewards,
        made,
        acting,
        trajectory.ended,
        agent.discount,
        agent.settings.lambda0,
    )
    return advantages, acting & made.known


def _at_spoken(
    agent: Agent, rows: Float[Array, "row lane"]
) -> Float[Array, "time lane"]:
    """Rows in the places of their steps, zero in the other rounds."""
    if len(agent.spoken) == agent.num_rounds:
        return rows
    num_lanes, num_spoken = rows.shape[1], len(agent.spoken)
    by_period = rows.reshape(-1, num_spoken, num_lanes)
    every = jnp.zeros((by_period.shape[0], agent.num_rounds, num_lanes), rows.dtype)
    every = every.at[:, np.asarray(agent.spoken)].set(by_period)
    return every.reshape(-1, num_lanes)


def _packed(
    batch: Sequences,
    acting: Bool[Array, "row lane"],
    episode: Int[Array, "row lane"],
) -> Sequences:
    """Rows in which the agent acted before the others, which a memory never meets."""
    if not jax.tree.leaves(batch.memory):
        return batch
    order = jnp.argsort(~acting, axis=0, stable=True)
    lanes = jnp.arange(acting.shape[1])
    memory, rest = batch.memory, (batch._replace(memory=None), acting, episode)
    packed, acting, episode = jax.tree.map(lambda x: x[order, lanes], rest)
    before = jnp.concatenate([jnp.zeros_like(episode[:1]), episode[:-1]])
    return packed._replace(starts=acting & (episode != before), memory=memory)
