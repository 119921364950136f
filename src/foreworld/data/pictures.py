"""Pictures of a data set: a contact sheet, and sequences moving side by side."""

from __future__ import annotations

import numpy as np
from jaxtyping import UInt8

from foreworld.data.split import Split
from foreworld.render.gif import contact_sheet, gif_bytes, grid_of, png_bytes

NUM_ROWS, NUM_COLUMNS = 8, 15
"""Sequences and frames of a contact sheet, at most."""
_FRAME_SIZE = 64
"""Small frames are enlarged to about this many pixels."""


def sheet_png(split: Split) -> bytes:
    """Some sequences as rows, frames from left to right.

    Raises
    ------
    ConfigError
        The split has no sequences.
    """
    image = _some(split)
    every = -(-image.shape[1] // NUM_COLUMNS)
    return png_bytes(contact_sheet(image, every=every), _scale(image))


def moving_gif(split: Split, fps: float = 10.0) -> bytes:
    """The same sequences moving side by side; errors as :func:`sheet_png`."""
    image = _some(split)
    frames = np.stack([grid_of(image[:, t]) for t in range(image.shape[1])])
    return gif_bytes(frames, fps, _scale(image))


def _some(split: Split) -> UInt8[np.ndarray, "sequence time height width channels"]:
    return np.asarray(split.image[:NUM_ROWS])


def _scale(image: np.ndarray) -> int:
    return max(1, _FRAME_SIZE // image.shape[2])
