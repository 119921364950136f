"""Splits of data sets for PyTorch: a ``DataLoader`` of whole batches.

Every epoch is a new order that follows from seed and epoch alone, the same one as that
of ``Split.numpy``. Worker processes are spawned (JAX does not survive a fork) and open
the files themselves.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from foreworld.core.errors import ConfigError

if TYPE_CHECKING:
    from foreworld.data.split import Split

_NO_TENSOR = ("key",)
"""Columns of unsigned words, which most of PyTorch cannot compute with."""


def torch_loader(
    split: Split,
    batch_size: int,
    *,
    shuffle: bool = True,
    num_workers: int = 0,
    seed: int = 0,
    drop_last: bool = False,
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
        The order of epoch ``i`` is a function of this and ``i``.
    drop_last
        Leave out a last batch that is not full.

    Raises
    ------
    ConfigError
        PyTorch is not installed, or ``batch_size`` or ``num_workers`` cannot be used.
    """
    data = _torch()
    num = len(split)
    if batch_size < 1 or (drop_last and batch_size > num):
        raise ConfigError(
            f"batch_size={batch_size} must be at least 1"
            f"{f' and at most {num}' if drop_last else ''}: the split {split.name} has "
            f"{num} sequences."
        )
    if num_workers < 0:
        raise ConfigError(f"num_workers={num_workers} must be at least 0.")
    return data.DataLoader(
        Batches(split),
        # Whole batches are drawn and read at once: no collating, one read a column.
        sampler=Epochs(num, batch_size, shuffle, seed, drop_last),
        batch_size=None,
        num_workers=num_workers,
        multiprocessing_context="spawn" if num_workers else None,
        persistent_workers=num_workers > 0,
    )


class Epochs:
    """Batches of row numbers; each iteration is the next epoch."""

    def __init__(
        self, num: int, batch_size: int, shuffle: bool, seed: int, drop_last: bool
    ) -> None:
        self._num, self._batch_size = num, batch_size
        self._shuffle, self._seed = shuffle, seed
        self._last = num // batch_size * batch_size if drop_last else num
        self._epoch = 0

    def __len__(self) -> int:
        return -(-self._last // self._batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        order = np.arange(self._num)
        if self._shuffle:
            np.random.default_rng([self._seed, self._epoch]).shuffle(order)
        self._epoch += 1
        for first in range(0, self._last, self._batch_size):
            yield order[first : min(first + self._batch_size, self._last)].tolist()


class Batches:
    """A split as PyTorch sees a data set: indexed by lists of row numbers."""

    def __init__(self, split: Split) -> None:
        self._split = split

    def __len__(self) -> int:
        return len(self._split)

    def __getitem__(self, rows: list[int]) -> dict[str, Any]:
        torch = importlib.import_module("torch")
        return {
            name: torch.from_numpy(np.ascontiguousarray(self._split.read(name, rows)))
            for name in self._split.columns
            if name not in _NO_TENSOR
        }


def _torch() -> Any:
    try:
        return importlib.import_module("torch.utils.data")
    except ModuleNotFoundError as error:
        raise ConfigError(
            "PyTorch is not installed. Install it with: pip install 'foreworld[torch]'"
        ) from error
