"""How long a study will take here, said before it starts, and what it then reused."""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

from foreworld.core.disk.folder import read_json
from foreworld.core.plain import counted
from foreworld.core.progress import duration
from foreworld.sweeps.plan.plan import Plan
from foreworld.sweeps.run.work import finished
from foreworld.sweeps.study.study import Study
from foreworld.train import rates
from foreworld.train.journal import updates_done
from foreworld.train.timing import TIMING

UNKNOWN = "how long it takes here is not known until the first segment is done"


class Estimate(NamedTuple):
    """Seconds until a study is finished.

    Attributes
    ----------
    seconds
        ``None`` where no program like it is known.
    basis
        Fields in which the programs differ from those that were measured.
    elsewhere
        Whether those ran on another machine.
    """

    seconds: float | None
    basis: str
    elsewhere: bool = False

    def __str__(self) -> str:
        if self.seconds is None:
            return UNKNOWN
        if self.elsewhere:
            return (
                f"roughly {duration(self.seconds)} on a machine with two cores; "
                f"nothing like it ran on this one yet"
            )
        if self.basis:
            return f"roughly {duration(self.seconds)}, by a program with {self.basis}"
        return f"about {duration(self.seconds)}, by what the same took here before"


def estimate(study: Study, plan: Plan, folder: Path) -> Estimate | None:
    """How long what is missing of a study will take; ``None`` if nothing is.

    Parameters
    ----------
    study
        What is to be run.
    plan
        Its groups and chunks, with workers and threads.
    folder
        Of the study, which need not be there; chunks and updates that are finished
        there take no time.
    """
    points = study.points()
    spent: list[float] = []
    basis, elsewhere = "", False
    for chunk in plan.chunks:
        place = folder / chunk.folder_name
        if finished(place):
            continue
        group = plan.groups[chunk.group]
        parameters = points[chunk.runs[0][0]].parameters
        rate = rates.find(parameters, group.width, plan.threads)
        if rate is None:
            return Estimate(None, "")
        updates = group.training.budget.num_updates - updates_done(place)
        spent.append(rate.overhead + updates * rate.seconds)
        basis = basis or ", ".join(
            f"{name.rpartition('.')[2]} {there} instead of {here}"
            for name, (there, here) in rate.differences.items()
        )
        elsewhere |= rate.elsewhere
    if not spent:
        return None
    workers = min(plan.workers, len(spent))
    return Estimate(max(max(spent), sum(spent) / workers), basis, elsewhere)


class Before:
    """What there was of a study before a call, to say afterwards what was reused.

    Parameters
    ----------
    folder
        Of the study.
    plan
        The study's plan.
    """

    def __init__(self, folder: Path, plan: Plan) -> None:
        self._begun, self._total = time.monotonic(), len(plan.chunks)
        places = [folder / chunk.folder_name for chunk in plan.chunks]
        self._open = [place for place in places if not finished(place)]
        self._updates = sum(map(updates_done, self._open))

    def reused(self) -> str:
        """One line."""
        done = self._total - len(self._open)
        chunks = counted(self._total, "chunk")
        if not self._open:
            return f"nothing to do: {chunks} finished before"
        spent = duration(time.monotonic() - self._begun)
        told = [f"{done} of {chunks} finished before"] if done else []
        if self._updates:
            told.append(f"{counted(self._updates, 'update')} of unfinished chunks")
        paths = [place / TIMING for place in self._open]
        timings = [read_json(path) for path in paths if path.exists()]
        made = sum(timing["programs"] for timing in timings)
        reused = sum(timing["programs_reused"] for timing in timings)
        told.append(f"{reused} of {made} programs from the cache")
        return f"done in {spent}; reused: {', '.join(told)}"
