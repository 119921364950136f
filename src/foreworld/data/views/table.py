"""What all splits can do: loaders, few-shot episodes, windows of series."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Int

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
        return {name: self.rows(name, row)[0] for name in self.columns}

    def batch(self, rows: Sequence[int] | Int[np.ndarray, " row"]) -> dict[str, Any]:
        """All columns of some sequences."""
        index = np.asarray(rows)
        return {name: self.read(name, index) for name in self.columns}

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
    ) -> Loader:
        """Batches of sequences: dictionaries of arrays by column name.

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

        Raises
        ------
        ConfigError
            ``batch_size`` is below 1, or so large that no batch is left, or sequences
            are shorter than ``window``.
        """
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
        read = functools.partial(_read, self, window, seed)
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
    item: tuple[int, Int[np.ndarray, " row"]],
) -> dict[str, Any]:
    """A batch by epoch and rows."""
    epoch, rows = item
    batch = table.batch(rows)
    return batch if window is None else crop_batch(batch, rows, window, seed, epoch)
