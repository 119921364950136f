"""Writes frames as pictures that people look at: animated GIF and contact sheet PNG."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from foreworld.core.disk.folder import write_bytes
from foreworld.core.errors import ConfigError

Frames = UInt8[np.ndarray, "time height width channels"]
Picture = UInt8[np.ndarray, "height width channels"]
Sheet = UInt8[np.ndarray, "sheet_height sheet_width channels"]


def write_gif(path: Path, frames: Frames, fps: float = 10.0, scale: int = 4) -> None:
    """Write an animation that repeats for ever.

    Parameters
    ----------
    path
        The file; its folder is made where needed.
    frames
        1 or 3 channels, upright.
    fps
        Frames a second; a GIF counts in hundredths of a second.
    scale
        Enlargement: each pixel becomes a square of this many pixels.

    Raises
    ------
    ConfigError
        No frames, or neither 1 nor 3 channels.
    StorageError
        The file cannot be written.
    """
    write_bytes(path, gif_bytes(frames, fps, scale))


def write_png(path: Path, picture: Picture, scale: int = 1) -> None:
    """Write one picture of 1 or 3 channels; errors as in :func:`write_gif`.

    Parameters
    ----------
    path
        The file; its folder is made where needed.
    picture
        1 or 3 channels, upright.
    scale
        Enlargement: each pixel becomes a square of this many pixels.
    """
    write_bytes(path, png_bytes(picture, scale))


def check_fps(fps: float) -> None:
    """Refuse a number of frames a second that no film has.

    Raises
    ------
    ConfigError
        It is not between 0.01 and 1000.
    """
    if not 0.01 <= fps <= 1000:
        raise ConfigError(f"fps={fps} must be at least 0.01 and at most 1000.")


def gif_bytes(frames: Frames, fps: float = 10.0, scale: int = 4) -> bytes:
    """The animation that :func:`write_gif` writes.

    Parameters
    ----------
    frames
        1 or 3 channels, upright; at least one frame.
    fps
        Frames a second; a GIF counts in hundredths of a second.
    scale
        Enlargement: each pixel becomes a square of this many pixels.
    """
    import imageio.v3 as iio

    check_fps(fps)
    if not len(frames):
        raise ConfigError("there are no frames to write: the sequence is empty.")
    pictures = np.stack([_enlarged(frame, scale) for frame in frames])
    data = iio.imwrite(
        "<bytes>", pictures, extension=".gif", duration=1000 / fps, loop=0
    )
    return data or b""


def png_bytes(picture: Picture, scale: int = 1) -> bytes:
    """The picture that :func:`write_png` writes.

    Parameters
    ----------
    picture
        1 or 3 channels, upright.
    scale
        Enlargement: each pixel becomes a square of this many pixels.
    """
    import imageio.v3 as iio

    enlarged = _enlarged(picture, scale)
    return iio.imwrite("<bytes>", enlarged, extension=".png") or b""


def contact_sheet(
    sequences: UInt8[np.ndarray, "sequence time height width channels"],
    every: int = 1,
    gap: int = 2,
) -> Sheet:
    """Sequences as rows of one picture, frames from left to right.

    Parameters
    ----------
    sequences
        Frames of several sequences.
    every
        Show each ``every``-th frame.
    gap
        Grey pixels between frames.
    """
    shown = sequences[:, ::every]
    num, steps, height, width, channels = shown.shape
    size = (num * (height + gap) + gap, steps * (width + gap) + gap, channels)
    sheet = np.full(size, 96, np.uint8)
    for row in range(num):
        for column in range(steps):
            top, left = gap + row * (height + gap), gap + column * (width + gap)
            sheet[top : top + height, left : left + width] = shown[row, column]
    return sheet


def grid_of(pictures: Frames, gap: int = 2) -> Sheet:
    """Single pictures in a grid that is about as wide as high.

    Parameters
    ----------
    pictures
        Pictures of one size, placed row by row; places that are left are black.
    gap
        Grey pixels between pictures and around them.
    """
    columns = math.ceil(math.sqrt(len(pictures)))
    rows = math.ceil(len(pictures) / columns)
    empty = np.zeros((rows * columns - len(pictures), *pictures.shape[1:]), np.uint8)
    filled = np.concatenate([pictures, empty])
    return contact_sheet(filled.reshape(rows, columns, *pictures.shape[1:]), gap=gap)


def _enlarged(frame: Picture, scale: int) -> np.ndarray:
    channels = frame.shape[-1]
    if channels not in (1, 3):
        raise ConfigError(
            f"frames have {channels} channels; pictures need 1 (grey) or 3 (colour)."
        )
    plain = frame[..., 0] if channels == 1 else frame
    return plain.repeat(scale, axis=0).repeat(scale, axis=1)
