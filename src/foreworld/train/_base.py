"""What a program of several runs is to the loop, traced or in Python."""

from __future__ import annotations

import abc
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool

from foreworld.core.compilation import Compiled
from foreworld.learners.base import LearnerState
from foreworld.learners.metrics import Metrics
from foreworld.train.sources import Given

AT_END = 2**31 - 1
"""Index of the evaluation on the test split, beyond that of any segment."""


class Trained(NamedTuple):
    """What some updates give, all of one segment.

    Attributes
    ----------
    state
        The learners' states, ``(run, ...)``.
    metrics
        Pooled training metrics of the intervals that they lie in, ``(run, interval,
        ...)``; the last of these may not be over yet.
    broken
        Whether a run's state holds a NaN, ``(run,)``.
    """

    state: LearnerState
    metrics: Metrics
    broken: Bool[np.ndarray, " run"]


class AbstractProgram(abc.ABC):
    """The interface of both kinds.

    Attributes
    ----------
    compiled
        What getting the program ready cost.
    num_bytes
        Memory that a segment needs, by the compiler; 0 where it does not say.
    lines
        What each run wrote into its transcript since these were emptied.
    """

    compiled: Compiled
    num_bytes: int = 0
    lines: tuple[list[str], ...] = ()

    @abc.abstractmethod
    def shapes(self) -> LearnerState:
        """The structure, shapes and types of the stacked states."""

    @abc.abstractmethod
    def init(self) -> LearnerState:
        """Stacked states before the first update."""

    @abc.abstractmethod
    def sums(self) -> Metrics:
        """Zeros for the metrics of an interval that begins, ``(run, ...)``."""

    @abc.abstractmethod
    def advance(
        self, state: LearnerState, sums: Metrics, first: int, last: int
    ) -> Trained:
        """Do the updates from ``first`` up to ``last``, all of one segment.

        Parameters
        ----------
        state
            Stacked states before them; used up.
        sums
            What the interval of ``first`` has measured so far, ``(run, ...)``.
        first
            Updates done before.
        last
            Updates done afterwards.
        """

    @abc.abstractmethod
    def evaluate(self, state: LearnerState, given: Given, index: int) -> Metrics:
        """Evaluate on a split, with the key of that index (segment or ``AT_END``)."""


def has_nan(state: LearnerState) -> Bool[Array, ""]:
    found = jnp.asarray(False)
    for leaf in jax.tree.leaves(state):
        if jnp.issubdtype(leaf.dtype, jnp.floating):
            found = found | jnp.any(jnp.isnan(leaf))
    return found
