"""One sequence of a data set: an episode, whether it may stay, and how it is observed.

Everything here is traced: a program makes many sequences at once.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Key, PyTree, UInt8

from foreworld.core.keys import named_key
from foreworld.data.format.nested import flat, of
from foreworld.data.format.observation import Observation
from foreworld.data.format.schema import INTO, stored_dtype
from foreworld.worlds.base import AbstractWorld
from foreworld.worlds.dynamics.base import AbstractDynamics
from foreworld.worlds.episode import advance, begin, turn_of
from foreworld.worlds.policy import AbstractPolicy

GROWTH = 0.01
"""Largest drift of the energy that a sequence in a data set may have."""
ACCEPTED = "accepted"
"""Output that is not stored: whether the sequence may stay in the data set."""
DRIFT = "drift"
"""Another: the largest change of the energy that the law does not allow, relative to
the first (or 0.1 if smaller); only of worlds that have an energy."""


class Episode(NamedTuple):
    """An episode over time: states before the frames, and what was done."""

    states: PyTree
    observations: PyTree
    valid: Bool[Array, " time"]
    done: dict[str, PyTree]


def episode(
    world: AbstractWorld,
    policy: AbstractPolicy,
    key: Key[Array, ""],
    num_frames: int,
    durations: Float[Array, " transition"] | None = None,
) -> Episode:
    """One sequence of a world.

    Frames after the end of an episode repeat its last one and are not valid.

    Parameters
    ----------
    world
        Any world or game.
    policy
        What acts.
    key
        The datum's key; ``"reset"``, ``"act", t`` and ``"step", t`` are folded into it.
    num_frames
        Frames, the first being the initial state.
    durations
        Times between frames, for worlds with a ``dt``; by default that.
    """
    first = begin(world, named_key(key, "reset"))
    act_key, step_key = named_key(key, "act"), named_key(key, "step")

    def go_on(carry: PyTree, at: tuple[Array, Array | None]) -> tuple[PyTree, PyTree]:
        running, memory = carry
        t, duration = at
        here: Any = world
        if duration is not None:
            here = eqx.tree_at(lambda some: some.dt, world, duration)
        own_key, turn = named_key(act_key, t), turn_of(world, running)
        memory, action = policy.act(memory, running.obs, own_key, turn)
        step_to: Any = advance(here, running, action, named_key(step_key, t))
        ended, (after, step) = running.ended, step_to
        # What comes after the end repeats it.
        kept = jax.tree.map(functools.partial(jnp.where, ended), running, after)
        out = {
            "frame": (kept.state, kept.obs, ~ended),
            "action": action,
            "reward": jax.tree.map(lambda x: jnp.where(ended, 0, x), step.reward),
            "terminated": jax.tree.map(lambda x: x & ~ended, step.terminated),
            "truncated": jax.tree.map(lambda x: x & ~ended, step.truncated),
        }
        if isinstance(turn, dict):
            out["acting"] = {name: one.acting & ~ended for name, one in turn.items()}
        return (kept, memory), out

    steps = (jnp.arange(num_frames - 1), durations)
    _, out = jax.lax.scan(go_on, (first, policy.init_memory()), steps)
    states, observations, valid = jax.tree.map(
        lambda one, rest: jnp.concatenate([one[None], rest]),
        (first.state, first.obs, jnp.asarray(True)),
        out.pop("frame"),
    )
    done = {} if world.action_space is None else out
    return Episode(states, observations, valid, done)


def motion(
    world: AbstractWorld,
    policy: AbstractPolicy,
    key: Key[Array, ""],
    num_frames: int,
    seen: Observation,
) -> tuple[Episode, Float[Array, " time"] | None]:
    """An episode with the frames that are skipped, and its times if irregular.

    Parameters
    ----------
    world, policy, key
        As in :func:`episode`.
    num_frames
        Frames that are stored.
    seen
        What is observed.
    """
    num, times, durations = num_frames + seen.skip, None, None
    if seen.jitter and isinstance(world, AbstractDynamics):
        unit = jax.random.uniform(named_key(key, "times"), (num - 1,), jnp.float32)
        durations = world.dt * (1 + seen.jitter * (2 * unit - 1))
        times = jnp.concatenate([jnp.zeros(1), jnp.cumsum(durations)])
    return episode(world, policy, key, num, durations), times


def shown(
    whole: PyTree, key: Key[Array, ""], num_frames: int, seen: Observation
) -> PyTree:
    """What is left of anything over time without the frames that are skipped.

    Parameters
    ----------
    whole
        Arrays with a leading axis of ``num_frames + seen.skip``.
    key, num_frames, seen
        As in :func:`motion`.
    """
    if not seen.skip:
        return whole
    first = jnp.int32(seen.skip)
    if seen.random_skip:
        draw = named_key(key, "skip")
        first = jax.random.randint(draw, (), 0, seen.skip + 1, jnp.int32)
    cut = functools.partial(
        jax.lax.dynamic_slice_in_dim, start_index=first, slice_size=num_frames
    )
    return jax.tree.map(cut, whole)


def sequence(
    world: AbstractWorld,
    policy: AbstractPolicy,
    key: Key[Array, ""],
    num_frames: int,
    seen: Observation,
) -> dict[str, Array]:
    """The columns of one sequence, and whether it may stay in the data set.

    Parameters
    ----------
    world, policy, key
        As in :func:`episode`.
    num_frames
        Frames that are stored.
    seen
        What is observed: images, noise, skipped, missing and irregular frames.
    """
    made, times = motion(world, policy, key, num_frames, seen)
    drift = _drift(world, made)
    accepted = _accepted(world, made) & jnp.all(drift <= GROWTH)
    made, times = shown((made, times), key, num_frames, seen)
    columns = flat({"state": _rows(world, made.observations), **made.done})
    columns["valid"] = made.valid
    if seen.images:
        columns["image"] = _as_stored(jax.vmap(world.render)(made.states), seen)
    if isinstance(world, AbstractDynamics):
        columns.update(jax.vmap(world.extras)(made.states))
        if seen.derivatives:
            columns["derivative"] = jax.vmap(world.derivative)(made.states)
    if times is not None:
        columns["time"] = times - times[0]
    # Dynamics are float64; the schema says what is stored.
    columns = {n: v.astype(stored_dtype(n, v.dtype)) for n, v in columns.items()}
    told = {ACCEPTED: accepted} | ({DRIFT: drift} if drift.size else {})
    return _disturbed(columns, key, seen) | told


def _accepted(world: AbstractWorld, made: Episode) -> Bool[Array, ""]:
    """Whether all is finite and on the canvas."""
    numbers = (made.observations, made.done.get("reward", jnp.zeros(())))
    accepted = jnp.asarray(True)
    for leaf in jax.tree.leaves(numbers):
        accepted &= jnp.all(jnp.isfinite(leaf))
    if isinstance(world, AbstractDynamics):
        accepted &= jnp.all(jax.vmap(world.keeps)(made.states))
    return accepted


def _drift(world: AbstractWorld, made: Episode) -> Float[Array, "..."]:
    """The largest change of the energy against the law; empty where there is none."""
    nothing = jnp.zeros((0,))
    if not isinstance(world, AbstractDynamics):
        return nothing
    energies = jax.vmap(world.energy)(made.states)
    if energies is None:
        return nothing
    change = energies - energies[0]
    wrong = jnp.where(world.dissipates(), change, jnp.abs(change))
    return jnp.max(wrong) / jnp.maximum(jnp.abs(energies[0]), 0.1)


def _as_stored(
    frames: UInt8[Array, "time height width channels"], seen: Observation
) -> UInt8[Array, "time new_height new_width new_channels"]:
    """Frames of the size and the number of channels that are asked for."""
    num, height, width, channels = frames.shape
    size = (seen.frame_size or height, seen.frame_size or width)
    if seen.channels in (0, channels) and size == (height, width):
        return frames
    levels = frames.astype(jnp.float32)
    if seen.channels == 1:
        levels = levels.mean(-1, keepdims=True)
    elif seen.channels == 3:
        levels = jnp.broadcast_to(levels, (*levels.shape[:3], 3))
    levels = jax.image.resize(levels, (num, *size, levels.shape[-1]), "linear")
    return jnp.clip(jnp.round(levels), 0, 255).astype(jnp.uint8)


def _disturbed(
    columns: dict[str, Array], key: Key[Array, ""], seen: Observation
) -> dict[str, Array]:
    """Columns with noise, and with frames that were not observed."""
    for name in of(columns, "state") if seen.state_noise else ():
        state, part = columns[name], name.partition(INTO)[2]
        own = named_key(key, "state_noise", *([part] if part else []))
        noise = jax.random.normal(own, state.shape, "float32")
        columns[name] = state + jnp.float32(seen.state_noise) * noise
    if seen.image_noise and seen.images:
        image = columns["image"]
        noise = jax.random.normal(named_key(key, "image_noise"), image.shape, "float32")
        grey = image + jnp.float32(255 * seen.image_noise) * noise
        columns["image"] = jnp.clip(jnp.round(grey), 0, 255).astype(jnp.uint8)
    if seen.missing:
        valid = columns["valid"]
        draw = jax.random.uniform(named_key(key, "missing"), valid.shape, jnp.float32)
        # The first frame is always observed, so that no sequence is empty.
        noticed = (draw >= seen.missing) | (jnp.arange(len(valid)) == 0)
        for name in (*of(columns, "image"), *of(columns, "state")):
            whole = columns[name]
            mask = noticed.reshape(-1, *(1,) * (whole.ndim - 1))
            columns[name] = jnp.where(mask, whole, jnp.zeros((), whole.dtype))
        columns["observed"] = noticed
    return columns


def _rows(world: AbstractWorld, obs: Any) -> Any:
    """Observations as rows of numbers; by agent in a game."""
    space = world.observation_space
    if isinstance(space, dict):
        return {agent: one.flatten(obs[agent]) for agent, one in space.items()}
    return space.flatten(obs)
