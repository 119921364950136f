"""What all splits can do: loaders, few-shot episodes, windows of series."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from jaxtyping import Int

from foreworld.core.errors import ConfigError
from foreworld.core.parts.types import checked
from foreworld.data.format.schema import LENGTHS, MASK
from foreworld.data.views.crops import check_window, crop_batch
from foreworld.data.views.episodes import Episodes
from foreworld.data.views.loader import Loader, Shuffled
from foreworld.data.views.rows import AbstractRows
from foreworld.data.views.windows import Windows


class AbstractTable(AbstractRows):
    """Rows of columns, and every way to take them."""

    def __getitem__(self, index: int | np.integer) -> dict[str, Any]:
        """All columns of one sequence: a split is a data set of PyTorch's, too."""
        row = np.asarray([self.number(index)])
        return {name: self._some(name)(name, row)[0] for name in self.columns}

    def _some(self, name: str) -> Callable[[str, np.ndarray], Any]:
        return self.ragged_rows if name in self.ragged else self.rows

    def batch(
        self, rows: Sequence[int] | Int[np.ndarray, " row"], pad: bool = False
    ) -> dict[str, Any]:
        """All columns of some sequences.

        Parameters
        ----------
        rows
            Their numbers.
        pad
            Ragged columns as in :meth:`loader`.
        """
        index, found = np.asarray(rows), {}
        for name in self.columns:
            if name not in self.ragged:
                found[name] = self.read(name, index)
                continue
            some = self.ragged_rows(name, self.numbers(index).reshape(-1))
            if pad:
                values, there = some.rows(np.arange(len(some)))
                found |= {name: values, f"{MASK}{name}": there}
            else:
                found |= {name: some.values, f"{LENGTHS}{name}": some.lengths}
        return found

    def loader(
        self,
        batch_size: int,
        *,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
        window: int | None = None,
        rank: int = 0,
        world_size: int = 1,
        pad: bool = False,
    ) -> Loader:
        """Batches of sequences: dictionaries of arrays by column name.

        A ragged column ``walk`` holds the entries of all sequences of the batch, one
        after the other, and ``lengths/walk`` says how many each has.

        Parameters
        ----------
        batch_size
            Sequences in a batch.
        shuffle
            Random order, another one each epoch; otherwise that of the files.
        seed
            The order (and the crops) of an epoch are a function of this and its number.
        drop_last
            Leave out a last batch that is not full.
        window
            Frames of a random crop of each sequence; ``None`` for whole sequences.
            Batches then have a column ``start``, the number of its first frame.
        rank, world_size
            Which of several processes this is that share each epoch; see
            :class:`~foreworld.data.views.loader.Shuffled`.
        pad
            Fill ragged columns up with zeros to the longest of the batch,
            ``(sequence, longest, ...)``; ``mask/walk``, ``(sequence, longest)``, is
            true where an entry is the sequence's own.

        Raises
        ------
        ConfigError
            ``batch_size`` is below 1, or so large that no batch is left, or sequences
            are shorter than ``window`` or ragged.
        """
        pad = checked("pad", pad, bool)
        order = Shuffled(
            len(self),
            batch_size,
            shuffle=shuffle,
            seed=seed,
            drop_last=drop_last,
            rank=rank,
            world_size=world_size,
            of=(self.name, "sequences"),
        )
        if window is not None:
            window = check_window(window, self.num_frames, repr(self))
            if self.ragged:
                raise ConfigError(
                    f"window={window}: {', '.join(sorted(self.ragged))} of "
                    f"{self.place} has rows of different lengths, of which no crops "
                    f"can be cut. Leave window out."
                )
        read = functools.partial(_read, self, window, seed, pad)
        return Loader(order, read, functools.partial(_keep, self))

    def episodes(
        self,
        num_context: int,
        seed: int = 0,
        state_columns: Sequence[int] | None = None,
    ) -> Episodes:
        """Few-shot episodes of the split's tasks.

        Parameters
        ----------
        num_context, seed, state_columns
            See :class:`~foreworld.data.views.episodes.Episodes`.
        """
        return Episodes(self, num_context, seed, state_columns)

    def windows(
        self, window: int = 7, num_context: int = 3, **settings: Any
    ) -> Windows:
        """Windows of the split's switching series.

        Parameters
        ----------
        window, num_context, **settings
            See :class:`~foreworld.data.views.windows.Windows`.
        """
        return Windows(self, window, num_context, **settings)


def _keep(table: AbstractTable) -> None:
    table.keep(table.columns)


def _read(
    table: AbstractTable,
    window: int | None,
    seed: int,
    pad: bool,
    item: tuple[int, Int[np.ndarray, " row"]],
) -> dict[str, Any]:
    """A batch by epoch and rows."""
    epoch, rows = item
    batch = table.batch(rows, pad)
    return batch if window is None else crop_batch(batch, rows, window, seed, epoch)
