"""Lanes: many episodes of one world side by side, one after the other in each lane.

Each lane is advanced by :mod:`foreworld.worlds.episode`. A lane whose episode has ended
gets a fresh, independent start; the last action is zero at a start, so nothing leaks
from the episode before; and the observation of the state reached is kept beside that of
the fresh start, so that values can bootstrap through truncation.

The steps of a game are scanned by periods, with the rounds of a period one after the
other in the scan's body, so that who never acts in a round is known to the compiler.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key

from foreworld.core.errors import ConfigError
from foreworld.core.keys import named_key
from foreworld.worlds.base import AbstractWorld, Action, Observation, State
from foreworld.worlds.episode import Running, advance, begin, choose, turn_of
from foreworld.worlds.game import AbstractGame
from foreworld.worlds.policy import Turns
from foreworld.worlds.rounds import whole_periods


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
    acting, acts_next
        In a game, by agent: whether it acts in this step, and whether it would act in
        the state reached, before any fresh start. ``None`` in a plain world.
    agent_len
        In a game, by agent: after how many steps of the episode it ended, 0 while it
        goes on. ``None`` in a plain world.
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
    acting: dict[str, Bool[Array, "*time lane"]] | None
    acts_next: dict[str, Bool[Array, "*time lane"]] | None
    agent_len: dict[str, Int[Array, "*time lane"]] | None


class Moment(NamedTuple):
    """What actions are chosen on.

    Attributes
    ----------
    lanes
        Episodes under way.
    turns
        What policies are told of them.
    speakers
        In a game: the agents that may act in this round. Actions of others are not
        needed.
    """

    lanes: Lanes
    turns: Turns
    speakers: tuple[str, ...]


Act = Callable[[Any, Moment, Any], tuple[Any, Action, Any]]
"""``act(memory, moment, noise) -> (memory, action, record)`` for all lanes at once."""


def start_lanes(
    world: AbstractWorld,
    key: Key[Array, ""],
    num_lanes: int,
    starts: Sequence[int] | None = None,
) -> Lanes:
    """Fresh, independent episodes.

    Parameters
    ----------
    world
        A world or a game.
    key
        Random key of the starts.
    num_lanes
        How many.
    starts
        For each lane the number of the point at which it starts; ``None`` for points
        that are drawn.

    Raises
    ------
    ConfigError
        The world has no such points, or there are not as many as lanes.
    """
    keys = jax.random.split(key, num_lanes)
    if starts is None:
        return _fresh(world, jax.vmap(functools.partial(begin, world))(keys))
    chosen, num = np.asarray(starts, np.int32), world.num_starts
    if chosen.shape != (num_lanes,):
        raise ConfigError(
            f"starts are {list(chosen.shape)} numbers, but there are {num_lanes} "
            f"lanes. Give one for each lane."
        )
    if num and (wrong := chosen[(chosen < 0) | (chosen >= num)]).size:
        raise ConfigError(
            f"starts: {type(world).__name__} has no point {wrong[0]}. It has points 0 "
            f"to {num - 1}."
        )
    one = jax.vmap(lambda key, index: begin(world, key, index))
    return _fresh(world, one(keys, jnp.asarray(chosen)))


def run_lanes(
    world: AbstractWorld,
    lanes: Lanes,
    memory: Any,
    act: Act,
    noise: Any,
    key: Key[Array, ""],
) -> tuple[Lanes, Any, Transition, tuple[Any, ...]]:
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
        Chooses the actions of all lanes; in a game of the speakers at least. Its record
        is returned, stacked over time.
    noise
        Arrays with a leading time axis, one slice for each call of ``act``. Random
        numbers drawn here at once cost less than in every step.
    key
        For the world: its steps and the fresh starts.

    Returns
    -------
    lanes, memory
        After the last step, to go on from.
    transitions
        Of every step, time axis first.
    records
        For each round of the game's period, period axis first.

    Raises
    ------
    ConfigError
        The steps are not whole periods of the game.
    """
    num_steps, num_lanes = jax.tree.leaves(noise)[0].shape[0], lanes.starts.shape[0]
    rounds = whole_periods(world, num_steps, "num_steps")
    num = len(rounds)

    def by_period(x: Array) -> Array:
        return x.reshape(-1, num, *x.shape[1:]) if num > 1 else x

    step_keys = jax.random.split(named_key(key, "step"), (num_steps, num_lanes))
    reset_keys = jax.random.split(named_key(key, "reset"), (num_steps, num_lanes))
    # Episodes end with a period, so there is one start for each.
    starts: Any = reset_keys[num - 1 :: num]
    if not world.costly_reset:
        # A scan computes both sides of a choice anyway, and drawn at once starts cost
        # less than one by one.
        starts = jax.vmap(jax.vmap(functools.partial(begin, world)))(starts)

    def body(carry: tuple[Lanes, Any], inputs: Any) -> tuple[Any, Any]:
        lanes, memory = carry
        *every, fresh = inputs
        transitions, records = [], []
        for i, speakers in enumerate(rounds):
            now = jax.tree.map(lambda x, i=i: x[i], every) if num > 1 else every
            noise, keys = now
            turns = _turns(world, lanes.running, speakers)
            moment = Moment(lanes, turns, speakers)
            memory, action, record = act(memory, moment, noise)
            lanes, transition = _step(world, moment, action, keys)
            transitions.append(transition)
            records.append(record)
        if world.costly_reset:
            fresh = _drawn(world, lanes.running, fresh)
        lanes = choose(lanes.running.ended, _fresh(world, fresh), lanes)
        if num > 1:
            transitions = [jax.tree.map(lambda *x: jnp.stack(x), *transitions)]
        return (lanes, memory), (transitions[0], tuple(records))

    inputs = *jax.tree.map(by_period, (noise, step_keys)), starts
    (lanes, memory), (transitions, records) = jax.lax.scan(
        body, (lanes, memory), inputs
    )
    if num > 1:
        transitions = jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), transitions)
    return lanes, memory, transitions, records


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


def _drawn(
    world: AbstractWorld, running: Running, keys: Key[Array, " lane"]
) -> Running:
    """Fresh starts in the lanes whose episode has ended, drawn one by one."""
    lanes = jnp.arange(running.ended.shape[0])

    def draw(carry: tuple[Array, Running]) -> tuple[Array, Running]:
        left, fresh = carry
        now = lanes == jnp.argmax(left)
        one = begin(world, keys[jnp.argmax(left)])
        return left & ~now, choose(now, one, fresh)

    first = running.ended, running
    return jax.lax.while_loop(lambda carry: jnp.any(carry[0]), draw, first)[1]


def _turns(world: AbstractWorld, running: Running, speakers: tuple[str, ...]) -> Any:
    """What policies are told in every lane; who does not speak is silent for sure."""
    turns: Any = jax.vmap(functools.partial(turn_of, world))(running)
    if not isinstance(world, AbstractGame):
        return turns
    silent = jnp.zeros(running.ended.shape, bool)
    return {
        agent: one if agent in speakers else one._replace(acting=silent)
        for agent, one in turns.items()
    }


def _heard(world: AbstractWorld, turns: Any, action: Any) -> Any:
    """Actions, zero for an agent that does not act: nothing depends on its choice."""
    if not isinstance(world, AbstractGame):
        return action
    heard = {}
    for agent, space in world.action_space.items():  # type: ignore[union-attr]
        acting = turns[agent].acting
        shape = acting.shape
        zero = jax.tree.map(
            lambda x, s=shape: jnp.zeros((*s, *x.shape), x.dtype), space.like
        )
        heard[agent] = choose(acting, action[agent], zero) if agent in action else zero
    return heard


def _step(
    world: AbstractWorld, moment: Moment, action: Action, keys: Key[Array, " lane"]
) -> tuple[Lanes, Transition]:
    """Step every lane once; a lane whose episode has ended stands there."""
    lanes = moment.lanes
    turns: Any = moment.turns
    action = _heard(world, turns, action)
    one = jax.vmap(functools.partial(advance, world))
    running, step = one(lanes.running, action, keys)
    total = jax.tree.map(jnp.add, lanes.total, step.reward)
    discounted = jax.tree.map(
        lambda sum_, reward: sum_ + lanes.weight * reward, lanes.discounted, step.reward
    )
    acting = acts_next = None
    if isinstance(world, AbstractGame):
        after: Any = jax.vmap(functools.partial(turn_of, world))(running)
        acting, acts_next = (
            {agent: turn.acting for agent, turn in every.items()}
            for every in (turns, after)
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
        acting=acting,
        acts_next=acts_next,
        agent_len=running.lasted,
    )
    going_on = Lanes(
        running=running,
        last_action=encode_action(world, action),
        starts=jnp.zeros_like(running.ended),
        total=total,
        discounted=discounted,
        weight=(lanes.weight * world.discount).astype(jnp.float32),
    )
    return going_on, transition


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
