"""Where episodes start and end: one lane of a world or a game.

Rollouts, data sets, live play and the adapters of other tools all stand on these two
functions, vmapped or scanned. The time limit is counted here, and truncation is kept
apart from termination: a step is truncated where the limit is reached, or where an
adapter says that its foreign environment cuts the episode off, whether it terminated or
not, so values bootstrap exactly where an episode is truncated and not terminated.

In a game each agent ends once: ``terminated`` or ``truncated`` is true of it in that
step alone, whatever the game says of it later. From then on it does not act
(:func:`turn_of`) and its reward is zero. The episode is over when all have ended.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int, Key

from foreworld.worlds.base import AbstractWorld, Action, Observation, State, Step, Turn
from foreworld.worlds.game import AbstractGame


class Running(NamedTuple):
    """An episode under way.

    Attributes
    ----------
    state, obs
        Where the world is, and what is observed there.
    num_steps
        Steps taken.
    ended
        Whether the episode is over.
    lasted
        In a game: after how many steps each agent ended, 0 while it goes on. ``None``
        in a plain world.
    """

    state: State
    obs: Observation
    num_steps: Int[Array, "*lane"]
    ended: Bool[Array, "*lane"]
    lasted: dict[str, Int[Array, "*lane"]] | None = None


def begin(
    world: AbstractWorld,
    key: Key[Array, ""],
    index: Int[Array, ""] | int | None = None,
) -> Running:
    """A fresh episode.

    Parameters
    ----------
    world
        A world or a game.
    key
        Random key of its start.
    index
        Number of the point at which it starts (:meth:`AbstractWorld.reset_at`);
        ``None`` for one that is drawn.
    """
    lasted: Any = None
    if isinstance(world, AbstractGame):
        lasted = dict.fromkeys(world.agents, jnp.int32(0))
    first = world.reset(key) if index is None else world.reset_at(index, key)
    return Running(*first, jnp.int32(0), jnp.asarray(False), lasted)


def turn_of(world: AbstractWorld, running: Running) -> Turn | dict[str, Turn] | None:
    """What a policy is told now: the world's turn, in which who has ended is silent.

    Parameters
    ----------
    world
        A world or a game.
    running
        The episode, of one lane.
    """
    turn: Any = world.turn(running.state)
    if running.lasted is None:
        return turn
    return {
        agent: one._replace(acting=one.acting & (running.lasted[agent] == 0))
        for agent, one in turn.items()
    }


def advance(
    world: AbstractWorld,
    running: Running,
    action: Action,
    key: Key[Array, ""],
    limit: Int[Array, ""] | int | None = None,
) -> tuple[Running, Step]:
    """One step of an episode that is not over.

    Parameters
    ----------
    world
        A world or a game.
    running
        The episode.
    action
        What is done; ``None`` in a passive world, a dictionary by agent in a game.
    key
        Random key of the step.
    limit
        Steps after which the episode is cut off; ``None`` for the world's own
        ``max_episode_len``.

    Returns
    -------
    running
        The episode after the step.
    step
        What the world gave, its truncation completed by the time limit.
    """
    step: Any = world.step(running.state, action, key)
    num_steps = running.num_steps + 1
    truncated = step.truncated
    if limit is None:
        limit = world.max_episode_len or None
    if limit is not None:
        truncated = jax.tree.map(lambda cut: cut | (num_steps >= limit), truncated)
    step, lasted = step._replace(truncated=truncated), running.lasted
    if lasted is None:
        ended = step.terminated | truncated
    else:
        step, lasted = _each_once(step, lasted, num_steps)
        ended = jnp.all(jnp.stack([num > 0 for num in lasted.values()]), axis=0)
    return Running(step.state, step.obs, num_steps, ended, lasted), step


def _each_once(
    step: Step, lasted: dict[str, Array], num_steps: Int[Array, ""]
) -> tuple[Step, dict[str, Array]]:
    """A game's step in which those that ended before get and say nothing."""
    left = {agent: num == 0 for agent, num in lasted.items()}
    named: Any = step
    terminated = {agent: named.terminated[agent] & left[agent] for agent in left}
    truncated = {agent: named.truncated[agent] & left[agent] for agent in left}
    reward = {agent: jnp.where(left[agent], named.reward[agent], 0) for agent in left}
    lasted = {
        agent: jnp.where(terminated[agent] | truncated[agent], num_steps, num)
        for agent, num in lasted.items()
    }
    step = step._replace(reward=reward, terminated=terminated, truncated=truncated)
    return step, lasted


def choose(flags: Bool[Array, " lane"], chosen: Any, other: Any) -> Any:
    """For each lane one of two trees of arrays.

    Parameters
    ----------
    flags
        Which lanes take the first one.
    chosen
        Its arrays may lack the axis of lanes: then all lanes share them.
    other
        Arrays with lanes as their first axis.
    """

    def one(new: Array, old: Array) -> Array:
        return jnp.where(flags.reshape(-1, *(1,) * (old.ndim - 1)), new, old)

    return jax.tree.map(one, chosen, other)
