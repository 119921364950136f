"""Agents acting and learning in one world together: rollout, update, evaluation.

A plain world is the case of one agent. Each agent has a network, an optimiser and
settings of its own; what they share is the episodes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from foreworld.core.keys import named_key
from foreworld.learners.base import Mean, Metrics
from foreworld.learners.ppo._agent import Agent, AgentState, Decision, decide
from foreworld.learners.ppo._learn import Trajectory, learn
from foreworld.learners.ppo._networks import forget
from foreworld.worlds.base import AbstractGame, AbstractWorld
from foreworld.worlds.rollout import (
    Lanes,
    Transition,
    encode_action,
    measure_names,
    run_lanes,
    start_lanes,
)

SOLO = "agent"
"""Name of the one agent of a plain world."""

_EVAL_BLOCK = 64
"""Steps of an evaluation between looks whether all lanes are done."""

Agents = dict[str, Agent]


class JointState(NamedTuple):
    """State of all agents and the episodes they are in.

    Attributes
    ----------
    agents
        State of each agent by its name; of a plain world the one agent is :data:`SOLO`.
    lanes
        Running episodes, which all agents are in together.
    """

    agents: dict[str, AgentState]
    lanes: Lanes


class _Played(NamedTuple):
    """An evaluation under way."""

    memory: dict[str, Any]
    lanes: Lanes
    num_blocks: Int[Array, ""]
    num_ended: Int[Array, " lane"]
    metrics: dict[str, Metrics]


def init_joint(
    world: AbstractWorld, agents: Agents, key: Key[Array, ""], num_lanes: int
) -> JointState:
    """Fresh agents in fresh episodes; not to be vmapped.

    Parameters
    ----------
    world
        What is acted in.
    agents
        Settings by agent.
    key
        The run's own key for its initial state.
    num_lanes
        Episodes side by side.
    """
    states = {
        name: agent.init(named_key(key, "agent", name), num_lanes)
        for name, agent in agents.items()
    }
    return JointState(states, start_lanes(world, named_key(key, "lanes"), num_lanes))


def update_joint(
    world: AbstractWorld,
    agents: Agents,
    state: JointState,
    key: Key[Array, ""],
    progress: Float[Array, ""],
    num_steps: int,
) -> tuple[JointState, dict[str, Metrics]]:
    """One rollout and what every agent learns from it; metrics by agent.

    Parameters
    ----------
    world
        What is acted in.
    agents
        Settings by agent.
    state
        From :func:`init_joint` or from the update before.
    key
        A key of this update alone.
    progress
        Fraction of the run's updates already done.
    num_steps
        Steps of each lane in the rollout.
    """
    act_key = named_key(key, "collect")
    memories, lanes, transition, records = _collect(
        world, agents, state, act_key, num_steps
    )
    trajectories = _trajectories(world, agents, state, transition, records)
    finished = episode_metrics(world, transition, transition.ended)
    states, metrics = {}, {}
    for name, agent in agents.items():
        own_key, old = named_key(key, "learn", name), state.agents[name]
        old = old._replace(memory=memories[name])
        states[name], terms = learn(agent, old, trajectories[name], own_key, progress)
        metrics[name] = {**finished[name], **terms}
    return JointState(states, lanes), metrics


def evaluate_joint(
    world: AbstractWorld,
    agents: Agents,
    state: JointState,
    key: Key[Array, ""],
    sizes: tuple[int, int, int],
) -> dict[str, Metrics]:
    """Means over the first episodes of fresh lanes, actions sampled.

    Parameters
    ----------
    world
        What is acted in.
    agents
        Settings by agent.
    state
        Parameters of all agents; its running episodes are left alone.
    key
        A key of this evaluation alone.
    sizes
        Lanes, steps in each, and how many episodes of each lane count.
    """
    num_lanes, num_steps, num_episodes = sizes
    block_len = min(num_steps, _EVAL_BLOCK)

    def play(carry: _Played) -> _Played:
        states = {
            name: one._replace(memory=carry.memory[name])
            for name, one in state.agents.items()
        }
        joint = JointState(states, carry.lanes)
        own_key = named_key(key, "block", carry.num_blocks)
        memory, lanes, transition, _ = _collect(
            world, agents, joint, own_key, block_len
        )
        ended = carry.num_ended + jnp.cumsum(transition.ended, 0, jnp.int32)
        steps = carry.num_blocks * block_len + jnp.arange(block_len)
        counted = transition.ended & (ended <= num_episodes)
        counted = counted & (steps < num_steps)[:, None]
        played = episode_metrics(world, transition, counted)
        totals = jax.tree.map(jnp.add, carry.metrics, played)
        return _Played(memory, lanes, carry.num_blocks + 1, ended[-1], totals)

    def unfinished(carry: _Played) -> Array:
        time_left = carry.num_blocks * block_len < num_steps
        return time_left & jnp.any(carry.num_ended < num_episodes)

    names = ["discounted_return", "episode_return", "episode_len"]
    names += measure_names(world)
    nothing: Metrics = dict.fromkeys(names, Mean(jnp.float32(0.0), jnp.float32(0.0)))
    start = _Played(
        memory={n: a.network.init_memory(num_lanes) for n, a in state.agents.items()},
        lanes=start_lanes(world, named_key(key, "lanes"), num_lanes),
        num_blocks=jnp.int32(0),
        num_ended=jnp.zeros(num_lanes, jnp.int32),
        metrics=dict.fromkeys(agents, nothing),
    )
    # Good policies are often done long before the time limit, so it is worth looking
    # now and then whether all lanes are.
    return jax.lax.while_loop(unfinished, play, start).metrics


def episode_metrics(
    world: AbstractWorld, transition: Transition, counted: Any
) -> dict[str, Metrics]:
    """Means over episodes that ended where ``counted`` is true, by agent.

    Parameters
    ----------
    world
        What was acted in: says whether there are several agents.
    transition
        Record of a rollout, whose running sums of returns are used.
    counted
        Boolean ``(time, lane)``: the steps at which an episode ended that counts.
    """
    returns = by_agent(world, transition.episode_return)
    discounted = by_agent(world, transition.discounted_return)
    measures = {
        name: Mean.where(value, counted) for name, value in transition.measures.items()
    }
    length = Mean.where(transition.episode_len.astype(jnp.float32), counted)
    return {
        name: {
            "discounted_return": Mean.where(discounted[name], counted),
            "episode_return": Mean.where(returns[name], counted),
            "episode_len": length,
            **measures,
        }
        for name in returns
    }


def by_agent(world: AbstractWorld, tree: Any) -> dict[str, Any]:
    """What a game holds by agent; a plain world's under the name of its one agent.

    Parameters
    ----------
    world
        A game or a plain world.
    tree
        What a rollout of that world holds.
    """
    return tree if isinstance(world, AbstractGame) else {SOLO: tree}


def _collect(
    world: AbstractWorld,
    agents: Agents,
    state: JointState,
    key: Key[Array, ""],
    num_steps: int,
) -> tuple[dict[str, Any], Lanes, Transition, dict[str, Decision]]:
    """Act for ``num_steps`` steps in all lanes."""
    num_lanes, gumbel = state.lanes.starts.shape[0], {}
    for name, agent in agents.items():
        shape = num_steps, num_lanes, agent.action_space.num
        own_key = named_key(key, "act", name)
        gumbel[name] = jax.random.gumbel(own_key, shape, jnp.float32)

    def act(
        memory: dict[str, Any], lanes: Lanes, gumbel: dict[str, Array]
    ) -> tuple[dict[str, Any], Any, dict[str, Decision]]:
        obs = by_agent(world, lanes.obs)
        last_action = by_agent(world, lanes.last_action)
        turns = by_agent(world, jax.vmap(world.turn)(lanes.state))
        memories, actions, records = {}, {}, {}
        for name, agent in agents.items():
            memories[name], actions[name], records[name] = decide(
                state.agents[name].network,
                forget(lanes.starts, memory[name]),
                agent.inputs(obs[name], last_action[name]),
                turns.get(name),
                gumbel[name],
            )
        joint = actions if isinstance(world, AbstractGame) else actions[SOLO]
        return memories, joint, records

    memory = {name: one.memory for name, one in state.agents.items()}
    lanes, memory, transition, records = run_lanes(
        world, state.lanes, memory, act, gumbel, key
    )
    return memory, lanes, transition, records


def _trajectories(
    world: AbstractWorld,
    agents: Agents,
    state: JointState,
    transition: Transition,
    records: dict[str, Decision],
) -> dict[str, Trajectory]:
    """The rollout as each agent saw it."""
    action = by_agent(world, transition.action)
    encoded = by_agent(world, encode_action(world, transition.action))
    next_obs = by_agent(world, transition.next_obs)
    reward = by_agent(world, transition.reward)
    terminated = by_agent(world, transition.terminated)
    truncated = by_agent(world, transition.truncated)
    out = {}
    for name, agent in agents.items():
        record = records[name]
        over = transition.ended | terminated[name] | truncated[name]
        out[name] = Trajectory(
            inputs=record.inputs,
            next_inputs=agent.inputs(next_obs[name], encoded[name]),
            starts=transition.starts,
            actions=action[name],
            rewards=reward[name],
            terminated=terminated[name],
            ended=over,
            features=record.features,
            logits=record.logits,
            acting=None if record.turn is None else record.turn.acting,
            allowed=None if record.turn is None else record.turn.allowed,
            memory=state.agents[name].memory,
        )
    return out
