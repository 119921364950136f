"""What learns: the contract between learners, the training loop and the planner.

A learner's fields are its hyperparameters. Its methods are pure, its state holds arrays
only, so one loop scans segments of updates and one planner vmaps them over runs.
"""

from __future__ import annotations

import abc
from typing import Any, ClassVar, Literal, NamedTuple

import equinox as eqx
from jaxtyping import Array, Float, Key

from foreworld.core.parts.part import Part
from foreworld.data.views.source import DataSource
from foreworld.learners.metrics import Metrics
from foreworld.learners.start import Start
from foreworld.worlds.base import AbstractWorld
from foreworld.worlds.policy import AbstractPolicy

Source = AbstractWorld | DataSource
"""What a learner learns from: a world (or game) to act in, or data on the device."""
RunsBy = Literal["vmap", "scan"]
"""How the runs of a program go: side by side in one batch, or one after the other."""
LearnerState = Any
"""Pytree of arrays: parameters, optimiser state, running episodes."""


class Budget(NamedTuple):
    """How long a learner's configuration asks to train.

    Attributes
    ----------
    num_updates
        Calls of ``update``.
    steps_per_update
        What one call counts on the x axis of curves.
    step_name
        What is counted: "environment steps", "sequences".
    """

    num_updates: int
    steps_per_update: int
    step_name: str


class AbstractLearner(Part):
    """Interface of every learner.

    Attributes
    ----------
    score
        Name of the metric of :meth:`evaluate` that ranks it, higher is better, where
        its source does not say (:meth:`score_on`).
    reads_data
        Whether it learns from columns, as of a data set, and does not act in a world.
    traceable
        Whether the methods can run inside a compiled program. Learners that cannot
        (a text endpoint, a foreign simulator) run in Python, one run at a time.
    """

    score: eqx.AbstractClassVar[str]
    reads_data: ClassVar[bool] = False
    traceable: ClassVar[bool] = True

    @abc.abstractmethod
    def check_fit(self, source: Source) -> None:
        """Raise :class:`~foreworld.core.errors.FitError` where this cannot learn."""

    @abc.abstractmethod
    def budget(self, source: Source) -> Budget:
        """How many updates the configuration asks for."""

    @abc.abstractmethod
    def init(
        self, key: Key[Array, ""], source: Source, start: Start | None = None
    ) -> LearnerState:
        """The state before the first update. Run once per run, never vmapped.

        Most learners end with ``return started(state, start)``. Structure and shapes
        of the state do not depend on ``start``.

        Parameters
        ----------
        key
            The run's own key for its initial state.
        source
            The world or the training split that it will learn from.
        start
            What it takes of the state that another run ended with; ``None`` where it
            begins from nothing.
        """

    @abc.abstractmethod
    def update(
        self,
        state: LearnerState,
        source: Source,
        key: Key[Array, ""],
        progress: Float[Array, ""],
    ) -> tuple[LearnerState, Metrics]:
        """One update.

        Parameters
        ----------
        state
            From :meth:`init` or from the update before.
        source
            The world or the training split, as in :meth:`init`.
        key
            A key of this update alone: nothing else is drawn from it.
        progress
            Fraction of the run's updates already done, ``i / num_updates``. The loop
            owns the count; schedules are functions of this. Of a run that goes on from
            another one, it is of all updates of both.
        """

    @abc.abstractmethod
    def evaluate(
        self, state: LearnerState, source: Source, key: Key[Array, ""]
    ) -> Metrics:
        """Metrics on a source: the validation split while training, test at the end.

        Parameters
        ----------
        state
            From :meth:`init` or :meth:`update`; not changed.
        source
            What to evaluate on: another split, or the same world.
        key
            A key of this evaluation alone.
        """

    def score_on(self, source: Source) -> str:
        """Name of the metric of :meth:`evaluate` that ranks it on a source.

        Optional: by default :attr:`score`, whatever the source. Learners that act rank
        by the world's own ``score``.

        Parameters
        ----------
        source
            The world, or the training split as arrays or as shapes.
        """
        return self.score

    def scheduled(self, progress: float) -> dict[str, float]:
        """Hyperparameters that depend on how much of a run is done, by name.

        Optional: by default none. They are said where a run goes on from another one,
        since what has fallen to its end there rises again.

        Parameters
        ----------
        progress
            Fraction of the run that is done, from 0 to 1.
        """
        return {}

    @property
    def runs_by(self) -> RunsBy:
        """How the runs of a program are best made.

        Optional: by default in a batch. Gradients of convolutions and of gathers can
        cost more per run in a batch than alone: measure, as
        ``benchmarks/runs_by_scan.py`` does.
        """
        return "vmap"

    def when_uncounted(self) -> str:
        """What to change where an evaluation counts nothing, in words.

        Optional: by default nothing is said.
        """
        return ""

    @abc.abstractmethod
    def policy(self, state: LearnerState, source: Source) -> AbstractPolicy:
        """The trained thing as something that acts.

        Parameters
        ----------
        state
            From :meth:`init` or :meth:`update`.
        source
            The world or data set that the state was trained on: says spaces and sizes.

        Raises
        ------
        FitError
            This learner does not act.
        """
