"""Runs tasks in this process, one after the other.

Source: Foreworld.
"""

from __future__ import annotations

import traceback
from collections.abc import Sequence

from foreworld.core.errors import ForeworldError
from foreworld.launch._entry import call
from foreworld.launch.base import (
    AbstractHandle,
    AbstractLauncher,
    Resources,
    Task,
    TaskState,
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

    def check(self, resources: Resources) -> None:
        """Nothing stands in the way."""

    def adopt(self, task: Task) -> list[AbstractHandle]:
        """None: tasks end with this process."""
        return []

    def submit(
        self, tasks: Sequence[Task], resources: Resources
    ) -> list[AbstractHandle]:
        """Run the tasks; returns when all have ended."""
        return [HereHandle(task) for task in tasks]


class HereHandle(AbstractHandle):
    """A task that has ended by the time anybody can ask."""

    def __init__(self, task: Task) -> None:
        self._error = ""
        self._state: TaskState = "done"
        try:
            call(task.entry, task.path)
        except ForeworldError as error:
            self._error, self._state = str(error), "failed"
        except Exception:
            self._error, self._state = traceback.format_exc(), "failed"

    def state(self) -> TaskState:
        """Done or failed."""
        return self._state

    def cancel(self) -> None:
        """Too late."""

    def error(self) -> str:
        """The message, with a traceback where it was nothing a user caused."""
        return self._error

    def lost(self) -> bool:
        """Never: the process would have ended with it."""
        return False

    def leave(self) -> None:
        """Too late."""
