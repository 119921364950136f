"""The grammar of field types: what a field takes, in Python and on the command line.

A tree of nodes is built once from an annotation. Each node brings Python values to the
declared type, reads text, and says in a word what text it reads.
"""

from __future__ import annotations

import abc
import math
import os
import types
import typing
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Union

import jax
import numpy as np

from foreworld.core.errors import ConfigError
from foreworld.core.parts.limits import Bounded
from foreworld.core.parts.settings import Settings
from foreworld.core.parts.stand_in import StandIn

_MOST_BITS = 63
"""Larger whole numbers fit no array and no table."""
_TRUTHS = {"true": True, "yes": True, "false": False, "no": False}


def type_node(hint: Any) -> AbstractType:
    """The node of an annotation, with the nodes of what it is made of."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        limits = tuple(mark for mark in args[1:] if isinstance(mark, Bounded))
        return _Limited(hint, type_node(args[0]), limits)
    if origin in (Union, types.UnionType):
        return _Either(hint, tuple(type_node(arg) for arg in args))
    if origin is Literal:
        return _Choice(hint, args)
    if origin is tuple:
        items = tuple(type_node(arg) for arg in args if arg is not ...)
        return _Listed(hint, items, ... in args)
    if origin is dict:
        return _Named(hint, type_node(args[0]), type_node(args[1]))
    if hint is Path:
        return _Place(hint)
    kinds = {float: _Number, int: _Whole, bool: _Truth, str: _Text}
    return kinds.get(hint, _Other)(hint)


def checked(where: str, value: Any, hint: Any) -> Any:
    """An argument as its annotation stores it, by the grammar of fields.

    Parameters
    ----------
    where
        Name of the argument, for messages.
    value
        What was given.
    hint
        What is taken, such as ``Annotated[int, Bounded(low=1)]``.

    Raises
    ------
    ConfigError
        It is something else, or outside of the limits.
    """
    return type_node(hint).canonical(value, where)


@dataclass(frozen=True)
class AbstractType(abc.ABC):
    """What a field takes.

    Attributes
    ----------
    hint
        The annotation.
    word
        What stands for its text in help.
    """

    hint: Any
    word: ClassVar[str] = "VALUE"

    @property
    def name(self) -> str:
        """What messages call the type."""
        if self.hint is type(None):
            return "None"
        return getattr(self.hint, "__name__", str(self.hint))

    @property
    def bare(self) -> Any:
        """The annotation without its marks."""
        return self.hint

    @property
    def metavar(self) -> str:
        """What stands for its text in help."""
        return "none" if self.hint is type(None) else self.word

    @abc.abstractmethod
    def canonical(self, value: Any, where: str) -> Any:
        """A Python value as the type stores it.

        Parameters
        ----------
        value
            What was given.
        where
            Name of the field, for messages.

        Raises
        ------
        ConfigError
            That cannot be done.
        """

    def parse(self, text: str, where: str) -> Any:
        """Text as a value of about the type; :meth:`canonical` checks it afterwards.

        Parameters
        ----------
        text
            A word of the command line.
        where
            Name of the field, for messages.

        Raises
        ------
        ConfigError
            The text is nothing of the kind.
        """
        return text


class _Other(AbstractType):
    """A class, whose instances are taken as they are; None; or anything."""

    def canonical(self, value: Any, where: str) -> Any:
        if self.hint is Any:
            return value
        if self.hint is type(None) and value is not None:
            raise ConfigError(f"{where}: expected None, got {value!r}.")
        cls = typing.get_origin(self.hint) or self.hint
        if isinstance(cls, type) and isinstance(value, cls):
            return value
        if isinstance(value, StandIn):
            # Interfaces are open to classes of others, which need not be at hand.
            return value if self.name.startswith("Abstract") else value.refuse()
        article = "an" if self.name[0].lower() in "aeiou" else "a"
        raise _wrong(where, f"{article} {self.name}", value)


class _Text(AbstractType):
    """A text."""

    word = "TEXT"

    def canonical(self, value: Any, where: str) -> str:
        value = _scalar(value)
        if isinstance(value, str):
            return str(value)
        raise _wrong(where, "a text", value)


class _Place(AbstractType):
    """A path, or the text of one."""

    def canonical(self, value: Any, where: str) -> Path:
        if isinstance(value, str | os.PathLike):
            return Path(os.path.expanduser(value))  # noqa: PTH111
        raise _wrong(where, "a path", value)


class _Truth(AbstractType):
    """True or false."""

    word = "true|false"

    def canonical(self, value: Any, where: str) -> bool:
        value = _scalar(value)
        if isinstance(value, bool | np.bool_):
            return bool(value)
        raise _wrong(where, "True or False", value)

    def parse(self, text: str, where: str) -> bool:
        if text.lower() in _TRUTHS:
            return _TRUTHS[text.lower()]
        raise ConfigError(f"{where}: expected true or false, got {text!r}.")


class _Whole(AbstractType):
    """A whole number that fits an array."""

    word = "INT"

    def canonical(self, value: Any, where: str) -> int:
        value = _scalar(value)
        if isinstance(value, np.integer):
            return int(value)
        if isinstance(value, float | np.floating):
            value = int(value) if math.isfinite(value) and value % 1 == 0 else value
        if type(value) is not int:
            raise _wrong(where, "a whole number", value)
        if value.bit_length() > _MOST_BITS:
            raise ConfigError(
                f"{where}: a whole number of {value.bit_length()} bits is too large; "
                f"it must lie between -2**{_MOST_BITS} and 2**{_MOST_BITS}."
            )
        return value

    def parse(self, text: str, where: str) -> int | float:
        return _number(text, where)


class _Number(AbstractType):
    """A finite number."""

    word = "FLOAT"

    def canonical(self, value: Any, where: str) -> float:
        if isinstance(value, jax.Array) and value.ndim == 0:
            value = np.asarray(value)
        value = _scalar(value)
        if isinstance(value, bool | np.bool_) or not isinstance(
            value, int | float | np.integer | np.floating
        ):
            raise _wrong(where, "a number", value)
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

    def parse(self, text: str, where: str) -> int | float:
        return _number(text, where)


@dataclass(frozen=True)
class _Limited(AbstractType):
    """A type with limits."""

    inner: AbstractType
    limits: tuple[Bounded, ...]

    @property
    def bare(self) -> Any:
        return self.inner.bare

    @property
    def metavar(self) -> str:
        return self.inner.metavar

    def canonical(self, value: Any, where: str) -> Any:
        value = self.inner.canonical(value, where)
        for limit in self.limits:
            if value is not None and not limit.allows(value):
                raise ConfigError(f"{where}={value} must be {limit.describe()}.")
        return value

    def parse(self, text: str, where: str) -> Any:
        return self.inner.parse(text, where)


@dataclass(frozen=True)
class _Choice(AbstractType):
    """One of a few texts or whole numbers."""

    choices: tuple[Any, ...]

    @property
    def metavar(self) -> str:
        return "|".join(map(str, self.choices))

    def canonical(self, value: Any, where: str) -> Any:
        if isinstance(value, str | int) and value in self.choices:
            return value
        allowed = ", ".join(map(repr, self.choices))
        raise ConfigError(f"{where}={value!r} is not one of {allowed}.")

    def parse(self, text: str, where: str) -> Any:
        return next((choice for choice in self.choices if str(choice) == text), text)


@dataclass(frozen=True)
class _Either(AbstractType):
    """One of several types, the first that fits."""

    options: tuple[AbstractType, ...]

    @property
    def metavar(self) -> str:
        return "|".join(option.metavar for option in self.options)

    def canonical(self, value: Any, where: str) -> Any:
        # An exact match first, so that an int in `int | float` stays an int.
        exact = [option for option in self.options if type(value) is option.hint]
        if exact:
            return exact[0].canonical(value, where)
        for option in self.options:
            try:
                return option.canonical(value, where)
            except ConfigError:
                continue
        raise _wrong(where, " or ".join(o.name for o in self.options), value)

    def parse(self, text: str, where: str) -> Any:
        if text.lower() == "none" and any(o.hint is type(None) for o in self.options):
            return None
        for option in self.options:
            try:
                value = option.parse(text, where)
            except ConfigError:
                continue
            if option.hint is not int or isinstance(value, int):
                return value
        return text


@dataclass(frozen=True)
class _Listed(AbstractType):
    """A tuple: of so many types, or of any length and one."""

    items: tuple[AbstractType, ...]
    endless: bool

    @property
    def metavar(self) -> str:
        names = [item.metavar for item in self.items]
        return ",".join([*names, "..."] if self.endless else names)

    def canonical(self, value: Any, where: str) -> tuple[Any, ...]:
        if isinstance(value, str) or not isinstance(value, list | tuple | np.ndarray):
            raise _wrong(where, "a list of values", value)
        items = self.items * len(value) if self.endless else self.items
        if len(items) != len(value):
            raise ConfigError(
                f"{where}: expected {len(items)} values, got {len(value)}: {value!r}."
            )
        pairs = enumerate(zip(items, value, strict=True))
        return tuple(node.canonical(v, f"{where}[{i}]") for i, (node, v) in pairs)

    def parse(self, text: str, where: str) -> tuple[Any, ...]:
        words = [word.strip() for word in text.strip("()[]").split(",")]
        words = [word for word in words if word]
        items = self.items * len(words) if self.endless else self.items
        # Of too many or too few words, `canonical` says how many are wanted.
        known = [i.parse(w, where) for i, w in zip(items, words, strict=False)]
        return (*known, *words[len(known) :])


@dataclass(frozen=True)
class _Named(AbstractType):
    """A dictionary."""

    key: AbstractType
    item: AbstractType

    def canonical(self, value: Any, where: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _wrong(where, "a dictionary", value)
        return Settings(
            (
                self.key.canonical(key, f"{where} key"),
                self.item.canonical(item, f"{where}.{key}"),
            )
            for key, item in value.items()
        )


def _scalar(value: Any) -> Any:
    """The number in an array without axes."""
    return value[()] if isinstance(value, np.ndarray) and value.ndim == 0 else value


def _number(text: str, where: str) -> int | float:
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    raise ConfigError(f"{where}: expected a number, got {text!r}.")


def _wrong(where: str, wanted: str, value: Any) -> ConfigError:
    kind = type(value).__name__
    return ConfigError(f"{where}: expected {wanted}, got {value!r} ({kind}).")
