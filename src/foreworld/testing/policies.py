"""Public contract check of policies: ``check_policy(MyPolicy(), MyWorld())``."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Key

from foreworld.core.keys import named_key, root_key
from foreworld.testing.checks import require, require_like
from foreworld.worlds.base import AbstractWorld, Action
from foreworld.worlds.episode import advance, begin, choose, turn_of
from foreworld.worlds.policy import AbstractPolicy, Turns, check_seats


def check_policy(
    policy: AbstractPolicy,
    world: AbstractWorld,
    key: Key[Array, ""] | None = None,
    num_episodes: int = 64,
) -> None:
    """Check that a policy keeps the rules of a world, over many episodes.

    It acts for the agents of the world; its actions lie in their spaces and are allowed
    wherever an agent acts; its memory keeps its shapes, in :meth:`acted` too.

    Parameters
    ----------
    policy
        What acts.
    world
        A world or a game.
    key
        Episodes follow from it; the same ones where it is left out.
    num_episodes
        Episodes that are begun at least, side by side in lanes.

    Raises
    ------
    CheckError
        Names what is broken, with the move.
    ConfigError
        The policy does not act for the agents of the world.
    """
    check_seats(world, policy)
    key = root_key(0) if key is None else key
    name = type(policy).__name__
    _check_memory(policy, world, key)
    num_lanes = min(num_episodes, 64)
    program = jax.jit(lambda key: _play(world, policy, key, num_lanes))
    num_ended, round_ = 0, 0
    while num_ended < num_episodes and round_ < num_episodes:
        played = program(named_key(key, "round", round_))
        actions, kept, ended = jax.tree.map(np.asarray, played)
        for agent, good in kept.items():
            where = np.argwhere(~good)
            if len(where):
                place = tuple(where[0])
                move = jax.tree.map(lambda x, at=place: x[at], actions)
                who = f" of {agent!r}" if agent else ""
                require(
                    False,
                    f"{name} makes a forbidden move{who} in {type(world).__name__}, "
                    f"step {place[0]} of lane {place[1]} and {len(where) - 1} times "
                    f"more: {move}. Look at turn.allowed.",
                )
        num_ended, round_ = num_ended + int(ended.sum()), round_ + 1


def _check_memory(
    policy: AbstractPolicy, world: AbstractWorld, key: Key[Array, ""]
) -> None:
    name, blank = type(policy).__name__, policy.init_memory()

    def once(key: Key[Array, ""]) -> Any:
        state, obs = world.reset(key)
        turn = world.turn(state)
        memory, action = policy.act(blank, obs, key, turn)
        return memory, policy.acted(memory, action, turn)

    after, told = jax.eval_shape(once, key)
    before = jax.tree.map(jnp.asarray, blank)
    require_like(before, after, f"{name}: memory before and after an action")
    require_like(before, told, f"{name}: memory after acted")


def _play(
    world: AbstractWorld, policy: AbstractPolicy, key: Key[Array, ""], num_lanes: int
) -> Any:
    """Moves of some lanes, which of them keep the rules, and where episodes end."""
    num_steps, blank = world.max_episode_len or 200, policy.init_memory()
    fresh = jax.vmap(functools.partial(begin, world))
    memory = jax.tree.map(lambda x: jnp.stack([jnp.asarray(x)] * num_lanes), blank)

    def body(carry: Any, i: Array) -> Any:
        running, memory = carry
        keys = jax.random.split(named_key(key, "step", i), num_lanes)

        def one(running: Any, memory: Any, key: Key[Array, ""]) -> Any:
            own_key, turn = named_key(key, "act"), turn_of(world, running)
            memory, action = policy.act(memory, running.obs, own_key, turn)
            kept = keeps(world, turn, action)
            after = advance(world, running, action, named_key(key, "world"))[0]
            return (after, memory), (action, kept, after.ended)

        moved, told = jax.vmap(one)(running, memory, keys)
        begun = fresh(jax.random.split(named_key(key, "fresh", i), num_lanes))
        return choose(told[-1], (begun, blank), moved), told

    first = fresh(jax.random.split(named_key(key, "start"), num_lanes))
    return jax.lax.scan(body, (first, memory), jnp.arange(num_steps))[1]


def keeps(
    world: AbstractWorld, turn: Turns, action: Action
) -> dict[str, Bool[Array, ""]]:
    """Whether an action keeps the rules, by agent; a single one has an empty name.

    Parameters
    ----------
    world
        A world or a game.
    turn
        What the policy was told.
    action
        Of all agents.
    """
    spaces = world.action_space
    if spaces is None:
        return {"": jnp.asarray(action is None)}
    turns: dict[str, Any] = turn if isinstance(turn, dict) else {"": turn}
    if not isinstance(spaces, dict):
        spaces, action = {"": spaces}, {"": action}
    out = {}
    for agent, space in spaces.items():
        one = turns.get(agent)
        if one is None:
            out[agent] = space.contains(action[agent])
        else:
            out[agent] = ~one.acting | space.contains(action[agent], one.allowed)
    return out
