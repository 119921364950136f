"""Stops a running study from outside; what is finished is kept and it can go on.

Coordinators and workers share a lease in the study's folder, which says that it runs.
``cancel`` leaves a file there, for which a coordinator looks all the time, to kill its
workers then, and a worker at the end of each segment. Slurm jobs without a coordinator
are found by what it left behind.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from foreworld.core.disk.folder import remove, write_bytes
from foreworld.core.disk.lease import held, lease
from foreworld.core.errors import ForeworldError
from foreworld.launch.slurm._jobs import stop_jobs
from foreworld.sweeps.plan.prepare import RUNNING
from foreworld.sweeps.study.find import study_path

CANCEL = ".cancel"
_PAUSE = 0.1


class CancelledError(ForeworldError):
    """The study was cancelled."""


def cancel(study: Any, patience: float = float("inf")) -> bool:
    """Stop all work on a study, and wait until it has stopped.

    Worker processes and Slurm jobs are killed at once; a study that runs in one process
    with its coordinator stops at the end of its segment.

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
    if not held(folder / RUNNING):
        return stop_jobs(folder) > 0
    write_bytes(folder / CANCEL, b"")
    # Those whose coordinator is gone; one that is there does the same.
    stop_jobs(folder)
    deadline = time.monotonic() + patience
    # Who starts the study again takes the file away: that is not to be waited for.
    while held(folder / RUNNING) and (folder / CANCEL).exists():
        if time.monotonic() >= deadline:
            raise ForeworldError(
                f"{folder} has not stopped in {patience:g} s; it will at the end of "
                f"its segment."
            )
        time.sleep(_PAUSE)
    remove(folder / CANCEL)
    return True


@contextlib.contextmanager
def at_work(folder: Path) -> Iterator[None]:
    """Say, while the context lasts, that a process works on a study or watches it.

    Raises
    ------
    StorageError
        The file system has no locks.
    """
    with lease(folder / RUNNING, math.inf, shared=True):
        yield


def begin(folder: Path) -> None:
    """Forget an old cancellation before a study goes on.

    Raises
    ------
    CancelledError
        What was cancelled has not stopped yet.
    """
    if not (folder / CANCEL).exists():
        return
    if held(folder / RUNNING):
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
