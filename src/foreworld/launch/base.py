"""Where work runs: the contract of launchers. Tasks are files, never closures."""

from __future__ import annotations

import abc
import importlib
import traceback
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from foreworld.core.errors import ConfigError, ForeworldError
from foreworld.core.parts.part import Part

TaskState = Literal["waiting", "running", "done", "failed", "cancelled"]


@dataclass(frozen=True)
class Task:
    """A function by name and the folder it works on: ``entry(folder)``.

    Entries are idempotent: they look at the folder, lock a piece that is missing, do
    it, and return when nothing is left. Any number of tasks may work on one folder at
    the same time.

    Attributes
    ----------
    entry
        ``package.module:function``, called with the path.
    path
        Folder that holds the configuration of the work.
    """

    entry: str
    path: Path

    def run(self) -> None:
        """Do it here and now: what a launcher's workers call.

        Raises
        ------
        ConfigError
            There is no such function.
        """
        module, _, name = self.entry.partition(":")
        try:
            function = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError, ValueError) as error:
            raise ConfigError(
                f"no task entry {self.entry!r}: {error}. An entry is "
                f"'package.module:function'."
            ) from error
        function(self.path)


def attempt(work: Callable[[], None]) -> str | None:
    """Do some work; what to print where it fails, ``None`` where it does not.

    That is the message, or a traceback where it was nothing a user caused.
    """
    try:
        work()
    except ForeworldError as error:
        return str(error)
    except Exception:
        return traceback.format_exc().rstrip("\n")
    return None


class AbstractWork(abc.ABC):
    """Work on a folder in pieces, each done by the first worker that locks it."""

    @property
    @abc.abstractmethod
    def task(self) -> Task:
        """What each worker does."""

    @abc.abstractmethod
    def num_open(self) -> int:
        """Pieces that are neither done nor given up."""

    @abc.abstractmethod
    def num_free(self) -> int:
        """How many of them no worker holds."""

    @abc.abstractmethod
    def mark(self) -> Hashable:
        """How far it is: differs when a worker has achieved anything."""

    @abc.abstractmethod
    def look(self) -> None:
        """Called several times a second while workers run: to show how far it is.

        Raises
        ------
        ForeworldError
            It was cancelled.
        """


class AbstractHandle(abc.ABC):
    """One submitted task."""

    def run(self) -> None:  # noqa: B027
        """Do the task, where it is one of this process; others run by themselves."""

    @abc.abstractmethod
    def state(self) -> TaskState:
        """What it is doing now."""

    @abc.abstractmethod
    def cancel(self) -> None:
        """Stop it; what it finished stays."""

    @abc.abstractmethod
    def error(self) -> str:
        """Why it failed: the end of what it printed; empty if it did not."""

    @abc.abstractmethod
    def lost(self) -> bool:
        """Whether it failed by no error of its own, so that it is worth doing again."""

    def leave(self) -> None:
        """Its coordinator ends early: stop it, unless it is meant to go on alone."""
        self.cancel()


class AbstractLauncher(Part):
    """Interface of every launcher: here, worker processes, a cluster."""

    @property
    @abc.abstractmethod
    def num_workers(self) -> int:
        """How many tasks run at the same time."""

    @property
    @abc.abstractmethod
    def num_threads(self) -> int:
        """Threads a task computes with; 0 for as many as the machine has."""

    def check(self) -> None:
        """Look whether tasks could be submitted, before anything is changed for them.

        Raises
        ------
        ForeworldError
            They could not; says why.
        """

    def adopt(self, task: Task) -> list[AbstractHandle]:
        """Tasks like this one that an earlier command submitted and that still go on.

        Parameters
        ----------
        task
            Entry and folder.
        """
        return []

    @abc.abstractmethod
    def submit(self, tasks: Sequence[Task]) -> list[AbstractHandle]:
        """Start tasks and return at once.

        Tasks of this process begin with :meth:`AbstractHandle.run`.

        Parameters
        ----------
        tasks
            What to run, each on a worker of its own.
        """
