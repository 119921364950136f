"""Takes parts apart for a program and puts them together again inside it.

``partition`` gives the static part (hashable: jit's static argument), the traced
floats, the data arrays and what is shared, all by dotted path. ``combine`` rebuilds
without checking, because checks need Python values; check first, then stack.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import equinox as eqx
import jax
import numpy as np

from foreworld.core.errors import ConfigError
from foreworld.core.parts.part import Part, field_specs, holds_arrays, is_array
from foreworld.core.parts.reference import AbstractRef
from foreworld.core.parts.settings import Settings
from foreworld.core.parts.stand_in import StandIn


@dataclass(frozen=True)
class Static:
    """A part without its numbers: hashable, and equal when programs are equal."""

    cls: type[Part]
    fields: tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class _Hole:
    """Stands in a :class:`Static` for a traced, data or shared field."""


@dataclass(frozen=True)
class _Reference:
    """Stands for a shared field: equal where the same thing is meant."""

    identity: Any
    ref: Any = field(compare=False)


class Packed(eqx.Module):
    """A pytree whose arrays are leaves, so that programs take it; see :func:`pack`."""

    arrays: Any
    rest: Any = eqx.field(static=True)


def pack(value: Any) -> Any:
    """What a program can take: a value that holds more than arrays is wrapped.

    ``unpack`` gives it back. A value of arrays alone is given back as it is.
    """
    leaves, structure = jax.tree.flatten(value)
    if isinstance(value, Packed) or all(map(is_array, leaves)):
        return value
    arrays = [x if is_array(x) else None for x in leaves]
    rest = tuple(None if is_array(x) else x for x in leaves)
    return Packed(arrays, (structure, rest))


def unpack(value: Any) -> Any:
    """What :func:`pack` wrapped."""
    if not isinstance(value, Packed):
        return value
    structure, rest = value.rest
    pairs = zip(value.arrays, rest, strict=True)
    return jax.tree.unflatten(structure, [b if a is None else a for a, b in pairs])


@dataclass(frozen=True)
class _Items:
    """A dictionary of parts, kept in order."""

    items: tuple[tuple[str, Any], ...]


Leaves = dict[str, Any]
"""Arrays or floats by dotted path."""


def partition(part: Part) -> tuple[Static, Leaves, Leaves, Leaves]:
    """A part as (static, traced, data, shared).

    Returns
    -------
    static
        Hashable; two parts that can share a program have equal statics.
    traced
        Floats by dotted path.
    data
        Arrays by dotted path; their shapes belong to the static part.
    shared
        References by dotted path, or what they yield where the part is open already.
        The static part says which things they mean, so runs of one program share them.
    """
    leaves = _Split({}, {}, {})
    static = _partition(part, "", leaves)
    return static, leaves.traced, leaves.data, leaves.shared


def numbers(part: Part | StandIn) -> dict[str, float]:
    """The traced floats of a part, by dotted path; of a stand-in all of its floats."""
    if isinstance(part, Part):
        return partition(part)[1]
    return {name: x for name, x in part.fields.items() if isinstance(x, float)}


def combine(
    static: Static, traced: Leaves, data: Leaves, shared: Leaves | None = None
) -> Any:
    """The part again, holding whatever arrays the leaves now are.

    Parameters
    ----------
    static
        The hashable rest of the part.
    traced, data
        Arrays by dotted path, of any shapes.
    shared
        What references yield, by dotted path; those left out stay references.
    """
    return _combine(static, "", {**traced, **data, **(shared or {})})


def stack(leaves: Sequence[Leaves]) -> dict[str, np.ndarray]:
    """Stack the traced leaves of many parts along a new first axis, in float32.

    Parameters
    ----------
    leaves
        Floats by dotted path, a dictionary a part; all have the same paths.
    """
    return jax.tree.map(lambda *xs: np.asarray(xs, np.float32), *leaves)


class _Split(NamedTuple):
    """What is taken out of a part."""

    traced: Leaves
    data: Leaves
    shared: Leaves


def _partition(value: Any, path: str, leaves: _Split) -> Any:
    if isinstance(value, Part):
        fields = []
        for spec in field_specs(type(value)):
            where = f"{path}.{spec.name}" if path else spec.name
            item = getattr(value, spec.name)
            fields.append((spec.name, _field(spec.kind, item, where, leaves)))
        return Static(type(value), tuple(fields))
    if isinstance(value, StandIn):
        value.refuse()
    if isinstance(value, dict):
        pairs = value.items()
        return _Items(
            tuple((k, _partition(v, f"{path}.{k}", leaves)) for k, v in pairs)
        )
    if isinstance(value, tuple):
        pairs = enumerate(value)
        return tuple(_partition(v, f"{path}.{i}", leaves) for i, v in pairs)
    return value


def _field(kind: str, value: Any, path: str, leaves: _Split) -> Any:
    """What stands for a field in the static part."""
    if kind == "traced":
        leaves.traced[path] = value
        return _Hole()
    if kind == "data":
        leaves.data[path] = value
        return _Hole()
    if kind == "shared" and isinstance(value, AbstractRef):
        leaves.shared[path] = value
        return _Reference(value.known_as(), value)
    if kind == "shared" and holds_arrays(value) and not isinstance(value, Part):
        leaves.shared[path] = pack(value)
        return _Hole()
    return _partition(value, path, leaves)


def _combine(static: Any, path: str, leaves: Leaves) -> Any:
    if isinstance(static, Static):
        part = object.__new__(static.cls)
        for name, item in static.fields:
            where = f"{path}.{name}" if path else name
            if isinstance(item, _Hole):
                if where not in leaves:
                    raise ConfigError(f"no value for {static.cls.__name__} {where}.")
                value = unpack(leaves[where])
            elif isinstance(item, _Reference):
                value = unpack(leaves[where]) if where in leaves else item.ref
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
