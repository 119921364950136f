"""Rows of columns: what every split of a data set can be read by."""

from __future__ import annotations

import abc
import math
import operator
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from jaxtyping import Int

from foreworld.core.errors import ConfigError, unknown_name
from foreworld.data.format.nested import nested
from foreworld.data.format.schema import PARAMETER
from foreworld.data.views.ragged import Ragged
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

    @property
    def ragged(self) -> frozenset[str]:
        """Columns whose rows have different numbers of entries, if there are any.

        Their shape is that of the widest row that may be.
        """
        return frozenset()

    def ragged_rows(self, name: str, rows: Int[np.ndarray, " row"]) -> Ragged:
        """Rows of a ragged column; as :meth:`rows`.

        Parameters
        ----------
        name, rows
            As there.
        """
        raise ConfigError(f"{name} of {self.place} is one array: read it with rows().")

    @abc.abstractmethod
    def keep(self, names: Iterable[str]) -> None:
        """Read columns that are not too large once, and keep them in memory."""

    @abc.abstractmethod
    def device(self) -> DataSource:
        """All of it as device arrays.

        Raises
        ------
        ConfigError
            A column holds a number that the device cannot.
        DamagedError
            A file is missing or cannot be read.
        """

    @property
    def num_frames(self) -> int:
        """Frames in a sequence.

        Raises
        ------
        ConfigError
            There are none: a generator made the sequences.
        """
        if "valid" not in self.columns:
            raise ConfigError(
                f"the sequences of {self.place} have no frames: there is no column "
                f"valid, only {', '.join(self.columns)}."
            )
        return self.columns["valid"][0][1]

    @property
    def parameters(self) -> dict[str, LazyColumn]:
        """Sampled fields of the sequences' worlds, by name."""
        return {
            name.removeprefix(PARAMETER): LazyColumn(self, name)
            for name in self.columns
            if name.startswith(PARAMETER)
        }

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        columns = {
            full: (RaggedColumn if full in self.ragged else LazyColumn)(self, full)
            for full in self.columns
        }
        found = nested(columns, name)
        if found is None:
            what = f"column of the split {self.name} of {self.place}:"
            raise AttributeError(str(unknown_name(what, name, self.columns)))
        return found

    def read(self, name: str, index: Any) -> np.ndarray | np.generic:
        """Rows of a column, as arrays are indexed.

        Parameters
        ----------
        name
            The column.
        index
            What NumPy takes: numbers of any integer type, slices, arrays and lists of
            numbers, a truth for each sequence. Of a tuple the first says which rows
            are read, the rest what of each.

        Raises
        ------
        IndexError
            There are no such sequences, or not as many truths as sequences.
        TypeError
            It is none of these, floats for example.
        ConfigError
            The column is ragged.
        """
        if name in self.ragged:
            raise self.refused(name)
        parts = index if isinstance(index, tuple) else (index,)
        first, *rest = parts or (...,)
        if first is Ellipsis or first is None or _is_wide_mask(first):
            return self.rows(name, np.arange(len(self)))[index]
        numbers = self.numbers(first)
        found = self.rows(name, numbers.reshape(-1))
        if isinstance(first, slice):
            return found[(slice(None), *rest)]
        # As arrays of numbers are combined with what stands behind them.
        return found[(np.arange(numbers.size).reshape(numbers.shape), *rest)]

    def refused(self, name: str) -> ConfigError:
        """What to say of a ragged column where one array is wanted.

        Parameters
        ----------
        name
            The column.
        """
        return ConfigError(
            f"{name} of {self.place} has rows of different lengths, which make no one "
            f"array. One row is split.{name}[7]; some with their lengths are "
            f"split.{name}[:8], and .rows(np.arange(8)) of these fills them up."
        )

    def numbers(self, index: Any) -> np.ndarray:
        """The sequences that the first part of an index names.

        Parameters
        ----------
        index
            As for :meth:`read`, without a tuple.
        """
        size = len(self)
        if isinstance(index, slice):
            return np.arange(size)[index]
        try:
            return np.asarray(self.number(index))
        except TypeError:
            rows = np.asarray(index)
        if rows.dtype == bool:
            if rows.shape != (size,):
                raise IndexError(
                    f"{rows.size} truths of shape {rows.shape} do not choose among the "
                    f"{size} sequences of the split {self.name} of {self.place}: one "
                    f"for each is needed."
                )
            return np.flatnonzero(rows)
        if not rows.size:
            rows = rows.astype(int)
        if rows.dtype.kind not in "iu":
            raise TypeError(
                f"a column is indexed by whole numbers of sequences, by slices or by "
                f"truths, not by {index!r}."
            )
        if rows.size and not (-size <= rows.min() and rows.max() < size):
            raise IndexError(
                f"there are no sequences {rows.min()} to {rows.max()} in the split "
                f"{self.name} of {self.place}, which has {size}: 0 to {size - 1}."
            )
        # Numbers of few bits would overflow in sums with others.
        return rows.astype(np.int64) % max(size, 1)

    def number(self, index: Any) -> int:
        """A sequence's number, counted from the end where it is negative.

        Raises
        ------
        IndexError
            There is no such sequence.
        TypeError
            It is no whole number.
        """
        size = len(self)
        try:
            # Truths are numbers to Python, and choose something else in NumPy.
            whole: Any = None if isinstance(index, bool) else index
            index = operator.index(whole)
        except TypeError:
            raise TypeError(
                f"a split is indexed by the number of a sequence, not by {index!r}. "
                f"A column is an attribute: split.{next(iter(self.columns))}."
            ) from None
        if not -size <= index < size:
            raise IndexError(
                f"there is no sequence {index} in the split {self.name} of "
                f"{self.place}, which has {size}: 0 to {size - 1}."
            )
        return index % size


def _is_wide_mask(index: Any) -> bool:
    return np.ndim(index) > 1 and np.asarray(index).dtype == bool


class LazyColumn:
    """One column of a split: index it like an array, read when indexed.

    What counts or changes all of it reads it whole: ``column[:]`` is the array.

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

    @property
    def ndim(self) -> int:
        """Its axes, that of the sequences included."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Numbers in the whole column."""
        return math.prod(self.shape)

    def astype(self, dtype: Any) -> np.ndarray:
        """The whole column, read, in another type."""
        return np.asarray(self).astype(dtype)

    def __len__(self) -> int:
        return len(self._split)

    def __contains__(self, value: Any) -> bool:
        """Whether the whole column, which is read, holds a value, as of an array."""
        return value in np.asarray(self)

    def __getitem__(self, index: Any) -> np.ndarray | np.generic:
        return self._split.read(self.name, index)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self._split.read(self.name, slice(None)), dtype)

    def __repr__(self) -> str:
        return f"{self.name} {self.shape} {self.dtype} of {self._split!r}"


class RaggedColumn:
    """A column of a split whose rows differ in length: read when indexed.

    ``column[3]`` is the array of a row, ``column[:8]`` some rows with their lengths, a
    :class:`~foreworld.data.views.ragged.Ragged` in NumPy.

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
    def dtype(self) -> np.dtype:
        """NumPy dtype."""
        return np.dtype(self._split.columns[self.name][1])

    @property
    def max_len(self) -> int:
        """Entries that a row may have."""
        return self._split.columns[self.name][0][1]

    def __len__(self) -> int:
        return len(self._split)

    def __iter__(self) -> Iterator[Any]:
        return iter(self[:])

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, tuple):
            raise self._split.refused(self.name)
        numbers = self._split.numbers(index)
        found = self._split.ragged_rows(self.name, numbers.reshape(-1))
        return found if numbers.ndim else found[0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        raise self._split.refused(self.name)

    def __repr__(self) -> str:
        kind = f"up to {self.max_len} entries a row, {self.dtype}"
        return f"{self.name} ({kind}) of {self._split!r}"
