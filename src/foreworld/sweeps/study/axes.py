"""What a study sweeps: lists of values by field, and fields that change together.

A point is labelled with its swept values, so two keys never set the same field, a value
never takes along what the base says beside it, and the parameters that are built are
compared with their labels.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from foreworld.core.errors import ConfigError, ForeworldError, unknown_name
from foreworld.core.parts.config import changes
from foreworld.core.parts.part import Part, field_specs
from foreworld.core.parts.paths import get_path, set_paths
from foreworld.core.parts.reference import AbstractRef
from foreworld.train.parameters import Parameters, full_path

_TOGETHER = ", "
"""Stands in a key between fields that change together."""
_SETS = set | frozenset
_ARRAYS = np.ndarray | np.generic | jax.Array


def read_axes(base: Parameters, over: Mapping[Any, Any]) -> dict[str, tuple[Any, ...]]:
    """The lists of values, each as its field stores it.

    Parameters
    ----------
    base
        What all points share.
    over
        Lists of values by field, or by a tuple of fields.

    Raises
    ------
    ConfigError
        A field that does not exist, a value that is not allowed, or two keys that set
        the same field.
    """
    pairs = [
        (_TOGETHER.join(map(base.whole, fields_of(_key(key)))), values)
        for key, values in over.items()
    ]
    _check_apart(base, [field for key, _ in pairs for field in fields_of(key)])
    keys = dict(pairs)
    return {key: _values(base, key, values) for key, values in keys.items()}


def read_rule(
    base: Parameters, swept: Sequence[str], rule: object
) -> dict[str, tuple[Any, ...]]:
    """An entry of ``exclude``: choices by swept field.

    Parameters
    ----------
    base
        What all points share.
    swept
        The swept fields.
    rule
        What was given.

    Raises
    ------
    ConfigError
        It names a field that is not swept, or a value that is not allowed.
    """
    if not isinstance(rule, Mapping) or not rule:
        raise ConfigError(
            f"Study.exclude: expected dictionaries of swept fields, got {rule!r}."
        )
    paths = {full_path(key): key for key in swept}
    found: dict[str, tuple[Any, ...]] = {}
    for key, wanted in rule.items():
        if not isinstance(key, str):
            raise ConfigError(
                f"Study.exclude: {key!r} must be the name of one swept field. Of "
                f"fields that change together name one, or each with its own value."
            )
        swept_as = paths.get(full_path(base.whole(key)))
        if swept_as is None:
            raise unknown_name("swept field in exclude", key, swept)
        if isinstance(wanted, _SETS):
            raise _no_order(f"Study.exclude[{key!r}]", wanted)
        several = isinstance(wanted, list | tuple | np.ndarray)
        choices = wanted if several else (wanted,)
        found[swept_as] = tuple(_value(base, swept_as, v) for v in choices)
    return found


def fields_of(key: str) -> list[str]:
    """The fields that a key of ``over`` names."""
    return key.split(_TOGETHER)


def fields_and_values(key: str, value: Any) -> list[tuple[str, Any]]:
    """The fields of a key, each with its own value.

    Parameters
    ----------
    key
        A key of ``over``.
    value
        One of its values.
    """
    fields = fields_of(key)
    return list(zip(fields, value if len(fields) > 1 else [value], strict=True))


def apply(base: Parameters, fields: Mapping[str, Any]) -> Parameters:
    """The parameters of a point, compared with its labels.

    Parameters
    ----------
    base
        What all points share.
    fields
        The point's values by swept field.

    Raises
    ------
    ConfigError
        Values that do not go together, or that are others once all are set.
    """
    found = set_paths(base, {full_path(key): value for key, value in fields.items()})
    for key, value in fields.items():
        built = found.get(key)
        if not same(built, value):
            alone = [other for other in fields if other != key]
            pairs = ({key: value, other: fields[other]} for other in alone)
            names = [
                n for n, p in zip(alone, pairs, strict=True) if _changes(base, key, p)
            ]
            cause = f"{names[0]!r} sets it too" if names else "its class changes it"
            raise ConfigError(
                f"{key!r} is {built!r} once all values are set, not {value!r} as the "
                f"point would be labelled: {cause}. Sweep one of them, or give both by "
                f"objects."
            )
    return found


def same(a: Any, b: Any) -> bool:
    """Whether two values of a field are one.

    Parameters
    ----------
    a, b
        As the field stores them.
    """
    return token(a) == token(b)


def token(value: Any) -> Any:
    """What two values of a field share exactly if they are one; can be hashed.

    Parameters
    ----------
    value
        As the field stores it.
    """
    if isinstance(value, _ARRAYS):
        array = np.asarray(value)
        return array.dtype, array.shape, array.tobytes()
    if isinstance(value, list | tuple):
        return type(value), tuple(map(token, value))
    try:
        hash(value)
    except TypeError:
        # Parts that hold arrays.
        leaves, structure = jax.tree.flatten(value)
        return structure, tuple(map(token, leaves))
    return type(value), value


def _changes(base: Parameters, key: str, fields: Mapping[str, Any]) -> bool:
    """Whether a value is another one when two fields are set."""
    try:
        found = set_paths(base, {full_path(k): v for k, v in fields.items()})
    except ForeworldError:
        return False
    return not same(found.get(key), fields[key])


def _key(key: Any) -> str:
    """A key as it is stored: text."""
    names: tuple[Any, ...] = key if isinstance(key, tuple) and key else (key,)
    for name in names:
        if not (isinstance(name, str) and name):
            raise ConfigError(
                f"Study.over: the key {key!r} must be the name of a field such as "
                f"'learning_rate' or 'world.length', or a tuple of such names."
            )
    return _TOGETHER.join(names)


def _check_apart(base: Parameters, fields: Sequence[str]) -> None:
    """Refuse two keys that set the same field: one value would be a false label."""
    for one, other in itertools.combinations(fields, 2):
        short, long = sorted((one, other), key=lambda name: len(full_path(name)))
        if full_path(short) == full_path(long):
            raise ConfigError(
                f"Study.over: {one!r} and {other!r} are the same field. Sweep it once."
            )
        if full_path(long).startswith(f"{full_path(short)}."):
            cls = type(base.get(short)).__name__
            inner = full_path(long).removeprefix(f"{full_path(short)}.")
            raise ConfigError(
                f"Study.over: {short!r} contains {long!r}, and whichever is set last "
                f"would replace the other's value. Sweep {short!r} alone, over whole "
                f"values that differ in {inner} ({cls}(...)), or put one of the two in "
                f"the base."
            )


def _values(base: Parameters, key: str, values: Any) -> tuple[Any, ...]:
    """The values of one key, each as its field stores it."""
    where, fields = f"Study.over[{key!r}]", fields_of(key)
    if isinstance(values, _SETS):
        raise _no_order(where, values)
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        raise ConfigError(
            f"{where}: expected a list of values, got {values!r}. For one "
            f"value write [{values!r}], or put it in the base."
        )
    if len(fields) == 1:
        found = tuple(_value(base, key, value) for value in values)
    else:
        found = tuple(_row(base, fields, where, row) for row in values)
    if not found:
        raise ConfigError(f"{where} is empty: give at least one value.")
    _check_different(base, key, where, found)
    return found


def _check_different(
    base: Parameters, key: str, where: str, found: Sequence[Any]
) -> None:
    """Refuse a value twice, and two that are one number in programs."""
    traced = [_is_traced(base, field) for field in fields_of(key)]
    known: dict[Any, Any] = {}
    for value in found:
        pairs = zip(fields_and_values(key, value), traced, strict=True)
        code = tuple(token(np.float32(v) if t else v) for (_, v), t in pairs)
        if code not in known:
            known[code] = value
        elif same(known[code], value):
            raise ConfigError(f"{where} holds {value!r} twice.")
        else:
            raise ConfigError(
                f"{where} holds {known[code]!r} and {value!r}, which are one number in "
                f"programs: they compute in float32. Keep one of them."
            )


def _is_traced(base: Parameters, key: str) -> bool:
    lead, _, name = full_path(key).rpartition(".")
    owner = get_path(base, lead) if lead else base
    known = field_specs(type(owner)) if isinstance(owner, Part) else ()
    return any(spec.name == name and spec.kind == "traced" for spec in known)


def _row(
    base: Parameters, fields: Sequence[str], where: str, row: Any
) -> tuple[Any, ...]:
    """Values of fields that change together."""
    if not isinstance(row, list | tuple | np.ndarray) or len(row) != len(fields):
        example = ", ".join(f"<{field}>" for field in fields)
        raise ConfigError(
            f"{where}: expected tuples of {len(fields)} values, ({example}), got "
            f"{row!r}."
        )
    return tuple(_value(base, f, value) for f, value in zip(fields, row, strict=True))


def _value(base: Parameters, key: str, value: Any) -> Any:
    """One value as its field stores it; alone it may not go with the base yet."""
    path = full_path(key)
    if isinstance(value, _SETS):
        raise _no_order(f"Study.over[{key!r}]", value)
    lead, _, name = path.rpartition(".")
    owner = get_path(base, lead) if lead else base
    if isinstance(value, Mapping) and path in ("world", "learner"):
        inner = next(iter(value), "name")
        raise ConfigError(
            f"Study.over[{key!r}]: {value!r} gives fields, and a whole {path} is "
            f"needed: an object or a name. Sweep the field itself "
            f"('{path}.{inner}'), or fields that change together as a tuple of such "
            f"names."
        )
    known = field_specs(type(owner)) if isinstance(owner, Part) else ()
    specs = {spec.name: spec for spec in known}
    try:
        found = get_path(set_paths(base, {path: value}), path)
    except ForeworldError:
        if not lead or name not in specs:
            raise
        return specs[name].canonical(value, f"{type(owner).__name__}.{name}")
    if name in specs and not isinstance(value, Part):
        _check_kept(key, getattr(owner, name), found)
    return found


def _check_kept(key: str, old: Any, new: Any) -> None:
    """Refuse a part by name, or by some fields, that loses what the base says of it.

    Likewise a dictionary without an entry that the base's has.
    """
    both = isinstance(old, dict) and isinstance(new, dict)
    if both and (gone := {n: v for n, v in old.items() if n not in new}):
        lost = ", ".join(f"{key}[{n!r}]={v!r}" for n, v in gone.items())
        raise ConfigError(
            f"Study.over[{key!r}]: {new!r} is the whole dictionary, and the base's "
            f"{lost} would be lost. Give each value all entries, or sweep the entries "
            f"themselves ({key}.{next(iter(new), 'name')})."
        )
    if not isinstance(old, Part) or not isinstance(new, Part):
        return
    required = [spec.name for spec in field_specs(type(old)) if spec.required]
    if isinstance(old, AbstractRef):
        # Another place is another thing: the hash of the old one is not to be kept.
        required.append(type(old).known_by)
    said = {
        p: v for p, v in changes(old).items() if p.partition(".")[0] not in required
    }
    known = type(old) is type(new)
    lost = [p for p, v in said.items() if not (known and same(get_path(new, p), v))]
    if lost:
        cls = type(new).__name__
        raise ConfigError(
            f"Study.over[{key!r}]: {cls} by name has its defaults, and the base's "
            f"{', '.join(f'{key}.{p}={said[p]!r}' for p in lost)} would be lost. Give "
            f"the values as objects ({cls}(...) with all its fields), or leave those "
            f"fields out of the base."
        )


def _no_order(where: str, values: Any) -> ConfigError:
    return ConfigError(
        f"{where}: {values!r} is a set, whose order differs from process to process. "
        f"Write a list."
    )
