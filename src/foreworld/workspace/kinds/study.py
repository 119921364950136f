"""Folders of studies; a run is a study of one point."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from foreworld.core.disk.clutter import entries
from foreworld.core.disk.folder import CONFIG, MANIFEST, verify
from foreworld.core.disk.lease import held
from foreworld.core.errors import ConfigError, ForeworldError
from foreworld.core.parts.own_code import misfits
from foreworld.core.parts.part import Part
from foreworld.launch.processes import LOGS
from foreworld.sweeps.folder import StudyFolder
from foreworld.sweeps.plan.prepare import CHUNKS, LOCK, PLAN, RUNNING, TABLE
from foreworld.sweeps.results.selection import Best, best
from foreworld.sweeps.run.cancel import CANCEL
from foreworld.sweeps.run.work import finished, why_failed
from foreworld.sweeps.study.find import read_study
from foreworld.train.checkpoint import read_arrays
from foreworld.train.loop import RESULTS
from foreworld.workspace.kinds.base import AbstractFolderKind, Outcome

_OURS = (PLAN, CHUNKS, LOGS, TABLE, "tracker.json", "report.html")
_LOCKS = (LOCK, CANCEL, RUNNING)
_MEASURES = ("auc", "final")


class StudyKind(AbstractFolderKind):
    """A study or a run."""

    def open(self, folder: Path, options: Mapping[str, Any]) -> Any:
        """The study's folder."""
        if options:
            raise ConfigError(
                f"{folder} holds a 'study', which cannot be loaded with "
                f"{', '.join(options)}: that is for data sets."
            )
        return StudyFolder(folder)

    def check(self, folder: Path) -> list[str]:
        """Configuration, plan and every chunk; an unfinished one is a problem."""
        study = StudyFolder(folder)
        problems = verify(folder) if (folder / MANIFEST).exists() else []
        try:
            study.points  # noqa: B018
            chunks = study.plan.chunks
            problems += [f"{folder / CONFIG}: {why}" for why in misfits(study.study)]
        except ForeworldError as error:
            return problems if str(error) in problems else [*problems, str(error)]
        for chunk in chunks:
            place = folder / chunk.folder_name
            if not finished(place):
                reason = why_failed(place)
                tail = f": {reason}" if reason else ". Run the study again to go on."
                problems.append(f"{place} is not finished{tail}")
                continue
            found = verify(place)
            problems += [line for line in found if line not in problems]
            for name in RESULTS if not found else ():
                try:
                    read_arrays(place / name)
                except ForeworldError as error:
                    problems.append(str(error))
        if not problems and not (folder / MANIFEST).exists():
            problems.append(f"{folder} is not sealed. Run the study again to seal it.")
        return problems

    def part(self, folder: Path) -> Part:
        """The study."""
        return read_study(folder)

    def contents(self, folder: Path) -> list[str]:
        """Plan, chunks, logs, what is made of them, and locks that are there."""
        return [*_OURS, *(name for name in _LOCKS if (folder / name).exists())]

    def foreign(self, folder: Path) -> list[str]:
        """All else."""
        names = {*_OURS, *_LOCKS, CONFIG, MANIFEST}
        there = (p.name for p in entries(folder) if not p.name.endswith(".part"))
        return sorted(name for name in there if name not in names)

    def busy(self, folder: Path) -> str:
        """Whether it runs."""
        if not held(folder / RUNNING):
            return ""
        return f"it is running. 'foreworld cancel {folder}' stops it"

    def outcomes(self, a: Path, b: Path) -> list[Outcome]:
        """Both best points by the score of the first, where anything is finished."""
        outcomes = []
        for measure in _MEASURES:
            found = [_best(folder, measure) for folder in (a, b)]
            known = [one for one in found if one is not None]
            if known:
                outcomes.append(Outcome(measure, known[0].metric, *found))
        return outcomes


def _best(folder: Path, measure: str) -> Best | None:
    try:
        return best(StudyFolder(folder), measure)
    except ForeworldError:
        return None
