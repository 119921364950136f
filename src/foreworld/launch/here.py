"""Runs tasks in this process, one after the other.

Source: Foreworld.
"""

from __future__ import annotations

from collections.abc import Sequence

from foreworld.launch.base import (
    AbstractHandle,
    AbstractLauncher,
    Task,
    TaskState,
    attempt,
)


class Here(AbstractLauncher):
    """Work in this process, with all of its cores."""

    @property
    def num_workers(self) -> int:
        """One."""
        return 1

    @property
    def num_threads(self) -> int:
        """As many as the machine has."""
        return 0

    def submit(self, tasks: Sequence[Task]) -> list[AbstractHandle]:
        """Tasks that wait until they are run."""
        return [HereHandle(task) for task in tasks]


class HereHandle(AbstractHandle):
    """A task that :meth:`run` does."""

    def __init__(self, task: Task) -> None:
        self._task, self._error = task, ""
        self._state: TaskState = "waiting"

    def run(self) -> None:
        """Do it; returns when it has ended, well or not."""
        if self._state != "waiting":
            return
        self._state = "failed"
        error = attempt(self._task.run)
        if error is None:
            self._state = "done"
        self._error = error or ""

    def state(self) -> TaskState:
        """Waiting, or how it ended."""
        return self._state

    def cancel(self) -> None:
        """It need not begin; too late where it has."""
        if self._state == "waiting":
            self._state = "cancelled"

    def error(self) -> str:
        """The message, with a traceback where it was nothing a user caused."""
        return self._error

    def lost(self) -> bool:
        """Never: the process would have ended with it."""
        return False
