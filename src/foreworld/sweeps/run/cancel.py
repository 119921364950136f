"""Stops a running study from outside; what is finished is kept and it can go on.

``cancel`` leaves a file in the study's folder. Whoever works there looks for it: a
coordinator all the time, which then kills its workers, and every worker at the end of
each segment. Slurm jobs without a coordinator are found by what it left behind.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from foreworld.core.disk.folder import lease, remove, write_bytes
from foreworld.core.errors import ForeworldError
from foreworld.launch.slurm._jobs import stop_jobs
from foreworld.sweeps.plan.plan import Plan
from foreworld.sweeps.plan.prepare import CHUNK_LOCK, RUNNING, read_plan
from foreworld.sweeps.study.find import study_path

CANCEL = ".cancel"
_PAUSE = 0.1


class CancelledError(ForeworldError):
    """Somebody cancelled the study."""


def cancel(study: Any, patience: float = float("inf")) -> bool:
    """Stop whoever works on a study, and wait until they have stopped.

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
        Whether anybody worked on it.

    Raises
    ------
    ForeworldError
        It has not stopped in time; it still will.
    """
    folder = study_path(study)
    plan = read_plan(folder)
    if not running(folder, plan):
        return stop_jobs(folder) > 0
    write_bytes(folder / CANCEL, b"")
    # Those whose coordinator is gone; one that is there does the same.
    stop_jobs(folder)
    deadline = time.monotonic() + patience
    while running(folder, plan):
        if time.monotonic() >= deadline:
            raise ForeworldError(
                f"{folder} has not stopped in {patience:g} s; it will at the end of "
                f"its segment."
            )
        time.sleep(_PAUSE)
    remove(folder / CANCEL)
    return True


def running(folder: Path, plan: Plan) -> bool:
    """Whether anybody works on a study, on this machine or on one sharing the disk."""
    locks = [folder / chunk.folder_name / CHUNK_LOCK for chunk in plan.chunks]
    return any(_held(lock) for lock in [folder / RUNNING, *locks])


@contextlib.contextmanager
def coordinating(folder: Path) -> Iterator[None]:
    """Say that somebody watches over a study; several may."""
    with lease(folder / RUNNING):
        yield


def begin(folder: Path, plan: Plan) -> None:
    """Forget an old cancellation before a study goes on.

    Raises
    ------
    CancelledError
        Whoever was cancelled has not stopped yet.
    """
    if not (folder / CANCEL).exists():
        return
    if running(folder, plan):
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


def _held(lock: Path) -> bool:
    if not lock.exists():
        return False
    with lease(lock) as mine:
        return not mine
