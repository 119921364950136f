"""Rows of columns: what every split of a data set can be read by."""

from __future__ import annotations

import abc
from collections.abc import Iterable
from typing import Any

import numpy as np
from jaxtyping import Int

from foreworld.core.errors import unknown_name
from foreworld.data.format.schema import PARAMETER
from foreworld.data.views.source import DataSource


class AbstractRows(abc.ABC):
    """Sequences with columns, which are attributes (``image``, ``state``, ...).

    Attributes
    ----------
    name
        Which split it is: ``train``, ``val`` or ``test``.
    """

    name: str

    @abc.abstractmethod
    def __len__(self) -> int:
        """Sequences."""

    @property
    @abc.abstractmethod
    def place(self) -> str:
        """Where it lies, for messages."""

    @property
    @abc.abstractmethod
    def columns(self) -> dict[str, tuple[tuple[int, ...], str]]:
        """Shape and dtype of every column, all sequences."""

    @property
    @abc.abstractmethod
    def task_sizes(self) -> dict[str, int]:
        """Sequences of each task by name, in order; empty where there is but one."""

    @abc.abstractmethod
    def rows(self, name: str, rows: Int[np.ndarray, " row"]) -> np.ndarray:
        """Rows of a column.

        Parameters
        ----------
        name
            The column.
        rows
            Numbers of sequences, all of which exist; in any order, also twice.
        """

    @abc.abstractmethod
    def keep(self, names: Iterable[str]) -> None:
        """Read columns that are not too large once, and keep them in memory."""

    @abc.abstractmethod
    def device(self) -> DataSource:
        """All of it as device arrays.

        Raises
        ------
        ConfigError
            There are no frames.
        DamagedError
            A file is missing or cannot be read.
        """

    @property
    def num_frames(self) -> int:
        """Frames in a sequence."""
        return self.columns["valid"][0][1]

    @property
    def parameters(self) -> dict[str, LazyColumn]:
        """Sampled fields of the sequences' worlds, by name."""
        return {
            name.removeprefix(PARAMETER): LazyColumn(self, name)
            for name in self.columns
            if name.startswith(PARAMETER)
        }

    def __getattr__(self, name: str) -> LazyColumn:
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in self.columns:
            what = f"column of the split {self.name} of {self.place}:"
            raise AttributeError(str(unknown_name(what, name, self.columns)))
        return LazyColumn(self, name)

    def read(self, name: str, index: Any) -> np.ndarray | np.generic:
        """Rows of a column, as arrays are indexed.

        Parameters
        ----------
        name
            The column.
        index
            A number, a slice or an array of numbers. Of a tuple the first says which
            rows are read, the rest what of each.
        """
        size = len(self)
        if index is Ellipsis:
            return self.rows(name, np.arange(size))
        if isinstance(index, tuple):
            if index[0] is Ellipsis:
                return self.rows(name, np.arange(size))[index]
            values: Any = self.read(name, index[0])
            one = isinstance(index[0], int | np.integer)
            return values[index[1:] if one else (slice(None), *index[1:])]
        if isinstance(index, int | np.integer):
            return self.rows(name, np.asarray([self.number(int(index))]))[0]
        if isinstance(index, slice):
            return self.rows(name, np.arange(size)[index])
        rows = np.asarray(index)
        if not rows.size:
            rows = rows.astype(int)
        if rows.dtype == bool:
            rows = np.flatnonzero(rows)
        if rows.dtype.kind not in "iu":
            raise TypeError(
                f"a column is indexed by numbers of sequences, by slices or by truths, "
                f"not by {index!r}."
            )
        if rows.size and not (-size <= rows.min() and rows.max() < size):
            raise IndexError(
                f"there are no sequences {rows.min()} to {rows.max()} in the split "
                f"{self.name} of {self.place}, which has {size}: 0 to {size - 1}."
            )
        # Numbers of few bits would overflow in sums with others.
        return self.rows(name, rows.astype(np.int64) % size)

    def number(self, index: int | np.integer) -> int:
        """A sequence's number, counted from the end where it is negative.

        Raises
        ------
        IndexError
            There is no such sequence.
        TypeError
            It is no whole number.
        """
        size = len(self)
        if isinstance(index, bool) or not isinstance(index, int | np.integer):
            raise TypeError(
                f"a split is indexed by the number of a sequence, not by {index!r}. "
                f"A column is an attribute: split.{next(iter(self.columns))}."
            )
        if not -size <= index < size:
            raise IndexError(
                f"there is no sequence {index} in the split {self.name} of "
                f"{self.place}, which has {size}: 0 to {size - 1}."
            )
        return int(index) % size


class LazyColumn:
    """One column of a split: index it like an array, read when indexed.

    Parameters
    ----------
    split
        Where it is read.
    name
        Its name.
    """

    def __init__(self, split: AbstractRows, name: str) -> None:
        self._split, self.name = split, name

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the whole column."""
        return self._split.columns[self.name][0]

    @property
    def dtype(self) -> np.dtype:
        """NumPy dtype."""
        return np.dtype(self._split.columns[self.name][1])

    def __len__(self) -> int:
        return len(self._split)

    def __getitem__(self, index: Any) -> np.ndarray | np.generic:
        return self._split.read(self.name, index)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self._split.read(self.name, slice(None)), dtype)

    def __repr__(self) -> str:
        return f"{self.name} {self.shape} {self.dtype} of {self._split!r}"
