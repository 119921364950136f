"""Checks data sets and studies on disk: complete, unaltered, readable."""

from __future__ import annotations

from pathlib import Path

from foreworld.core.disk.folder import CONFIG, MANIFEST, verify
from foreworld.core.errors import ForeworldError
from foreworld.sweeps.folder import StudyFolder
from foreworld.sweeps.plan.prepare import PLAN
from foreworld.sweeps.run.work import finished, why_failed
from foreworld.sweeps.study.find import KIND
from foreworld.train.checkpoint import read_arrays
from foreworld.train.loop import RESULTS
from foreworld.workspace.load import DATA_KIND, kind_of


def check(path: str | Path) -> list[str]:
    """What is wrong with a folder, one line a problem, each naming the file."""
    path = Path(path)
    # Nothing that was altered is interpreted, not even to learn what the folder is.
    if (path / MANIFEST).exists() and verify(path, (CONFIG, PLAN)):
        return verify(path)
    try:
        kind = kind_of(path)
        if kind == DATA_KIND:
            from foreworld.data.format.check import check_dataset

            return check_dataset(path)
        if kind == KIND:
            return _check_study(path)
    except ForeworldError as error:
        return [str(error)]
    return [f"{path} holds a {kind!r}, which cannot be checked."]


def _check_study(path: Path) -> list[str]:
    study = StudyFolder(path)
    problems = verify(path) if (path / MANIFEST).exists() else []
    try:
        study.points  # noqa: B018
        chunks = study.plan.chunks
    except ForeworldError as error:
        return [*problems, str(error)] if str(error) not in problems else problems
    for chunk in chunks:
        place = path / chunk.folder_name
        if not finished(place):
            reason = why_failed(place)
            tail = f": {reason}" if reason else ". Run the study again to go on."
            problems.append(f"{place} is not finished{tail}")
            continue
        found = verify(place)
        problems += [line for line in found if line not in problems]
        if not found:
            problems += _unreadable(place)
    if not problems and not (path / MANIFEST).exists():
        problems.append(f"{path} is not sealed. Run the study again to seal it.")
    return problems


def _unreadable(place: Path) -> list[str]:
    problems = []
    for name in RESULTS:
        try:
            read_arrays(place / name)
        except ForeworldError as error:
            problems.append(str(error))
    return problems
