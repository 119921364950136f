"""Small data sets made by hand."""

import jax.numpy as jnp
import numpy as np

from foreworld.core.spaces import Box, Discrete
from foreworld.data.views.source import DataSource

SIZE = 8


def counting_source(num_sequences=3, sequence_len=9, lengths=None):
    """Frame ``t`` has brightness ``t``, and so has the action after it (a number)."""
    time = np.arange(sequence_len)
    image = np.broadcast_to(
        time[None, :, None, None, None], (num_sequences, sequence_len, SIZE, SIZE, 1)
    )
    action = np.broadcast_to(time[:-1, None], (num_sequences, sequence_len - 1, 1))
    lengths = np.full(num_sequences, sequence_len) if lengths is None else lengths
    return DataSource(
        {
            "image": jnp.asarray(image, jnp.uint8),
            "state": jnp.zeros((num_sequences, sequence_len, 1), jnp.float32),
            "action": jnp.asarray(action, jnp.float32),
            "valid": jnp.asarray(time[None] < np.asarray(lengths)[:, None]),
        },
        {"action": Box(0.0, 255.0, (1,))},
    )


def moving_source(
    num_sequences=4, sequence_len=9, channels=1, passive=False, side=8, num_actions=3
):
    """A bar that a choice of three moves left, not at all or right."""
    rng = np.random.default_rng(0)
    action = rng.integers(0, 3, (num_sequences, sequence_len - 1))
    moved = np.concatenate([np.zeros((num_sequences, 1), int), action - 1], axis=1)
    column = (rng.integers(0, side, (num_sequences, 1)) + moved.cumsum(1)) % side
    lit = column[:, :, None] == np.arange(side)
    shape = (num_sequences, sequence_len, side, side, channels)
    image = np.broadcast_to(lit[:, :, None, :, None] * np.uint8(255), shape)
    return DataSource(
        {
            "image": jnp.asarray(image, jnp.uint8),
            "state": jnp.zeros((num_sequences, sequence_len, 1), jnp.float32),
            "valid": jnp.ones((num_sequences, sequence_len), bool),
            **({} if passive else {"action": jnp.asarray(action, jnp.int32)}),
        },
        {} if passive else {"action": Discrete(num_actions)},
    )
