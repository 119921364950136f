"""Public contract check of worlds: ``check_world(MyWorld())``."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Key

from foreworld.core.errors import ConfigError
from foreworld.core.keys import named_key, root_key
from foreworld.core.parts import paths
from foreworld.core.parts.opening import opened
from foreworld.core.parts.part import Traced, field_specs
from foreworld.core.parts.partition import combine, partition, stack
from foreworld.play.hands.targets import check_targets
from foreworld.testing._games import check_silence
from foreworld.testing.checks import (
    CheckError,
    check_configuration,
    leaves,
    require,
    require_equal,
    require_finite,
    require_like,
)
from foreworld.users.random_policy import RandomPolicy
from foreworld.worlds.base import AbstractWorld
from foreworld.worlds.game import AbstractGame
from foreworld.worlds.look import Needs, inspect

_NUM_LANES = 16
_LIMIT = 3
"""A time limit that is soon reached."""


def check_world(world: AbstractWorld, key: Key[Array, ""] | None = None) -> None:
    """Check that a world keeps the contract that everything else relies on.

    It is the same after a round trip through JSON; ``reset``, ``step`` and ``render``
    compile, vmap and depend on their arguments alone, and on no global random numbers;
    states keep their shapes; what is observed lies in the space that is declared;
    nothing starts anew inside ``step``, which counts no time limit and truncates
    nothing (except in an adapter, see ``AbstractWorld.truncates``); where there is no
    ``max_episode_len``, something else ends an episode; pictures are uint8 of one
    shape; nothing is NaN, nor is its gradient; traced fields can be a batch, at zero
    too where they may be zero. In a game, an agent that does not act or has ended
    changes nothing, and a period says truly who acts and when episodes end. Starts by
    number, where there are any, are like drawn ones and depend on the number. Most of
    that is what the look at a person's world finds, too, before ``train`` or
    ``generate`` use it.

    Parameters
    ----------
    world
        Any world or game, of this package or a person's own.
    key
        Random actions and starts are drawn from it; the same ones where it is left out.

    Raises
    ------
    CheckError
        Names the rule that is broken and the value that breaks it.
    """
    name = type(world).__name__
    require(isinstance(world, AbstractWorld), f"{name} is no AbstractWorld.")
    check_configuration(world, "world")
    try:
        inspect(world, Needs(ends=True))
    except ConfigError as error:
        raise CheckError(str(error)) from error
    world = opened(world)
    key = root_key(0) if key is None else key
    _check_against_plain(world, key)
    _check_limit(world, key)
    _check_starts(world, key)
    _check_gradient(world, key)
    _check_traced(world, key)
    if isinstance(world, AbstractGame):
        spaces, agents = world.action_space, world.agents
        require(
            isinstance(spaces, dict) and set(spaces) == set(agents),
            f"{name}: the action space must be a dictionary by agent {agents}.",
        )
        check_silence(world, key)
    try:
        check_targets(world)
    except ConfigError as error:
        raise CheckError(str(error)) from error


def _check_against_plain(world: AbstractWorld, key: Key[Array, ""]) -> None:
    """One lane of a compiled batch of starts against a plain call."""
    keys = jax.random.split(key, _NUM_LANES)
    plain, batch = world.reset(keys[0]), jax.jit(jax.vmap(world.reset))(keys)
    lane = jax.tree.map(lambda x: x[0], batch)
    what = f"{type(world).__name__}.reset, compiled in a batch and alone"
    require_like(jax.tree.map(jnp.asarray, plain), lane, what)
    require_equal(plain, lane, what, tolerance=1e-4)


def _check_limit(world: AbstractWorld, key: Key[Array, ""]) -> None:
    """Whether the world counts its own time limit, which others count too."""
    # A foreign environment ends where it does; that of a wrapper is the inner world's.
    own = any(s.name == "max_episode_len" for s in field_specs(type(world)))
    if not world.max_episode_len or world.truncates or not own:
        return

    def ends(limit: int) -> Any:
        limited = world.replace(max_episode_len=limit)
        return jax.jit(lambda k: _ends(limited, k))(key)

    # As long as both: what ends the episode for another reason ends both.
    short, free = ends(_LIMIT), ends(0)
    for field, ours, theirs in zip(
        ("terminated", "truncated"), short, free, strict=True
    ):
        same = [
            np.array_equal(a, b)
            for (_, a), (_, b) in zip(leaves(ours), leaves(theirs), strict=True)
        ]
        require(
            all(same),
            f"{type(world).__name__}.step sets {field} by max_episode_len. Leave the "
            f"limit alone: code that runs episodes counts it, and keeps truncation "
            f"apart from termination.",
        )


def _ends(world: AbstractWorld, key: Key[Array, ""]) -> tuple[Any, Any]:
    """Ends of some steps that go on whatever they say."""
    policy = RandomPolicy(world)

    def body(state: Any, i: Array) -> tuple[Any, Any]:
        own = named_key(key, "limit", i)
        _, action = policy.act(None, None, named_key(own, "act"), world.turn(state))
        step = world.step(state, action, named_key(own, "world"))
        return step.state, (step.terminated, step.truncated)

    return jax.lax.scan(body, world.reset(key)[0], jnp.arange(2 * _LIMIT))[1]


def _check_starts(world: AbstractWorld, key: Key[Array, ""]) -> None:
    """Starts at the first points by number, all with one key, against drawn ones."""
    num, name = min(world.num_starts, _NUM_LANES), type(world).__name__
    if not num:
        return
    drawn = jax.eval_shape(world.reset, key)
    require_like(
        drawn,
        jax.eval_shape(world.reset_at, jnp.int32(0), key),
        f"{name}: what reset and reset_at give",
    )
    chosen = jax.jit(jax.vmap(world.reset_at, (0, None)))(jnp.arange(num), key)
    plain = world.reset_at(num - 1, key)
    last = jax.tree.map(lambda x: x[-1], chosen)
    require_equal(plain, last, f"{name}.reset_at in a program and not", 1e-4)
    alike = all(bool(jnp.all(x == x[:1])) for x in jax.tree.leaves(chosen[0]))
    require(
        num == 1 or not alike,
        f"{name}.reset_at: the first {num} points give the same state. The number "
        f"chooses the point, the key all else.",
    )


def _check_gradient(world: AbstractWorld, key: Key[Array, ""]) -> None:
    """Gradients of what one step gives, in whatever of the state is a float."""
    state, _ = world.reset(key)
    flat, tree = jax.tree.flatten(state)
    soft = [jnp.issubdtype(x.dtype, jnp.floating) for x in flat]
    if not any(soft):
        return
    _, action = RandomPolicy(world).act(None, None, key, world.turn(state))

    def total(floats: list[Array]) -> Array:
        given = iter(floats)
        full = [next(given) if s else x for x, s in zip(flat, soft, strict=True)]
        step = world.step(jax.tree.unflatten(tree, full), action, key)
        seen = jax.tree.leaves((step.obs, step.reward))
        parts = [jnp.sum(x) for x in seen if jnp.issubdtype(x.dtype, jnp.floating)]
        return jnp.sum(jnp.stack(parts))

    floats = [x for x, s in zip(flat, soft, strict=True) if s]
    gradient = jax.jit(jax.grad(total))(floats)
    require_finite(gradient, f"{type(world).__name__}: gradient of a step")


def _check_traced(world: AbstractWorld, key: Key[Array, ""]) -> None:
    """Traced fields as a batch: as they are, and one by one at zero if allowed."""
    static, traced, *rest = partition(world)
    if not traced:
        return
    rows = [traced]
    for path, spec in paths.field_paths(world).items():
        if isinstance(spec.mark, Traced) and spec.mark.allows(0.0):
            rows.append({**traced, path: 0.0})

    def once(traced: Any) -> tuple[Any, ...]:
        one = combine(static, traced, *rest)
        state, obs = one.reset(key)
        _, action = RandomPolicy(one).act(None, None, key, one.turn(state))
        return obs, one.step(state, action, key), one.render(state)

    batch = jax.jit(jax.vmap(once))(stack(rows))
    first = jax.tree.map(lambda x: x[0], batch)
    alone = jax.jit(once)(jax.tree.map(np.float32, traced))
    name = type(world).__name__
    require_equal(first[:2], alone[:2], f"{name}: traced fields as a batch", 1e-4)
