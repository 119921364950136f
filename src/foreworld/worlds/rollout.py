"""Let a policy act in many episodes, side by side and one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from foreworld.core.keys import named_key
from foreworld.core.parts.opening import opened
from foreworld.worlds.base import AbstractWorld, Action
from foreworld.worlds.episode import begin, choose
from foreworld.worlds.lanes import Moment, Transition, run_lanes, start_lanes
from foreworld.worlds.policy import AbstractPolicy, check_seats


def rollout(
    world: AbstractWorld,
    policy: AbstractPolicy,
    key: Key[Array, ""],
    num_steps: int,
    num_lanes: int,
    starts: Sequence[int] | None = None,
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
    starts
        For each lane the number of the point at which its first episode starts, as
        ``range(world.num_starts)`` for each of them once; ``None`` for points that are
        drawn, as those of later episodes are.

    Returns
    -------
    transitions
        Leading axes time and lane.
    """
    world = opened(world)
    check_seats(world, policy)
    blank = policy.init_memory()
    memory = jax.tree.map(lambda x: jnp.stack([x] * num_lanes), blank)

    def act(memory: Any, now: Moment, keys: Any) -> tuple[Any, Action, None]:
        memory = choose(now.lanes.starts, blank, memory)
        memory, action = jax.vmap(policy.act)(memory, now.lanes.obs, keys, now.turns)
        return memory, action, None

    lanes = start_lanes(world, named_key(key, "start"), num_lanes, starts)
    keys = jax.random.split(named_key(key, "act"), (num_steps, num_lanes))
    run_key = named_key(key, "world")
    return run_lanes(world, lanes, memory, act, keys, run_key)[2]


def measure_names(world: AbstractWorld) -> list[str]:
    """Names of what a world measures at an episode's end, sorted."""

    def measures(key: Key[Array, ""]) -> dict[str, Float[Array, ""]]:
        return world.measures(begin(world, key).state)

    return sorted(jax.eval_shape(measures, jax.random.key(0)))
