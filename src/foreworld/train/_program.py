"""The programs of a chunk of runs: initialise, train for a segment, evaluate.

The compiled one is a ``vmap`` over runs of a scan over intervals of a loop over
updates. It takes the updates at which to begin and to end as numbers, so where it is
cut changes no result: the sum of an interval that was cut goes back in, and is added
to in the same order. Learners that cannot be traced run in Python instead, one run at a
time.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int, Key

from foreworld.core.compilation import Program, compile_all
from foreworld.core.keys import named_key
from foreworld.core.parts.partition import Static, combine
from foreworld.learners.base import LearnerState, RunsBy
from foreworld.learners.metrics import Metrics, nothing, pool
from foreworld.learners.start import Start
from foreworld.train._base import AbstractProgram, Trained, has_nan
from foreworld.train._in_python import PythonProgram
from foreworld.train.lanes import Lanes, lane, stack_trees
from foreworld.train.layout import Layout
from foreworld.train.sources import Given, Sources, source_of


def make_program(
    lanes: Lanes, sources: Sources, layout: Layout, traceable: bool
) -> AbstractProgram:
    """The program for these runs, compiled unless this process knows it already."""
    return (_TracedProgram if traceable else PythonProgram)(lanes, sources, layout)


class _Key(NamedTuple):
    """jit's static argument."""

    static: Static
    layout: Layout
    runs_by: RunsBy


def _key_of(lanes: Lanes, layout: Layout) -> _Key:
    part: Any = combine(lanes.static, lane(lanes.leaves, 0), {})
    return _Key(lanes.static, layout, part.learner.runs_by)


class _TracedProgram(AbstractProgram):
    """Compiled, all runs at once."""

    def __init__(self, lanes: Lanes, sources: Sources, layout: Layout) -> None:
        self._lanes, self._sources, self._layout = lanes, sources, layout
        static = _key_of(lanes, layout)
        segment = segment_job(lanes, sources, layout)
        train = segment.args[0], segment.args[1], segment.args[3]
        evaluate = [
            Program(_evaluate_all, static, (*train, given, np.int32(0)))
            for given in (sources.val, sources.test)
        ]
        self._static = static
        self._shapes, self._sums = segment.args[1:3]
        self.compiled = compile_all([segment, *evaluate, *self._first_ones()])
        self._segment, self._val, self._test, *_ = self.compiled.programs
        self.num_bytes = reported_bytes(self._segment)

    def shapes(self) -> LearnerState:
        return self._shapes

    def _first_ones(self) -> list[Program]:
        """What makes first states, as far as that is known before starts are read."""
        return [] if any(self._lanes.starts) else [self._first(None)]

    def _first(self, start: Start | None) -> Program:
        lanes = self._lanes
        args = lane(lanes.leaves, 0), lanes.keys[0], self._sources.train, start
        return Program(_init_one, self._static, args)

    def init(self) -> LearnerState:
        lanes, states, known = self._lanes, [], {}
        for i in range(lanes.width):
            start = lanes.start_of(i)
            kind = jax.tree.structure(start)
            if kind not in known:
                (known[kind],) = compile_all([self._first(start)]).programs
            own = lane(lanes.leaves, i), lanes.keys[i]
            states.append(known[kind](*own, self._sources.train, start))
        return stack_trees(states)

    def sums(self) -> Metrics:
        return nothing(self._sums)

    def advance(
        self, state: LearnerState, sums: Metrics, first: int, last: int
    ) -> Trained:
        lanes, bounds = self._lanes, (np.int32(first), np.int32(last))
        state, metrics, broken = self._segment(
            lanes.leaves, state, sums, lanes.keys, self._sources.train, *bounds
        )
        count = len(self._layout.bounds(first, last))
        metrics = jax.tree.map(lambda leaf: np.asarray(leaf)[:, :count], metrics)
        return Trained(state, metrics, np.asarray(broken))

    def evaluate(self, state: LearnerState, given: Given, index: int) -> Metrics:
        lanes = self._lanes
        program = self._test if given is self._sources.test else self._val
        metrics = program(lanes.leaves, state, lanes.keys, given, np.int32(index))
        return jax.tree.map(np.asarray, metrics)


def reported_bytes(program: Any) -> int:
    """Bytes of arguments, results and temporaries; 0 if the compiler does not say."""
    report = program.memory_analysis()
    if report is None:
        return 0
    return (
        report.argument_size_in_bytes
        + report.output_size_in_bytes
        + report.temp_size_in_bytes
        - report.alias_size_in_bytes
    )


def segment_job(lanes: Lanes, sources: Sources, layout: Layout) -> Program:
    """The program of a segment, to be compiled; the state it is given is used up."""
    static = _key_of(lanes, layout)
    single = lane(lanes.leaves, 0), lanes.keys[0], sources.train
    single = jax.tree.map(_shape, single)
    leaves, structure = jax.tree.flatten(single)
    shapes = jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct((lanes.width, *leaf.shape), leaf.dtype),
        _shapes_of_one(static, tuple(leaves), structure),
    )
    bounds = np.int32(0), np.int32(0)
    args = lanes.leaves, *shapes, lanes.keys, sources.train, *bounds
    return Program(_segment_all, static, args, donate=(1,))


def _shape(leaf: Any) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(jnp.shape(leaf), leaf.dtype)


@functools.lru_cache(maxsize=64)
def _shapes_of_one(
    static: _Key, leaves: tuple[jax.ShapeDtypeStruct, ...], structure: Any
) -> tuple[LearnerState, Metrics]:
    """Shapes of one run's state and of its metrics; traced once a process."""

    def both(leaves: Any, key: Any, given: Given) -> Any:
        part = combine(static.static, leaves, {}, given.shared)
        source = source_of(part, given, key)
        state = part.learner.init(key, source)
        return state, part.learner.update(state, source, key, jnp.float32(0))[1]

    return jax.eval_shape(both, *jax.tree.unflatten(structure, leaves))


def _init_one(
    static: _Key, leaves: Any, key: Key[Array, ""], given: Given, start: Start | None
) -> LearnerState:
    """The state of one run before its first update."""
    part = combine(static.static, leaves, {}, given.shared)
    key = named_key(key, "init")
    return part.learner.init(key, source_of(part, given, key), start)


def _segment_all(
    static: _Key,
    leaves: Any,
    state: LearnerState,
    sums: Metrics,
    keys: Key[Array, " run"],
    given: Given,
    first: Int[Array, ""],
    last: Int[Array, ""],
) -> tuple[LearnerState, Metrics, Bool[Array, " run"]]:
    """Updates of all runs from ``first`` to ``last``, one segment at the most."""
    layout = static.layout

    def one(
        leaves: Any, state: LearnerState, sums: Metrics, key: Key[Array, ""]
    ) -> Any:
        part = combine(static.static, leaves, {}, given.shared)
        learner = part.learner

        def update(i: Int[Array, ""], state: LearnerState) -> Any:
            # Counted from the beginning of the first run, as keys and schedules are.
            i = i + layout.begun
            own = named_key(key, "update", i)
            progress = i.astype(jnp.float32) / layout.in_all
            return learner.update(state, source_of(part, given, own), own, progress)

        def body(i: Int[Array, ""], carry: Any) -> Any:
            state, sums = carry
            state, metrics = update(i, state)
            return state, pool(sums, metrics)

        def interval(carry: Any, end: Int[Array, ""]) -> Any:
            begin, state, sums = carry
            # The bounds do not depend on the run, so the loop stays a loop under vmap,
            # and intervals past the last update do nothing.
            end = jnp.minimum(end, last)
            state, found = jax.lax.fori_loop(begin, end, body, (state, sums))
            return (jnp.maximum(begin, end), state, nothing(sums)), found

        length = layout.updates_per_interval
        count = jnp.arange(1, layout.intervals_per_segment + 1, dtype=jnp.int32)
        ends = (first // length + count) * length
        (_, state, _), metrics = jax.lax.scan(interval, (first, state, sums), ends)
        return state, metrics, has_nan(state)

    return _over_runs(static, one, (leaves, state, sums, keys))


def _evaluate_all(
    static: _Key,
    leaves: Any,
    state: LearnerState,
    keys: Key[Array, " run"],
    given: Given,
    index: Int[Array, ""],
) -> Metrics:
    def one(leaves: Any, state: LearnerState, key: Key[Array, ""]) -> Metrics:
        part = combine(static.static, leaves, {}, given.shared)
        key = named_key(key, "evaluate", index)
        return part.learner.evaluate(state, source_of(part, given, key), key)

    return _over_runs(static, one, (leaves, state, keys))


def _over_runs(static: _Key, one: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    """A function of one run for each of the runs of a program.

    One alone needs no batch; where batching costs more than it saves they come one
    after the other.
    """
    (num,) = {leaf.shape[0] for leaf in jax.tree.leaves(args[-1])}
    if num == 1:
        found = one(*jax.tree.map(lambda leaf: leaf[0], args))
        return jax.tree.map(lambda leaf: jnp.asarray(leaf)[None], found)
    if static.runs_by == "scan":
        return jax.lax.map(lambda some: one(*some), args)
    return jax.vmap(one)(*args)
