"""What the attributes of an HDF5 array say of its numbers: netCDF's conventions.

Source: "Attribute Conventions", appendix A of the NetCDF Users' Guide (Unidata).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from foreworld.data.exchange.recordings.guard import Unreadable
from foreworld.data.exchange.recordings.values import changed

_SCALE, _OFFSET = "scale_factor", "add_offset"
_MISSING = ("_FillValue", "missing_value")
_LOW, _HIGH, _RANGE = "valid_min", "valid_max", "valid_range"
_UNITS = ("units", "unit")
_OTHERS = (*("PALETTE", "IMAGE_WHITE_IS_ZERO", "DISPLAY_ORIGIN", "_Unsigned"),)
"""Attributes that change what the numbers mean, and for which there is no rule."""
_NEUTRAL = {"scale": 1, "slope": 1, "gain": 1, "offset": 0, "intercept": 0}
"""What some call factor and offset, and the number that changes nothing."""
_COLOUR_ORDERS = ("color_order", "colour_order", "channel_order")
_SHOWN, _WHOLE = "IMAGE_MINMAXRANGE", ((0, 255), (0, 65535))
"""Which numbers are shown as black and white; nothing changes where they are so."""
_COLOURS = "IMAGE_COLORMODEL"
_SAME_UNITS = {
    "s": ("sec", "secs", "second", "seconds"),
    "ms": ("msec", "msecs", "millisecond", "milliseconds"),
    "m": ("meter", "meters", "metre", "metres"),
    "rad": ("radian", "radians"),
    "deg": ("degree", "degrees"),
}
"""Other words for units."""
_MOST_LETTERS = 60


@dataclass(frozen=True)
class Meaning:
    """What the numbers of an array mean.

    Attributes
    ----------
    name
        Of the array, for messages.
    factor, offset
        What numbers are multiplied by, and what is added then; ``None`` for neither.
    missing
        Numbers that stand for none, and what says so.
    limits
        Names of attributes, and whether they are the least number, with their values.
    """

    name: str
    factor: Any = None
    offset: Any = None
    missing: tuple[tuple[Any, str], ...] = ()
    limits: tuple[tuple[str, bool, Any], ...] = ()

    @property
    def scaled(self) -> bool:
        """Whether numbers are changed."""
        return self.factor is not None or self.offset is not None

    def __str__(self) -> str:
        """How numbers are changed, for people."""
        both = (("multiplied by", self.factor), ("raised by", self.offset))
        words = [f"{verb} {by:g}" for verb, by in both if by is not None]
        return f"{self.name} is {' and '.join(words)}, as its attributes say"

    def applied(self, values: np.ndarray) -> np.ndarray:
        """Numbers as they are meant.

        Raises
        ------
        Unreadable
            Some are missing, outside of what is valid, or would lose digits.
        """
        for mark, who in self.missing:
            if (values == mark).any():
                raise Unreadable(
                    f"{self.name} holds {int((values == mark).sum())} missing values "
                    f"({who} {mark} is one). Leave such sequences out"
                )
        whole = values.dtype.kind in "iu"
        meant = self._scaled(values) if self.scaled else values
        for key, least, limit in self.limits:
            # A limit of floats for packed whole numbers is of what they mean.
            told = meant if whole and np.asarray(limit).dtype.kind == "f" else values
            beyond = told < limit if least else told > limit
            if beyond.any():
                side = "below" if least else "above"
                raise Unreadable(
                    f"{self.name} holds {int(beyond.sum())} values {side} {limit}, "
                    f"such as {told[beyond].flat[0]}, which its attribute {key} calls "
                    f"not valid. Leave such sequences out, or correct the attribute"
                )
        return meant

    def _scaled(self, values: np.ndarray) -> np.ndarray:
        if (bad := changed(values, "float64")) is not None:
            raise Unreadable(
                f"{self.name} holds the whole number {bad}, which is scaled (an "
                f"attribute says so) and has more digits than floats. Save it as it is "
                f"meant"
            )
        factor = 1 if self.factor is None else self.factor
        return values.astype(np.float64) * factor + (self.offset or 0)


def meaning_of(name: str, attributes: Any) -> Meaning:
    """What the numbers of an array mean.

    Parameters
    ----------
    name, attributes
        Of the array.

    Raises
    ------
    Unreadable
        They say something for which there is no rule.
    """
    for key in _OTHERS:
        if key in attributes:
            raise Unreadable(
                f"{name} has an attribute {key}, which says what its numbers mean "
                f"in a way that is not known here. Save it as plain numbers"
            )
    for key, neutral in _NEUTRAL.items():
        told = np.asarray(attributes.get(key, neutral))
        if told.dtype.kind in "biuf" and (told != neutral).any():
            raise Unreadable(
                f"{name} has an attribute {key}, {told.ravel()[0]}, and whether its "
                f"numbers are to be changed by it is not known. Call it {_SCALE} or "
                f"{_OFFSET}, which are applied, or save plain numbers without it"
            )
    for key in _COLOUR_ORDERS:
        told = _text(attributes.get(key, "RGB"))
        if told.upper() != "RGB":
            raise Unreadable(f"{name} has colours in the order {told}. Save it as RGB")
    if _SHOWN in attributes:
        ends = tuple(_numbers(name, attributes, _SHOWN, 2).tolist())
        if ends not in _WHOLE:
            raise Unreadable(
                f"{name} is to be shown from {ends[0]:g} to {ends[1]:g} (its attribute "
                f"{_SHOWN}), which is not black to white. Scale it so"
            )
    if _text(attributes.get("IMAGE_SUBCLASS", "")) == "IMAGE_INDEXED":
        raise Unreadable(f"{name} holds numbers of colours. Save it as grey or RGB")
    colours = _text(attributes.get(_COLOURS, "RGB"))
    if colours != "RGB":
        raise Unreadable(f"{name} has colours of the model {colours}. Save it as RGB")
    missing = (_number(name, attributes, key) for key in _MISSING)
    limits = [
        (key, key == _LOW, value)
        for key in (_LOW, _HIGH)
        if (value := _number(name, attributes, key)) is not None
    ]
    if _RANGE in attributes:
        ends = _numbers(name, attributes, _RANGE, 2)
        limits += [(_RANGE, True, ends[0]), (_RANGE, False, ends[1])]
    return Meaning(
        name,
        _number(name, attributes, _SCALE),
        _number(name, attributes, _OFFSET),
        tuple((m, "its attribute says that") for m in missing if m is not None),
        tuple(limits),
    )


def unit_of(attributes: Any) -> str:
    """The unit that the attributes tell; empty for none."""
    for key in _UNITS:
        if told := _text(attributes.get(key, "")):
            return told[:_MOST_LETTERS]
    return ""


def same_unit(one: str, other: str) -> bool:
    """Whether two units are the same, in other words or not.

    Parameters
    ----------
    one, other
        As files tell them; times ``since`` whenever are times.
    """
    return _plain(one) == _plain(other)


def _plain(unit: str) -> str:
    word = unit.partition(" since ")[0].strip()
    found = (u for u, others in _SAME_UNITS.items() if word.lower() in others)
    return next(found, word)


def _text(told: Any) -> str:
    told = told.decode(errors="replace") if isinstance(told, bytes) else told
    return told.strip() if isinstance(told, str) else ""


def _number(name: str, attributes: Any, key: str) -> Any:
    return _numbers(name, attributes, key, 1)[0] if key in attributes else None


def _numbers(name: str, attributes: Any, key: str, size: int) -> np.ndarray:
    value = np.asarray(attributes[key])
    if value.size != size or value.dtype.kind not in "biuf":
        wanted = "number" if size == 1 else f"{size} numbers"
        no = "no" if size == 1 else "not"
        raise Unreadable(f"the attribute {key} of {name} is {no} {wanted}")
    return value.reshape(-1)
