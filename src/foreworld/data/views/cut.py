"""Windows of sequences: pieces of a given length that begin at a random frame.

Where a window begins is a function of (seed, epoch, number of the sequence) alone, the
same in NumPy, in worker processes and in compiled programs.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int

from foreworld.core.errors import ConfigError
from foreworld.data.reading.source import DataSource
from foreworld.data.views.draws import window_starts

_TRANSITIONS = ("action", "reward", "terminated", "truncated")
"""Columns with an entry for each frame but the last."""
_WHOLE = ("key", "index", "label", "task")
"""Columns that have no axis of time; so have those with a slash in their names."""


def check_window(window: int | None, num_frames: int, where: str) -> None:
    """Whether sequences are long enough for windows of this many frames.

    Raises
    ------
    ConfigError
        They are not.
    """
    if window is not None and not 1 <= window <= num_frames:
        raise ConfigError(
            f"window={window} must be at least 1 and at most {num_frames}, the frames "
            f"of a sequence of {where}."
        )


def cut_batch(
    batch: dict[str, np.ndarray],
    index: Int[np.ndarray, " batch"],
    window: int,
    seed: int,
    epoch: int,
) -> dict[str, np.ndarray]:
    """A window of each sequence of a batch, all within its valid frames.

    Columns without an axis of time are left as they are; ``start``, the number of each
    window's first frame, is added. Sequences with fewer valid frames than a window
    give their first frames.
    """
    lengths = batch["valid"].sum(axis=1)
    spare = np.maximum(lengths - window, 0)
    start = window_starts(np, seed, epoch, index, spare)
    out = {}
    for name, values in batch.items():
        if name in _WHOLE or "/" in name:
            out[name] = values
            continue
        num = window - (name in _TRANSITIONS)
        frames = start[:, None] + np.arange(num)
        out[name] = values[np.arange(len(start))[:, None], frames]
    return {**out, "start": start}


def cut_source(
    source: DataSource,
    index: Int[Array, " batch"],
    window: int,
    seed: int | Int[Array, ""],
    epoch: int | Int[Array, ""],
) -> DataSource:
    """The same inside a program: windows of some sequences of a split on the device.

    Parameters
    ----------
    source
        The whole split.
    index
        Numbers of the sequences.

    Returns
    -------
    DataSource
        Of ``len(index)`` sequences of ``window`` frames.

    Raises
    ------
    ConfigError
        The sequences are shorter than a window.
    """
    check_window(window, source.sequence_len, "the split")
    lengths = jnp.sum(source.valid[index], axis=1, dtype=jnp.int32)
    spare = jnp.maximum(lengths - window, 0)
    start = window_starts(jnp, seed, epoch, index, spare)
    row = index[:, None]
    frames = start[:, None] + jnp.arange(window)
    action = source.action
    return DataSource(
        image=source.image[row, frames],
        state=source.state[row, frames],
        action=None if action is None else action[row, frames[:, :-1]],
        valid=source.valid[row, frames],
        parameters={name: value[index] for name, value in source.parameters.items()},
        action_space=source.action_space,
    )
