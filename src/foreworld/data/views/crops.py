"""Crops: pieces of sequences, of a given length, that begin at a random frame.

Where a crop begins is a function of (seed, epoch, number of the sequence) alone, the
same in NumPy, in worker processes and in compiled programs.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int

from foreworld.core.errors import ConfigError
from foreworld.core.parts.types import checked
from foreworld.data.format.schema import axis_of
from foreworld.data.views.draws import window_starts
from foreworld.data.views.ragged import Ragged
from foreworld.data.views.source import DataSource


def check_window(window: int | None, num_frames: int, where: str) -> int | None:
    """Frames of a crop, where sequences are long enough for it.

    Parameters
    ----------
    window
        Frames of a crop; ``None`` for whole sequences.
    num_frames
        Frames of a sequence.
    where
        What they are sequences of, for the message.

    Raises
    ------
    ConfigError
        They are not, or it is no whole number.
    """
    window = checked("window", window, int | None)
    if window is None or 1 <= window <= num_frames:
        return window
    raise ConfigError(
        f"window={window} must be at least 1 and at most {num_frames}, the frames "
        f"of a sequence of {where}."
    )


def crop_batch(
    batch: dict[str, np.ndarray],
    index: Int[np.ndarray, " batch"],
    window: int,
    seed: int,
    epoch: int,
) -> dict[str, np.ndarray]:
    """A crop of each sequence of a batch, all within its valid frames.

    Columns without an axis of time are left as they are; ``start``, the number of each
    crop's first frame, is added. Sequences with fewer valid frames than a crop give
    their first frames.

    Parameters
    ----------
    batch
        Whole sequences by column, ``(batch, ...)``.
    index
        Their numbers in the split.
    window
        Frames of a crop.
    seed, epoch
        What the starts are drawn from.
    """
    start = _starts(np, batch["valid"], index, window, seed, epoch)
    rows = np.arange(len(start))
    cut = {name: _cut(name, v, rows, start, window) for name, v in batch.items()}
    return {**cut, "start": start}


def crop_source(
    source: DataSource,
    index: Int[Array, " batch"],
    window: int,
    seed: int | Int[Array, ""],
    epoch: int | Int[Array, ""],
) -> DataSource:
    """The same inside a program: crops of some sequences of a split on the device.

    Parameters
    ----------
    source
        The whole split.
    index
        Numbers of the sequences.
    window, seed, epoch
        As in :func:`crop_batch`.

    Returns
    -------
    DataSource
        Of ``len(index)`` sequences of ``window`` frames.

    Raises
    ------
    ConfigError
        The sequences are shorter than a crop.
    """
    check_window(window, source.sequence_len, "the split")
    start = _starts(jnp, source.valid[index], index, window, seed, epoch)
    columns = {
        name: _cut(name, column, index, start, window)
        for name, column in source.columns.items()
    }
    return dataclasses.replace(source, columns=columns)


def _starts(xp: Any, valid: Any, index: Any, window: int, seed: Any, epoch: Any) -> Any:
    spare = xp.maximum(xp.sum(valid, axis=1, dtype=xp.int32) - window, 0)
    return window_starts(xp, seed, epoch, index, spare)


def _cut(name: str, column: Any, rows: Any, start: Any, window: int) -> Any:
    """Some rows of a column, of those with an axis of time the frames from a start."""
    axis = axis_of(name)
    if isinstance(column, Ragged):
        raise ConfigError(
            f"{name} has rows of different lengths, of which no crops can be cut. "
            f"Leave it out: dataclasses.replace(source, columns={{...}})."
        )
    if axis == "none":
        return column[rows]
    frames = start[:, None] + np.arange(window - (axis == "step"))
    return column[rows[:, None], frames]
