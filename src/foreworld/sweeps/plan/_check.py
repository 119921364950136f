"""Whether a plan that was read from a file is consistent and belongs to its study."""

from __future__ import annotations

from typing import Any

from foreworld.core.errors import DamagedError
from foreworld.sweeps.plan.plan import Group, Plan
from foreworld.sweeps.study.study import Study

_MOST = 2**53
"""Larger counts are a mistake: float64 no longer holds them exactly."""


def check_plan(plan: Plan, study: Study) -> None:
    """Refuse a plan that is inconsistent or of another study.

    Parameters
    ----------
    plan
        What was read.
    study
        The study beside it.

    Raises
    ------
    DamagedError
        Says what is wrong.
    """
    _whole("workers", plan.workers, 1)
    _whole("threads", plan.threads, 0)
    _need(isinstance(plan.device, str), "its device is no text")
    _need(len(plan.groups) > 0, "it has no groups")
    for index, group in enumerate(plan.groups):
        _check_group(f"group {index}", group)
    for index, chunk in enumerate(plan.chunks):
        name = f"chunk {index}"
        _whole(f"the index of {name}", chunk.index, 0)
        _whole(f"the group of {name}", chunk.group, 0)
        _whole(f"the padding of {name}", chunk.padding, 0)
        _need(chunk.index == index, f"{name} has index {chunk.index}")
        _need(chunk.group < len(plan.groups), f"{name} is of no group")
        group, width = plan.groups[chunk.group], len(chunk.runs) + chunk.padding
        _need(len(chunk.runs) > 0, f"{name} has no runs")
        _need(width == group.width, f"{name} is not as wide as its group")
        foreign = {point for point, _ in chunk.runs} - set(group.points)
        _need(not foreign, f"{name} has points of another group")
    runs = [run for chunk in plan.chunks for run in chunk.runs]
    wanted = [(p, s) for p in range(study.num_points) for s in range(study.seeds)]
    whole = sorted(runs) == wanted
    _need(whole, f"its runs are not the {len(wanted)} of the study")


def _check_group(name: str, group: Group) -> None:
    _whole(f"the width of {name}", group.width, 1)
    for point in group.points:
        _whole(f"a point of {name}", point, 0)
    layout, budget = group.training
    for field, value in layout._asdict().items():
        _whole(f"{field} of {name}", value, 0 if field == "begun" else 1)
    _whole(f"num_updates of the budget of {name}", budget.num_updates, 1)
    _whole(f"steps_per_update of {name}", budget.steps_per_update, 1)
    steps = group.training.steps_in_all
    _need(steps <= _MOST, f"{name} has {steps} steps, more than {_MOST}")
    _need(isinstance(budget.step_name, str), f"step_name of {name} is no text")
    agree = budget.num_updates == layout.num_updates
    _need(agree, f"budget and layout of {name} have different numbers of updates")


def _whole(name: str, value: Any, low: int) -> None:
    good = type(value) is int and low <= value <= _MOST
    _need(good, f"{name} is {value!r}, no whole number from {low} to {_MOST}")


def _need(condition: bool, problem: str) -> None:
    if not condition:
        raise DamagedError(f"the study's plan is damaged: {problem}.")
