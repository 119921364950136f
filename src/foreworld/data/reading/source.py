"""Data on the device, as learners see it: whole arrays, passed to programs as input."""

from __future__ import annotations

from typing import Any

import equinox as eqx
from jaxtyping import Array, Bool, Float, UInt8

from foreworld.core.spaces import Space


class DataSource(eqx.Module):
    """One split of a data set as device arrays.

    Attributes
    ----------
    image
        Frames, uint8, ``(sequence, time, height, width, channels)``.
    state
        Observations of the world, float32, ``(sequence, time, state)``.
    action
        Action taken after each frame but the last, ``(sequence, time - 1, ...)``;
        ``None`` for a passive world.
    valid
        Whether a frame belongs to the episode (false for padding).
    parameters
        Sampled fields of each sequence's world, ``(sequence,)`` each.
    action_space
        What actions may be; ``None`` for a passive world.
    task_sizes
        Sequences of each task, which lie task after task; empty where there is but
        one task.
    """

    image: UInt8[Array, "sequence time height width channels"]
    state: Float[Array, "sequence time state"]
    action: Any
    valid: Bool[Array, "sequence time"]
    parameters: dict[str, Float[Array, " sequence"]]
    action_space: Space | None = eqx.field(static=True)
    task_sizes: tuple[int, ...] = eqx.field(static=True, default=())

    @property
    def num_sequences(self) -> int:
        """Sequences in the split."""
        return self.image.shape[0]

    @property
    def sequence_len(self) -> int:
        """Frames in a sequence."""
        return self.image.shape[1]
