"""Loaders for PyTorch: a ``DataLoader`` of whole batches.

What a batch holds follows from seed, epoch (or episode) and its number alone, and is
what the NumPy forms give. That is drawn in this process and sent along with each batch,
so a redraw reaches every worker. Worker processes are spawned (JAX does not survive a
fork) and open the files themselves.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from foreworld.core.errors import ConfigError
from foreworld.data.views.cut import check_window

if TYPE_CHECKING:
    from foreworld.data.reading.table import AbstractTable

_NO_TENSOR = ("key",)
"""Columns of unsigned words, which most of PyTorch cannot compute with."""


def torch_loader(
    split: AbstractTable,
    batch_size: int,
    *,
    shuffle: bool = True,
    num_workers: int = 0,
    seed: int = 0,
    drop_last: bool = False,
    window: int | None = None,
) -> Any:
    """A ``torch.utils.data.DataLoader`` over a split.

    Parameters
    ----------
    split
        What to load; its batches are dictionaries of tensors by column name.
    batch_size
        Sequences in a batch.
    shuffle
        Random order, another one each time the loader is iterated over.
    num_workers
        Processes that read; 0 reads in this one.
    seed
        The order (and the windows) of epoch ``i`` are a function of this and ``i``.
    drop_last
        Leave out a last batch that is not full.
    window
        Frames of a random piece of each sequence; ``None`` for whole sequences.

    Raises
    ------
    ConfigError
        PyTorch is not installed, ``batch_size`` or ``num_workers`` cannot be used, or
        sequences are shorter than ``window``.
    """
    num = len(split)
    check_batch_size(batch_size, num if drop_last else None, split.name, num)
    if window is not None:
        check_window(window, split.num_frames, repr(split))
    sampler = Epochs(num, batch_size, shuffle, seed, drop_last)
    return make_loader(_Rows(split, window, seed), sampler, num_workers)


def make_loader(read: Callable[[Any], Any], sampler: Any, num_workers: int) -> Any:
    """A ``DataLoader`` that gives ``read(item)`` as tensors for each item of a sampler.

    Parameters
    ----------
    read
        Gives a batch of arrays, by name or in a tuple; travels to the workers.

    Raises
    ------
    ConfigError
        PyTorch is not installed, or ``num_workers`` is negative.
    """
    data = _torch()
    if num_workers < 0:
        raise ConfigError(f"num_workers={num_workers} must be at least 0.")
    return data.DataLoader(
        Batches(read),
        # Whole batches are drawn and read at once: no collating, one read a column.
        sampler=sampler,
        batch_size=None,
        num_workers=num_workers,
        multiprocessing_context="spawn" if num_workers else None,
        persistent_workers=num_workers > 0,
    )


def check_batch_size(
    batch_size: int, most: int | None, name: str, num: int, what: str = "sequences"
) -> None:
    """Whether a split can be cut into such batches.

    Raises
    ------
    ConfigError
        ``batch_size`` is below 1, or above ``most``.
    """
    if batch_size < 1 or (most is not None and batch_size > most):
        raise ConfigError(
            f"batch_size={batch_size} must be at least 1"
            f"{'' if most is None else f' and at most {most}'}: the split {name} has "
            f"{num} {what}."
        )


class Epochs:
    """Epoch and row numbers of batches; each iteration is the next epoch."""

    def __init__(
        self, num: int, batch_size: int, shuffle: bool, seed: int, drop_last: bool
    ) -> None:
        self._num, self._batch_size = num, batch_size
        self._shuffle, self._seed = shuffle, seed
        self._last = num // batch_size * batch_size if drop_last else num
        self._epoch = 0

    def __len__(self) -> int:
        return -(-self._last // self._batch_size)

    def __iter__(self) -> Iterator[tuple[int, list[int]]]:
        epoch, self._epoch = self._epoch, self._epoch + 1
        order = shuffled(self._num, self._shuffle, self._seed, epoch)
        for first in range(0, self._last, self._batch_size):
            last = min(first + self._batch_size, self._last)
            yield epoch, order[first:last].tolist()


def shuffled(num: int, shuffle: bool, seed: int, epoch: int) -> np.ndarray:
    """Row numbers in the order of an epoch."""
    order = np.arange(num)
    if shuffle:
        np.random.default_rng([seed, epoch]).shuffle(order)
    return order


class Batches:
    """What PyTorch sees as a data set: indexed by what a sampler gives."""

    def __init__(self, read: Callable[[Any], Any]) -> None:
        self._read = read

    def __getitem__(self, item: Any) -> Any:
        torch = importlib.import_module("torch")
        batch = self._read(item)
        if isinstance(batch, tuple):
            return tuple(torch.from_numpy(np.ascontiguousarray(a)) for a in batch)
        return {
            name: torch.from_numpy(np.ascontiguousarray(values))
            for name, values in batch.items()
            if name.rpartition("/")[2] not in _NO_TENSOR
        }


class _Rows:
    """Reads batches of a split by epoch and rows."""

    def __init__(self, split: AbstractTable, window: int | None, seed: int) -> None:
        self._split, self._window, self._seed = split, window, seed

    def __call__(self, item: tuple[int, list[int]]) -> dict[str, np.ndarray]:
        epoch, rows = item
        return self._split.batch(
            rows, window=self._window, seed=self._seed, epoch=epoch
        )


def _torch() -> Any:
    try:
        return importlib.import_module("torch.utils.data")
    except ModuleNotFoundError as error:
        raise ConfigError(
            "PyTorch is not installed. Install it with: pip install 'foreworld[torch]'"
        ) from error
