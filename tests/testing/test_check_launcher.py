"""The check of launchers: a cancel that does nothing is found."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from foreworld.launch.base import (
    AbstractHandle,
    AbstractLauncher,
    Task,
    TaskState,
    attempt,
)
from foreworld.launch.here import Here
from foreworld.testing.checks import CheckError
from foreworld.testing.launchers import check_launcher


class Threads(AbstractLauncher):
    """Tasks in threads, which nothing can stop."""

    says_cancelled: bool = False

    @property
    def num_workers(self) -> int:
        return 1

    @property
    def num_threads(self) -> int:
        return 0

    def submit(self, tasks: Sequence[Task]) -> list[AbstractHandle]:
        return [ThreadHandle(task, self.says_cancelled) for task in tasks]


class ThreadHandle(AbstractHandle):
    def __init__(self, task: Task, says_cancelled: bool) -> None:
        self._says, self._state, self._error = says_cancelled, "running", ""
        self._task = task
        threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        self._error = attempt(self._task.run) or ""
        if self._state == "running":
            self._state = "failed" if self._error else "done"

    def state(self) -> TaskState:
        return self._state  # type: ignore[return-value]

    def cancel(self) -> None:
        if self._says and self._state == "running":
            self._state = "cancelled"

    def error(self) -> str:
        return self._error

    def lost(self) -> bool:
        return False


@pytest.mark.parametrize(
    ("says", "said"),
    [
        (False, r"Threads: a task is 'running' after its cancel\(\) instead of"),
        (True, r"Threads: a task goes on after its cancel\(\), which has to stop it"),
    ],
)
def test_a_cancel_that_does_nothing(says: bool, said: str, tmp_path: Path) -> None:
    with pytest.raises(CheckError, match=said):
        check_launcher(Threads(says_cancelled=says), tmp_path, patience=4.0)


def test_a_waiting_task_of_this_process_is_cancelled(tmp_path: Path) -> None:
    check_launcher(Here(), tmp_path)
