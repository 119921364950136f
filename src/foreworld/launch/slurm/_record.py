"""Records of submissions to Slurm, in the folder of the work.

``logs/slurm/<name>/tasks.json`` says which tasks were submitted as which job. It is
written before the submission and again with the number that Slurm gave, so that a kill
in between loses no job: without a number, jobs are found by their unique name.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from foreworld.core.disk.folder import (
    StorageError,
    read_json,
    remove,
    remove_empty,
    write_json,
)
from foreworld.core.errors import DamagedError
from foreworld.launch.base import Task
from foreworld.launch.processes import LOGS
from foreworld.launch.slurm._task import RECORD, trust_entry
from foreworld.launch.slurm._tools import SlurmError, ask
from foreworld.launch.slurm._watch import WATCH, Job

_NUMBER = re.compile(r"[0-9]*")
FOLDER = "slurm"
"""Folder, in that of logs, with one folder a submission."""


@dataclass
class Submission:
    """Tasks on one folder that were submitted together.

    Attributes
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

    folder: Path
    tasks: Sequence[Task]
    name: str
    number: str = ""
    submitted: float = field(default_factory=time.time)
    _keep: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self._left = set(range(len(self.tasks)))

    @classmethod
    def begin(cls, tasks: Sequence[Task]) -> Submission:
        """Write down what is about to be submitted."""
        path = tasks[0].path
        # Slurm reads lists of names, and patterns in names of files.
        word = re.sub(r"[^A-Za-z0-9_-]+", "-", path.name)[:40].strip("-") or "work"
        name = f"foreworld-{word}-{secrets.token_hex(4)}"
        for task in tasks:
            trust_entry(task.entry)
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
            # Jobs of other folders are not this one's, whatever was copied into it.
            work = record.parents[3].resolve()
            own = all(task.path.resolve() == work for task in tasks)
            if not (own and _NUMBER.fullmatch(number) and name == record.parent.name):
                return None
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
        """Note that a task ended; after the last, delete files that need not be kept.

        Parameters
        ----------
        index
            Which task.
        keep
            Whether its log is wanted: it failed, or may still run.
        """
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


def submissions(folder: Path) -> list[Submission]:
    """Submissions recorded in the folder of the work that Slurm knows about."""
    records = sorted((folder / LOGS / FOLDER).glob(f"*/{RECORD}"))
    found = [Submission.read(record) for record in records]
    return [one for one in found if one is not None and one.find()]
