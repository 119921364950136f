"""How shards are stored: the contract of file formats."""

from __future__ import annotations

import abc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from foreworld.core.errors import DamagedError
from foreworld.data.format.schema import Column

Rows = dict[str, np.ndarray]
"""Arrays by column name, all with the same number of sequences along the first axis. Of
a ragged column the entries of all sequences, and ``lengths/...`` beside it."""


class AbstractShardWriter(abc.ABC):
    """Collects the rows of one shard and gives its bytes.

    The same rows give the same bytes, at any time and on any number of threads.
    """

    @abc.abstractmethod
    def put(self, start: int, rows: Rows) -> None:
        """Store rows; may return before it has.

        Parameters
        ----------
        start
            Position of the first of them in the shard.
        rows
            Arrays by column, with the same number of sequences each.
        """

    @abc.abstractmethod
    def finish(self, attributes: dict[str, int | float | str]) -> bytes:
        """The whole file, once everything is in."""

    @abc.abstractmethod
    def close(self) -> None:
        """Release what is held; called also when something failed."""


class AbstractShardReader(abc.ABC):
    """One shard, open for reading."""

    @abc.abstractmethod
    def shapes(self) -> dict[str, tuple[tuple[int, ...], str]]:
        """Whole shape and dtype of every column in the file."""

    @abc.abstractmethod
    def attributes(self) -> dict[str, Any]:
        """What :meth:`AbstractShardWriter.finish` was told."""

    @abc.abstractmethod
    def read(self, name: str, rows: slice | Sequence[int]) -> np.ndarray:
        """Rows of a column.

        Parameters
        ----------
        name
            The column.
        rows
            A slice, or positions in ascending order.

        Raises
        ------
        DamagedError
            The file cannot be read; names it.
        """

    @abc.abstractmethod
    def close(self) -> None:
        """Give the file back."""


def require_regular(path: Path) -> None:
    """Refuse pipes and devices before a library opens them and waits.

    Raises
    ------
    DamagedError
        It is neither missing nor a file.
    """
    if path.exists() and not path.is_file():
        raise DamagedError(f"{path} is no file: it cannot be a shard.")


class Store(NamedTuple):
    """A file format for shards.

    Attributes
    ----------
    suffix
        How names of its files end, with the dot.
    writer
        Makes a writer of a shard from its columns, the number of its sequences, and how
        many of them come at a time.
    reader
        Opens a shard; :class:`DamagedError` where that is impossible.
    """

    suffix: str
    writer: Callable[[Sequence[Column], int, int], AbstractShardWriter]
    reader: Callable[[Path], AbstractShardReader]
