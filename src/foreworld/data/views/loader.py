"""The one loader: batches of items, for NumPy, PyTorch and distributed training.

A loader is made of an order (which items each batch of an epoch holds) and of a way to
read them. What a batch holds follows from seed, epoch and its number alone, in NumPy
and in any number of PyTorch's workers: it is drawn in this process and sent along with
each batch, so a redraw reaches every worker. Worker processes are spawned (JAX does not
survive a fork) and open the files themselves.
"""

from __future__ import annotations

import abc
import importlib
from collections.abc import Callable, Iterator
from typing import Annotated, Any

import numpy as np
from jaxtyping import Int

from foreworld.core.errors import ConfigError
from foreworld.core.parts.limits import Bounded, Count
from foreworld.core.parts.types import checked
from foreworld.data.views.draws import NUM_NUMBERS

Number = Annotated[int, Bounded(low=0, below=NUM_NUMBERS)]
"""A seed, or the number of an epoch or an episode."""
Batch = dict[str, np.ndarray]
"""Arrays by column name."""
Read = Callable[[Any], Batch]
"""Gives the batch of what an order yields; travels to worker processes."""


class AbstractOrder(abc.ABC):
    """Which items the batches of an epoch hold."""

    @abc.abstractmethod
    def __len__(self) -> int:
        """Batches of an epoch."""

    @abc.abstractmethod
    def epoch(self, number: int) -> Iterator[Any]:
        """What to read for each batch of an epoch."""


class Shuffled(AbstractOrder):
    """Every item once an epoch, in an order drawn from seed and epoch.

    Parameters
    ----------
    num
        Items.
    batch_size
        Items in a batch.
    shuffle
        Random order; otherwise that of the items.
    seed
        The order of epoch ``i`` is a function of this and ``i``.
    drop_last
        Leave out a last batch that is not full, on every rank.
    rank, world_size
        Of several processes that share an epoch: this one takes every
        ``world_size``-th item of the common order, beginning with the ``rank``-th.
        All items are taken once; with ``drop_last`` all have equally many batches.
    of
        The split, and what its items are, for messages.

    Raises
    ------
    ConfigError
        A number that cannot be used, or no batch is left.
    """

    def __init__(
        self,
        num: int,
        batch_size: int,
        *,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
        rank: int = 0,
        world_size: int = 1,
        of: tuple[str, str] = ("", "items"),
    ) -> None:
        self._rank, self._world_size = check_rank(rank, world_size)
        self._num, self._shuffle = num, checked("shuffle", shuffle, bool)
        self._seed = checked("seed", seed, Number)
        self._mine = len(range(self._rank, num, self._world_size))
        if checked("drop_last", drop_last, bool):
            self._mine = num // self._world_size
        most = self._mine if drop_last else None
        ranks = f" for {world_size} ranks" if world_size > 1 else ""
        what = f"{of[1]}{ranks}"
        self._batch_size = check_batch_size(batch_size, most, of[0], num, what)
        if drop_last:
            self._mine -= self._mine % self._batch_size

    def __len__(self) -> int:
        return -(-self._mine // self._batch_size)

    def epoch(self, number: int) -> Iterator[tuple[int, Int[np.ndarray, " item"]]]:
        """Epoch and items of each batch."""
        order = np.arange(self._num)
        if self._shuffle:
            np.random.default_rng([self._seed, number]).shuffle(order)
        mine = order[self._rank :: self._world_size][: self._mine]
        for first in range(0, len(mine), self._batch_size):
            yield number, mine[first : first + self._batch_size]


class Loader:
    """Batches; each iteration over it is the next epoch.

    Parameters
    ----------
    order
        Which items each batch holds.
    read
        Reads them.
    keep
        Called before an epoch in this process: may read all items into memory.
    """

    def __init__(
        self, order: AbstractOrder, read: Read, keep: Callable[[], None] | None = None
    ) -> None:
        self._order, self._read, self._keep, self._epoch = order, read, keep, 0

    def __len__(self) -> int:
        """Batches of an epoch."""
        return len(self._order)

    def __iter__(self) -> Iterator[Batch]:
        number, self._epoch = self._epoch, self._epoch + 1
        return self.epoch(number)

    def epoch(self, number: int) -> Iterator[Batch]:
        """The batches of one epoch, whichever came before."""
        order = self._order.epoch(checked("epoch", number, Number))
        if self._keep is not None:
            self._keep()
        return map(self._read, order)

    def torch(self, num_workers: int = 0) -> Any:
        """The same batches, as tensors, from a ``torch.utils.data.DataLoader``.

        Parameters
        ----------
        num_workers
            Processes that read; 0 reads in this one.

        Raises
        ------
        ConfigError
            PyTorch is not installed, or ``num_workers`` is negative.
        """
        num_workers = checked("num_workers", num_workers, Number)
        try:
            data = importlib.import_module("torch.utils.data")
        except ModuleNotFoundError as error:
            raise ConfigError(
                "PyTorch is not installed. Install it with: pip install "
                "'foreworld[torch]'"
            ) from error
        return data.DataLoader(
            _Tensors(self._read),
            # Whole batches are drawn and read at once: no collating, one read a column.
            sampler=_Epochs(self._order),
            batch_size=None,
            num_workers=num_workers,
            multiprocessing_context="spawn" if num_workers else None,
            persistent_workers=num_workers > 0,
        )


def check_rank(rank: int, world_size: int) -> tuple[int, int]:
    """Which of several processes this one is.

    Parameters
    ----------
    rank
        Its number, from 0.
    world_size
        How many processes there are.

    Raises
    ------
    ConfigError
        There is no such rank.
    """
    world_size = checked("world_size", world_size, Count)
    rank = checked("rank", rank, int)
    if not 0 <= rank < world_size:
        raise ConfigError(
            f"rank={rank} must be at least 0 and below world_size={world_size}."
        )
    return rank, world_size


def check_batch_size(
    batch_size: int, most: int | None, name: str, num: int, what: str
) -> int:
    """The size, where a split can be cut into such batches.

    Parameters
    ----------
    batch_size
        Items in a batch.
    most
        Largest that leaves a batch; ``None`` where any does.
    name, num, what
        The split, how many items it has, and what they are.

    Raises
    ------
    ConfigError
        ``batch_size`` is no whole number, below 1, or above ``most``.
    """
    batch_size = checked("batch_size", batch_size, int)
    if batch_size >= 1 and (most is None or batch_size <= most):
        return batch_size
    if most == 0:
        raise ConfigError(
            f"with drop_last no batch is left: the split {name} has {num} {what}. "
            f"Leave drop_last out, or use fewer processes."
        )
    raise ConfigError(
        f"batch_size={batch_size} must be at least 1"
        f"{'' if most is None else f' and at most {most}'}: the split {name} has "
        f"{num} {what}."
    )


class _Epochs:
    """What PyTorch sees as a sampler; each iteration is the next epoch."""

    def __init__(self, order: AbstractOrder) -> None:
        self._order, self._epoch = order, 0

    def __len__(self) -> int:
        return len(self._order)

    def __iter__(self) -> Iterator[Any]:
        # Begins with the first batch: PyTorch makes iterators that it never uses.
        number, self._epoch = self._epoch, self._epoch + 1
        yield from self._order.epoch(number)


class _Tensors:
    """What PyTorch sees as a data set: indexed by what a sampler gives."""

    def __init__(self, read: Read) -> None:
        self._read = read

    def __getitem__(self, item: Any) -> dict[str, Any]:
        torch = importlib.import_module("torch")
        return {
            name: torch.from_numpy(np.ascontiguousarray(values))
            for name, values in self._read(item).items()
        }
