"""Columns whose rows differ in length: the values of all rows in one array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int, Shaped

from foreworld.core.errors import ConfigError
from foreworld.data.views.narrow import to_device


class Ragged(eqx.Module):
    """Rows of different lengths, one after the other: contexts of tasks, say.

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

    values: Shaped[Array, "entry ..."]
    offsets: Int[Array, " row"]
    lengths: Int[Array, " row"]
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
        lengths = np.array([len(a) for a in arrays], np.int32)
        offsets = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int32)
        values = to_device("a column of rows", np.concatenate(arrays))
        longest = int(lengths.max())
        return Ragged(values, jnp.asarray(offsets), jnp.asarray(lengths), longest)

    @property
    def num_rows(self) -> int:
        """How many rows there are."""
        return self.lengths.shape[0]

    def rows(
        self, rows: Int[Array, " some"], width: int = 0
    ) -> tuple[Shaped[Array, "some width ..."], Bool[Array, "some width"]]:
        """Some rows side by side, filled up with zeros, and which entries are theirs.

        Parameters
        ----------
        rows
            Their numbers.
        width
            Entries of each, the first ones; 0 for as many as the longest has.
        """
        width = width or self.longest
        there = jnp.arange(width) < self.lengths[rows][:, None]
        last = max(self.values.shape[0] - 1, 0)
        at = jnp.minimum(self.offsets[rows][:, None] + jnp.arange(width), last)
        found = self.values[at]
        mask = there.reshape(*there.shape, *(1,) * (found.ndim - 2))
        return jnp.where(mask, found, jnp.zeros((), found.dtype)), there


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
