"""Rows of columns: what all splits of data sets can do, wherever their rows lie."""

from __future__ import annotations

import abc
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from foreworld.core.errors import ConfigError, unknown_name
from foreworld.data.reading.source import DataSource
from foreworld.data.views.cut import check_window, cut_batch
from foreworld.data.views.torch import check_batch_size, shuffled, torch_loader

if TYPE_CHECKING:
    from foreworld.data.views.episodes import Episodes
    from foreworld.data.views.windows import Windows


class AbstractTable(abc.ABC):
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
    def num_frames(self) -> int:
        """Frames in a sequence."""

    @property
    @abc.abstractmethod
    def columns(self) -> dict[str, tuple[tuple[int, ...], str]]:
        """Shape and dtype of every column, all sequences."""

    @property
    @abc.abstractmethod
    def task_sizes(self) -> dict[str, int]:
        """Sequences of each task by name, in order; empty where there is but one."""

    @abc.abstractmethod
    def action_space(self) -> Any:
        """What actions may be; ``None`` where nobody acts."""

    @abc.abstractmethod
    def rows(self, name: str, rows: np.ndarray) -> np.ndarray:
        """Rows of a column by their numbers, all of which exist."""

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

    def check_frames(self) -> None:
        """Whether there are frames, which arrays for learners need.

        Raises
        ------
        ConfigError
            There are none.
        """
        if "image" not in self.columns:
            raise ConfigError(
                f"{self!r} holds no frames, which whole splits on the device need. "
                f"Read its columns with .numpy or .torch, cut series with .windows, or "
                f"generate it with frames."
            )

    def __getattr__(self, name: str) -> LazyColumn:
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in self.columns:
            what = f"column of the split {self.name} of {self.place}:"
            raise AttributeError(str(unknown_name(what, name, self.columns)))
        return LazyColumn(self, name)

    @property
    def parameters(self) -> dict[str, LazyColumn]:
        """Sampled fields of the sequences' worlds, by name."""
        prefix = "parameters/"
        return {
            name.removeprefix(prefix): LazyColumn(self, name)
            for name in self.columns
            if name.startswith(prefix)
        }

    def numpy(
        self,
        batch_size: int,
        *,
        shuffle: bool = True,
        seed: int = 0,
        epoch: int = 0,
        drop_last: bool = False,
        window: int | None = None,
    ) -> Iterator[dict[str, np.ndarray]]:
        """One epoch of batches: dictionaries of arrays by column name.

        Parameters
        ----------
        batch_size
            Sequences in a batch.
        shuffle
            Random order; otherwise that of the files.
        seed, epoch
            The order (and the windows) are a function of these two and nothing else.
        drop_last
            Leave out a last batch that is not full.
        window
            Frames of a random piece of each sequence; ``None`` for whole sequences.
            Batches then have a column ``start``, the number of its first frame.

        Raises
        ------
        ConfigError
            ``batch_size`` is below 1, or so large that no batch is left, or sequences
            are shorter than ``window``.
        """
        num = len(self)
        check_batch_size(batch_size, num if drop_last else None, self.name, num)
        if window is not None:
            check_window(window, self.num_frames, repr(self))
        order = shuffled(num, shuffle, seed, epoch)
        last = num // batch_size * batch_size if drop_last else num

        def batches() -> Iterator[dict[str, np.ndarray]]:
            self.keep(self.columns)
            for first in range(0, last, batch_size):
                rows = order[first : min(first + batch_size, last)]
                yield self.batch(rows, window=window, seed=seed, epoch=epoch)

        return batches()

    def batch(
        self,
        rows: Sequence[int] | np.ndarray,
        *,
        window: int | None = None,
        seed: int = 0,
        epoch: int = 0,
    ) -> dict[str, np.ndarray]:
        """All columns of some sequences, or a random window of each."""
        index = np.asarray(rows)
        batch: Any = {name: self.read(name, index) for name in self.columns}
        if window is None:
            return batch
        return cut_batch(batch, index, window, seed, epoch)

    def torch(self, batch_size: int, **settings: Any) -> Any:
        """A PyTorch ``DataLoader``; see ``foreworld.data.views.torch``."""
        return torch_loader(self, batch_size, **settings)

    def tasks(
        self,
        num_context: int,
        seed: int = 0,
        state_columns: Sequence[int] | None = None,
    ) -> Episodes:
        """Few-shot episodes; see :class:`foreworld.data.views.episodes.Episodes`."""
        # Episodes are made of splits, so that module imports this one.
        from foreworld.data.views.episodes import Episodes

        return Episodes(self, num_context, seed, state_columns)

    def windows(
        self, window: int = 7, num_context: int = 3, **settings: Any
    ) -> Windows:
        """Windows of switching series; see ``foreworld.data.views.windows``."""
        from foreworld.data.views.windows import Windows

        return Windows(self, window, num_context, **settings)

    def read(self, name: str, index: Any) -> np.ndarray | np.generic:
        """Rows of a column by a number, a slice or an array of numbers.

        Of a tuple the first says which rows are read, the rest what of each.
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
            if not -size <= index < size:
                raise IndexError(
                    f"there is no sequence {index} in the split {self.name} of "
                    f"{self.place}, which has {size}: 0 to {size - 1}."
                )
            return self.rows(name, np.asarray([index % size]))[0]
        if isinstance(index, slice):
            return self.rows(name, np.arange(size)[index])
        rows = np.asarray(index)
        if rows.dtype == bool:
            rows = np.flatnonzero(rows)
        if rows.size and not (-size <= rows.min() and rows.max() < size):
            raise IndexError(
                f"there are no sequences {rows.min()} to {rows.max()} in the split "
                f"{self.name} of {self.place}, which has {size}: 0 to {size - 1}."
            )
        return self.rows(name, rows % size)


class LazyColumn:
    """One column of a split: index it like an array, read when indexed."""

    def __init__(self, split: AbstractTable, name: str) -> None:
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
