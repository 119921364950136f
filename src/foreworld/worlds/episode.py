"""Where episodes start and end: one lane of a world or a game.

Rollouts, data sets, live play and the adapters of other tools all stand on these two
functions, vmapped or scanned. The time limit is counted here, and truncation is kept
apart from termination: a step is truncated where the limit is reached, or where an
adapter says that its foreign environment cuts the episode off, whether it terminated or
not, so values bootstrap exactly where an episode is truncated and not terminated. In a
game an episode is over when all of its agents have ended.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int, Key

from foreworld.worlds.base import AbstractWorld, Action, Observation, State, Step


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
    """

    state: State
    obs: Observation
    num_steps: Int[Array, "*lane"]
    ended: Bool[Array, "*lane"]


def begin(world: AbstractWorld, key: Key[Array, ""]) -> Running:
    """A fresh episode.

    Parameters
    ----------
    world
        A world or a game.
    key
        Random key of its start.
    """
    return Running(*world.reset(key), jnp.int32(0), jnp.asarray(False))


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
    over = jax.tree.map(jnp.logical_or, step.terminated, truncated)
    ended = jnp.all(jnp.stack(jax.tree.leaves(over)), axis=0)
    after = Running(step.state, step.obs, num_steps, ended)
    return after, step._replace(truncated=truncated)


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
