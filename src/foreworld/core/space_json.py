"""Spaces as plain JSON values, and back."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp

from foreworld.core.errors import ConfigError
from foreworld.core.spaces import Box, ColumnSpace, Discrete, Record, Sequence, Space

_LARGEST = 2**31 - 1


def write_space(space: ColumnSpace) -> dict[str, Any]:
    """A space as plain JSON values, which :func:`read_space` makes a space again.

    Parameters
    ----------
    space
        Any space; infinite bounds are written as text.
    """
    if isinstance(space, Record):
        fields = {name: write_space(inner) for name, inner in space.items}
        return {"space": "record", "fields": fields}
    if isinstance(space, Sequence):
        entry = write_space(space.entry)
        return {"space": "sequence", "entry": entry, "max_len": space.max_len}
    if isinstance(space, Discrete):
        return {"space": "discrete", "num": space.num, "names": list(space.names)}
    low, high = (x if math.isfinite(x) else str(x) for x in (space.low, space.high))
    shape = list(space.shape)
    return {
        "space": "box",
        "low": low,
        "high": high,
        "shape": shape,
        "dtype": space.dtype,
    }


def read_space(data: Any) -> Space:
    """A space that was written.

    Parameters
    ----------
    data
        What :func:`write_space` gave.

    Raises
    ------
    ConfigError
        It is none.
    """
    found = read_column_space(data)
    if isinstance(found, Sequence):
        raise ConfigError(f"{data!r} is no space: only a column of data may be one.")
    return found


def read_column_space(data: Any) -> ColumnSpace:
    """The same of a column of data, whose rows may differ in length.

    Parameters
    ----------
    data
        What :func:`write_space` gave.

    Raises
    ------
    ConfigError
        It is none.
    """
    try:
        if data["space"] == "record":
            fields = data["fields"].items()
            return Record({name: read_space(inner) for name, inner in fields})
        if data["space"] == "sequence":
            entry: Any = read_space(data["entry"])
            return Sequence(entry, _whole(data["max_len"], 0))
        if data["space"] == "discrete":
            names = tuple(map(str, data["names"]))
            return Discrete(_whole(data["num"], 1), names)
        if data["space"] == "box":
            shape = tuple(_whole(size, 0) for size in data["shape"])
            dtype = jnp.dtype(data["dtype"])
            if dtype.kind not in "biuf":
                raise ValueError(f"{dtype} are no numbers")
            return Box(float(data["low"]), float(data["high"]), shape, str(dtype))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError(f"{data!r} is no space: {error}.") from error
    raise ConfigError(f"{data!r} is no space: expected a discrete, a box or a record.")


def _whole(value: Any, low: int) -> int:
    """A size that was written."""
    if type(value) is not int or not low <= value <= _LARGEST:
        raise ValueError(f"{value!r} is no whole number from {low} to {_LARGEST:,}")
    return value
