"""Slurm's jobs: their handles, and how to find and stop those on a folder."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from foreworld.core.disk.notes import read_head
from foreworld.launch.base import AbstractHandle, Task, TaskState
from foreworld.launch.slurm._ends import how, is_node, signal_of
from foreworld.launch.slurm._record import Submission, submissions
from foreworld.launch.slurm._task import SAID
from foreworld.launch.slurm._tools import SilentError, SlurmError, ask
from foreworld.launch.slurm._watch import WATCH, Found, Job, have_gone, waiting_for

_TAIL = 20
_MOST = 2**22
"""Bytes of a job's log that are read."""
_PAUSE = 0.2
_FOR_GOOD = ("done", "failed", "cancelled")


class SlurmHandle(AbstractHandle):
    """One task's job.

    Parameters
    ----------
    submission, index
        Which task it is.
    every
        Seconds for which an answer of Slurm is used again before it is asked anew.
    outlive
        Whether the job goes on without its coordinator.
    """

    def __init__(
        self, submission: Submission, index: int, every: float, outlive: bool
    ) -> None:
        self._submission, self._index = submission, index
        self._every, self._outlive = every, outlive
        self._state: TaskState = "waiting"
        self._found = Found("PENDING")
        self._cancelled, self._told = False, True

    @property
    def task(self) -> Task:
        """What it does."""
        return self._submission.tasks[self._index]

    @property
    def job(self) -> Job:
        """Its number and name."""
        return self._submission.job(self._index)

    def state(self) -> TaskState:
        """What it is doing, as Slurm said a moment ago."""
        if self._state in _FOR_GOOD:
            return self._state
        self._found = WATCH.look(self.job, self._every)
        state = self._found.state
        if state != "done" and self._cancelled:
            state = "cancelled"
        self._state = state
        if state in _FOR_GOOD:
            keep = state == "failed" or not self._told
            self._submission.ended(self._index, keep)
        return state

    def cancel(self) -> None:
        """Have Slurm kill it; what it finished stays."""
        if self._state in _FOR_GOOD:
            return
        self._cancelled = True
        try:
            # Not by name as well: that would end all waiting tasks of an array.
            ask(["scancel", "--quiet", self.job.number])
        except SilentError:
            # Slurm did not answer, so the job may go on: its record must stay.
            self._told = False
        except SlurmError:
            # It has ended in the meantime.
            pass
        self.state()

    def leave(self) -> None:
        """Cancel it, unless it was to outlive its coordinator."""
        if not self._outlive:
            self.cancel()

    def lost(self) -> bool:
        """Whether Slurm, a user or a signal ended it, and no error of the task."""
        if self.state() != "failed":
            return False
        return self._found.word != "FAILED" or signal_of(self._found.status) > 0

    def error(self) -> str:
        """Why it failed in a sentence, and the end of what it printed."""
        if self.state() != "failed":
            return ""
        where = f" on {self._found.node}" if is_node(self._found.node) else ""
        words = f"Slurm job {self.job.number}{where} {how(self._found)}"
        log = self._submission.folder / f"{self.job.number}_0_log.out"
        try:
            lines = read_head(log, _MOST).decode(errors="replace").splitlines()
        except OSError:
            lines = []
        if SAID in lines:
            lines = lines[len(lines) - lines[::-1].index(SAID) :]
        said = [line for line in lines if line.strip()]
        return "\n".join([words, *said[-_TAIL:]])

    def note(self) -> str:
        """What it is doing and where, or why it waits: one line."""
        state = self.state()
        if state == "running" and is_node(self._found.node):
            return f"running on {self._found.node}"
        reason = waiting_for(self.job) if state == "waiting" else ""
        return f"{state} ({reason})" if reason else state


def find_jobs(
    folder: Path, task: Task | None = None, every: float = 1.0, outlive: bool = False
) -> list[SlurmHandle]:
    """Jobs on a folder that wait or run, by the records of all submissions in it.

    Parameters
    ----------
    folder
        Of the work.
    task
        Those of this task alone.
    every, outlive
        See :class:`SlurmHandle`.
    """
    found = []
    for submission in submissions(folder):
        indices = range(len(submission.tasks))
        handles = [SlurmHandle(submission, i, every, outlive) for i in indices]
        WATCH.follow(handle.job for handle in handles)
        found += handles
    live = [handle for handle in found if handle.state() in ("waiting", "running")]
    return [handle for handle in live if task is None or handle.task == task]


def job_facts(folder: Path) -> list[dict[str, str]]:
    """Number, state and doings of the jobs on a folder; none where Slurm is silent."""
    handles = find_jobs(folder) if shutil.which("squeue") else []
    return [
        {"job": handle.job.number, "state": handle.state(), "note": handle.note()}
        for handle in handles
    ]


def stop_jobs(folder: Path, patience: float = 60.0) -> int:
    """Cancel the jobs on a folder and wait until they have ended; returns how many.

    Raises
    ------
    SlurmError
        They do not end.
    """
    handles = find_jobs(folder)
    for handle in handles:
        handle.cancel()
    deadline = time.monotonic() + patience
    while handles and not have_gone(handle.job for handle in handles):
        if time.monotonic() > deadline:
            numbers = ", ".join(handle.job.number for handle in handles)
            raise SlurmError(
                f"Slurm jobs {numbers} work on {folder} and cannot be stopped. See "
                f"'squeue', stop them with 'scancel', and run the same command again."
            )
        time.sleep(_PAUSE)
    return len(handles)
