"""Columns whose rows differ in length: the values of all rows in one array."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int, Shaped

from foreworld.core.errors import ConfigError
from foreworld.data.views.narrow import to_device


class Ragged(eqx.Module):
    """Rows of different lengths, one after the other: contexts of tasks, say.

    On the device for programs, or in NumPy as a data set is read: ``column[3]`` is a
    row then, and ``column.rows(np.arange(8))`` are the first eight side by side.

    Attributes
    ----------
    values
        Entries of all rows.
    offsets
        Where each row begins in ``values``.
    lengths
        How many entries each row has; 0 for none.
    longest
        The largest of them.
    """

    values: Shaped[Array | np.ndarray, "entry ..."]
    offsets: Int[Array | np.ndarray, " row"]
    lengths: Int[Array | np.ndarray, " row"]
    longest: int = eqx.field(static=True)

    @staticmethod
    def of(rows: Sequence[Any]) -> Ragged:
        """Rows, put one after the other.

        Parameters
        ----------
        rows
            Arrays, or lists of numbers, that differ in their first axis alone. An
            empty list is a row of what the others hold.

        Raises
        ------
        ConfigError
            There are none, they differ in more, or they hold no numbers or one that
            the device cannot hold.
        """
        arrays = _arrays(rows)
        kinds = {(a.shape[1:], str(a.dtype)) for a in arrays if a.ndim}
        if len(kinds) != 1 or any(not a.ndim for a in arrays):
            listed = ", ".join(f"{a.dtype}{list(a.shape)}" for a in arrays[:5])
            raise ConfigError(
                f"rows of different lengths must agree in their type and in all axes "
                f"but the first, and one at least is needed; got {listed or 'none'}."
            )
        lengths = np.array([len(a) for a in arrays])
        held = Ragged.packed(np.concatenate(arrays), lengths)
        return held.on_device("a column of rows")

    @staticmethod
    def packed(
        values: Shaped[np.ndarray, "entry ..."], lengths: Int[np.ndarray, " row"]
    ) -> Ragged:
        """Rows in NumPy whose entries lie one after the other.

        Parameters
        ----------
        values
            Entries of all rows.
        lengths
            How many each row has.
        """
        lengths = lengths.astype(np.int64)
        offsets = np.cumsum(lengths) - lengths
        return Ragged(values, offsets, lengths, int(lengths.max(initial=0)))

    @staticmethod
    def like(
        entry: tuple[int, ...], dtype: str, lengths: Int[np.ndarray, " row"]
    ) -> Ragged:
        """The shapes of rows on the device, in the place of their arrays.

        Parameters
        ----------
        entry
            Shape of an entry.
        dtype
            NumPy dtype of the values.
        lengths
            How many entries each row has.
        """
        total, longest = int(lengths.sum()), int(lengths.max(initial=0))
        # Whole numbers of 64 bits have 32 on the device.
        kind, count = map(jax.dtypes.canonicalize_dtype, (dtype, lengths.dtype))

        def made() -> Ragged:
            zeros = jnp.zeros(lengths.shape, count)
            return Ragged(jnp.zeros((total, *entry), kind), zeros, zeros, longest)

        return jax.eval_shape(made)

    @staticmethod
    def joined(parts: Sequence[Ragged]) -> Ragged:
        """The rows of several in NumPy, one after the other.

        Parameters
        ----------
        parts
            One at least, whose entries are alike.
        """
        values = np.concatenate([part.values for part in parts])
        return Ragged.packed(values, np.concatenate([part.lengths for part in parts]))

    def on_device(self, what: str) -> Ragged:
        """The same for programs.

        Parameters
        ----------
        what
            What it is, for the message.

        Raises
        ------
        ConfigError
            It holds a number that the device cannot, or more entries than it counts.
        """
        values, offsets, lengths = (
            to_device(of, np.asarray(array))
            for of, array in (
                (what, self.values),
                (f"the offsets of {what}", self.offsets),
                (f"the lengths of {what}", self.lengths),
            )
        )
        return Ragged(values, offsets, lengths, self.longest)

    @property
    def num_rows(self) -> int:
        """How many rows there are."""
        return self.lengths.shape[0]

    def __len__(self) -> int:
        return self.num_rows

    def __iter__(self) -> Iterator[Shaped[Array | np.ndarray, "entry ..."]]:
        return (self[row] for row in range(self.num_rows))

    def __getitem__(self, row: int) -> Shaped[Array | np.ndarray, "entry ..."]:
        number = operator.index(row)
        if not -self.num_rows <= number < self.num_rows:
            raise IndexError(f"there is no row {row}: there are {self.num_rows}.")
        first = int(self.offsets[number])
        return self.values[first : first + int(self.lengths[number])]

    def take(self, rows: Int[np.ndarray, " some"]) -> Ragged:
        """Some rows in NumPy, in that order.

        Parameters
        ----------
        rows
            Their numbers; also twice.
        """
        lengths = np.asarray(self.lengths)[rows]
        first = np.asarray(self.offsets)[rows] - (np.cumsum(lengths) - lengths)
        at = np.repeat(first, lengths) + np.arange(lengths.sum())
        return Ragged.packed(np.asarray(self.values)[at], lengths)

    def rows(
        self, rows: Int[Array | np.ndarray, " some"], width: int = 0
    ) -> tuple[
        Shaped[Array | np.ndarray, "some width ..."],
        Bool[Array | np.ndarray, "some width"],
    ]:
        """Some rows side by side, filled up with zeros, and which entries are theirs.

        Parameters
        ----------
        rows
            Their numbers.
        width
            Entries of each, the first ones; 0 for as many as the longest has.
        """
        xp: Any = np if isinstance(self.values, np.ndarray) else jnp
        width = width or self.longest
        there = xp.arange(width) < self.lengths[rows][:, None]
        if not self.values.shape[0]:
            shape = (*there.shape, *self.values.shape[1:])
            return xp.zeros(shape, self.values.dtype), there
        last = self.values.shape[0] - 1
        at = xp.minimum(self.offsets[rows][:, None] + xp.arange(width), last)
        found = self.values[at]
        mask = there.reshape(*there.shape, *(1,) * (found.ndim - 2))
        return xp.where(mask, found, xp.zeros((), found.dtype)), there


def _arrays(rows: Sequence[Any]) -> list[np.ndarray]:
    """Each row as an array."""
    try:
        told = [None if _is_empty_list(row) else np.asarray(row) for row in rows]
    except ValueError as error:
        raise ConfigError(
            f"a row of different lengths is one array, or a list of numbers or of "
            f"lists that are equally long ({error})."
        ) from error
    like = next((a for a in told if a is not None and a.ndim), np.zeros(0, np.float32))
    return [like[:0] if array is None else array for array in told]


def _is_empty_list(row: Any) -> bool:
    """Whether a row says nothing of its type, as an empty array does."""
    return isinstance(row, list | tuple) and not row
