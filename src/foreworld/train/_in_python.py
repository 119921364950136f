"""Runs in Python, one at a time, of learners that cannot be traced.

What they write down that is no array is collected, for their transcripts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Key

from foreworld.core.compilation import Compiled
from foreworld.core.keys import named_key
from foreworld.core.parts.partition import combine
from foreworld.learners.base import LearnerState, Source
from foreworld.learners.metrics import Metrics, pool
from foreworld.learners.start import Start
from foreworld.learners.transcript import Moment, taking
from foreworld.train._base import AT_END, AbstractProgram, Trained, has_nan
from foreworld.train.lanes import Lanes, lane, stack_trees
from foreworld.train.layout import Layout
from foreworld.train.sources import Given, Sources, given_parts, source_of


class PythonProgram(AbstractProgram):
    """In Python, one run at a time, for learners that cannot be traced."""

    def __init__(self, lanes: Lanes, sources: Sources, layout: Layout) -> None:
        self._lanes, self._sources, self._layout = lanes, sources, layout
        self.compiled = Compiled([], 0.0, 0, 0)
        self.lines = tuple([] for _ in range(lanes.width))
        self._runs: list[tuple[Key[Array, ""], Any]] = []
        for i in range(lanes.width):
            # The parameters of one run, holding plain numbers.
            leaves = lane(lanes.leaves, i)
            plain = {k: float(v) if v.ndim == 0 else v for k, v in leaves.items()}
            self._runs.append((lanes.keys[i], combine(lanes.static, plain, {})))

    def _open(self, given: Given) -> list[tuple[Key[Array, ""], Any, Source]]:
        """Key, parameters and source of each run, for a split."""
        parts = [(key, given_parts(part, given)) for key, part in self._runs]
        return [(key, part, source_of(part, given)) for key, part in parts]

    def shapes(self) -> LearnerState:
        return self._begin([None] * self._lanes.width)

    def init(self) -> LearnerState:
        lanes = self._lanes
        starts = [lanes.start_of(i) for i in range(lanes.width)]
        return self._begin(starts, self.lines)

    def _begin(
        self, starts: list[Start | None], lines: Sequence[list[str]] | None = None
    ) -> LearnerState:
        runs, states = self._open(self._sources.train), []
        told = [[] for _ in runs] if lines is None else lines
        for (key, part, source), start, own in zip(runs, starts, told, strict=True):
            with taking(own, 0, "init"):
                states.append(part.learner.init(named_key(key, "init"), source, start))
        return stack_trees(jax.tree.map(jnp.asarray, states))

    def sums(self) -> Metrics:
        return {}

    def advance(
        self, state: LearnerState, sums: Metrics, first: int, last: int
    ) -> Trained:
        layout, states, curves = self._layout, [], []
        runs = self._open(self._sources.train)
        for index, (root, part, source) in enumerate(runs):
            one, intervals = lane(state, index), []
            total: Any = lane(sums, index) or None
            for begin, end in layout.bounds(first, last):
                for i in range(layout.begun + begin, layout.begun + end):
                    key = named_key(root, "update", i)
                    progress = jnp.float32(i / layout.in_all)
                    with taking(self.lines[index], i + 1 - layout.begun, "update"):
                        one, new = part.learner.update(one, source, key, progress)
                    total = new if total is None else pool(total, new)
                one = jax.tree.map(jnp.asarray, one)
                intervals.append(total)
                total = None
            states.append(one)
            curves.append(stack_trees(intervals))
        broken = np.asarray([bool(has_nan(one)) for one in states])
        return Trained(stack_trees(states), stack_trees(curves), broken)

    def evaluate(self, state: LearnerState, given: Given, index: int) -> Metrics:
        results = []
        for i, (key, part, source) in enumerate(self._open(given)):
            key = named_key(key, "evaluate", index)
            with taking(self.lines[i], *self._moment(given, index)):
                results.append(part.learner.evaluate(lane(state, i), source, key))
        return stack_trees(results)

    def _moment(self, given: Given, index: int) -> tuple[int, Moment]:
        """Updates done when there is an evaluation, and which one it is."""
        if index == AT_END:
            return self._layout.num_updates, "test"
        return int(self._layout.segment_ends()[index]), "val"
