"""Folders of studies; a run is a study of one point."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from foreworld.core.disk.clutter import entries, is_half
from foreworld.core.disk.folder import CONFIG, MANIFEST, verify
from foreworld.core.disk.life import LEASES
from foreworld.core.disk.seals import extra
from foreworld.core.errors import ConfigError, DamagedError, ForeworldError
from foreworld.core.own.in_parts import misfits
from foreworld.core.parts.part import Part
from foreworld.launch.processes import LOGS
from foreworld.sweeps.folder import StudyFolder
from foreworld.sweeps.plan.prepare import (
    CHUNKS,
    PAGE,
    PLAN,
    TABLE,
    names_of,
    strangers,
)
from foreworld.sweeps.results.selection import Best, best
from foreworld.sweeps.run.cancel import CANCEL
from foreworld.sweeps.run.work import finished, why_failed
from foreworld.sweeps.study.find import read_study
from foreworld.train.checkpoint import read_arrays
from foreworld.train.journal import JOURNAL
from foreworld.train.loop import RESULTS
from foreworld.train.timing import TIMING
from foreworld.workspace.kinds.base import AbstractFolderKind, Outcome

_OURS = (PLAN, CHUNKS, LOGS, TABLE, "tracker.json", PAGE)
_LOCKS = (LEASES, CANCEL, ".lock", ".running")
"""The last two are those of format 2."""
_BESIDE = (LOGS, TABLE, "tracker.json", PAGE, *_LOCKS)
_BESIDE_CHUNK = (JOURNAL, TIMING, "lock")
"""What may lie in finished folders beside what was sealed."""
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
            problems += _strange(place, _BESIDE_CHUNK)
            for name in RESULTS if not found else ():
                try:
                    read_arrays(place / name, names_of(folder, chunk))
                except ForeworldError as error:
                    problems.append(str(error))
        if (folder / MANIFEST).exists():
            problems += _strange(folder, (*_BESIDE, f"{CHUNKS}/*/*"))
        elif not problems:
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
        there = (p.name for p in entries(folder) if not is_half(p))
        found = [name for name in there if name not in names]
        return sorted([*found, *strangers(folder)])

    def stopping(self, folder: Path) -> str:
        """By a verb of its own."""
        return f"'foreworld cancel {folder}' stops it."

    def outcomes(self, a: Path, b: Path) -> list[Outcome]:
        """Both best points by the score of the first, where anything is finished."""
        outcomes = []
        for measure in _MEASURES:
            found = [_best(folder, measure) for folder in (a, b)]
            known = [one for one in found if one is not None]
            if known:
                outcomes.append(Outcome(measure, known[0].metric, *found))
        return outcomes


def _strange(folder: Path, allowed: tuple[str, ...]) -> list[str]:
    """A line for each file in a finished folder that does not belong to it."""
    with contextlib.suppress(DamagedError):
        found = extra(folder, allowed)
        return [f"{folder / name} does not belong to this study." for name in found]
    return []


def _best(folder: Path, measure: str) -> Best | None:
    try:
        return best(StudyFolder(folder), measure)
    except ForeworldError:
        return None
