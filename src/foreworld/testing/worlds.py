"""Public contract check of worlds: ``check_world(MyWorld())``."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Key

from foreworld.core.keys import named_key, root_key
from foreworld.core.parts import paths
from foreworld.core.parts.opening import opened
from foreworld.core.parts.part import Traced
from foreworld.core.parts.partition import combine, partition, stack
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
from foreworld.worlds.base import AbstractGame, AbstractWorld, Step
from foreworld.worlds.episode import choose

_NUM_LANES, _NUM_STEPS = 16, 64
_LIMIT = 3
"""A time limit that is soon reached."""


def check_world(world: AbstractWorld, key: Key[Array, ""] | None = None) -> None:
    """Check that a world keeps the contract that everything else relies on.

    It is the same after a round trip through JSON; ``reset``, ``step`` and ``render``
    compile, vmap and depend on their arguments alone; states keep their shapes; what is
    observed lies in the space that is declared; nothing starts anew inside ``step``,
    which does not count ``max_episode_len`` itself; pictures are uint8 of one shape;
    nothing is NaN, nor is its gradient; traced fields can be a batch, at zero too where
    they may be zero.

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
    world = opened(world)
    key = root_key(0) if key is None else key
    program = jax.jit(lambda k: _play(world, k))
    played = program(key)
    start, obs, steps, before, frames, turns = played
    require_equal(played, program(key), f"{name}: the same key twice")
    _check_against_plain(world, key, start, obs)
    _check_spaces(world, obs, steps)
    _check_step(world, start, steps)
    require(
        str(frames.dtype) == "uint8"
        and frames.ndim == 4
        and frames.shape[-1] in (1, 3),
        f"{name}.render must give uint8 (height, width, 1 or 3), got "
        f"{frames.dtype}{frames.shape[1:]}.",
    )
    _check_no_reset(world, start, before, steps)
    _check_limit(world, key)
    require_finite((obs, steps), f"{name}: {_NUM_STEPS} random steps")
    _check_gradient(world, key)
    _check_traced(world, key)
    _check_turns(world, turns)


def _play(world: AbstractWorld, key: Key[Array, ""]) -> tuple[Any, ...]:
    """Random actions in some lanes, which go back to their start where they end."""
    policy = RandomPolicy(world)
    start, obs = jax.vmap(world.reset)(jax.random.split(key, _NUM_LANES))

    def body(state: Any, i: Array) -> tuple[Any, Any]:
        keys = jax.random.split(named_key(key, "step", i), _NUM_LANES)

        def one(state: Any, key: Key[Array, ""]) -> tuple[Step, Any]:
            turn = world.turn(state)
            _, action = policy.act(None, None, named_key(key, "act"), turn)
            return world.step(state, action, named_key(key, "world")), turn

        step, turns = jax.vmap(one)(state, keys)
        frame = world.render(jax.tree.map(lambda x: x[0], step.state))
        ends = jax.tree.leaves((step.terminated, step.truncated))
        ended = jnp.any(jnp.stack(ends), axis=0)
        return choose(ended, start, step.state), (step, state, frame, turns)

    steps = jnp.arange(_NUM_STEPS)
    _, (steps, before, frames, turns) = jax.lax.scan(body, start, steps)
    return start, obs, steps, before, frames, turns


def _check_against_plain(
    world: AbstractWorld, key: Key[Array, ""], start: Any, obs: Any
) -> None:
    """One lane of the compiled batch against a plain call."""
    plain = world.reset(jax.random.split(key, _NUM_LANES)[0])
    lane = jax.tree.map(lambda x: x[0], (start, obs))
    require(
        isinstance(plain, tuple) and len(plain) == 2,
        f"{type(world).__name__}.reset must return (state, obs), got {plain!r}.",
    )
    what = f"{type(world).__name__}.reset, compiled in a batch and alone"
    require_like(jax.tree.map(jnp.asarray, plain), lane, what)
    require_equal(plain, lane, what, tolerance=1e-4)


def _check_spaces(world: AbstractWorld, obs: Any, steps: Step) -> None:
    name = type(world).__name__
    spaces = world.observation_space
    by_agent = spaces if isinstance(spaces, dict) else {"": spaces}
    for agent, space in by_agent.items():
        where = f"{name}: observation of {agent!r}" if agent else f"{name}: observation"
        for all_obs in (obs, steps.obs):
            found = all_obs[agent] if isinstance(spaces, dict) else all_obs
            flat = _rows_of(found, 1 if all_obs is obs else 2)
            told = jax.tree.map(lambda x: f"{x.dtype}{x.shape[1:]}", flat)
            said = jax.tree.map(lambda x: f"{x.dtype}{x.shape}", space.like)
            require(told == said, f"{where} is {told}, its space says {said}.")
            inside = np.asarray(jax.vmap(space.contains)(flat))
            first = int(np.argmin(inside))
            bad = jax.tree.map(lambda x, i=first: np.asarray(x[i]), flat)
            require(inside.all(), f"{where} {bad} is outside {space}.")


def _rows_of(tree: Any, num_axes: int) -> Any:
    """Arrays whose first axes are made one."""
    return jax.tree.map(lambda x: x.reshape(-1, *x.shape[num_axes:]), tree)


def _check_step(world: AbstractWorld, start: Any, steps: Step) -> None:
    name = type(world).__name__
    require(isinstance(steps, Step), f"{name}.step must return a Step, got {steps!r}.")
    last = jax.tree.map(lambda x: x[0], steps.state)
    require_like(start, last, f"{name}: state after reset and after step")
    agents = world.agents if isinstance(world, AbstractGame) else None
    shape = (_NUM_STEPS, _NUM_LANES)
    types = {"reward": "float32", "terminated": "bool", "truncated": "bool"}
    for field, dtype in types.items():
        value = getattr(steps, field)
        if agents is not None:
            require(
                isinstance(value, dict) and set(value) == set(agents),
                f"{name}: {field} must be a dictionary by agent {agents}.",
            )
        for path, leaf in leaves(value):
            require(
                leaf.shape == shape and str(leaf.dtype) == dtype,
                f"{name}: {field}{path} must be a {dtype} scalar, got "
                f"{leaf.dtype}{leaf.shape[2:]}.",
            )


def _check_no_reset(world: AbstractWorld, start: Any, before: Any, steps: Step) -> None:
    """Whether every ended episode is found where episodes start: a hidden reset.

    It lies where starts lie, and jumped there: by more than any step that ends nothing.
    """
    ends = zip(leaves(steps.terminated), leaves(steps.truncated), strict=True)
    ended = np.all([over | cut for (_, over), (_, cut) in ends], axis=0)
    if not ended.any() or ended.all():
        return
    starts = _numbers(start, 1)
    after, earlier = _numbers(steps.state, 2), _numbers(before, 2)
    low, high = starts.min(0), starts.max(0)
    # Starts that were not drawn may lie a little outside of those that were.
    room = (high - low) / 4
    inside = ((after >= low - room) & (after <= high + room)).all(1)
    moved = np.abs(after - earlier)
    ended = ended.ravel()
    jumped = (moved[ended] > 1.5 * moved[~ended].max(0)).any(1)
    require(
        (inside[ended] & jumped).mean() < 0.5,
        f"{type(world).__name__}.step seems to start a new episode where one ends. "
        f"Return the state that was reached: whoever runs the world resets it.",
    )


def _numbers(state: Any, num_axes: int) -> np.ndarray:
    """Each state of a batch as a row of numbers; keys say nothing and are left out."""
    rows = []
    for leaf in jax.tree.leaves(state):
        if not jnp.issubdtype(jnp.asarray(leaf).dtype, jax.dtypes.prng_key):
            array = np.asarray(leaf, np.float64)
            rows.append(array.reshape(int(np.prod(array.shape[:num_axes])), -1))
    return np.concatenate(rows, axis=1)


def _check_limit(world: AbstractWorld, key: Key[Array, ""]) -> None:
    """Whether the world counts its own time limit, which others count too."""
    # A foreign environment ends where it does.
    foreign = type(world).rehearse is not AbstractWorld.rehearse
    if not world.max_episode_len or foreign:
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


def _check_turns(world: AbstractWorld, turns: Any) -> None:
    name, spaces = type(world).__name__, world.action_space
    if not isinstance(world, AbstractGame):
        if turns is not None:
            _check_mask(f"{name}.allowed", spaces, turns)
        return
    if not isinstance(spaces, dict):
        raise CheckError(f"{name}: the action space must be a dictionary by agent.")
    require(
        set(turns) == set(spaces) == set(world.agents),
        f"{name}: turns, spaces and agents must name the same agents.",
    )
    for agent, space in spaces.items():
        turn = turns[agent]
        require(
            turn.acting.shape[2:] == () and turn.acting.dtype == bool,
            f"{name}: turns[{agent!r}].acting must be one flag.",
        )
        if turn.allowed is not None:
            _check_mask(f"{name}.turns[{agent!r}].allowed", space, turn)


def _check_mask(where: str, space: Any, turns: Any) -> None:
    """Masks of all steps and lanes in which the agent acts."""
    require(space is not None, f"{where}: a passive world has no actions to allow.")
    acting, masks = jax.tree.map(np.asarray, _rows_of(tuple(turns), 2))
    for i in np.flatnonzero(acting):
        fault = space.fault(jax.tree.map(lambda x, i=i: x[i], masks))
        require(not fault, f"{where}: {fault}.")
