"""Checks and converts a person's own arrays to the written format of data sets.

A cast that would change a value is refused, but for the rounding of floats to float32.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from foreworld.core.errors import ConfigError
from foreworld.data.format.schema import (
    LABEL,
    PARAMETER,
    STATES,
    STEP,
    axis_of,
    row_of,
)

MOST_CHOICE = 2**31 - 1
"""The largest number of a choice, which is stored with 32 bits."""
SIXTEEN = "16 bits scaled to 8"
"""What is said where pixels have 16 bits."""
LEAVE = " If it is something else: --{} '' (an empty name) leaves it out."
"""What is said where an array may have been meant for nothing of ours."""
_CHOICES = {"action": "int32", "mode": "int32", LABEL: "int64"}
"""Columns of whole numbers that count something, from 0."""


def is_sixteen(dtype: np.dtype) -> bool:
    """Whether pixels have 16 bits, in whatever order of bytes."""
    return dtype.kind == "u" and dtype.itemsize == 2


def scaled(pixels: np.ndarray) -> np.ndarray:
    """Pixels of 16 bits with 8 bits: white is white, what is between is rounded."""
    return ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)


def check_shape(
    path: Path, key: str, shape: tuple[int, ...], num: int, length: int
) -> None:
    """Whether an array has an entry for each frame, step or sequence.

    Parameters
    ----------
    path
        File that it is in, for the message.
    key
        Column that it is to be.
    shape
        Of the array, sequences and time first.
    num
        Sequences.
    length
        Frames of a sequence.

    Raises
    ------
    ConfigError
        It has not.
    """
    axis = axis_of(key)
    steps = axis == "step"
    leading = (num,) if axis == "none" else (num, length - steps)
    if shape[: len(leading)] == leading:
        return
    between = {"step": "step between two frames", "none": "sequence"}.get(axis, axis)
    hint = ""
    if steps and shape[: len(leading)] == (num, length):
        hint = (
            " Leave out the last one, after which there is no frame: "
            "--drop-last-action (drop_last_action=True in Python) does so."
        )
    raise ConfigError(
        f"{path}: {key} has shape {shape}, but it must begin with {leading}: one entry "
        f"for each {between}.{hint or LEAVE.format(key)}"
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
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ConfigError(
            f"{where}: {key} holds values that are not finite. Leave such sequences "
            f"out, or cut them before that."
        )
    if key == "image":
        frames = _pixels(where, array)
        return frames if frames.ndim == 4 else frames[..., None]
    if key == "action" and array.dtype.kind in "biu" and array.shape[1:] == (1,):
        # One choice a step, with an axis that says nothing.
        array = array[:, 0]
    array = _entries(where, key, array)
    dtype = row_of(key).dtype
    if dtype == "bool":
        return _truths(where, key, array)
    if key in _CHOICES and (key != "action" or _is_choice(array)):
        return _choices(where, key, array)
    return _numbers(where, key, array, dtype or "float32")


def _entries(where: str, key: str, array: np.ndarray) -> np.ndarray:
    """With one number an entry, or one row, where the schema says so."""
    axis, entry = axis_of(key), row_of(key).entry
    lead = array.shape[: int(axis != "none")]
    if key in STATES:
        return array.reshape(*lead, -1)
    if key == LABEL or (entry == () and key != "action") or key == "mode":
        wanted = (*lead, 1) if key == LABEL else lead
        if array.size != np.prod(lead, dtype=int):
            raise ConfigError(
                f"{where}: {key} has shape {array.shape}, but it is one number a "
                f"{ {'none': 'sequence'}.get(axis, axis) }.{LEAVE.format(key)}"
            )
        return array.reshape(wanted)
    return array


def _is_choice(array: np.ndarray) -> bool:
    return array.dtype.kind in "biu" and array.ndim == 1


def _truths(where: str, key: str, array: np.ndarray) -> np.ndarray:
    if not np.isin(array, (0, 1)).all():
        raise ConfigError(f"{where}: {key} must hold 0 and 1 only.")
    truths = array.astype(bool)
    if key == "valid":
        if not truths.any():
            raise ConfigError(
                f"{where}: valid is false for every frame. Of each sequence at least "
                f"one frame must be valid: correct it, or leave that sequence out."
            )
        if (truths[1:] > truths[:-1]).any():
            first = int(np.flatnonzero(truths[1:] > truths[:-1])[0]) + 1
            raise ConfigError(
                f"{where}: valid is true again at frame {first}, after it was false. "
                f"It must be true first and false afterwards: cut off the frames "
                f"before, or make two sequences of it."
            )
    return truths


def _choices(where: str, key: str, array: np.ndarray) -> np.ndarray:
    if array.dtype.kind == "f" and (array != np.round(array)).any():
        raise ConfigError(
            f"{where}: {key} holds {array[array != np.round(array)].flat[0]:g}; it "
            f"must be whole numbers."
        )
    most = np.iinfo(_CHOICES[key]).max
    low, high = (int(array.min()), int(array.max())) if array.size else (0, 0)
    if low < 0:
        raise ConfigError(f"{where}: {key} holds {low}; choices are counted from 0.")
    if high > most:
        raise ConfigError(
            f"{where}: {key} holds {high}, and the largest number that can be stored "
            f"is {most}. Number the choices from 0, or bring them as floats if they "
            f"are no choices."
        )
    return array.astype(_CHOICES[key])


def _numbers(where: str, key: str, array: np.ndarray, dtype: str) -> np.ndarray:
    if key == "time":
        # Times of the frames since the first: clocks count from 1970, in more digits.
        if (array[1:] < array[:-1]).any():
            raise ConfigError(f"{where}: time goes backwards. Put the frames in order.")
        array = array - array[:1] if array.dtype.kind == "f" else _since(array)
    if key == PARAMETER + STEP and not (array > 0).all():
        raise ConfigError(
            f"{where}: dt is {array.min():g}, but the time between two frames is "
            f"greater than 0. Correct it.{LEAVE.format(STEP)}"
        )
    with np.errstate(over="ignore", under="ignore"):
        stored = array.astype(dtype)
    if not np.isfinite(stored).all():
        raise ConfigError(
            f"{where}: {key} holds {array.flat[np.abs(array).argmax()]}, which is too "
            f"large for {dtype}."
        )
    if (bad := changed(array, dtype)) is not None:
        raise ConfigError(
            f"{where}: {key} holds the whole number {bad}, which {dtype} would change "
            f"to {int(np.dtype(dtype).type(bad))}. Subtract an offset, or bring it as "
            f"floats if the last digits do not matter."
        )
    if array.size and array.any() and not stored.any():
        raise ConfigError(
            f"{where}: {key} holds at most {np.abs(array).max():g}, which {dtype} "
            f"would change to 0. Choose a larger unit."
        )
    if key == "time" and ((np.diff(stored) > 0) != (array[1:] > array[:-1])).any():
        raise ConfigError(
            f"{where}: times are so close that {dtype} does not tell them apart. "
            f"Choose another unit, or shorter sequences."
        )
    return stored


def _since(array: np.ndarray) -> np.ndarray:
    # Of times that never fall, so that no difference is below 0, whatever the type.
    return array.astype(np.uint64) - array[:1].astype(np.uint64)


def changed(array: np.ndarray, dtype: str) -> int | None:
    """The first whole number that a type of floats would change; ``None`` for none.

    Parameters
    ----------
    array
        Whole numbers; others are rounded.
    dtype
        The type of floats.
    """
    if array.dtype.kind not in "iu":
        return None
    # Sums of arrays wrap around, as is meant here; those of single numbers warn.
    array = np.atleast_1d(array)
    size = array.astype(np.uint64)
    size = np.where(array < 0, ~size + np.uint64(1), size)
    # Digits from the first to the last that is not 0; no sum or quotient is rounded.
    digits = size // np.maximum(size & (~size + np.uint64(1)), np.uint64(1))
    bad = digits >= np.uint64(2 ** (np.finfo(dtype).nmant + 1))
    return int(array[bad].flat[0]) if bad.any() else None


def levelled(key: str, array: np.ndarray, stored: np.ndarray) -> str:
    """What rounding took from what one sequence's values differ by; empty for little.

    Parameters
    ----------
    key
        Column that it is.
    array, stored
        As it was recorded, and as it is stored.
    """
    if array.dtype != np.float64 or stored.dtype != np.float32 or key == "time":
        return ""
    rows = array.reshape(len(array), -1) if array.ndim else array.reshape(1, 1)
    kept = stored.reshape(rows.shape)
    low, high = rows.min(0), rows.max(0)
    size = np.maximum(np.abs(low), np.abs(high))
    # Below are the last digits of a computation; above, float32 keeps enough.
    narrow = (high - low > 1e-12 * size) & (high - low < 2.0**-14 * size)
    for entry in np.flatnonzero(narrow):
        before = np.unique(rows[:, entry]).size
        after = np.unique(kept[:, entry]).size
        if 2 * after <= before:
            which = f"[{entry}]" if rows.shape[1] > 1 else ""
            return (
                f"{which} differs by {high[entry] - low[entry]:.3g} about "
                f"{high[entry]:.6g}: of {before} values in a sequence float32 keeps "
                f"{after} apart"
            )
    return ""


def _pixels(where: str, array: np.ndarray) -> np.ndarray:
    low, high = array.min(), array.max()
    if array.dtype == np.uint8:
        return array
    if array.dtype == bool:
        return array.astype(np.uint8) * np.uint8(255)
    if is_sixteen(array.dtype):
        return scaled(array)
    if array.dtype.kind == "f" and low >= 0 and high <= 1:
        return np.round(array * 255).astype(np.uint8)
    if array.dtype.kind in "iu" and low >= 0 and high <= 255:
        return array.astype(np.uint8)
    raise ConfigError(
        f"{where}: image is {array.dtype} from {low:g} to {high:g}. Frames are whole "
        f"numbers from 0 to 255, fractions from 0 to 1, or uint16, which is divided by "
        f"257."
    )
