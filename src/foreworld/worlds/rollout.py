"""Lanes: many episodes of one world side by side, one after the other in each lane.

Each lane is advanced by :mod:`foreworld.worlds.episode`. A lane whose episode has ended
gets a fresh, independent start; the last action is zero at a start, so nothing leaks
from the episode before; and the observation of the state reached is kept beside that of
the fresh start, so that values can bootstrap through truncation.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from foreworld.core.keys import named_key
from foreworld.core.parts.opening import opened
from foreworld.worlds.base import (
    AbstractGame,
    AbstractWorld,
    Action,
    Observation,
    State,
)
from foreworld.worlds.episode import Running, advance, begin, choose
from foreworld.worlds.policy import AbstractPolicy, check_seats


class Lanes(NamedTuple):
    """Episodes under way; all leaves have a leading lane axis.

    Rewards and returns of a game are dictionaries keyed by agent.

    Attributes
    ----------
    running
        The episodes.
    last_action
        Code of the action before, as of :func:`encode_action`; zero at a start.
        ``None`` in a passive world.
    starts
        Whether ``obs`` is the first of its episode.
    total, discounted
        Return so far, plain and discounted from the episode's start.
    weight
        Discount of the next reward.
    """

    running: Running
    last_action: Any
    starts: Bool[Array, " lane"]
    total: Any
    discounted: Any
    weight: Float[Array, " lane"]

    @property
    def state(self) -> State:
        """World states."""
        return self.running.state

    @property
    def obs(self) -> Observation:
        """What is observed in them."""
        return self.running.obs

    @property
    def num_steps(self) -> Int[Array, " lane"]:
        """Steps taken in the episode."""
        return self.running.num_steps


class Transition(NamedTuple):
    """One step of all lanes; in a rollout a time axis comes before the lane axis.

    Attributes
    ----------
    obs, last_action, starts
        As in :class:`Lanes`, before the step.
    action, reward
        What was done and what came of it.
    terminated, truncated
        The world ended here; it was cut off here. Dictionaries in a game.
    ended
        Whether the episode is over, for either reason.
    next_obs
        Observation of the state reached, before any fresh start.
    episode_return, discounted_return, episode_len
        Of the episode up to and including this step; final where ``ended``.
    measures
        The world's own numbers of the state reached; they count where ``ended``.
    """

    obs: Observation
    last_action: Any
    starts: Bool[Array, "*time lane"]
    action: Action
    reward: Any
    terminated: Any
    truncated: Any
    ended: Bool[Array, "*time lane"]
    next_obs: Observation
    episode_return: Any
    discounted_return: Any
    episode_len: Int[Array, "*time lane"]
    measures: dict[str, Float[Array, "*time lane"]]


Act = Callable[[Any, Lanes, Any], tuple[Any, Action, Any]]
"""``act(memory, lanes, noise) -> (memory, action, record)`` for all lanes at once."""


def start_lanes(world: AbstractWorld, key: Key[Array, ""], num_lanes: int) -> Lanes:
    """Fresh, independent episodes.

    Parameters
    ----------
    world
        A world or a game.
    key
        Random key of the starts.
    num_lanes
        How many.
    """
    keys = jax.random.split(key, num_lanes)
    return _fresh(world, jax.vmap(functools.partial(begin, world))(keys))


def run_lanes(
    world: AbstractWorld,
    lanes: Lanes,
    memory: Any,
    act: Act,
    noise: Any,
    key: Key[Array, ""],
) -> tuple[Lanes, Any, Transition, Any]:
    """Go on with episodes for as many steps as ``noise`` is long.

    Parameters
    ----------
    world
        A world or a game.
    lanes
        Where the episodes stand.
    memory
        Memory of the policy. It is passed on unchanged between episodes: ``act`` looks
        at ``lanes.starts`` and resets it.
    act
        Chooses the actions of all lanes. Its record is returned, stacked over time.
    noise
        Arrays with a leading time axis, one slice for each call of ``act``. Random
        numbers drawn here at once cost less than in every step.
    key
        For the world: its steps and the fresh starts.

    Returns
    -------
    lanes, memory
        After the last step, to go on from.
    transitions, records
        Of every step, time axis first.
    """
    shape = (jax.tree.leaves(noise)[0].shape[0], lanes.starts.shape[0])
    step_keys = jax.random.split(named_key(key, "step"), shape)
    # A fresh start is drawn for every step and lane. A scan computes both sides of a
    # choice anyway, and drawn at once they cost less than one by one.
    start = jax.vmap(jax.vmap(functools.partial(begin, world)))
    starts = start(jax.random.split(named_key(key, "reset"), shape))

    def body(carry: tuple[Lanes, Any], inputs: Any) -> tuple[Any, Any]:
        lanes, memory = carry
        noise, keys, fresh = inputs
        memory, action, record = act(memory, lanes, noise)
        lanes, transition = _step(world, lanes, action, keys, fresh)
        return (lanes, memory), (transition, record)

    (lanes, memory), (transitions, records) = jax.lax.scan(
        body, (lanes, memory), (noise, step_keys, starts)
    )
    return lanes, memory, transitions, records


def rollout(
    world: AbstractWorld,
    policy: AbstractPolicy,
    key: Key[Array, ""],
    num_steps: int,
    num_lanes: int,
) -> Transition:
    """Let a policy act for ``num_steps`` steps in each of ``num_lanes`` lanes.

    Parameters
    ----------
    world
        A world or a game; in a game the policy maps dictionaries to dictionaries.
        References are opened for training.
    policy
        Gets an empty memory at every start.
    key
        The same key gives the same episodes.
    num_steps, num_lanes
        Lengths of the axes of time and of lanes.

    Returns
    -------
    transitions
        Leading axes time and lane.
    """
    world = opened(world)
    check_seats(world, policy)
    blank = policy.init_memory()
    memory = jax.tree.map(lambda x: jnp.stack([x] * num_lanes), blank)

    def act(memory: Any, lanes: Lanes, keys: Any) -> tuple[Any, Action, None]:
        memory = choose(lanes.starts, blank, memory)
        turn = jax.vmap(world.turn)(lanes.state)
        memory, action = jax.vmap(policy.act)(memory, lanes.obs, keys, turn)
        return memory, action, None

    lanes = start_lanes(world, named_key(key, "start"), num_lanes)
    keys = jax.random.split(named_key(key, "act"), (num_steps, num_lanes))
    run_key = named_key(key, "world")
    return run_lanes(world, lanes, memory, act, keys, run_key)[2]


def measure_names(world: AbstractWorld) -> list[str]:
    """Names of what a world measures at an episode's end, sorted."""

    def measures(key: Key[Array, ""]) -> dict[str, Float[Array, ""]]:
        return world.measures(begin(world, key).state)

    return sorted(jax.eval_shape(measures, jax.random.key(0)))


def encode_action(world: AbstractWorld, action: Action) -> Any:
    """Actions as float32 rows: one-hot codes of choices, raw numbers of boxes.

    A dictionary by agent in a game, ``None`` in a passive world.

    Parameters
    ----------
    world
        Says what actions may be.
    action
        With any leading axes.
    """
    space = world.action_space
    if space is None:
        return None
    if isinstance(space, dict):
        return {agent: one.flatten(action[agent]) for agent, one in space.items()}
    return space.flatten(action)


def _step(
    world: AbstractWorld,
    lanes: Lanes,
    action: Action,
    keys: Key[Array, " lane"],
    fresh: Running,
) -> tuple[Lanes, Transition]:
    """Step every lane once and start a new episode where one has ended."""
    one = jax.vmap(functools.partial(advance, world))
    running, step = one(lanes.running, action, keys)
    total = jax.tree.map(jnp.add, lanes.total, step.reward)
    discounted = jax.tree.map(
        lambda sum_, reward: sum_ + lanes.weight * reward, lanes.discounted, step.reward
    )
    transition = Transition(
        obs=lanes.obs,
        last_action=lanes.last_action,
        starts=lanes.starts,
        action=action,
        reward=step.reward,
        terminated=step.terminated,
        truncated=step.truncated,
        ended=running.ended,
        next_obs=step.obs,
        episode_return=total,
        discounted_return=discounted,
        episode_len=running.num_steps,
        measures=jax.vmap(world.measures)(running.state),
    )
    going_on = Lanes(
        running=running,
        last_action=encode_action(world, action),
        starts=jnp.zeros_like(running.ended),
        total=total,
        discounted=discounted,
        weight=(lanes.weight * world.discount).astype(jnp.float32),
    )
    return choose(running.ended, _fresh(world, fresh), going_on), transition


def _fresh(world: AbstractWorld, running: Running) -> Lanes:
    num_lanes = running.ended.shape[0]
    zero = jnp.zeros(num_lanes, jnp.float32)
    game = isinstance(world, AbstractGame)
    nothing: Any = dict.fromkeys(world.agents, zero) if game else zero
    return Lanes(
        running=running,
        last_action=jax.tree.map(
            lambda space: jnp.zeros((num_lanes, space.flat_size), jnp.float32),
            world.action_space,
        ),
        starts=jnp.ones(num_lanes, bool),
        total=nothing,
        discounted=nothing,
        weight=jnp.ones(num_lanes, jnp.float32),
    )
