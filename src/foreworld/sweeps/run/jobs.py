"""A study as commands, one a chunk, for launchers that are not ours."""

from __future__ import annotations

import shlex
from pathlib import Path

from foreworld.core import compilation
from foreworld.core.own.in_parts import remember_code
from foreworld.sweeps.folder import StudyFolder, locate
from foreworld.sweeps.plan.prepare import prepare
from foreworld.sweeps.run.work import finished
from foreworld.sweeps.study.study import Study


def job_list(
    study: Study | StudyFolder | str | Path,
    *,
    out: str | Path | None = None,
    workers: int = 1,
    width: int | None = None,
) -> list[str]:
    """One command for each chunk that is not finished.

    Writes the study's folder and its plan, so that all commands follow one plan. They
    may run in any order, at the same time, on machines that share the folder, and any
    of them may be repeated.

    Parameters
    ----------
    study
        A study, its file, its name, or its folder.
    out
        Folder of the study, by default its own under ``runs/``.
    workers, width
        As in :func:`foreworld.sweep`; with many machines, a small width makes many
        jobs.
    """
    compilation.configure()
    found, folder = locate(study, out)
    remember_code(found)
    plan = prepare(found, folder, workers=workers, width=width)
    place = shlex.quote(str(folder.resolve()))
    return [
        f"foreworld sweep {place} --chunk {chunk.index}"
        for chunk in plan.chunks
        if not finished(folder / chunk.folder_name)
    ]
