"""Takes parts apart for a program and puts them together again inside it.

``partition`` gives the static part (hashable: jit's static argument), the traced floats
and the data arrays, both by dotted path. ``combine`` rebuilds without checking, because
checks need Python values; check first, then stack.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from foreworld.core.errors import ConfigError
from foreworld.core.parts.part import Part, field_specs
from foreworld.core.parts.settings import Settings
from foreworld.core.parts.stand_in import StandIn


@dataclass(frozen=True)
class Static:
    """A part without its numbers: hashable, and equal when programs are equal."""

    cls: type[Part]
    fields: tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class _Hole:
    """Stands in a :class:`Static` for a traced or data field."""


@dataclass(frozen=True)
class _Items:
    """A dictionary of parts, kept in order."""

    items: tuple[tuple[str, Any], ...]


Leaves = dict[str, Any]
"""Arrays or floats by dotted path."""


def partition(part: Part) -> tuple[Static, Leaves, Leaves]:
    """A part as (static, traced, data).

    Returns
    -------
    static
        Hashable; two parts that can share a program have equal statics.
    traced
        Floats by dotted path.
    data
        Arrays by dotted path; their shapes belong to the static part.
    """
    traced: Leaves = {}
    data: Leaves = {}
    return _partition(part, "", traced, data), traced, data


def numbers(part: Part | StandIn) -> dict[str, float]:
    """The traced floats of a part, by dotted path; of a stand-in all of its floats."""
    if isinstance(part, Part):
        return partition(part)[1]
    return {name: x for name, x in part.fields.items() if isinstance(x, float)}


def combine(static: Static, traced: Leaves, data: Leaves) -> Any:
    """The part again, holding whatever arrays the leaves now are.

    Parameters
    ----------
    static
        The hashable rest of the part.
    traced, data
        Arrays by dotted path, of any shapes.
    """
    return _combine(static, "", {**traced, **data})


def stack(leaves: Sequence[Leaves]) -> dict[str, np.ndarray]:
    """Stack the traced leaves of many parts along a new first axis, in float32.

    Parameters
    ----------
    leaves
        Floats by dotted path, a dictionary a part; all have the same paths.
    """
    return jax.tree.map(lambda *xs: np.asarray(xs, np.float32), *leaves)


def _partition(value: Any, path: str, traced: Leaves, data: Leaves) -> Any:
    if isinstance(value, Part):
        fields = []
        for spec in field_specs(type(value)):
            where = f"{path}.{spec.name}" if path else spec.name
            item = getattr(value, spec.name)
            if spec.kind == "static":
                fields.append((spec.name, _partition(item, where, traced, data)))
            else:
                (traced if spec.kind == "traced" else data)[where] = item
                fields.append((spec.name, _Hole()))
        return Static(type(value), tuple(fields))
    if isinstance(value, StandIn):
        value.refuse()
    if isinstance(value, dict):
        pairs = value.items()
        items = ((k, _partition(v, f"{path}.{k}", traced, data)) for k, v in pairs)
        return _Items(tuple(items))
    if isinstance(value, tuple):
        pairs = enumerate(value)
        return tuple(_partition(v, f"{path}.{i}", traced, data) for i, v in pairs)
    return value


def _combine(static: Any, path: str, leaves: Leaves) -> Any:
    if isinstance(static, Static):
        part = object.__new__(static.cls)
        for name, item in static.fields:
            where = f"{path}.{name}" if path else name
            if isinstance(item, _Hole):
                if where not in leaves:
                    raise ConfigError(f"no value for {static.cls.__name__} {where}.")
                value = leaves[where]
            else:
                value = _combine(item, where, leaves)
            object.__setattr__(part, name, value)
        return part
    if isinstance(static, _Items):
        pairs = static.items
        return Settings((k, _combine(v, f"{path}.{k}", leaves)) for k, v in pairs)
    if isinstance(static, tuple):
        return tuple(_combine(v, f"{path}.{i}", leaves) for i, v in enumerate(static))
    return static
