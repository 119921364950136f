"""Agents acting and learning in one world together: rollout, update, evaluation.

A plain world is the case of one agent. Each agent has a network, an optimiser and
settings of its own; what they share is the episodes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from foreworld.core.keys import named_key
from foreworld.learners.metrics import Metrics, Spread, pool
from foreworld.learners.ppo._agent import Agent, AgentState, Decision
from foreworld.learners.ppo._learn import learn
from foreworld.learners.ppo._rows import (
    Trajectory,
    observed,
    spoken_rows,
    with_scaled_rewards,
)
from foreworld.nn.distributions import draw_noise
from foreworld.worlds.base import AbstractWorld
from foreworld.worlds.episode import turn_of
from foreworld.worlds.game import AbstractGame
from foreworld.worlds.lanes import Lanes, Moment, Transition, run_lanes, start_lanes
from foreworld.worlds.rollout import measure_names
from foreworld.worlds.rounds import rounds_of

SOLO = "agent"
"""Name of the one agent of a plain world."""

_OWN_LEN = "agent_len"
"""Metric of a game: steps of an episode after which the agent ended."""
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
    after, transition, records = _collect(world, agents, state, act_key, num_steps)
    trajectories = _trajectories(world, agents, state, after, transition, records)
    finished = episode_metrics(world, transition, transition.ended)
    states, metrics = {}, {}
    for name, agent in agents.items():
        own_key, old = named_key(key, "learn", name), after.agents[name]
        old, seen = with_scaled_rewards(agent, old, trajectories[name])
        new, terms = learn(agent, old, seen, own_key, progress)
        states[name] = new._replace(network=observed(agent, new.network, seen))
        metrics[name] = {**finished[name], **terms}
    return JointState(states, after.lanes), metrics


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
    num_rounds = len(rounds_of(world))
    block_len = -(-min(num_steps, _EVAL_BLOCK) // num_rounds) * num_rounds

    def play(carry: _Played) -> _Played:
        joint = _going_on(state, carry.memory, carry.lanes)
        own_key = named_key(key, "block", carry.num_blocks)
        after, transition, _ = _collect(world, agents, joint, own_key, block_len)
        memory = {name: one.memory for name, one in after.agents.items()}
        ended = carry.num_ended + jnp.cumsum(transition.ended, 0, jnp.int32)
        steps = carry.num_blocks * block_len + jnp.arange(block_len)
        counted = transition.ended & (ended <= num_episodes)
        counted = counted & (steps < num_steps)[:, None]
        played = episode_metrics(world, transition, counted)
        totals = pool(carry.metrics, played)
        return _Played(memory, after.lanes, carry.num_blocks + 1, ended[-1], totals)

    def unfinished(carry: _Played) -> Array:
        time_left = carry.num_blocks * block_len < num_steps
        return time_left & jnp.any(carry.num_ended < num_episodes)

    names = ["discounted_return", "episode_return", "episode_len"]
    names += measure_names(world)
    names += [_OWN_LEN] if isinstance(world, AbstractGame) else []
    zero = Spread.where(jnp.zeros(1), False)
    start = _Played(
        memory={
            name: agent.settings.network.init_memory(num_lanes)
            for name, agent in agents.items()
        },
        lanes=start_lanes(world, named_key(key, "lanes"), num_lanes),
        num_blocks=jnp.int32(0),
        num_ended=jnp.zeros(num_lanes, jnp.int32),
        metrics=dict.fromkeys(agents, dict.fromkeys(names, zero)),
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
    own_len = {
        name: Spread.where(num.astype(jnp.float32), counted)
        for name, num in (transition.agent_len or {}).items()
    }
    discounted = by_agent(world, transition.discounted_return)
    found = transition.measures.items()
    measures = {name: Spread.where(value, counted) for name, value in found}
    length = Spread.where(transition.episode_len.astype(jnp.float32), counted)
    return {
        name: {
            "discounted_return": Spread.where(discounted[name], counted),
            "episode_return": Spread.where(returns[name], counted),
            "episode_len": length,
            **({_OWN_LEN: own_len[name]} if own_len else {}),
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


def _going_on(state: JointState, memory: dict[str, Any], lanes: Lanes) -> JointState:
    """The same agents, with other memories in other episodes."""
    agents = {n: one._replace(memory=memory[n]) for n, one in state.agents.items()}
    return JointState(agents, lanes)


def _collect(
    world: AbstractWorld,
    agents: Agents,
    state: JointState,
    key: Key[Array, ""],
    num_steps: int,
) -> tuple[JointState, Transition, dict[str, Decision]]:
    """Act for ``num_steps`` steps in all lanes."""
    lanes, noise = state.lanes, {}
    shape = num_steps, lanes.starts.shape[0]
    for name, agent in agents.items():
        noise[name] = draw_noise(agent.action_space, named_key(key, "act", name), shape)

    def act(
        memory: dict[str, Any], now: Moment, noise: dict[str, Any]
    ) -> tuple[dict[str, Any], Any, dict[str, Decision]]:
        lanes, game = now.lanes, isinstance(world, AbstractGame)
        obs, turns = by_agent(world, lanes.obs), by_agent(world, now.turns)
        memories, actions, records = dict(memory), {}, {}
        for name in now.speakers if game else (SOLO,):
            first = agents[name].spoken[0]
            memories[name], actions[name], records[name] = agents[name].decide(
                state.agents[name].network,
                memory[name],
                obs[name],
                lanes.num_steps == first if first else lanes.starts,
                turns[name],
                noise[name],
            )
        return memories, actions if game else actions[SOLO], records

    before = {name: one.memory for name, one in state.agents.items()}
    lanes, memory, transition, records = run_lanes(
        world, lanes, before, act, noise, key
    )
    told = {name: _of_agent(agents[name], name, records) for name in agents}
    return _going_on(state, memory, lanes), transition, told


def _of_agent(agent: Agent, name: str, records: tuple[Any, ...]) -> Decision:
    """What an agent decided in its rounds, in the order of time."""
    own = [records[i][name] for i in agent.spoken]
    if len(own) == 1:
        return own[0]
    # Rounds stand apart, each with an entry for every period.
    return jax.tree.map(lambda *x: jnp.stack(x, 1).reshape(-1, *x[0].shape[1:]), *own)


def _trajectories(
    world: AbstractWorld,
    agents: Agents,
    before: JointState,
    after: JointState,
    transition: Transition,
    decided: dict[str, Decision],
) -> dict[str, Trajectory]:
    """The rollout as each agent saw it."""
    last = _last_turns(world, after.lanes)
    every = {
        field: by_agent(world, getattr(transition, field))
        for field in ("obs", "next_obs", "reward", "terminated", "truncated")
    }
    out = {}
    for name, agent in agents.items():
        one = {field: tree[name] for field, tree in every.items()}
        terminated = one["terminated"]
        over = transition.ended | terminated | one["truncated"]
        cut, done = over & ~terminated, decided[name]
        own = after.agents[name]
        acting, acts_next, acts_last = (
            None if by_name is None else by_name[name]
            for by_name in (transition.acting, transition.acts_next, last)
        )
        if acts_next is not None:
            cut = cut & acts_next
        obs = by_agent(world, after.lanes.obs)[name]
        out[name] = Trajectory(
            obs=jax.tree.map(lambda x, agent=agent: spoken_rows(agent, x), one["obs"]),
            actions=done.action,
            outputs=done.outputs,
            allowed=done.allowed,
            starts=transition.starts,
            rewards=one["reward"],
            terminated=terminated,
            ended=over,
            cut_values=_cut_values(agent, own, done.memory, one["next_obs"], cut),
            end_values=_end_values(agent, own, obs, after.lanes.starts),
            acting=acting,
            acts_next=acts_next,
            acts_last=acts_last,
            memory=before.agents[name].memory,
        )
    return out


def _last_turns(world: AbstractWorld, lanes: Lanes) -> dict[str, Array] | None:
    """Whether each agent of a game acts in the states in which a rollout ends."""
    if not isinstance(world, AbstractGame):
        return None
    turns: Any = jax.vmap(lambda running: turn_of(world, running))(lanes.running)
    return {name: turn.acting for name, turn in turns.items()}


def _cut_values(
    agent: Agent,
    state: AgentState,
    memory: Any,
    next_obs: Any,
    cut: Bool[Array, "time lane"],
) -> Float[Array, "time lane"]:
    """Values of the states reached where an episode was cut off, zero elsewhere."""
    num, values = agent.num_rounds, jnp.zeros(cut.shape, jnp.float32)
    if agent.spoken[0]:
        # Where a period begins it does not act.
        return values
    # Episodes end with a period, and its memory is that of its last round then.
    memory = jax.tree.map(
        lambda x: x[len(agent.spoken) - 1 :: len(agent.spoken)], memory
    )
    ends = jax.tree.map(lambda x: x[num - 1 :: num], (next_obs, cut))
    found = agent.values_at(state.network, memory, *ends)
    return values.at[num - 1 :: num].set(found) if num > 1 else found


def _end_values(
    agent: Agent, state: AgentState, obs: Any, starts: Bool[Array, " lane"]
) -> Float[Array, " lane"]:
    """Values of the states in which a rollout ends."""
    if agent.spoken[0]:
        return jnp.zeros(starts.shape, jnp.float32)
    network = agent.settings.network
    _, outputs = network.step(state.network, state.memory, obs, starts)
    return outputs.values[..., 0]
