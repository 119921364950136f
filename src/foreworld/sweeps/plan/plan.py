"""The plan of a study: groups that share a program, their widths, chunks of runs.

A plan is written once and followed exactly when a study is resumed, because compilers
order float operations by a program's width: other widths give other last digits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from foreworld.core.errors import ConfigError, DamagedError, FitError
from foreworld.core.keys import pinned
from foreworld.core.parts.partition import partition
from foreworld.core.plain import counted
from foreworld.learners.base import Budget
from foreworld.sweeps.study.study import Point, Study
from foreworld.train.lanes import Run, static_of
from foreworld.train.layout import Layout
from foreworld.train.loop import device_kind
from foreworld.train.memory import free_bytes, widest
from foreworld.train.plan import TrainingPlan, plan_training
from foreworld.train.sources import Sources, describe_sources
from foreworld.worlds.look import Needs, look_at

MAX_WIDTH_ON_CPU = 16
"""Runs in one program on a processor; more gain nothing there (measured with PPO)."""
MAX_WIDTH = 4096
"""Runs in one program on an accelerator."""
_MOST_LOOKED_AT = 3
"""Worlds of one study, of different static fields, that are looked at."""


@dataclass(frozen=True)
class Group:
    """Points that share a program.

    Attributes
    ----------
    points
        Indices of points, in the order of the study.
    width
        Runs in the program.
    training
        How long they train.
    """

    points: tuple[int, ...]
    width: int
    training: TrainingPlan


@dataclass(frozen=True)
class Chunk:
    """Runs that one program trains; the unit of work.

    Attributes
    ----------
    index
        Its number, which names its folder.
    group
        Index of its group.
    runs
        ``(point, seed)`` of each run.
    padding
        How often the last run is repeated to fill the program.
    """

    index: int
    group: int
    runs: tuple[tuple[int, int], ...]
    padding: int

    @property
    def folder_name(self) -> str:
        """``chunks/003``."""
        return f"chunks/{self.index:03d}"


@dataclass(frozen=True)
class Plan:
    """All of it.

    Attributes
    ----------
    device
        Kind of device that the widths are meant for: ``"cpu"``, ``"gpu"``.
    workers
        Processes that the widths are meant for.
    threads
        Threads of each: 1, or 0 for as many as the machine has.
    """

    device: str
    workers: int
    threads: int
    groups: tuple[Group, ...]
    chunks: tuple[Chunk, ...]

    @property
    def num_runs(self) -> int:
        """Runs of the study."""
        return sum(len(chunk.runs) for chunk in self.chunks)

    def steps_of(self, chunk: Chunk) -> int:
        """Steps of a chunk's runs, all together, padding left out."""
        budget = self.groups[chunk.group].training.budget
        return len(chunk.runs) * budget.num_updates * budget.steps_per_update

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values."""
        data = asdict(self)
        for entry, group in zip(data["groups"], self.groups, strict=True):
            training = group.training
            entry["training"] = {
                "layout": training.layout._asdict(),
                "budget": training.budget._asdict(),
            }
        return data

    @staticmethod
    def from_dict(data: dict[str, Any]) -> Plan:
        """What :meth:`to_dict` gave.

        Raises
        ------
        DamagedError
            It is no plan.
        """
        try:
            groups, chunks = [], []
            for entry in data["groups"]:
                layout = Layout(**entry["training"]["layout"])
                training = TrainingPlan(layout, Budget(**entry["training"]["budget"]))
                groups.append(Group(tuple(entry["points"]), entry["width"], training))
            for entry in data["chunks"]:
                runs = tuple((int(point), int(seed)) for point, seed in entry["runs"])
                index, group, padding = entry["index"], entry["group"], entry["padding"]
                chunks.append(Chunk(index, group, runs, padding))
            sizes = data["device"], data["workers"], data["threads"]
            return Plan(*sizes, tuple(groups), tuple(chunks))
        except (KeyError, TypeError, ValueError) as error:
            raise DamagedError(f"the study's plan is damaged: {error!r}.") from error


@pinned(wide=False)
def _look_at_worlds(points: Sequence[Point]) -> None:
    """Look at a world of each kind that a study trains in, before it is traced."""
    worlds = (p.parameters.world for p in points if p.parameters.world is not None)
    # What differs in traced fields alone is one kind.
    kinds = {partition(world)[0]: world for world in worlds}
    for world in list(kinds.values())[:_MOST_LOOKED_AT]:
        # Pictures too: a world that cannot be drawn would train for hours, and then
        # be neither played nor shown.
        look_at(world, Needs(ends=True))


@pinned(wide=False)
def make_plan(
    study: Study, *, workers: int = 1, threads: int = 0, width: int | None = None
) -> Plan:
    """Check every point, group them and cut their runs into chunks.

    Parameters
    ----------
    study
        What is to be run.
    workers
        Processes that will run it, at least 1; chunks are cut so that all have about
        the same work.
    threads
        Threads of each process; 0: all of the machine.
    width
        Runs in a program; by default chosen from the cores and the memory.

    Raises
    ------
    ConfigError, FitError
        A point that cannot run; names it.
    """
    if width is not None and width < 1:
        raise ConfigError(f"width={width} must be at least 1.")
    points = study.points()
    for start in (point.parameters.start for point in points):
        if start is not None:
            start.check_seeds(study.seeds)
    _look_at_worlds(points)
    grouped = _group(points)
    groups, chunks = [], []
    for points, training, sources in grouped:
        runs = [(point.index, seed) for point in points for seed in range(study.seeds)]
        # Where groups cannot be dealt out evenly, each is cut into as many chunks as
        # there are workers, or a multiple of that.
        pieces = 1 if len(grouped) % workers == 0 else workers
        first = Run(points[0].parameters, 0)
        if not first.parameters.learner.traceable:
            wide = 1
        elif width is not None:
            wide = min(width, len(runs))
        else:
            most = MAX_WIDTH_ON_CPU if device_kind() == "cpu" else MAX_WIDTH
            wide, free = _even(len(runs), most, pieces), free_bytes(workers)
            fits = widest(first, sources, training.layout, wide, free)
            if fits < wide:
                wide = _even(len(runs), fits, pieces)
        for begin in range(0, len(runs), wide):
            part = tuple(runs[begin : begin + wide])
            chunks.append(Chunk(len(chunks), len(groups), part, wide - len(part)))
        groups.append(Group(tuple(point.index for point in points), wide, training))
    return Plan(device_kind(), workers, threads, tuple(groups), tuple(chunks))


def describe(plan: Plan) -> str:
    """The plan for people: what ``--dry-run`` prints."""
    lines = [
        f"{counted(len(plan.groups), 'group')}, {counted(plan.num_runs, 'run')}, "
        f"{counted(len(plan.chunks), 'chunk')} on {counted(plan.workers, 'worker')} "
        f"({plan.device})"
    ]
    for index, group in enumerate(plan.groups):
        chunks = [chunk for chunk in plan.chunks if chunk.group == index]
        runs = sum(len(chunk.runs) for chunk in chunks)
        budget, layout = group.training.budget, group.training.layout
        sizes = ", ".join(
            f"{len(c.runs)}" + (f" (+{c.padding} padding)" if c.padding else "")
            for c in chunks
        )
        steps = f"{budget.num_updates * budget.steps_per_update:,} {budget.step_name}"
        if before := group.training.steps_before:
            steps += f" (from {before:,} to {group.training.steps_in_all:,})"
        lines.append(
            f"  group {index}: {counted(len(group.points), 'point')}, "
            f"{counted(runs, 'run')} in chunks of {sizes}; each run {steps} "
            f"in {counted(layout.num_segments, 'segment')}"
        )
    return "\n".join(lines)


def runs_of(chunk: Chunk, points: Sequence[Point]) -> list[Run]:
    """The runs of a chunk, as the training loop takes them.

    Parameters
    ----------
    chunk
        A chunk of the plan.
    points
        All points of the study, in its order.
    """
    return [Run(points[point].parameters, seed) for point, seed in chunk.runs]


def _group(points: list[Point]) -> list[tuple[list[Point], TrainingPlan, Sources]]:
    """Points by what a program must have in common, in the order of the study."""
    found: dict[Any, tuple[list[Point], TrainingPlan, Sources]] = {}
    for point in points:
        sources = describe_sources(point.parameters)
        try:
            training = plan_training(point.parameters, sources)
        except FitError as error:
            text = ", ".join(f"{k}={v!r}" for k, v in point.fields.items())
            where = f"point {point.index} ({text}): " if point.fields else ""
            raise FitError(f"{where}{error}") from error
        key = static_of(point.parameters), training
        found.setdefault(key, ([], training, sources))[0].append(point)
    return list(found.values())


def _even(num_runs: int, most: int, pieces: int) -> int:
    """A width of at most ``most`` that leaves every worker about the same work."""
    chunks = math.ceil(num_runs / most)
    chunks = min(num_runs, math.ceil(chunks / pieces) * pieces)
    return math.ceil(num_runs / chunks)
