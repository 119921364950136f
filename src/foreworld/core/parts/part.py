"""Parts: frozen Equinox modules that are their own configuration.

A part's fields are of four kinds. *Traced* fields become an array axis inside a
compiled program, *data* fields hold arrays, *shared* fields refer to something large
that all runs share, and every other field is *static*. Any of them can be swept; the
kind only decides what that costs.
"""

from __future__ import annotations

import abc
import dataclasses
import functools
import inspect
import os
import sys
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, TypeVar

import equinox as eqx
import jax
import numpy as np
from jax.core import Tracer

from foreworld.core import registry
from foreworld.core.errors import ConfigError, UnknownNameError, unknown_name
from foreworld.core.parts.limits import Bounded
from foreworld.core.parts.types import AbstractType, type_node

Self = TypeVar("Self", bound="Part")


@dataclass(frozen=True)
class Traced(Bounded):
    """Mark of a float field that a program takes as an array axis."""


@dataclass(frozen=True)
class Data:
    """Mark of a field that holds an array: an environment's map, weights."""


@dataclass(frozen=True)
class Shared:
    """Mark of a field that refers to what is too large for each run to have a copy.

    The field holds a :class:`~foreworld.core.parts.reference.AbstractRef`; code that
    uses it sees what that yields.
    """


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
    registry_kind: ClassVar[str] = ""
    """Of an interface: kind of the registry, by whose names fields of it are given"""
    presets: ClassVar[dict[str, dict[str, Any]]] = {}
    """Fields by the name of a preset, where they differ from the defaults."""

    def __init_subclass__(cls, **settings: Any) -> None:
        super().__init_subclass__(**settings)
        # Equinox does not see `AbstractVar` in annotations that are text. Such names
        # would be fields of the interface and so come first in constructors.
        hints = _resolved(cls)
        _check_class_values(cls, hints)
        announced = (eqx.AbstractVar, eqx.AbstractClassVar)
        found = {n: h for n, h in hints.items() if typing.get_origin(h) in announced}
        cls.__annotations__ = {**inspect.get_annotations(cls), **found}

    def __new__(cls, *values: Any, **fields: Any) -> Any:
        """Refuse fields that do not exist, with the nearest names."""
        known = [spec.name for spec in field_specs(cls)] if fields else []
        for name in fields:
            if name not in known and not _takes(cls, name):
                raise unknown_field(cls, name)
        return super().__new__(cls)

    @classmethod
    def preset(cls, name: str, **fields: Any) -> Any:
        """The part of a preset: ``RNNDeconvolve.preset("small", num_updates=100)``.

        Parameters
        ----------
        name
            One of ``presets``.
        **fields
            Values that are used instead of the preset's.

        Raises
        ------
        ConfigError
            There is no such preset or field, or a value is not allowed.
        """
        if name not in cls.presets:
            raise unknown_name(f"preset of {cls.__name__}", name, cls.presets)
        return cls(**{**cls.presets[name], **fields})

    @classmethod
    def runs(cls, fields: Mapping[str, Any]) -> Sequence[str]:
        """Modules whose code a part with such fields imports, beside its own.

        A folder that names a part must not run them unless they are trusted.

        Parameters
        ----------
        fields
            As they were written; not checked yet.
        """
        return ()

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
                raise unknown_field(type(self), name)
        values = {name: getattr(self, name) for name in known}
        return type(self)(**{**values, **changes})


def unknown_field(cls: type[Part], name: str) -> UnknownNameError:
    """The error for a field that a part lacks: the nearest, or whose field it is.

    Parameters
    ----------
    cls
        Class of the part.
    name
        What was given.
    """
    specs = field_specs(cls)
    error = unknown_name(f"field of {cls.__name__}", name, [s.name for s in specs])
    for spec in specs:
        inner = spec.type.bare
        nested = isinstance(inner, type) and issubclass(inner, Part)
        if nested and name in [s.name for s in field_specs(inner)]:
            return UnknownNameError(
                f"{error} It is a field of {spec.name}: {spec.name}={{{name!r}: ...}}."
            )
    return error


def _takes(cls: type[Part], name: str) -> bool:
    """Whether a constructor of a part's own takes a keyword."""
    known = inspect.signature(cls.__init__).parameters
    return name in known or any(p.kind is p.VAR_KEYWORD for p in known.values())


@functools.cache
def _resolved(cls: type) -> dict[str, Any]:
    """A class's own annotations, text evaluated, without those that cannot be yet."""
    found, module = {}, vars(sys.modules[cls.__module__])
    for name, hint in inspect.get_annotations(cls).items():
        try:
            found[name] = eval(hint, module) if isinstance(hint, str) else hint
        except Exception:  # a name that is defined later, or for type checkers only
            continue
    return found


def _check_class_values(cls: type, hints: dict[str, Any]) -> None:
    """Refuse a field where a base class says that the value belongs to the class.

    As a field it would be a hyperparameter: listed, swept and hashed.
    """
    of_class = (ClassVar, eqx.AbstractClassVar)
    for name, hint in hints.items():
        if (typing.get_origin(hint) or hint) in of_class:
            continue
        known = [_resolved(base).get(name) for base in cls.__mro__[1:]]
        if any((typing.get_origin(h) or h) in of_class for h in known):
            raise ConfigError(
                f"{cls.__name__}.{name} belongs to the class and is no field: write "
                f"'{name}: ClassVar[{getattr(hint, '__name__', '...')}] = ...', or "
                f"'{name} = ...' alone."
            )


class AbstractNamed(Part):
    """What can be made of a path, on the command line and in Python."""

    @classmethod
    @abc.abstractmethod
    def at(cls, path: str) -> Any:
        """The part for what lies at a path.

        Parameters
        ----------
        path
            A folder or a file.
        """


@dataclass(frozen=True)
class FieldSpec:
    """One field of a part: its name, type, mark and default."""

    name: str
    type: AbstractType
    mark: Bounded | Data | Shared | Place | Entries | None
    field: dataclasses.Field

    @property
    def kind(self) -> Literal["traced", "data", "shared", "static"]:
        """How a sweep over this field runs."""
        if isinstance(self.mark, Traced):
            return "traced"
        if isinstance(self.mark, Shared):
            return "shared"
        return "data" if isinstance(self.mark, Data) else "static"

    @property
    def named(self) -> bool:
        """Whether it holds a part of any class of its kind, by name or as an object."""
        bare = self.type.bare
        return isinstance(bare, type) and bool(vars(bare).get("registry_kind"))

    @property
    def required(self) -> bool:
        """Whether the field has no default."""
        missing = dataclasses.MISSING
        return self.field.default is missing and self.field.default_factory is missing

    def default(self) -> Any:
        """The default value, canonical."""
        value, factory = self.field.default, self.field.default_factory
        value = factory() if value is dataclasses.MISSING else value  # type: ignore
        return self.canonical(value, self.name)

    def canonical(self, value: Any, where: str) -> Any:
        """The value as the declared type stores it.

        Parameters
        ----------
        value
            What was given.
        where
            Name of the field, for messages.

        Raises
        ------
        ConfigError
            Wrong type or out of the limits; names the field, value and limits.
        """
        if isinstance(value, Tracer):
            return value
        if self.kind == "data":
            return _array(value, where)
        if self.kind == "shared":
            # Of an open part, arrays stand in the place of the reference.
            if holds_arrays(value):
                return value
            value = _referred(self.type.bare, value)
        bare = self.type.bare
        of_part = isinstance(bare, type) and issubclass(bare, Part)
        if self.named and isinstance(value, str):
            value = _by_name(bare.registry_kind, value)
        if isinstance(value, dict) and of_part:
            # Fields of a nested part, the others as they are by default.
            make = bare if self.required else self.default().replace
            value = make(**{str(name): entry for name, entry in value.items()})
        value = self.type.canonical(value, where)
        if isinstance(self.mark, Traced) and isinstance(value, float):
            _check_float32(value, self.mark, where)
        return value


def _by_name(kind: str, name: str) -> Part:
    """The part of a name, with its defaults."""
    cls: Any = registry.find(kind, name)
    lacking = [spec.name for spec in field_specs(cls) if spec.required]
    if lacking:
        raise ConfigError(
            f"{cls.__name__} needs a value for {', '.join(lacking)}, so it cannot be "
            f"given by name alone: give {cls.__name__}(...)."
        )
    return cls()


def _check_float32(value: float, limits: Bounded, where: str) -> None:
    """Refuse a number that a program, which is in float32, would take for another."""
    with np.errstate(over="ignore"):
        number = float(np.float32(value))
    if not np.isfinite(number):
        raise ConfigError(
            f"{where}={value} is infinite in float32, in which programs compute: the "
            f"largest number is 3.4e38."
        )
    if value and abs(number) < np.finfo(np.float32).tiny:
        raise ConfigError(
            f"{where}={value} may be 0 in float32, in which programs compute: the "
            f"smallest number is 1.2e-38."
        )
    outside = Bounded(above=limits.above, below=limits.below)
    if not outside.allows(number):
        raise ConfigError(
            f"{where}={value} is {number:g} in float32, in which programs compute, and "
            f"must be {outside.describe()}."
        )


@functools.cache
def field_specs(cls: type[Part]) -> tuple[FieldSpec, ...]:
    """The fields of a part class in the order they are written in it.

    What an interface only announces takes its place where the class defines it, and
    what it declares for keywords only comes last, as in the constructor.
    """
    hints = typing.get_type_hints(cls, include_extras=True)
    written: dict[str, None] = {}
    for base in reversed(cls.__mro__):
        for name in vars(base).get("__annotations__", {}):
            written.pop(name, None)
            written[name] = None
    order, specs, fields = list(written), [], dataclasses.fields(cls)
    for field in sorted(fields, key=lambda f: (f.kw_only, order.index(f.name))):
        node, mark = type_node(hints[field.name]), None
        if typing.get_origin(node.hint) is Annotated:
            kinds = Bounded | Data | Shared | Place | Entries
            marks = typing.get_args(node.hint)[1:]
            mark = next((m for m in marks if isinstance(m, kinds)), None)
        if isinstance(mark, Traced) and node.bare is not float:
            raise TypeError(f"{cls.__name__}.{field.name}: only floats can be Traced")
        specs.append(FieldSpec(field.name, node, mark, field))
    return tuple(specs)


def holds_arrays(value: Any) -> bool:
    """Whether there are arrays in a pytree."""
    return any(map(is_array, jax.tree.leaves(value)))


def is_array(value: Any) -> bool:
    """Whether a value is an array, or says the shape of one."""
    return isinstance(value, jax.Array | np.ndarray | jax.ShapeDtypeStruct)


def _referred(hint: Any, value: Any) -> Any:
    """A path as the reference to what lies there; anything else as it is."""
    if not isinstance(value, str | os.PathLike):
        return value
    options = typing.get_args(hint) or (hint,)
    kinds = [o for o in options if isinstance(o, type) and issubclass(o, AbstractNamed)]
    return kinds[0].at(os.fspath(value)) if kinds else value


def _array(value: Any, where: str) -> Any:
    if isinstance(value, jax.Array):
        return value
    try:
        return np.asarray(value)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{where}: expected an array, got {value!r}.") from error
