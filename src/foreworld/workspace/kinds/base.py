"""What lies in a folder: one file here for each kind of folder.

A kind is known by the word in ``config.json``. Checking, opening, comparing, deleting
go through it and know no kind by name.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from foreworld.core.parts.part import Part


class Outcome(NamedTuple):
    """A measure of the best of two folders; ``None`` where one has none."""

    measure: str
    metric: str
    a: Any
    b: Any


class AbstractFolderKind(abc.ABC):
    """Interface of the kinds of folders."""

    @abc.abstractmethod
    def open(self, folder: Path, options: Mapping[str, Any]) -> Any:
        """What the folder holds, to work with in Python.

        Parameters
        ----------
        folder
            Of this kind.
        options
            Those of :func:`foreworld.load`.
        """

    @abc.abstractmethod
    def check(self, folder: Path) -> list[str]:
        """What is wrong with the folder, one line a problem."""

    @abc.abstractmethod
    def part(self, folder: Path) -> Part:
        """The configuration that the folder was made from."""

    @abc.abstractmethod
    def contents(self, folder: Path) -> list[str]:
        """Names of what belongs to the folder beside configuration and marker."""

    @abc.abstractmethod
    def foreign(self, folder: Path) -> list[str]:
        """Names of what in the folder does not belong to it."""

    def stopping(self, folder: Path) -> str:
        """How work on the folder is stopped."""
        return "Wait until that has ended, or stop it."

    def account(self, folder: Path) -> str:
        """What else to tell of a folder with which nothing is wrong."""
        return ""

    def outcomes(self, a: Path, b: Path) -> list[Outcome]:
        """Results of two folders of this kind, measure by measure.

        Parameters
        ----------
        a, b
            Two folders of this kind.
        """
        return []
