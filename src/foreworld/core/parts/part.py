"""Parts: frozen Equinox modules that are their own configuration.

A part's fields are of three kinds. *Traced* fields become an array axis inside a
compiled program, *data* fields hold arrays, and every other field is *static*. Any of
them can be swept; the kind only decides what that costs.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import math
import re
import types
import typing
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, TypeVar, Union

import equinox as eqx
import jax
import numpy as np
from jax.core import Tracer

from foreworld.core.errors import ConfigError, unknown_name
from foreworld.core.parts.limits import Bounded

Self = TypeVar("Self", bound="Part")
_MOST_BITS = 63
"""Larger whole numbers fit no array and no table."""
_ANNOUNCED = re.compile(r"(\w+\.)?Abstract(?P<cls>Class)?Var\[")


@dataclass(frozen=True)
class Traced(Bounded):
    """Mark of a float field that a program takes as an array axis."""


@dataclass(frozen=True)
class Data:
    """Mark of a field that holds an array: an environment's map, weights."""


@dataclass(frozen=True)
class Place:
    """Mark of a field that says where something lies on this machine.

    Such a field is stored, but is no part of the content hash.
    """


@dataclass(frozen=True)
class Entries:
    """Mark of a dictionary of parts, whose entries can be set before they are there.

    Attributes
    ----------
    like
        Field that an entry starts as, when a path such as
        ``agents.even.learning_rate`` names it first.
    """

    like: str


class Part(eqx.Module):
    """Base of everything that can be configured, named, stored and rebuilt.

    Subclasses declare typed fields; a string under a field is its documentation.
    Values are checked and brought to their declared type when a part is made, so
    ``4``, ``4.0`` and ``np.float32(4)`` in a float field are one value. ``version``
    is raised by the author when the meaning of a configuration changes.
    """

    version: ClassVar[int] = 1

    def __init_subclass__(cls, **settings: Any) -> None:
        super().__init_subclass__(**settings)
        # Equinox does not see `AbstractVar` in annotations that are strings. Such
        # names would be fields of the interface and so come first in constructors.
        hints = inspect.get_annotations(cls)
        _check_class_values(cls, hints)
        found = {name: _announced(hint) for name, hint in hints.items()}
        if any(found.values()):
            cls.__annotations__ = {n: found[n] or hints[n] for n in hints}

    def __new__(cls, *values: Any, **fields: Any) -> Any:
        """Refuse fields that do not exist, with the nearest names."""
        known = [spec.name for spec in field_specs(cls)] if fields else []
        for name in fields:
            if name not in known and not _takes(cls, name):
                raise unknown_name(f"field of {cls.__name__}", name, known)
        return super().__new__(cls)

    def __check_init__(self) -> None:
        for spec in field_specs(type(self)):
            value = getattr(self, spec.name)
            canonical = spec.canonical(value, f"{type(self).__name__}.{spec.name}")
            object.__setattr__(self, spec.name, canonical)

    def replace(self: Self, **changes: Any) -> Self:
        """A copy with some fields changed, checked like a new part.

        Raises
        ------
        ConfigError
            A name is no field of this part, or a value is not allowed.
        """
        known = [spec.name for spec in field_specs(type(self))]
        for name in changes:
            if name not in known:
                raise unknown_name(f"field of {type(self).__name__}", name, known)
        values = {name: getattr(self, name) for name in known}
        return type(self)(**{**values, **changes})


def _takes(cls: type[Part], name: str) -> bool:
    """Whether a constructor of a part's own takes a keyword."""
    known = inspect.signature(cls.__init__).parameters
    return name in known or any(p.kind is p.VAR_KEYWORD for p in known.values())


def _check_class_values(cls: type, hints: dict[str, Any]) -> None:
    """Refuse a field where a base class says that the value belongs to the class.

    As a field it would be a hyperparameter: listed, swept and hashed.
    """
    for name, hint in hints.items():
        if "ClassVar" in str(hint):
            continue
        known = [inspect.get_annotations(base).get(name) for base in cls.__mro__[1:]]
        if any("ClassVar" in str(hint) for hint in known):
            kind = hint if isinstance(hint, str) else getattr(hint, "__name__", "...")
            raise ConfigError(
                f"{cls.__name__}.{name} belongs to the class and is no field: write "
                f"'{name}: ClassVar[{kind}] = ...', or '{name} = ...' alone."
            )


def _announced(hint: Any) -> Any:
    """What an interface only announces, as Equinox understands it; None for a field."""
    match = _ANNOUNCED.match(hint) if isinstance(hint, str) else None
    if match is None:
        return None
    return eqx.AbstractClassVar[Any] if match["cls"] else eqx.AbstractVar[Any]


@jax.tree_util.register_pytree_with_keys_class
class Settings(dict):
    """A dictionary in a field. It can be hashed, or ``jax.jit(part.method)`` could not.

    Like a plain one it is a pytree of its values.
    """

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def tree_flatten_with_keys(self) -> tuple[list[Any], tuple[Any, ...]]:
        """Values in the order of their keys, as JAX does for dictionaries."""
        keys = tuple(sorted(self))
        return [(jax.tree_util.DictKey(key), self[key]) for key in keys], keys

    @classmethod
    def tree_unflatten(cls, keys: tuple[Any, ...], values: Any) -> Settings:
        """The dictionary again."""
        return cls(zip(keys, values, strict=True))


@dataclass(frozen=True)
class FieldSpec:
    """One field of a part: its name, type, mark and default."""

    name: str
    type: Any
    mark: Bounded | Data | Place | Entries | None
    field: dataclasses.Field

    @property
    def kind(self) -> Literal["traced", "data", "static"]:
        """How a sweep over this field runs."""
        if isinstance(self.mark, Traced):
            return "traced"
        return "data" if isinstance(self.mark, Data) else "static"

    @property
    def required(self) -> bool:
        """Whether the field has no default."""
        missing = dataclasses.MISSING
        return self.field.default is missing and self.field.default_factory is missing

    def default(self) -> Any:
        """The default value, canonical."""
        if self.field.default is not dataclasses.MISSING:
            return self.canonical(self.field.default, self.name)
        return self.canonical(self.field.default_factory(), self.name)  # type: ignore

    def canonical(self, value: Any, where: str) -> Any:
        """The value as the declared type stores it.

        Raises
        ------
        ConfigError
            Wrong type or out of the limits; names the field, value and limits.
        """
        if isinstance(value, Tracer):
            return value
        if self.kind == "data":
            return _array(value, where)
        value = _canonical(self.type, value, where)
        limits = self.mark if isinstance(self.mark, Bounded) else None
        if limits and value is not None and not limits.allows(value):
            raise ConfigError(f"{where}={value} must be {limits.describe()}.")
        return value


@functools.cache
def field_specs(cls: type[Part]) -> tuple[FieldSpec, ...]:
    """The fields of a part class in the order they are written in it.

    What an interface only announces takes its place where the class defines it.
    """
    hints = typing.get_type_hints(cls, include_extras=True)
    written: dict[str, None] = {}
    for base in reversed(cls.__mro__):
        for name in vars(base).get("__annotations__", {}):
            written.pop(name, None)
            written[name] = None
    order = list(written)
    specs = []
    for field in sorted(dataclasses.fields(cls), key=lambda f: order.index(f.name)):
        hint, mark = hints[field.name], None
        if typing.get_origin(hint) is Annotated:
            hint, *marks = typing.get_args(hint)
            mark = next(
                (m for m in marks if isinstance(m, Bounded | Data | Place | Entries)),
                None,
            )
        if isinstance(mark, Traced) and hint is not float:
            raise TypeError(f"{cls.__name__}.{field.name}: only floats can be Traced")
        specs.append(FieldSpec(field.name, hint, mark, field))
    return tuple(specs)


def _array(value: Any, where: str) -> Any:
    if isinstance(value, jax.Array):
        return value
    try:
        return np.asarray(value)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{where}: expected an array, got {value!r}.") from error


def _canonical(hint: Any, value: Any, where: str) -> Any:
    """Bring a Python value to a declared type, or say why that cannot be done."""
    if hint is Any:
        return value
    origin = typing.get_origin(hint)
    if origin is Annotated:
        inner, *marks = typing.get_args(hint)
        value = _canonical(inner, value, where)
        for mark in marks:
            if isinstance(mark, Bounded) and not mark.allows(value):
                raise ConfigError(f"{where}={value} must be {mark.describe()}.")
        return value
    if origin in (Union, types.UnionType):
        return _union(hint, value, where)
    if origin is Literal:
        if isinstance(value, str | int) and value in typing.get_args(hint):
            return value
        allowed = ", ".join(repr(choice) for choice in typing.get_args(hint))
        raise ConfigError(f"{where}={value!r} is not one of {allowed}.")
    if origin is tuple:
        return _tuple(typing.get_args(hint), value, where)
    if origin is dict:
        return _dict(typing.get_args(hint), value, where)
    if hint is float:
        return _float(value, where)
    if hint in (int, bool, str):
        return _plain(hint, value, where)
    if hint is type(None):
        if value is None:
            return None
        raise ConfigError(f"{where}: expected None, got {value!r}.")
    cls = origin or hint
    if isinstance(cls, type) and isinstance(value, cls):
        return value
    name = getattr(hint, "__name__", str(hint))
    raise ConfigError(
        f"{where}: expected {_article(name)}, got {value!r} ({type(value).__name__})."
    )


def _article(name: str) -> str:
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


def _union(hint: Any, value: Any, where: str) -> Any:
    options = typing.get_args(hint)
    for option in options:
        # An exact match first, so that an int in `int | float` stays an int.
        if isinstance(option, type) and type(value) is option:
            return _canonical(option, value, where)
    for option in options:
        try:
            return _canonical(option, value, where)
        except ConfigError:
            continue
    names = " or ".join(
        "None" if option is type(None) else getattr(option, "__name__", str(option))
        for option in options
    )
    raise ConfigError(
        f"{where}: expected {names}, got {value!r} ({type(value).__name__})."
    )


def _tuple(args: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    if isinstance(value, str) or not isinstance(value, list | tuple | np.ndarray):
        raise ConfigError(
            f"{where}: expected a list of values, got {value!r} "
            f"({type(value).__name__})."
        )
    if len(args) == 2 and args[1] is Ellipsis:
        args = (args[0],) * len(value)
    if len(args) != len(value):
        raise ConfigError(
            f"{where}: expected {len(args)} values, got {len(value)}: {value!r}."
        )
    pairs = enumerate(zip(args, value, strict=True))
    return tuple(_canonical(hint, item, f"{where}[{i}]") for i, (hint, item) in pairs)


def _dict(args: tuple[Any, ...], value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ConfigError(
            f"{where}: expected a dictionary, got {value!r} ({type(value).__name__})."
        )
    key_type, item_type = args
    return Settings(
        (
            _canonical(key_type, key, f"{where} key"),
            _canonical(item_type, item, f"{where}.{key}"),
        )
        for key, item in value.items()
    )


def _float(value: Any, where: str) -> Any:
    if isinstance(value, jax.Array | np.ndarray) and value.ndim == 0:
        value = value[()] if isinstance(value, np.ndarray) else np.asarray(value)[()]
    if isinstance(value, bool | np.bool_) or not isinstance(
        value, int | float | np.integer | np.floating
    ):
        raise ConfigError(
            f"{where}: expected a number, got {value!r} ({type(value).__name__})."
        )
    if isinstance(value, np.floating) and not isinstance(value, np.float64):
        # The shortest text of a float32 is what its writer meant: 0.0025, not
        # 0.0024999999441206455.
        value = float(str(value))
    try:
        number = float(value)
    except OverflowError:
        # A whole number beyond the largest float.
        number = math.inf
    if not math.isfinite(number):
        raise ConfigError(f"{where}={number} is not a finite number.")
    return number


def _plain(hint: type, value: Any, where: str) -> Any:
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if hint is int and isinstance(value, np.integer):
        return int(value)
    if hint is int and isinstance(value, float | np.floating):
        value = int(value) if math.isfinite(value) and value % 1 == 0 else value
    if hint is bool and isinstance(value, np.bool_):
        return bool(value)
    if hint is int and type(value) is int and value.bit_length() > _MOST_BITS:
        raise ConfigError(
            f"{where}: a whole number of {value.bit_length()} bits is too large; it "
            f"must lie between -2**{_MOST_BITS} and 2**{_MOST_BITS}."
        )
    if type(value) is hint or (hint is str and isinstance(value, str)):
        return hint(value)
    names = {int: "a whole number", bool: "True or False", str: "a text"}
    raise ConfigError(
        f"{where}: expected {names[hint]}, got {value!r} ({type(value).__name__})."
    )
