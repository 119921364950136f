"""Stops a running study from outside; what is finished is kept and it can go on.

Coordinators and workers share a lock in the study's folder, which tells that it runs.
``cancel`` writes a file there. A coordinator polls for it and kills its workers; a
worker looks at each checkpoint. Slurm jobs whose coordinator is gone are found
by the job numbers that it recorded in the folder.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from foreworld.core.disk.folder import remove, write_bytes
from foreworld.core.disk.life import in_use
from foreworld.core.errors import ForeworldError
from foreworld.launch.slurm._jobs import stop_jobs
from foreworld.sweeps.study.find import study_path

CANCEL = ".cancel"
_PAUSE = 0.1


class CancelledError(ForeworldError):
    """The study was cancelled."""


def cancel(study: Any, patience: float = float("inf")) -> bool:
    """Stop all work on a study, and wait until it has stopped.

    Worker processes and Slurm jobs are killed at once; a study that runs in one process
    with its coordinator stops at its next checkpoint, within about a minute.

    Parameters
    ----------
    study
        A study, its folder, file or name.
    patience
        Seconds to wait.

    Returns
    -------
    bool
        Whether any process worked on it.

    Raises
    ------
    ForeworldError
        It has not stopped in time; it still will.
    """
    folder = study_path(study)
    if not in_use(folder):
        return stop_jobs(folder) > 0
    write_bytes(folder / CANCEL, b"")
    # Needed for jobs whose coordinator is gone; a live one cancels them itself.
    stop_jobs(folder)
    deadline = time.monotonic() + patience
    # A process that starts the study again deletes the file: stop waiting then, since
    # the lock may never become free.
    while in_use(folder) and (folder / CANCEL).exists():
        if time.monotonic() >= deadline:
            raise ForeworldError(
                f"{folder} has not stopped in {patience:g} s; it will at its next "
                f"checkpoint."
            )
        time.sleep(_PAUSE)
    remove(folder / CANCEL)
    return True


def begin(folder: Path) -> None:
    """Delete an old cancellation before a study goes on.

    Raises
    ------
    CancelledError
        What was cancelled has not stopped yet.
    """
    if not (folder / CANCEL).exists():
        return
    if in_use(folder):
        raise CancelledError(
            f"{folder} is being cancelled and has not stopped yet. When it has, run "
            f"the same command again: 'foreworld status {folder}' shows it."
        )
    remove(folder / CANCEL)


def stop_if_cancelled(folder: Path) -> None:
    """Raise :class:`CancelledError` where a cancellation was left in the folder."""
    if (folder / CANCEL).exists():
        raise CancelledError(
            f"{folder} was cancelled. What is finished is kept: run the same command "
            f"again to go on from there."
        )
