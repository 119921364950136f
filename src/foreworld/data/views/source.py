"""Data on the device, as learners see it: columns as arrays, given to programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import equinox as eqx

from foreworld.core.spaces import Space
from foreworld.data.format.schema import PARAMETER, learnt


class DataSource(eqx.Module):
    """One split of a data set as device arrays.

    Attributes
    ----------
    columns
        Arrays by the names of the data format, ``(sequence, ...)``; shapes and dtypes
        in their place while an experiment is planned.
    action_space
        What actions may be; ``None`` for a passive world.
    task_sizes
        Sequences of each task of the split, which lie task after task; empty where
        there is but one task.
    """

    columns: dict[str, Any]
    action_space: Space | None = eqx.field(static=True)
    task_sizes: tuple[int, ...] = eqx.field(static=True, default=())

    @property
    def image(self) -> Any:
        """Frames, uint8, ``(sequence, time, height, width, channels)``."""
        return self.columns["image"]

    @property
    def state(self) -> Any:
        """Observations of the world, float32, ``(sequence, time, state)``."""
        return self.columns["state"]

    @property
    def action(self) -> Any:
        """Action after each frame but the last, ``(sequence, time - 1, ...)``.

        ``None`` in a passive world.
        """
        return self.columns.get("action")

    @property
    def valid(self) -> Any:
        """Whether a frame belongs to the episode, ``(sequence, time)``."""
        return self.columns["valid"]

    @property
    def parameters(self) -> dict[str, Any]:
        """Sampled fields of each sequence's world, ``(sequence,)`` each."""
        return {
            name.removeprefix(PARAMETER): column
            for name, column in self.columns.items()
            if name.startswith(PARAMETER)
        }

    @property
    def num_sequences(self) -> int:
        """Sequences in the split."""
        return self.image.shape[0]

    @property
    def sequence_len(self) -> int:
        """Frames in a sequence."""
        return self.image.shape[1]


def make_source(
    names: Iterable[str],
    array: Callable[[str], Any],
    action_space: Any,
    task_sizes: Iterable[int],
) -> DataSource:
    """The columns that learners may use, as a source.

    Parameters
    ----------
    names
        Columns that there are.
    array
        Gives a column: the array, or its shape and dtype where that is enough.
    action_space, task_sizes
        See :class:`DataSource`.
    """
    columns = {name: array(name) for name in learnt(names)}
    return DataSource(columns, action_space, tuple(task_sizes))
