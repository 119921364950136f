"""Which axis of an array is the sequence, which is time, and which are of a frame."""

from __future__ import annotations

from pathlib import Path

from foreworld.core.errors import ConfigError
from foreworld.data.format.schema import Axis

LETTERS = {
    "n": "sequence",
    "t": "time",
    "h": "height",
    "w": "width",
    "c": "channels",
}
"""Axes of frames by their letters."""
GUESSED = (
    "Frames are (sequence, time, height, width, channels) with 1 or 3 channels; the "
    "channels may be left out, and so may the sequence where there is one; --axes "
    "(axes=... in Python) tells another order, such as tnhw"
)
_FRAME = "hwc"
_LABELS = {
    "n": ("sequence", "sequences", "seq", "episode", "episodes", "sample", "samples"),
    "t": ("time", "times", "frame", "frames", "step", "steps"),
    "h": ("y", "height", "row", "rows"),
    "w": ("x", "width", "column", "columns", "col"),
    "c": ("channel", "channels", "colour", "color", "rgb", "band"),
}
_MORE = {"n": ("batch", "trajectory", "trajectories", "trial", "trials")}
"""What files call the axes, beside the letters themselves."""


def check_axes(axes: str) -> str:
    """An order of axes as a person gives it.

    Raises
    ------
    ConfigError
        It names an axis twice, or one that there is not, or lacks one.
    """
    if not axes:
        return axes
    known = set(axes) <= set(LETTERS) and len(set(axes)) == len(axes)
    frame = set(axes) & set(_FRAME)
    if not known or "t" not in axes or (frame and not {"h", "w"} <= frame):
        told = ", ".join(f"{letter} {name}" for letter, name in LETTERS.items())
        raise ConfigError(
            f"axes={axes!r} must name each axis of the frames once: {told}. t, h and w "
            f"must be there (t alone where there are no frames), as in tnhwc."
        )
    return axes


def guess(path: Path, shape: tuple[int, ...]) -> str:
    """The axes of frames, where nobody told them.

    Parameters
    ----------
    path
        File that they are in, for the message.
    shape
        Of the array.

    Raises
    ------
    ConfigError
        They cannot be those of frames.
    """
    if len(shape) not in (3, 4, 5) or 0 in shape:
        raise ConfigError(f"{path}: image has shape {shape}. {GUESSED}.")
    if len(shape) == 3:
        return "thw"
    coloured = shape[-1] in (1, 3)
    if len(shape) == 4 and coloured:
        return "thwc"
    if shape[-1] in (2, 4) and (len(shape) == 5 or shape[-2] >= 8):
        raise ConfigError(
            f"{path}: image has shape {shape}, of which {shape[-1]} may be channels. "
            f"Lay transparency over a background and leave 1 or 3 channels; or tell "
            f"the axes with --axes (axes=... in Python)."
        )
    if len(shape) == 4:
        return "nthw"
    if not coloured:
        first = shape[2] in (1, 3)
        advice = (
            "Move the channels to the end, or say --axes ntchw" if first else GUESSED
        )
        raise ConfigError(f"{path}: image has shape {shape}. {advice}.")
    return "nthwc"


def labelled(labels: list[str]) -> str:
    """Letters of axes by what a file calls them; ``.`` where it says nothing known.

    Parameters
    ----------
    labels
        A word for each axis, or an empty one.
    """
    known = {word: letter for letter, all_ in _LABELS.items() for word in all_}
    known |= {word: letter for letter, all_ in _MORE.items() for word in all_}
    known |= {letter: letter for letter in LETTERS}
    letters = "".join(known.get(word.strip().lower(), ".") for word in labels)
    named = letters.replace(".", "")
    # A word that stands twice tells nothing.
    return letters if len(set(named)) == len(named) else "." * len(letters)


def against(axes: str, named: str) -> bool:
    """Whether a file names an axis that stands elsewhere, or nowhere, in an order.

    Parameters
    ----------
    axes
        Letters of the order.
    named
        As :func:`labelled` gives them; empty where the file names none.
    """
    known = [(place, letter) for place, letter in enumerate(named) if letter != "."]
    return any(axes[place : place + 1] != letter for place, letter in known)


def frame_order(axes: str) -> tuple[int, ...]:
    """Positions of sequence (if there is one), time, height, width, channels."""
    return tuple(axes.index(letter) for letter in LETTERS if letter in axes)


def order(axes: str, axis: Axis, num_dims: int) -> tuple[int, ...]:
    """Positions of sequence, time and the rest in an array beside the frames.

    Sequence and time stand where they do for the frames; all that belongs to an entry
    stands where height, width and channels do.

    Parameters
    ----------
    axes
        Of the frames.
    axis
        What the array has an entry for.
    num_dims
        Its number of axes.
    """
    letters = [letter for letter in axes if letter not in _FRAME]
    place = next((i for i, letter in enumerate(axes) if letter in _FRAME), len(axes))
    before = [letter for letter in axes[:place] if letter not in _FRAME]
    if axis == "none":
        before = [letter for letter in before if letter != "t"]
        letters = [letter for letter in letters if letter != "t"]
    rest = max(0, num_dims - len(letters))
    spread = [*before, *["e"] * rest, *letters[len(before) :]][:num_dims]
    lead = [spread.index(letter) for letter in "nt" if letter in spread]
    return (*lead, *(i for i, letter in enumerate(spread) if letter == "e"))
