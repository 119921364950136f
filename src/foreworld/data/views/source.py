"""Data on the device, as learners see it: columns as arrays, given to programs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Int, Key

from foreworld.core.errors import ConfigError, FitError
from foreworld.core.parts.settings import Settings
from foreworld.core.spaces import ColumnSpace
from foreworld.data.format.nested import nested
from foreworld.data.format.schema import PARAMETER, learnt
from foreworld.data.views.ragged import Ragged


class DataSource(eqx.Module):
    """One split of a data set as device arrays.

    Attributes
    ----------
    columns
        Arrays by the names of the data format, ``(sequence, ...)``; shapes and dtypes
        in their place while an experiment is planned. Of games and records each array
        is a column of its own (``action/prover/message``). What has another length in
        every sequence is a :class:`~foreworld.data.views.ragged.Ragged`.
    spaces
        What values of a column may be, by its name: of actions, where there are any,
        of ragged columns, and of what else a generator says.
    task_sizes
        Sequences of each task of the split, which lie task after task; empty where
        there is but one task.
    once
        Whether the sequences were drawn for one update: each is taken in turn.
    """

    columns: dict[str, Any]
    spaces: Settings = eqx.field(static=True, converter=Settings, default=Settings())
    task_sizes: tuple[int, ...] = eqx.field(static=True, default=())
    once: bool = eqx.field(static=True, default=False)

    def __check_init__(self) -> None:
        if not self.columns:
            raise ConfigError("a source of data has at least one column, got none.")

    def get(self, name: str) -> Any:
        """A column; by agent or by field where it has parts; ``None`` without one."""
        return nested(self.columns, name)

    def need(self, learner: str, *names: str) -> None:
        """Refuse data without columns that a learner reads.

        Parameters
        ----------
        learner
            Name of its class, for the message.
        *names
            Columns, by the names of the data format.

        Raises
        ------
        FitError
            Says which are missing, and which there are.
        """
        missing = [name for name in names if self.get(name) is None]
        if missing:
            raise FitError(
                f"{learner} learns from {_listed(names)}, but the data "
                f"set has no {_listed(missing)}. It has {_listed(self.columns)}."
            )

    def sequences(self, key: Key[Array, ""], num: int) -> Int[Array, " drawn"]:
        """Rows of sequences to learn from.

        Parameters
        ----------
        key
            A key of these sequences alone.
        num
            How many: drawn with replacement, but in turn where each is taken once.
        """
        if self.once:
            return jnp.arange(num, dtype=jnp.int32) % self.num_sequences
        return jax.random.randint(key, (num,), 0, self.num_sequences, jnp.int32)

    def taken_once(self) -> DataSource:
        """The same, whose sequences were drawn for one update."""
        return dataclasses.replace(self, once=True)

    @property
    def image(self) -> Any:
        """Frames, uint8, ``(sequence, time, height, width, channels)``."""
        return self._column("image")

    @property
    def state(self) -> Any:
        """Observations of the world, float32, ``(sequence, time, state)``."""
        return self.get("state")

    @property
    def action(self) -> Any:
        """Action after each frame but the last, ``(sequence, time - 1, ...)``.

        ``None`` in a passive world; by agent in a game, by field of a record.
        """
        return self.get("action")

    @property
    def action_space(self) -> Any:
        """What actions may be, arranged like :attr:`action`; ``None`` without any."""
        return nested(self.spaces, "action")

    @property
    def valid(self) -> Any:
        """Whether a frame belongs to the episode, ``(sequence, time)``."""
        return self._column("valid")

    @property
    def parameters(self) -> dict[str, Any]:
        """Sampled fields of each sequence's world, ``(sequence,)`` each."""
        return {
            name.removeprefix(PARAMETER): column
            for name, column in self.columns.items()
            if name.startswith(PARAMETER)
        }

    def _column(self, name: str) -> Any:
        if name not in self.columns:
            known = _listed(self.columns)
            raise ConfigError(f"the data have no column {name!r}. They have {known}.")
        return self.columns[name]

    @property
    def num_sequences(self) -> int:
        """Sequences in the split."""
        first = next(iter(self.columns.values()))
        return first.num_rows if isinstance(first, Ragged) else first.shape[0]

    @property
    def sequence_len(self) -> int:
        """Frames in a sequence."""
        return self.valid.shape[1]


def make_source(
    names: Iterable[str],
    array: Callable[[str], Any],
    spaces: Mapping[str, ColumnSpace],
    task_sizes: Iterable[int],
) -> DataSource:
    """The columns that learners may use, as a source.

    Parameters
    ----------
    names
        Columns that there are.
    array
        Gives a column: the array, or its shape and dtype where that is enough.
    spaces, task_sizes
        See :class:`DataSource`.
    """
    columns = {name: array(name) for name in learnt(names)}
    return DataSource(columns, Settings(spaces), tuple(task_sizes))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
