"""Makes sequences: one compiled program per family, from keys to frames.

A datum's key is a function of (root seed, named set, task, split, index) only. Dynamics
run in float64; random numbers are drawn in float32, so the world of a sequence is the
one that ``family.sample`` gives for the same key in Python.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Bool, UInt32

from foreworld.core.compilation import Program, compile_all
from foreworld.core.errors import ConfigError, ForeworldError
from foreworld.core.host_keys import host_fold
from foreworld.core.keys import key_of, named_key, pinned, root_key
from foreworld.core.parts.opening import open_packed
from foreworld.core.parts.part import Part
from foreworld.core.parts.partition import (
    Leaves,
    Static,
    combine,
    pack,
    partition,
    unpack,
)
from foreworld.core.parts.paths import field_paths
from foreworld.core.parts.reference import AbstractRef
from foreworld.data.format.observation import Observation
from foreworld.data.format.recipe import TaskRecipe
from foreworld.data.format.schema import PARAMETER, Column, stored_dtype
from foreworld.data.format.store.base import Rows
from foreworld.data.making.sequence import ACCEPTED, DRIFT, sequence
from foreworld.users.random_policy import RandomPolicy
from foreworld.worlds.dynamics.base import AbstractDynamics

MAX_DRAWS = 50
"""Draws of one sequence before its family is given up as impossible."""


class _Static(NamedTuple):
    """What a program is compiled for."""

    parts: tuple[Static, ...]
    """family and, if it is a part, policy, without their numbers"""
    num_frames: int
    seen: Observation


class Simulator:
    """The program of one recipe."""

    def __init__(self, recipe: TaskRecipe) -> None:
        _check_time(recipe)
        self.recipe = recipe
        # The whole recipe would compile anew for every seed and size.
        pieces = [partition(recipe.family)]
        # A stored policy is opened when it acts: a data set outlives its run.
        referred = isinstance(recipe.policy, AbstractRef)
        if isinstance(recipe.policy, Part) and not referred:
            pieces.append(partition(recipe.policy))
        statics = tuple(static for static, *_ in pieces)
        self._static = _Static(statics, recipe.num_frames, recipe.observation)
        self._leaves = [leaves for _, *leaves in pieces]

    @functools.cached_property
    def columns(self) -> tuple[Column, ...]:
        """What a shard of this recipe holds."""
        width = self.recipe.chunk_len
        with pinned(wide=True):
            # Of the jitted function: JAX then traces it once for both.
            shapes = jax.jit(_run, static_argnums=0).eval_shape(
                self._static,
                self._opened("train"),
                None,
                np.zeros((width, 2), np.uint32),
            )
        shapes = {n: s for n, s in shapes.items() if n not in (ACCEPTED, DRIFT)}
        shapes["index"] = np.zeros(width, stored_dtype("index", int))
        units = {
            PARAMETER + path: getattr(spec.mark, "unit", "")
            for path, spec in field_paths(self.recipe.worlds.world).items()
        }
        return tuple(
            Column(name, value.shape[1:], str(value.dtype), units.get(name, ""))
            for name, value in shapes.items()
        )

    def start(self, split_name: str, first: int) -> dict[str, Array]:
        """Begin to make sequences ``first .. first + chunk_len - 1`` of a split.

        Parameters
        ----------
        split_name
            ``"train"``, ``"val"`` or ``"test"``; part of every sequence's random key.
        first
            Index of the first sequence in its split, from 0.
        """
        index = np.arange(first, first + self.recipe.chunk_len, dtype=np.uint32)
        return self._call(split_name, index, np.zeros_like(index))

    def finish(
        self, made: dict[str, Array], first: int, num: int
    ) -> tuple[Rows, Bool[np.ndarray, " sequence"]]:
        """Wait for sequences.

        Parameters
        ----------
        made
            What :meth:`start` gave: columns of ``chunk_len`` sequences, perhaps still
            being computed.
        first
            Index of the first of them in its split.
        num
            How many of them are wanted, at most ``chunk_len``.

        Returns
        -------
        rows
            The first ``num`` sequences; beside their columns, where they have an
            energy, its drift.
        refused
            Which of them have to be drawn again.
        """
        rows = {name: np.asarray(value)[:num] for name, value in made.items()}
        refused = ~rows.pop(ACCEPTED)
        kind = stored_dtype("index", int)
        rows["index"] = np.arange(first, first + num, dtype=kind)
        return rows, refused

    def redraw(
        self, split_name: str, refused: dict[int, int]
    ) -> Iterator[tuple[int, int, Rows]]:
        """Draw sequences again; a call of the program serves as many as it holds.

        Where fewer are wanted than the program is wide, it makes several draws of
        each; which draw becomes the sequence does not depend on that.

        Parameters
        ----------
        split_name
            ``"train"``, ``"val"`` or ``"test"``.
        refused
            Number of draws that were refused so far, by index of the sequence. The
            sequences that are done are taken out.

        Yields
        ------
        index
            The sequence's index in its split.
        draws
            How many of its draws were refused.
        rows
            Its columns.

        Raises
        ------
        ForeworldError
            A sequence was refused :data:`MAX_DRAWS` times.
        """
        width = self.recipe.chunk_len
        asked = list(refused.items())[:width]
        each = min(width // len(asked), MAX_DRAWS)
        index = np.zeros(width, np.uint32)
        attempt = np.zeros(width, np.uint32)
        for i, (which, draws) in enumerate(asked):
            index[i * each : (i + 1) * each] = which
            attempt[i * each : (i + 1) * each] = np.arange(draws, draws + each)
        made = self._call(split_name, index, attempt)
        rows = {name: np.asarray(value) for name, value in made.items()}
        accepted = rows.pop(ACCEPTED)
        for i, (which, draws) in enumerate(asked):
            good = np.flatnonzero(accepted[i * each : (i + 1) * each])
            last = i * each + (int(good[0]) if good.size else each - 1)
            if not good.size and draws + each < MAX_DRAWS:
                refused[which] = draws + each
                continue
            if not good.size or attempt[last] >= MAX_DRAWS:
                self._give_up(rows, split_name, which, last)
            del refused[which]
            one = {name: value[last] for name, value in rows.items()}
            yield which, int(attempt[last]), one

    def _call(
        self,
        split_name: str,
        index: UInt32[np.ndarray, " sequence"],
        attempt: UInt32[np.ndarray, " sequence"],
    ) -> dict[str, Array]:
        # On the host: each generator in a program costs time to compile.
        key = self.recipe.keys(split_name, index)
        again = host_fold(key, "retry", attempt)
        keys = np.where(attempt[:, None] > 0, again, key)
        wanted = self.program(keys, split_name)
        with pinned(wide=True):
            # Workers on one machine share what there is to compile.
            return compile_all([wanted]).programs[0](*wanted.args)

    def program(
        self, keys: UInt32[np.ndarray, "sequence 2"], split_name: str = "train"
    ) -> Program:
        """What is to be compiled, and its arguments for some sequences' keys.

        Parameters
        ----------
        keys
            One for each sequence.
        split_name
            For which references are opened: a world of shared data has its splits.
        """
        policy = self.recipe.policy
        acting = policy.open(split_name) if isinstance(policy, AbstractRef) else None
        args = (self._opened(split_name), pack(acting), keys)
        return Program(_run, self._static, args)

    def _opened(self, split_name: str) -> list[tuple[Leaves, Leaves, Leaves]]:
        """Numbers and arrays of family and policy, for a split."""
        return [
            (traced, data, open_packed(shared, split_name))
            for traced, data, shared in self._leaves
        ]

    def _give_up(self, rows: Rows, split_name: str, index: int, row: int) -> None:
        world = self.recipe.worlds.world
        drawn = {
            name.removeprefix(PARAMETER): float(values[row])
            for name, values in rows.items()
            if name.startswith(PARAMETER)
        }
        listing = ", ".join(f"{name}={value:g}" for name, value in drawn.items())
        listing = listing or repr(world)
        names = {"state": "observations", "reward": "rewards"}
        found = not_finite(rows, np.arange(len(rows["state"])) == row)
        broken = [said for name, said in names.items() if name in found]
        why = "left its canvas or gained energy"
        if broken:
            why = f"was not finite in its {' and '.join(broken)}"
        advice = "See that what the world gives is finite, or choose smaller ranges"
        if isinstance(world, AbstractDynamics):
            more = "more substeps " if world.counts_substeps else ""
            advice = f"Choose smaller ranges, a smaller time step, {more}or more room"
        raise ForeworldError(
            f"sequence {index} of {split_name} was refused in {MAX_DRAWS} draws of "
            f"{type(world).__name__}: the last one {why}, with {listing}. {advice}."
        )


def not_finite(rows: Rows, which: Bool[np.ndarray, " sequence"]) -> set[str]:
    """Columns of some sequences that hold NaN or infinity.

    Parameters
    ----------
    rows
        Columns of sequences.
    which
        Those that are looked at.
    """
    return {
        name
        for name in ("state", "reward")
        if name in rows and not np.isfinite(rows[name][which]).all()
    }


def compile_programs(simulators: Sequence[Simulator]) -> None:
    """Compile the programs of several simulators, by a thread a core."""
    keys = (np.zeros((s.recipe.chunk_len, 2), np.uint32) for s in simulators)
    with pinned(wide=True):
        compile_all([s.program(k) for s, k in zip(simulators, keys, strict=True)])


def _run(
    static: _Static,
    leaves: list[tuple[Leaves, Leaves, Leaves]],
    acting: Any,
    keys: UInt32[Array, "sequence 2"],
) -> dict[str, Array]:
    parts = [combine(s, *found) for s, found in zip(static.parts, leaves, strict=True)]
    family = parts[0]
    policy = parts[1] if len(parts) > 1 else unpack(acting)

    def one(words: UInt32[Array, "2"]) -> dict[str, Array]:
        key = key_of(words)
        world = family.sample(named_key(key, "world"))
        drawn = {PARAMETER + n: v for n, v in family.parameters(world).items()}
        acting = policy or RandomPolicy(world)
        return {
            **sequence(world, acting, key, static.num_frames, static.seen),
            **{n: v.astype(stored_dtype(n, v.dtype)) for n, v in drawn.items()},
            "key": words,
        }

    return jax.vmap(one)(keys)


def _check_time(recipe: TaskRecipe) -> None:
    """Refuse what needs a time derivative where time goes in steps."""
    seen, world = recipe.observation, recipe.worlds.world
    if not (seen.derivatives or seen.jitter) or not isinstance(world, AbstractDynamics):
        return
    state, _ = jax.eval_shape(world.reset, root_key(0))
    if jax.eval_shape(world.derivative, state) is None:
        raise ConfigError(
            f"{type(world).__name__} moves in discrete time: it has no time "
            f"derivatives and no irregular frames. Leave derivatives and jitter out."
        )
