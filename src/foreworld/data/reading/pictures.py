"""Pictures of a data set: a contact sheet, and sequences moving side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, UInt8

from foreworld.data.views.rows import AbstractRows
from foreworld.render.gif import contact_sheet, gif_bytes, grid_of, png_bytes

NUM_ROWS, NUM_COLUMNS = 8, 15
"""Sequences and frames of a contact sheet, at most."""
_FRAME_SIZE = 64
"""Small frames are enlarged to about this many pixels."""
_MOST_FRAMES = 150
"""Frames of a moving picture; of longer sequences every second one, or every third."""

_FONT_SIZE, _GREY = 15, 96

Sequences = UInt8[np.ndarray, "sequence time height width channels"]
_Film = UInt8[np.ndarray, "frame rows columns channels"]


def sheet_png(split: AbstractRows) -> bytes:
    """Some sequences as rows, frames from left to right.

    Raises
    ------
    ConfigError
        The split has no sequences.
    """
    return sheet_of(_some(split))


def moving_gif(split: AbstractRows, fps: float = 10.0) -> bytes:
    """The same sequences moving side by side; errors as :func:`sheet_png`.

    Parameters
    ----------
    split
        Its first sequences are shown; it needs a column ``image``.
    fps
        Frames per second.
    """
    frames, scale = moving(_some(split))
    return gif_bytes(frames, fps, scale)


def sheet_of(
    image: Sequences, labels: Sequence[str] = (), most_columns: int = NUM_COLUMNS
) -> bytes:
    """Sequences as rows of a PNG.

    Parameters
    ----------
    image
        Frames; as many sequences for each label.
    labels
        Names of tasks, written at the left of their first rows.
    most_columns
        Frames of a row at most.
    """
    every = -(-image.shape[1] // most_columns)
    sheet, scale = contact_sheet(image, every=every), _scale(image)
    if not labels:
        return png_bytes(sheet, scale)
    sheet = sheet.repeat(scale, axis=0).repeat(scale, axis=1)
    tops = np.linspace(0, len(sheet), len(labels) + 1)[:-1]
    gutter = _gutter(labels, tops, len(sheet)).repeat(sheet.shape[-1], axis=-1)
    return png_bytes(np.concatenate([gutter, sheet], axis=1))


def _gutter(
    labels: Sequence[str], tops: Float[np.ndarray, " label"], height: int
) -> UInt8[np.ndarray, "gutter_height gutter_width 1"]:
    """Labels below each other, to be put at the left of a sheet."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(_FONT_SIZE)
    width = 16 + math.ceil(max(font.getlength(label) for label in labels))
    image = Image.new("L", (width, height), _GREY)
    draw = ImageDraw.Draw(image)
    for label, top in zip(labels, tops, strict=True):
        draw.text((8, top + 12), label, 255, font)
    return np.asarray(image)[:, :, None]


def moving(image: Sequences) -> tuple[_Film, int]:
    """Sequences side by side over time, and how often to repeat each pixel."""
    image = image[:, :: -(-image.shape[1] // _MOST_FRAMES)]
    frames = np.stack([grid_of(image[:, t]) for t in range(image.shape[1])])
    return frames, _scale(image)


def _some(split: AbstractRows) -> Sequences:
    return np.asarray(split.read("image", slice(0, NUM_ROWS)))


def _scale(image: np.ndarray) -> int:
    return max(1, _FRAME_SIZE // image.shape[2])
