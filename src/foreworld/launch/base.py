"""Where work runs: the contract of launchers. Tasks are files, never closures."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from foreworld.core.parts.part import Bounded, Part

TaskState = Literal["waiting", "running", "done", "failed", "cancelled"]


@dataclass(frozen=True)
class Task:
    """A function by name and the folder it works on: ``entry(folder)``.

    Entries are idempotent: they look at the folder, take leases on what is missing, do
    it and return. Any number of tasks may work on one folder at the same time.

    Attributes
    ----------
    entry
        ``package.module:function``, called with the path.
    path
        Folder that holds the configuration of the work.
    """

    entry: str
    path: Path


class Resources(Part):
    """What one task needs."""

    cpus: Annotated[int, Bounded(low=1, unit="cores")] = 1
    """cores, each task pinned to its own where the system allows it"""
    gpus: Annotated[int, Bounded(low=0)] = 0
    """accelerators"""
    memory_gb: Annotated[float, Bounded(above=0, unit="GB")] = 4.0
    """memory"""
    minutes: Annotated[int, Bounded(low=1, unit="min")] = 60
    """time limit"""


class AbstractHandle(abc.ABC):
    """One submitted task."""

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

    @abc.abstractmethod
    def leave(self) -> None:
        """Its coordinator ends early: stop it, unless it is meant to go on alone."""


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

    @abc.abstractmethod
    def check(self, resources: Resources) -> None:
        """Look whether tasks could be submitted, before anything is changed for them.

        Raises
        ------
        ForeworldError
            They could not; says why.
        """

    @abc.abstractmethod
    def adopt(self, task: Task) -> list[AbstractHandle]:
        """What still waits or runs of this task from a command that is gone."""

    @abc.abstractmethod
    def submit(
        self, tasks: Sequence[Task], resources: Resources
    ) -> list[AbstractHandle]:
        """Start tasks and return at once, except where they run in this process.

        Parameters
        ----------
        tasks
            What to run, each on a worker of its own.
        resources
            What each of them needs.
        """
