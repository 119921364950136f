"""Whether what was recorded of an episode agrees: its ends, valid frames and clock."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool

from foreworld.core.errors import ConfigError
from foreworld.data.exchange.recordings.account import Arrays
from foreworld.data.exchange.recordings.values import LEAVE
from foreworld.data.format.schema import PARAMETER, STEP

_ENDS = ("terminated", "truncated")
_APART = 1.5
"""How far ``dt`` may lie outside of the steps of ``time``: frames that come unevenly,
by up to half of ``dt``, are no contradiction."""


def valid_frames(columns: Arrays, num_frames: int) -> Bool[np.ndarray, " frame"]:
    """Which frames belong to the episode: as recorded, or up to its first end.

    Parameters
    ----------
    columns
        All that was recorded, in the written format.
    num_frames
        Of the sequence.
    """
    if "valid" in columns:
        return columns["valid"]
    ends = _ends(columns)
    # The step from frame t to the next leads to the last one.
    last = int(ends.argmax()) + 1 if ends.any() else num_frames - 1
    return np.arange(num_frames) <= last


def check_ends(where: str, columns: Arrays) -> None:
    """Whether an episode is over where it is said to end.

    Parameters
    ----------
    where
        Sequence that it is of, for messages.
    columns
        All that was recorded, in the written format.

    Raises
    ------
    ConfigError
        Valid frames follow, or another end.
    """
    ends = _ends(columns)
    if not ends.any():
        return
    first = int(ends.argmax())
    name = next(n for n in _ENDS if n in columns and columns[n][first])
    after = ends[first + 1 :]
    if "valid" not in columns:
        # An end that stays true to the last step is one end.
        if after.any() and not after.all():
            again = first + 1 + int(after.argmax())
            raise ConfigError(
                f"{where}: an episode ends at step {first} ({name}), and again at step "
                f"{again}. Make a sequence of each episode, or bring valid, which is "
                f"true for the frames of the first.{LEAVE.format(name)}"
            )
    elif columns["valid"][first + 2 :].any():
        raise ConfigError(
            f"{where}: {name} is true at step {first} of {len(ends)}, but frame "
            f"{first + 2} is valid. No frame of an episode follows its end: make valid "
            f"false from there on, or {name} false.{LEAVE.format(name)}"
        )


def check_time(where: str, columns: Arrays) -> None:
    """Whether time goes on from each valid frame to the next, in steps of ``dt``.

    Parameters
    ----------
    where
        Sequence that it is of, for messages.
    columns
        All that was recorded, in the written format.

    Raises
    ------
    ConfigError
        It stands still, or contradicts ``dt``.
    """
    if "time" not in columns:
        return
    time = columns["time"]
    there = int(valid_frames(columns, len(time)).sum())
    steps = np.diff(time[:there])
    still = np.flatnonzero(steps <= 0)
    if still.size:
        raise ConfigError(
            f"{where}: time is the same at frames {still[0]} and {still[0] + 1}, "
            f"and {still.size} of {there - 1} steps take none. Each frame has a time "
            f"of its own: correct it.{LEAVE.format('time')}"
        )
    told = columns.get(PARAMETER + STEP)
    if told is None or not steps.size:
        return
    dt, low, high = float(told), float(steps.min()), float(steps.max())
    if not low / _APART <= dt <= high * _APART:
        raise ConfigError(
            f"{where}: dt is {dt:g}, but time goes on by {low:g} to {high:g} from one "
            f"frame to the next. dt is the time between two frames, in the unit of "
            f"time: correct one of them, or leave one out: --dt '' or --time ''."
        )


def _ends(columns: Arrays) -> Bool[np.ndarray, " step"]:
    """Steps that end an episode; empty where none was recorded."""
    found = [columns[name] for name in _ENDS if name in columns]
    return np.logical_or.reduce(found) if found else np.zeros(0, bool)
