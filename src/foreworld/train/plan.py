"""How runs that share a program are trained: how long, and where that is cut."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax

from foreworld.core.keys import root_key
from foreworld.learners.base import Budget, LearnerState
from foreworld.learners.start import Start
from foreworld.train.layout import Layout, choose_layout
from foreworld.train.parameters import Parameters
from foreworld.train.sources import (
    Given,
    Sources,
    describe_sources,
    given_parts,
    source_of,
)
from foreworld.train.start import begun_before


class TrainingPlan(NamedTuple):
    """How runs that share a program are trained.

    Attributes
    ----------
    layout
        Intervals and segments.
    budget
        What the learner asked for, less what a run that it goes on from has done.
    """

    layout: Layout
    budget: Budget

    @property
    def steps_before(self) -> int:
        """Steps of the runs that it goes on from."""
        return self.layout.begun * self.budget.steps_per_update

    @property
    def steps_in_all(self) -> int:
        """Steps at the end, those before included."""
        return int(self.steps_at(self.layout.num_updates))

    def steps_at(self, updates: Any) -> Any:
        """Where on the x axis of curves a run is after so many updates of its own.

        Parameters
        ----------
        updates
            One number, or an array of them.
        """
        return self.steps_before + updates * self.budget.steps_per_update


def plan_training(
    parameters: Parameters, sources: Sources | None = None, num_segments: int = 10
) -> TrainingPlan:
    """Check that a learner fits what it is to learn from, and lay out its updates.

    Parameters
    ----------
    parameters
        A world or data, and the learner.
    sources
        The splits of the data set, as arrays or as shapes; by default the shapes are
        read from the data set that the parameters name.
    num_segments
        Wished number of segments, and so of validations.

    Raises
    ------
    FitError
        It does not fit, or what it starts from does not; names the mismatch.
    """
    sources = describe_sources(parameters) if sources is None else sources
    opened = given_parts(parameters, sources.train)
    source = source_of(opened, sources.train)
    opened.learner.check_fit(source)
    budget = opened.learner.budget(source)

    def init(given: Given, start: Start) -> LearnerState:
        part, key = given_parts(parameters, given), root_key(0)
        return part.learner.init(key, source_of(part, given, key), start)

    def check(start: Start) -> None:
        # What cannot be traced is checked when it begins.
        if opened.learner.traceable:
            jax.eval_shape(init, sources.train, start)

    begun = begun_before(parameters, budget, check)
    num_updates = budget.num_updates - begun
    layout = choose_layout(num_updates, num_segments=num_segments)
    return TrainingPlan(
        layout._replace(begun=begun), budget._replace(num_updates=num_updates)
    )
