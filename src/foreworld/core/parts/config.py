"""Parts as dictionaries and JSON, what differs between two, and their content hash."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax.core import Tracer

from foreworld.core import registry
from foreworld.core.disk.folder import json_text
from foreworld.core.errors import (
    ConfigError,
    DamagedError,
    ForeworldError,
    unknown_name,
)
from foreworld.core.own import trusted
from foreworld.core.own.modules import trusted_module
from foreworld.core.parts.part import (
    FieldSpec,
    Part,
    Place,
    field_specs,
    holds_arrays,
)
from foreworld.core.parts.paths import get_path
from foreworld.core.parts.stand_in import StandIn
from foreworld.core.strict_json import parse

_ADDRESS = re.compile(r"[^\x00-\x1f\x7f]{1,4096}:[^\W\d]\w*(\.[^\W\d]\w*)*")
"""Of a class: what stands in tables and figures is a name and nothing else."""
_NUMBERS = "biufc"
"""Kinds of arrays in fields."""


def to_dict(part: Part | StandIn) -> dict[str, Any]:
    """Every field of a part as plain JSON values, with its class and version."""
    if isinstance(part, StandIn):
        said = {} if part.version is None else {"version": part.version}
        fields = {name: encode(value) for name, value in part.fields.items()}
        return {"class": part.address, **said, **fields}
    cls = type(part)
    fields = {spec.name: encode(_closed(part, spec)) for spec in field_specs(cls)}
    return {"class": registry.address(cls), "version": cls.version, **fields}


def from_dict(data: dict[str, Any]) -> Any:
    """The part that :func:`to_dict` wrote.

    Its class must be Foreworld's, trusted, or imported already; see
    :mod:`foreworld.core.own.trusted`. Of parts in it that are of no such class, or no
    longer fit it, the dictionary is kept: a
    :class:`~foreworld.core.parts.stand_in.StandIn`.

    Raises
    ------
    ConfigError
        Unknown class or field, a value that is not allowed, or a version that this
        installation does not know.
    """
    if not isinstance(data, dict) or not isinstance(data.get("class"), str):
        raise ConfigError(f"expected a part with its 'class', got {data!r}.")
    try:
        with trusted.reading():
            return _part(data, _fields(data))
    except RecursionError as error:
        raise ConfigError("parts are nested too deeply to be read.") from error


def _part(data: dict[str, Any], fields: dict[str, Any]) -> Any:
    """The part, of fields that are decoded already."""
    cls = registry.locate(data["class"])
    if not issubclass(cls, Part) or cls is Part:
        raise ConfigError(f"{data['class']} is not a part of Foreworld.")
    version = data.get("version", cls.version)
    if version != cls.version:
        raise ConfigError(
            f"{data['class']} was written as version {version}, this installation has "
            f"version {cls.version}: its meaning has changed. Make it anew, or install "
            f"the version of Foreworld that wrote it."
        )
    known = [spec.name for spec in field_specs(cls)]
    for name in fields:
        if name not in known:
            raise unknown_name(f"field of {cls.__name__}", name, known)
    for spec in field_specs(cls):
        if spec.required and spec.name not in fields:
            raise ConfigError(f"{cls.__name__} needs a value for {spec.name!r}.")
    for module in cls.runs(fields):
        trusted_module(module, cls.__name__, ())
    return cls(**fields)


def _fields(data: dict[str, Any]) -> dict[str, Any]:
    """What a part is made of; its class must be named as classes can be."""
    address = data["class"]
    if not (isinstance(address, str) and _ADDRESS.fullmatch(address)):
        raise ConfigError(
            f"{address!r} names no class: it must be 'module:Class' or "
            f"'/path/file.py:Class'."
        )
    return {n: decode(x) for n, x in data.items() if n not in ("class", "version")}


def _part_or_stand_in(data: dict[str, Any]) -> Any:
    """A part in another one; as data where its class cannot make it."""
    fields = _fields(data)
    try:
        with trusted.reading():
            return _part(data, fields)
    except ForeworldError as error:
        why = error
    except Exception as error:
        # A person's own class may raise anything.
        why = ConfigError(
            f"{data['class']} does not take what was written: {type(error).__name__}: "
            f"{error}."
        )
    return StandIn(data["class"], data.get("version"), fields, why)


def read_part(data: Any, path: Path) -> Any:
    """:func:`from_dict` on what a file held; errors name the file.

    Parameters
    ----------
    data
        What the JSON held.
    path
        The file, for messages.

    Raises
    ------
    DamagedError
        It is not the shape of a part at all.
    ConfigError
        As in :func:`from_dict`.
    """
    if not isinstance(data, dict) or not isinstance(data.get("class"), str):
        raise DamagedError(f"{path} is damaged: it does not name a class.")
    try:
        return from_dict(data)
    except ConfigError as error:
        raise type(error)(f"{path}: {error}") from error


def to_json(part: Part | StandIn) -> str:
    """:func:`to_dict` as indented JSON text; reads back to an equal part."""
    return json_text(to_dict(part))


def from_json(text: str) -> Any:
    """The part in a JSON text.

    Raises
    ------
    DamagedError
        The text is not JSON.
    """
    return from_dict(load_json(text))


def load_json(text: str) -> Any:
    """The JSON in the text of a configuration, or an error for people."""
    try:
        return parse(text)
    except ValueError as error:
        raise DamagedError(f"configuration is not valid JSON: {error}.") from error


def content_hash(part: Part) -> str:
    """16 hex digits over the class, its version and the non-default fields.

    Neither the seed of an experiment nor the version of the code is in it.
    """
    text = json.dumps(_essence(part), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def diff(a: Part, b: Part) -> dict[str, tuple[Any, Any]]:
    """Fields that differ, by dotted path, as (value in a, value in b).

    Parameters
    ----------
    a, b
        Parts of any classes.
    """
    return differences(flat(to_dict(a)), flat(to_dict(b)))


def differences(a: dict[str, Any], b: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Entries that differ, as (value in a, value in b); ``None`` where there is none.

    Parameters
    ----------
    a, b
        Values by path.
    """
    pairs = {path: (a.get(path), b.get(path)) for path in (*a, *b)}
    return {path: pair for path, pair in pairs.items() if pair[0] != pair[1]}


def flat(data: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested dictionaries as one, keys joined by dots.

    Parameters
    ----------
    data
        Dictionary of dictionaries.
    prefix
        Put before every key.
    """
    out: dict[str, Any] = {}
    for key, value in data.items():
        if isinstance(value, dict):
            nested = set(value) == {"dict"} and isinstance(value["dict"], dict)
            inner = value["dict"] if nested else value
            out.update(flat(inner, f"{prefix}{key}."))
        else:
            out[f"{prefix}{key}"] = value
    return out


def changes(part: Part) -> dict[str, Any]:
    """Values that are not at their defaults, by dotted path.

    A nested part of another class than the default's is one value.
    """
    found: dict[str, Any] = {}
    for spec in field_specs(type(part)):
        value = getattr(part, spec.name)
        default = None if spec.required else spec.default()
        if isinstance(default, Part) and type(value) is type(default):
            inner = diff(default, value)
            found |= {f"{spec.name}.{p}": get_path(value, p) for p in inner}
        elif not _is_default(spec, value):
            found[spec.name] = value
    return found


def encode(value: Any, part: Callable[[Any], Any] = to_dict) -> Any:
    """A field's value as plain JSON values.

    Parameters
    ----------
    value
        As the field stores it.
    part
        What becomes of a part in it.
    """
    if isinstance(value, Part | StandIn):
        return part(value)
    if isinstance(value, dict):
        return {"dict": {key: encode(item, part) for key, item in value.items()}}
    if isinstance(value, tuple):
        return [encode(item, part) for item in value]
    if isinstance(value, Tracer):
        raise ConfigError("a part inside a compiled program cannot be written.")
    if isinstance(value, np.ndarray | jax.Array):
        array = np.asarray(value)
        return {
            "array": array.ravel().tolist(),
            "dtype": str(array.dtype),
            "shape": list(array.shape),
        }
    return value


def decode(value: Any) -> Any:
    """The value that :func:`encode` wrote."""
    if isinstance(value, list):
        return tuple(decode(item) for item in value)
    if not isinstance(value, dict):
        return value
    if "class" in value:
        return _part_or_stand_in(value)
    if set(value) == {"array", "dtype", "shape"}:
        try:
            dtype = np.dtype(value["dtype"])
            if dtype.kind not in _NUMBERS:
                raise TypeError(f"{value['dtype']} is no type of numbers")
            return np.asarray(value["array"], dtype).reshape(value["shape"])
        except (TypeError, ValueError, OverflowError) as error:
            raise ConfigError(f"an array cannot be read: {error}.") from error
    if set(value) == {"dict"} and isinstance(value["dict"], dict):
        return {key: decode(item) for key, item in value["dict"].items()}
    raise ConfigError(
        f"expected a part, an array or a dictionary as this package writes them, got "
        f"one with {', '.join(map(repr, value)) or 'nothing'} in it."
    )


def _essence(part: Part | StandIn) -> list[Any]:
    """What the content hash is over."""
    if isinstance(part, StandIn):
        part.refuse()
    fields = {}
    for spec in field_specs(type(part)):
        value = _closed(part, spec)
        if not isinstance(spec.mark, Place) and not _is_default(spec, value):
            fields[spec.name] = encode(value, _essence)
    where = registry.portable(registry.address(type(part)))
    return [where, type(part).version, fields]


def _closed(part: Part, spec: FieldSpec) -> Any:
    """A field's value; refused where arrays stand in the place of a reference."""
    value = getattr(part, spec.name)
    if spec.kind == "shared" and holds_arrays(value):
        raise ConfigError(
            f"{type(part).__name__}.{spec.name} is open: arrays stand in the place of "
            f"its reference, and they are not written. Use the part that was opened."
        )
    return value


def _is_default(spec: FieldSpec, value: Any) -> bool:
    return not spec.required and encode(spec.default()) == encode(value)
