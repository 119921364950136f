"""Values in parts by dotted path: read, changed, listed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from foreworld.core.errors import unknown_name
from foreworld.core.parts.part import Entries, FieldSpec, Part, field_specs
from foreworld.core.parts.settings import Settings
from foreworld.core.parts.stand_in import StandIn


def get_path(part: Any, path: str) -> Any:
    """The value at a dotted path of fields and dictionary keys.

    Parameters
    ----------
    part
        A part or a dictionary of parts.
    path
        Names joined by dots, such as ``world.length``.
    """
    for step in path.split("."):
        part = _step(part, step, path)
    return Settings(part) if isinstance(part, _Open) else part


def set_path(part: Any, path: str, value: Any) -> Any:
    """A copy of a part with the value at a dotted path changed and checked.

    Parameters
    ----------
    part
        A part or a dictionary.
    path
        Names joined by dots, such as ``world.length``.
    value
        The new value.
    """
    return set_paths(part, {path: value})


def set_paths(part: Any, values: Mapping[str, Any]) -> Any:
    """A copy with several values changed at once: what belongs together is checked so.

    Parameters
    ----------
    part
        A part or a dictionary.
    values
        New values by dotted path, none of which contains another one. Entries that a
        dictionary lacks are added.
    """
    changes: dict[str, Any] = {}
    inner: dict[str, dict[str, Any]] = {}
    for path, value in values.items():
        step, _, rest = path.partition(".")
        old = _step(part, step, path, new={} if rest else None)
        if rest:
            inner.setdefault(step, {})[rest] = value
            changes[step] = old
        else:
            changes[step] = value
    changes |= {step: set_paths(changes[step], given) for step, given in inner.items()}
    return {**part, **changes} if isinstance(part, dict) else part.replace(**changes)


def field_paths(part: Part | StandIn, prefix: str = "") -> dict[str, FieldSpec]:
    """The fields of a part and of the parts that they hold, by dotted path.

    Parameters
    ----------
    part
        The part; nothing is known of the fields of a stand-in.
    prefix
        Put before every path.
    """
    found: dict[str, FieldSpec] = {}
    if isinstance(part, StandIn):
        return found
    for spec in field_specs(type(part)):
        value, path = getattr(part, spec.name), f"{prefix}{spec.name}"
        found[path] = spec
        if isinstance(value, Part):
            found.update(field_paths(value, f"{path}."))
    return found


def whole_path(path: str, known: Iterable[str]) -> str:
    """A path, or the only one that it stands for where parts on the way are left out.

    ``image_size`` stands for ``picture.image_size``.

    Parameters
    ----------
    path
        What was given.
    known
        All paths that there are.
    """
    *lead, last = path.split(".")
    known = list(known)
    longer = [
        other
        for other in known
        if (steps := other.split("."))[-1] == last and steps[: len(lead)] == lead
    ]
    return longer[0] if path not in known and len(longer) == 1 else path


def nested(values: dict[str, Any]) -> dict[str, Any]:
    """Values by dotted path as constructors take them: a dictionary a nested part.

    Parameters
    ----------
    values
        ``{"mass": 1.0, "picture.margin": 0.4}``; a part that is given whole beside
        its fields has them changed.
    """
    whole = {path: value for path, value in values.items() if "." not in path}
    inner: dict[str, dict[str, Any]] = {}
    for path, value in values.items():
        step, _, rest = path.partition(".")
        if rest:
            inner.setdefault(step, {})[rest] = value
    for step, given in inner.items():
        base, fields = whole.get(step), nested(given)
        part = isinstance(base, Part)
        whole[step] = base.replace(**fields) if part else {**(base or {}), **fields}
    return whole


class _Open(dict):
    """A dictionary of a field on a path, and what an entry not yet there starts as."""

    def __init__(self, entries: dict[str, Any], fallback: Any) -> None:
        super().__init__(entries)
        self.fallback = fallback


_REFUSED = object()


def _step(part: Any, step: str, path: str, new: Any = _REFUSED) -> Any:
    """What a step of a path leads to; ``new`` is an entry that a dictionary lacks."""
    if isinstance(part, dict) and step in part:
        return part[step]
    if isinstance(part, _Open):
        return part.fallback
    if isinstance(part, StandIn):
        return getattr(part, step)
    if isinstance(part, Part):
        known = {spec.name: spec for spec in field_specs(type(part))}
        if step in known:
            value, mark = getattr(part, step), known[step].mark
            if isinstance(mark, Entries):
                return _Open(value, getattr(part, mark.like))
            return value
        raise unknown_name(f"field of {type(part).__name__}", step, known)
    known = list(part) if isinstance(part, dict) else []
    of_parts = known and isinstance(part[known[0]], Part)
    if isinstance(part, dict) and new is not _REFUSED and not of_parts:
        return new
    raise unknown_name(f"step in {path!r}:", step, known)
