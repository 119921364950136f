"""Checks and converts a person's own arrays to the written format of data sets."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from foreworld.core.errors import ConfigError
from foreworld.data.format.schema import STATES, axis_of, row_of


def check_shape(
    path: Path, key: str, shape: tuple[int, ...], num: int | None, length: int
) -> None:
    """Whether an array has an entry for each frame, step or sequence.

    Parameters
    ----------
    path
        File that it is in, for the message.
    key
        Column that it is to be.
    shape
        Of the array.
    num
        Sequences; ``None`` where the array is of one.
    length
        Frames of a sequence.

    Raises
    ------
    ConfigError
        It has not.
    """
    axis = axis_of(key)
    steps = axis == "step"
    leading = () if num is None else (num,)
    if axis != "none":
        leading = (*leading, length - steps)
    if shape[: len(leading)] == leading:
        return
    between = {"step": "step between two frames", "none": "sequence"}.get(axis, axis)
    hint = ""
    if steps and shape[: len(leading)] == (*leading[:-1], length):
        hint = " Leave out the last one, after which there is no frame."
    raise ConfigError(
        f"{path}: {key} has shape {shape}, but it must begin with {leading}: one entry "
        f"for each {between}.{hint}"
    )


def convert(where: str, key: str, array: np.ndarray) -> np.ndarray:
    """One sequence's array in the written format.

    Parameters
    ----------
    where
        Sequence that it is of, for messages.
    key
        Column that it is to be.
    array
        What was recorded, time first.

    Raises
    ------
    ConfigError
        A type or values that have no place there; says which and what is allowed.
    """
    if array.dtype.kind not in "biuf":
        raise ConfigError(
            f"{where}: {key} is {array.dtype}; only numbers can be imported."
        )
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ConfigError(f"{where}: {key} holds values that are not finite.")
    if key == "image":
        frames = _pixels(where, array)
        return frames if frames.ndim == 4 else frames[..., None]
    dtype = row_of(key).dtype
    if dtype == "bool":
        if not np.isin(array, (0, 1)).all():
            raise ConfigError(f"{where}: {key} must hold 0 and 1 only.")
        if key == "valid" and not array.any():
            raise ConfigError(
                f"{where}: valid is false for every frame. Of each sequence at least "
                f"one frame must be valid: correct it, or leave that sequence out."
            )
        return array.astype(bool)
    if key == "action" and array.dtype.kind in "iu" and array.ndim == 1:
        if array.size and array.min() < 0:
            raise ConfigError(
                f"{where}: action holds {array.min()}; choices are counted from 0."
            )
        return array.astype(np.int32)
    if key in STATES:
        array = array.reshape(len(array), -1)
    if key == "reward" and array.ndim != 1:
        raise ConfigError(
            f"{where}: reward has shape {array.shape}, one number a step."
        )
    with np.errstate(over="ignore"):
        stored = array.astype(dtype or np.float32)
    if not np.isfinite(stored).all():
        raise ConfigError(
            f"{where}: {key} holds {array.flat[np.abs(array).argmax()]}, which is too "
            f"large for {stored.dtype}."
        )
    return stored


def _pixels(where: str, array: np.ndarray) -> np.ndarray:
    low, high = array.min(), array.max()
    if array.dtype == np.uint8:
        return array
    if array.dtype == bool:
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype.kind == "f" and low >= 0 and high <= 1:
        return np.round(array * 255).astype(np.uint8)
    if array.dtype.kind in "iu" and low >= 0 and high <= 255:
        return array.astype(np.uint8)
    raise ConfigError(
        f"{where}: image is {array.dtype} from {low:g} to {high:g}. Frames are whole "
        f"numbers from 0 to 255, or fractions from 0 to 1."
    )
