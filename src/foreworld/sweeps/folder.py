"""A study's folder in Python: its results, its best point, its trained policies."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from foreworld.core import show
from foreworld.core.disk.folder import MANIFEST
from foreworld.core.disk.lease import held
from foreworld.core.disk.places import find_place
from foreworld.core.disk.seals import vouch
from foreworld.core.errors import ConfigError, DamagedError
from foreworld.core.own.in_parts import demand_code
from foreworld.core.parts.opening import opened
from foreworld.learners.base import LearnerState
from foreworld.sweeps.plan.plan import Chunk, Plan, describe
from foreworld.sweeps.plan.prepare import (
    chunk_lock,
    names_of,
    output_folder,
    read_plan,
)
from foreworld.sweeps.results.failures import failures
from foreworld.sweeps.results.gather import gather
from foreworld.sweeps.results.selection import Best, best
from foreworld.sweeps.run.work import finished, why_failed
from foreworld.sweeps.study.find import load_study, read_study
from foreworld.sweeps.study.study import Point, Study
from foreworld.train import transcripts
from foreworld.train.journal import segments_repeated, updates_done
from foreworld.train.loop import read_leaves, read_state
from foreworld.worlds.policy import AbstractPolicy

if TYPE_CHECKING:
    import xarray


class StudyFolder:
    """What a study left on disk; everything is read when it is asked for.

    Parameters
    ----------
    path
        The folder.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    @functools.cached_property
    def study(self) -> Study:
        """What was asked for."""
        return read_study(self.path)

    @functools.cached_property
    def plan(self) -> Plan:
        """How it is run."""
        return read_plan(self.path)

    @functools.cached_property
    def points(self) -> list[Point]:
        """Its hyperparameter settings."""
        return self.study.points()

    @property
    def finished(self) -> bool:
        """Whether everything is done and sealed."""
        return (self.path / MANIFEST).exists()

    @property
    def failures(self) -> dict[tuple[int, int], str]:
        """Why each run failed that did, by point and seed."""
        return failures(self.path, self.plan)

    @property
    def results(self) -> xarray.Dataset:
        """All that is measured so far; see :func:`foreworld.results`."""
        return gather(self.path)

    @property
    def so_far(self) -> xarray.Dataset:
        """The same with the curves of unfinished runs, up to their last checkpoint."""
        return gather(self.path, partial=True)

    def best(self, measure: str = "auc", metric: str | None = None) -> Best:
        """The best point; see :func:`foreworld.best`.

        Parameters
        ----------
        measure
            ``"auc"``, ``"last10"`` or ``"final"``, as in :func:`foreworld.best`.
        metric
            What to rank by, higher is better; by default the learner's score.
        """
        return best(self, measure, metric)

    @property
    def policy(self) -> AbstractPolicy:
        """The trained policy of the only run, or of the best seed of the best point.

        Raises
        ------
        FitError
            The learner does not act.
        """
        if len(self.points) == 1 and self.study.seeds == 1:
            return self.policy_of(0, 0)
        winner = self.best()
        return self.policy_of(winner.point, winner.seed)

    def policy_of(self, point: int, seed: int = 0) -> AbstractPolicy:
        """The trained policy of one run.

        Parameters
        ----------
        point
            Index of the point in the study, from 0.
        seed
            Index of its run, from 0.
        """
        state, source = self._restored(point, seed)
        learner = opened(self.points[point].parameters.learner)
        return learner.policy(state, source)

    def state(self, point: int = 0, seed: int = 0) -> LearnerState:
        """The final state of one run.

        Parameters
        ----------
        point
            Index of the point in the study, from 0.
        seed
            Index of its run, from 0.

        Raises
        ------
        DamagedError
            The run is not finished, or its file was altered.
        """
        return self._restored(point, seed)[0]

    def transcript(self, point: int = 0, seed: int = 0) -> list[dict[str, Any]]:
        """What the learner of a finished run wrote down, see ``learners.transcript``.

        Parameters
        ----------
        point
            Index of the point in the study, from 0.
        seed
            Index of its run, from 0.

        Returns
        -------
        list[dict]
            In order: ``update`` (updates done with this one), ``during`` (``"init"``,
            ``"update"``, ``"val"``, ``"test"``) and what was written; none for
            learners inside programs.

        Raises
        ------
        DamagedError
            The run is not finished, or its file was altered.
        """
        place, row, _ = self._finished(point, seed)
        return transcripts.read(place, row)

    def status(self) -> dict[str, Any]:
        """How far it is.

        Returns
        -------
        dict
            ``chunks``: one entry each with ``state`` (``"done"``, ``"running"``,
            ``"failed"``, ``"waiting"``), ``runs``, ``updates_done``, ``updates``,
            ``segments_repeated``, ``error`` and, once it is done, ``failures`` of its
            runs; and the number of ``runs`` by state.
        """
        runs, entries = dict.fromkeys(("done", "running", "failed", "waiting"), 0), []
        broken = self.failures
        for chunk in self.plan.chunks:
            place = self.path / chunk.folder_name
            error = why_failed(place)
            if finished(place):
                state = "done"
            elif error:
                state = "failed"
            else:
                state = "running" if held(chunk_lock(self.path, chunk)) else "waiting"
            updates = self.plan.groups[chunk.group].training.budget.num_updates
            entry = {
                "chunk": chunk.index,
                "state": state,
                "runs": len(chunk.runs),
                "updates": updates,
                # A journal may be gone, or of a kind that is not written any more.
                "updates_done": updates if state == "done" else updates_done(place),
                "segments_repeated": segments_repeated(place),
                "error": error,
            }
            lost = {run: broken[run] for run in chunk.runs if run in broken}
            if state == "done":
                pairs = lost.items()
                entry["failures"] = [f"point {p} seed {s}: {x}" for (p, s), x in pairs]
                runs["failed"] += len(lost)
            entries.append(entry)
            runs[state] += len(chunk.runs) - len(lost) * (state == "done")
        return {"finished": self.finished, "runs": runs, "chunks": entries}

    def __repr__(self) -> str:
        state = "finished" if self.finished else "not finished"
        return (
            f"study {self.study.name} in {self.path} ({state}): {describe(self.plan)}"
        )

    def _repr_html_(self) -> str:
        """In a notebook: what it is, the best point so far and the curves of its score.

        Figures are drawn by a package above this one, imported by name when needed.
        """
        return show.drawn_above("foreworld.plot.notebook:study_html", self)

    def place_of(self, point: int, seed: int) -> Path:
        """Folder of the chunk that holds one run.

        Parameters
        ----------
        point
            Index of the point in the study, from 0.
        seed
            Index of its run, from 0.
        """
        return self.path / self._chunk_of(point, seed).folder_name

    def _chunk_of(self, point: int, seed: int) -> Chunk:
        for chunk in self.plan.chunks:
            if (point, seed) in chunk.runs:
                return chunk
        raise ConfigError(
            f"no run with point {point}, seed {seed}: there are points 0 to "
            f"{len(self.points) - 1} and seeds 0 to {self.study.seeds - 1}."
        )

    def arrays_of(self, point: int, seed: int) -> dict[str, np.ndarray]:
        """The final state of one run as leaves by name; no code of it is run.

        Parameters
        ----------
        point
            Index of the point in the study, from 0.
        seed
            Index of its run, from 0.
        """
        return read_leaves(*self._finished(point, seed))

    def _restored(self, point: int, seed: int) -> tuple[LearnerState, Any]:
        found = self._finished(point, seed)
        parameters = self.points[point].parameters
        demand_code(parameters)
        return read_state(parameters, *found)

    def _finished(self, point: int, seed: int) -> tuple[Path, int, Any]:
        """Folder of a finished run's chunk, its row in it, and what files say."""
        chunk = self._chunk_of(point, seed)
        place = self.path / chunk.folder_name
        if not finished(place):
            raise DamagedError(
                f"point {point} seed {seed} of {self.path} is not finished. Run the "
                f"study again to go on."
            )
        vouch(self.path, f"{chunk.folder_name}/{MANIFEST}")
        return place, chunk.runs.index((point, seed)), names_of(self.path, chunk)


def locate(study: Any, out: str | Path | None = None) -> tuple[Study, Path]:
    """A study and its folder, which need not be there yet.

    Parameters
    ----------
    study
        A study, its file, its name, its folder, or that in Python.
    out
        Another folder than its own.

    Raises
    ------
    ConfigError
        It is something else.
    """
    if isinstance(study, StudyFolder):
        found, place = study.study, study.path
    elif isinstance(study, Study):
        found, place = study, None
    elif isinstance(study, str | Path):
        found, place = load_study(study), find_place(study)
    else:
        raise ConfigError(
            f"expected a study, its file, name or folder, got {study!r} "
            f"({type(study).__name__}). For Parameters there is fw.run_experiment."
        )
    if out is None and place is not None and place.is_dir():
        out = place
    return found, output_folder(found, out)
