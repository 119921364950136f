"""Submissions to Slurm as they lie in the folder of the work, and their jobs.

``logs/slurm/<name>/tasks.json`` says which tasks were submitted as which job. It is
written before the submission and once more with the number that Slurm gave, so that
whoever comes later finds the jobs again; without a number they are found by name.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import pwd
import re
import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from foreworld.core.errors import DamagedError
from foreworld.core.folder import (
    StorageError,
    read_json,
    remove,
    remove_empty,
    write_json,
)
from foreworld.launch._slurm_task import RECORD, SAID
from foreworld.launch._slurm_tools import SilentError, SlurmError, ask
from foreworld.launch._slurm_watch import WATCH, Found, Job, waiting_for
from foreworld.launch.base import AbstractHandle, Task, TaskState
from foreworld.launch.processes import LOGS

FOLDER = "slurm"
"""Folder, in that of logs, with one folder a submission."""
_TAIL = 20
_PAUSE = 0.2
_FOR_GOOD = ("done", "failed", "cancelled")


class Submission:
    """Tasks on one folder that were submitted together.

    Parameters
    ----------
    folder
        Where its files lie.
    tasks
        What was submitted.
    name
        Name of the job.
    number
        The job's number; empty before Slurm gave one.
    submitted
        When, in seconds since 1970.
    """

    def __init__(
        self,
        folder: Path,
        tasks: Sequence[Task],
        name: str,
        number: str = "",
        submitted: float = 0.0,
    ) -> None:
        self.folder, self.tasks, self.name = folder, list(tasks), name
        self.number, self.submitted = number, submitted or time.time()
        self._left = set(range(len(tasks)))
        self._keep = False

    @classmethod
    def begin(cls, tasks: Sequence[Task]) -> Submission:
        """Write down what is about to be submitted."""
        path = tasks[0].path
        # Slurm reads lists of names, and patterns in names of files.
        word = re.sub(r"[^A-Za-z0-9_-]+", "-", path.name)[:40].strip("-") or "work"
        name = f"foreworld-{word}-{secrets.token_hex(4)}"
        made = cls(path / LOGS / FOLDER / name, tasks, name)
        made.write()
        return made

    @classmethod
    def read(cls, record: Path) -> Submission | None:
        """What was written down; ``None`` where that cannot be read."""
        try:
            data = read_json(record)
            tasks = [Task(task["entry"], Path(task["path"])) for task in data["tasks"]]
            name, number = str(data["name"]), str(data["job"])
            return cls(record.parent, tasks, name, number, float(data["submitted"]))
        except (DamagedError, StorageError, KeyError, TypeError, ValueError):
            return None

    @property
    def record(self) -> Path:
        """The file of tasks."""
        return self.folder / RECORD

    def write(self) -> None:
        """Write down what is known."""
        tasks = [{"entry": t.entry, "path": str(t.path)} for t in self.tasks]
        write_json(
            self.record,
            {
                "name": self.name,
                "job": self.number,
                "submitted": self.submitted,
                "tasks": tasks,
            },
        )

    def find(self) -> bool:
        """Whether it has a number, or Slurm has a job of its name."""
        if not self.number:
            with contextlib.suppress(SlurmError):
                said = ask(["squeue", "-h", "--name", self.name, "-o", "%F"])
                self.number = said.strip().partition("\n")[0]
        return bool(self.number)

    def job(self, index: int) -> Job:
        """The job of one task."""
        number = f"{self.number}_{index}" if len(self.tasks) > 1 else self.number
        return Job(number, self.name, self.submitted)

    def ended(self, index: int, keep: bool) -> None:
        """One task has ended; files go with the last one, if nobody needs the logs."""
        WATCH.leave(self.job(index))
        self._keep |= keep
        self._left.discard(index)
        if not self._left and not self._keep:
            self.forget()

    def forget(self) -> None:
        """Delete its files."""
        with contextlib.suppress(StorageError):
            remove(self.folder)
            remove_empty(self.folder.parent)


class SlurmHandle(AbstractHandle):
    """One task's job.

    Parameters
    ----------
    submission, index
        Which task it is.
    every
        Seconds for which an answer of Slurm's holds.
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
            # It may go on: what says so must stay.
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
        """Whether Slurm or somebody ended it, or a signal did."""
        if self.state() != "failed":
            return False
        return self._found.word != "FAILED" or _signal(self._found.status) > 0

    def error(self) -> str:
        """Why it failed in a sentence, and the end of what it printed."""
        if self.state() != "failed":
            return ""
        where = f" on {self._found.node}" if _is_node(self._found.node) else ""
        words = f"Slurm job {self.job.number}{where} {_how(self._found)}"
        return "\n".join([words, *self._said()])

    def note(self) -> str:
        """What it is doing and where, or why it waits: one line."""
        state = self.state()
        if state == "running" and _is_node(self._found.node):
            return f"running on {self._found.node}"
        reason = waiting_for(self.job) if state == "waiting" else ""
        return f"{state} ({reason})" if reason else state

    def _said(self) -> list[str]:
        log = self._submission.folder / f"{self.job.number}_0_log.out"
        try:
            lines = log.read_text(errors="replace").splitlines()
        except OSError:
            return []
        if SAID in lines:
            lines = lines[len(lines) - lines[::-1].index(SAID) :]
        return [line for line in lines if line.strip()][-_TAIL:]


def find_jobs(
    folder: Path, task: Task | None = None, every: float = 1.0, outlive: bool = False
) -> list[SlurmHandle]:
    """Jobs on a folder that wait or run, whoever submitted them; their files tell.

    Parameters
    ----------
    task
        Those of this task alone.
    every, outlive
        See :class:`SlurmHandle`.
    """
    found = []
    for record in sorted((folder / LOGS / FOLDER).glob(f"*/{RECORD}")):
        submission = Submission.read(record)
        if submission is None or not submission.find():
            continue
        indices = range(len(submission.tasks))
        handles = [SlurmHandle(submission, i, every, outlive) for i in indices]
        WATCH.follow(handle.job for handle in handles)
        found += handles
    live = [handle for handle in found if handle.state() in ("waiting", "running")]
    return [handle for handle in live if task is None or handle.task == task]


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
    while left := find_jobs(folder):
        if time.monotonic() > deadline:
            numbers = ", ".join(handle.job.number for handle in left)
            raise SlurmError(
                f"Slurm jobs {numbers} work on {folder} and cannot be stopped. See "
                f"'squeue', stop them with 'scancel', and run the same command again."
            )
        time.sleep(_PAUSE)
    return len(handles)


def _how(found: Found) -> str:
    """How a job ended that did not end well."""
    number = _signal(found.status)
    ends = {
        "TIMEOUT": "was stopped at its time limit: ask for more with --launch.minutes",
        "DEADLINE": "was stopped at its deadline",
        "OUT_OF_MEMORY": "needed more memory than it had asked for: ask for more with "
        "--launch.memory-gb",
        "NODE_FAIL": "was lost because its node failed",
        "BOOT_FAIL": "was lost because its node did not start",
        "PREEMPTED": "had to make room for another job",
        "CANCELLED": f"was cancelled by {_user(found.by)}",
        "": "is not known to Slurm any more, and nobody saw how it ended",
    }
    if found.word in ends:
        return ends[found.word]
    if number == 9:
        return (
            "was killed by signal 9 (often a lack of memory: ask for more with "
            "--launch.memory-gb)"
        )
    if number:
        return f"was killed by signal {number}"
    if found.word == "FAILED":
        return f"failed with exit status {found.status.partition(':')[0]}"
    return f"ended as {found.word}"


def _signal(status: str) -> int:
    """The signal in ``exit:signal``; a shell says 128 more for its child's."""
    first, _, second = status.partition(":")
    if second.isdecimal() and int(second):
        return int(second)
    return int(first) - 128 if first.isdecimal() and int(first) > 128 else 0


def _user(number: str) -> str:
    if not number.isdecimal():
        return "somebody (scancel)"
    if int(number) == os.getuid():
        return f"{getpass.getuser()} (scancel)"
    try:
        return f"{pwd.getpwuid(int(number)).pw_name} (scancel)"
    except KeyError:
        return f"user {number} (scancel)"


def _is_node(text: str) -> bool:
    return text not in ("", "(null)", "None assigned")


def facts(handles: Sequence[SlurmHandle]) -> list[dict[str, Any]]:
    """For ``status``: number, name and doings of jobs."""
    return [
        {"job": h.job.number, "state": h.state(), "note": h.note()} for h in handles
    ]
