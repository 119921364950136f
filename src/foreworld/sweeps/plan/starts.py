"""What runs start from, in words, before they begin."""

from __future__ import annotations

import math
from typing import Any

from foreworld.core.errors import ForeworldError
from foreworld.core.parts.stand_in import StandIn
from foreworld.sweeps.plan.plan import Plan
from foreworld.sweeps.study.study import Study
from foreworld.train.parameters import Parameters
from foreworld.train.plan import TrainingPlan
from foreworld.train.start import AbstractStart

_MOST_SAID = 3
"""Starts of a study that are told; of the others it says how many there are."""


def told_starts(study: Study, plan: Plan) -> list[str]:
    """A line on each run that others start from, with schedules that jump there.

    Parameters
    ----------
    study
        What is to be run.
    plan
        Its plan.
    """
    points, lines = study.points(), {}
    for group in plan.groups:
        for index in group.points:
            parameters = points[index].parameters
            start: AbstractStart | None = parameters.start
            if start is not None:
                key = start.known_as(), group.training.layout
                lines.setdefault(key, (start, parameters, group.training))
    told = [_line(*found) for found in list(lines.values())[:_MOST_SAID]]
    more = len(lines) - len(told)
    return [*told, f"and from {more} more"] if more else told


def _line(start: AbstractStart, parameters: Parameters, training: TrainingPlan) -> str:
    if start.parts:
        return f"begins anew with {', '.join(start.parts)} of {start.path}"
    before, name = training.steps_before, training.budget.step_name
    line = f"goes on from {start.path} after {before:,} {name}"
    progress = training.layout.begun / training.layout.in_all
    now, was = parameters.learner.scheduled(progress), _scheduled_at_end(start)
    jumps = [
        f"{field} was {was[field]:.3g} at its end and is {value:.3g} now"
        for field, value in now.items()
        if field in was and not math.isclose(was[field], value, rel_tol=1e-3)
    ]
    if not jumps:
        return line
    return (
        f"{line}: {', '.join(jumps)}, as schedules take {progress:.0%} of the whole as "
        f"done"
    )


def _scheduled_at_end(start: AbstractStart) -> dict[str, float]:
    """What depended on progress at the other run's end; nothing where that is gone."""
    try:
        learner: Any = start.ended().parameters.learner
    except ForeworldError:
        return {}
    return {} if isinstance(learner, StandIn) else learner.scheduled(1.0)
