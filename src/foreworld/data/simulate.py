"""Makes sequences: one compiled program per family, from keys to frames.

A datum's key is a function of (root seed, split, index) only. Dynamics run in float64;
random numbers are drawn in float32, so the world of a sequence is the one that
``family.sample`` gives for the same key in Python.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key, PyTree, UInt32

from foreworld.core.errors import ConfigError, ForeworldError
from foreworld.core.keys import named_key, root_key
from foreworld.core.part import Part, field_specs
from foreworld.core.partition import Leaves, Static, merge, split
from foreworld.data.recipe import CHUNK_LEN, Recipe
from foreworld.data.store.base import Column, Rows
from foreworld.data.stored_policy import AbstractStoredPolicy
from foreworld.users.random_policy import RandomPolicy
from foreworld.worlds.base import AbstractPolicy, AbstractWorld

MAX_DRAWS = 10
"""Draws of one sequence before its family is given up as not computable."""

_DIMENSIONS = {
    "image": ("time", "height", "width", "channels"),
    "state": ("time", "state"),
    "reward": ("transition",),
    "terminated": ("transition",),
    "truncated": ("transition",),
    "valid": ("time",),
    "key": ("word",),
}


class _Stored(NamedTuple):
    """A stored policy without its arrays; ``structure`` is None where there is none."""

    structure: Any
    rest: Any


_NOBODY = _Stored(None, None)


class Simulator:
    """The program of one recipe.

    Raises
    ------
    ConfigError
        The family is one of games, whose data sets have no written format yet.
    """

    def __init__(self, recipe: Recipe) -> None:
        world = recipe.family.world
        if isinstance(world.action_space, dict):
            raise ConfigError(
                f"{type(world).__name__} is a game of several agents; data sets hold "
                f"worlds of one agent or none."
            )
        self._recipe = recipe
        # The whole recipe would compile anew for every seed and size.
        pieces = [split(recipe.family)]
        # A stored policy is opened when it acts: a data set outlives its run.
        stored = isinstance(recipe.policy, AbstractStoredPolicy)
        if isinstance(recipe.policy, Part) and not stored:
            pieces.append(split(recipe.policy))
        self._statics = tuple(static for static, _, _ in pieces)
        self._leaves = [(traced, data) for _, traced, data in pieces]
        self._split_keys: dict[str, Key[Array, ""]] = {}

    def columns(self) -> tuple[Column, ...]:
        """What a shard of this recipe holds."""
        with jax.enable_x64(True):
            shapes = _program.eval_shape(
                self._statics,
                self._recipe.num_frames,
                _NOBODY,
                self._leaves,
                [],
                root_key(0),
                *[np.zeros(CHUNK_LEN, np.uint32)] * 2,
            )
        family = self._recipe.family
        units = {
            s.name: getattr(s.mark, "unit", "") for s in field_specs(type(family.world))
        }
        columns = []
        for name, value in {**shapes, "index": np.zeros(CHUNK_LEN, np.int64)}.items():
            shape = value.shape[1:]
            named = _DIMENSIONS.get(name, ())
            if name == "action":
                named = ("transition", *(f"action_{i}" for i in range(len(shape) - 1)))
            unit = units.get(name.removeprefix("parameters/"), "")
            columns.append(
                Column(
                    name,
                    tuple(shape),
                    str(value.dtype),
                    ("sequence", *named),
                    unit if "/" in name else "",
                    compressed=name == "image",
                )
            )
        return tuple(columns)

    def start(self, split_name: str, first: int) -> dict[str, Array]:
        """Begin to make sequences ``first .. first + CHUNK_LEN - 1`` of a split."""
        index = np.arange(first, first + CHUNK_LEN, dtype=np.uint32)
        return self._call(split_name, index, np.zeros(CHUNK_LEN, np.uint32))

    def finish(
        self, made: dict[str, Array], split_name: str, first: int, num: int
    ) -> tuple[Rows, int]:
        """Wait for sequences; draw those again that were not finite.

        Returns
        -------
        rows
            The first ``num`` sequences.
        redrawn
            How many draws were thrown away.

        Raises
        ------
        ForeworldError
            A sequence was not finite in :data:`MAX_DRAWS` draws.
        """
        index = np.arange(first, first + CHUNK_LEN, dtype=np.uint32)
        rows = {name: np.asarray(value) for name, value in made.items()}
        attempts = np.zeros(CHUNK_LEN, np.uint32)
        bad = _not_finite(rows, num)
        while bad.any():
            attempts[bad] += 1
            if attempts.max() >= MAX_DRAWS:
                self._give_up(rows, split_name, index, int(attempts.argmax()))
            again = self._call(split_name, index, attempts)
            rows = {name: np.asarray(value) for name, value in again.items()}
            bad = _not_finite(rows, num)
        rows["index"] = index.astype(np.int64)
        return {name: value[:num] for name, value in rows.items()}, int(attempts.sum())

    def _call(
        self,
        split_name: str,
        index: UInt32[np.ndarray, " sequence"],
        attempt: UInt32[np.ndarray, " sequence"],
    ) -> dict[str, Array]:
        if split_name not in self._split_keys:
            key = named_key(root_key(self._recipe.seed), split_name)
            self._split_keys[split_name] = key
        stored, arrays = self._policy
        with jax.enable_x64(True):
            return _program(
                self._statics,
                self._recipe.num_frames,
                stored,
                self._leaves,
                arrays,
                self._split_keys[split_name],
                index,
                attempt,
            )

    @functools.cached_property
    def _policy(self) -> tuple[_Stored, list[Array]]:
        """The stored policy, if there is one, and its arrays apart."""
        policy = self._recipe.policy
        if not isinstance(policy, AbstractStoredPolicy):
            return _NOBODY, []
        arrays, rest = eqx.partition(policy.open(), eqx.is_array)
        leaves, structure = jax.tree.flatten(arrays)
        return _Stored(structure, rest), leaves

    def _give_up(
        self, rows: Rows, split_name: str, index: np.ndarray, row: int
    ) -> None:
        world = self._recipe.family.world
        drawn = {
            name.removeprefix("parameters/"): float(values[row])
            for name, values in rows.items()
            if name.startswith("parameters/")
        }
        listing = ", ".join(f"{name}={value:g}" for name, value in drawn.items())
        listing = listing or repr(world)
        raise ForeworldError(
            f"sequence {index[row]} of {split_name} was not finite in {MAX_DRAWS} "
            f"draws of {type(world).__name__}; the last one had {listing}. "
            f"Choose smaller ranges or a smaller time step."
        )


def _not_finite(rows: Rows, num: int) -> np.ndarray:
    """Which of the wanted sequences hold a number that is not finite."""
    finite = np.ones(CHUNK_LEN, bool)
    for name in ("state", "reward"):
        if name in rows:
            values = rows[name].reshape(CHUNK_LEN, -1)
            finite &= np.isfinite(values).all(axis=1)
    return ~finite & (np.arange(CHUNK_LEN) < num)


def _run(
    statics: tuple[Static, ...],
    num_frames: int,
    stored: _Stored,
    leaves: list[tuple[Leaves, Leaves]],
    arrays: Sequence[Array],
    split_key: Key[Array, ""],
    index: UInt32[Array, " sequence"],
    attempt: UInt32[Array, " sequence"],
) -> dict[str, Array]:
    parts = [merge(s, *pair) for s, pair in zip(statics, leaves, strict=True)]
    family, policy = parts[0], parts[1] if len(parts) > 1 else None
    if stored.structure is not None:
        held = jax.tree.unflatten(stored.structure, arrays)
        policy = eqx.combine(held, stored.rest)

    def one(index: UInt32[Array, ""], attempt: UInt32[Array, ""]) -> dict[str, Array]:
        key = named_key(split_key, index)
        key = jnp.where(attempt > 0, named_key(key, "retry", attempt), key)
        world = family.sample(named_key(key, "world"))
        drawn = family.parameters(world)
        acting = policy or RandomPolicy(world)
        return {
            **episode(world, acting, key, num_frames),
            **{f"parameters/{n}": v.astype(jnp.float32) for n, v in drawn.items()},
            "key": jax.random.key_data(key),
        }

    return jax.vmap(one)(index, attempt)


_program = jax.jit(_run, static_argnums=(0, 1, 2))


def episode(
    world: AbstractWorld, policy: AbstractPolicy, key: Key[Array, ""], num_frames: int
) -> dict[str, Array]:
    """One sequence of a world: frames, observations and what was done.

    Frames after the end of an episode repeat its last one and are not valid.

    Parameters
    ----------
    world
        A world of one agent, or a passive one.
    policy
        What acts.
    key
        The datum's key; ``"reset"``, ``"act", t`` and ``"step", t`` are folded into it.
    num_frames
        Frames, the first being the initial state.
    """
    passive = world.action_space is None
    state, obs = world.reset(named_key(key, "reset"))

    def advance(carry: PyTree, t: Array) -> tuple[PyTree, PyTree]:
        state, obs, memory, ended = carry
        memory, action = policy.act(memory, obs, named_key(key, "act", t))
        step: Any = world.step(state, action, named_key(key, "step", t))
        limit = world.max_episode_len
        late = (t + 1 >= limit) if limit > 0 else False
        truncated = (step.truncated | late) & ~step.terminated
        kept = jax.tree.map(
            functools.partial(jnp.where, ended), (state, obs), (step.state, step.obs)
        )
        out = {
            "frame": (*kept, ~ended),
            "action": action,
            "reward": jnp.where(ended, 0, step.reward).astype(jnp.float32),
            "terminated": step.terminated & ~ended,
            "truncated": truncated & ~ended,
        }
        return (*kept, memory, ended | step.terminated | truncated), out

    begin = (state, obs, policy.init_memory(), jnp.asarray(False))
    _, out = jax.lax.scan(advance, begin, jnp.arange(num_frames - 1))
    first = (state, obs, jnp.asarray(True))
    states, observations, valid = jax.tree.map(
        lambda one, rest: jnp.concatenate([one[None], rest]), first, out.pop("frame")
    )
    recorded = {} if passive else out
    return {
        "image": jax.vmap(world.render)(states),
        "state": _rows(world, observations),
        **recorded,
        "valid": valid,
    }


def _rows(world: AbstractWorld, obs: Array) -> Float[Array, "time state"]:
    space = world.observation_space
    if isinstance(space, dict):
        raise ConfigError("observations by agent cannot be stored in a data set.")
    return space.flatten(obs)
