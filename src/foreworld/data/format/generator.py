"""A generator: a schema of columns, and a function from random keys to rows of them.

A data set is made by the worlds of a family, or by a generator, whose ``make`` is plain
Python on the host (NumPy, or whatever it calls) and need run no program of JAX.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import Any, get_args

import numpy as np
from jaxtyping import UInt32

from foreworld.core.errors import ConfigError
from foreworld.core.parts.part import Part
from foreworld.core.spaces import (
    Box,
    ColumnSpace,
    Record,
    Sequence,
    Space,
    check_part_name,
)
from foreworld.data.format.nested import of
from foreworld.data.format.schema import (
    INTO,
    LENGTHS,
    MASK,
    OFFSETS,
    PARAMETER,
    SCHEMA,
    Axis,
    Column,
    row_of,
)

WRITTEN = (Column("key", (2,), "uint32"), Column("index", (), "int64"))
"""Columns that are added to what a generator makes."""
_TAKEN = {c.name for c in WRITTEN} | {"label", "task", "start", "context"}
_TAKEN |= {first.rstrip(INTO) for first in (LENGTHS, OFFSETS, MASK)}
_OWN: tuple[Axis, ...] = ("none", "ragged", "frame", "step")


class AbstractGenerator(Part):
    """Makes rows of a data set on the host.

    A row is a function of its key and of the generator's fields alone: it is the same
    however many rows are made at once, and in whichever file it lies.
    """

    @property
    @abc.abstractmethod
    def columns(self) -> tuple[Column, ...]:
        """What a row holds.

        Names with a meaning of their own in the data format (``state``, ``action``,
        ``valid``, ``parameters/...``) say their axis themselves. Others need one:
        ``Column("walk", (50, 2), "float32", axis="ragged")`` has from 0 to 50 entries
        of two numbers in each row, ``axis="none"`` as many in all rows.
        """

    @abc.abstractmethod
    def make(
        self, first: int, count: int, keys: UInt32[np.ndarray, "count 2"]
    ) -> Mapping[str, Any]:
        """Some rows.

        Parameters
        ----------
        first
            Index of the first of them in its split, from 0.
        count
            How many.
        keys
            The random key of each, two words of 32 bits:
            ``np.random.default_rng(keys[i])`` draws from it.

        Returns
        -------
        Mapping
            Arrays by column, ``(count, ...)`` each; of a ragged column one array for
            each row. Shapes and dtypes are those of the schema.
        """

    @property
    def spaces(self) -> dict[str, Space]:
        """What values of columns may be: needed for actions.

        Of a ragged column what an entry may be.
        """
        return {}


def schema_of(generator: AbstractGenerator) -> tuple[Column, ...]:
    """All columns of a generator's data sets.

    Parameters
    ----------
    generator
        Whose.

    Raises
    ------
    ConfigError
        Its schema has a column that cannot be, or actions without a space.
    """
    name, columns = type(generator).__name__, tuple(generator.columns)
    if not columns:
        raise ConfigError(f"{name}.columns is empty: a row has one column at least.")
    for column in columns:
        if fault := _fault(column):
            raise ConfigError(f"{name}.columns: {fault}.")
    names = [column.name for column in columns]
    for one in names:
        # A file cannot hold an array and a group of one name.
        if names.count(one) > 1 or any(n.startswith(f"{one}{INTO}") for n in names):
            raise ConfigError(f"{name}.columns: {one} is there twice.")
    if fault := _lengths_fault(columns):
        raise ConfigError(f"{name}.columns: {fault}.")
    for one in generator.spaces:
        if one not in names:
            raise ConfigError(
                f"{name}.spaces names {one!r}, which is no column; there are "
                f"{', '.join(names)}."
            )
    for one in of(names, "action"):
        if one not in generator.spaces:
            raise ConfigError(
                f"{name}.spaces has nothing for {one}: say what actions may be, for "
                f"example Discrete(4)."
            )
    return (*columns, *WRITTEN)


def column_spaces(generator: AbstractGenerator) -> dict[str, ColumnSpace]:
    """What values of columns may be; that a column is ragged is told by its space.

    Parameters
    ----------
    generator
        Whose columns they are.
    """
    given, found = generator.spaces, {}
    for column in generator.columns:
        space = given.get(column.name)
        if column.ragged:
            shape, dtype = column.shape[1:], column.dtype
            entry: Any = space or Box(-np.inf, np.inf, shape, dtype)
            found[column.name] = Sequence(entry, column.shape[0])
        elif space is not None:
            found[column.name] = space
    if wrong := [n for n, space in found.items() if isinstance(space, Record)]:
        raise ConfigError(
            f"{type(generator).__name__}.spaces: {wrong[0]} is one array, and a Record "
            f"is of several. Give each field a column, as in action{INTO}word."
        )
    return found


def _fault(column: Column) -> str:
    """Why there cannot be such a column; empty where there can."""
    if not isinstance(column, Column):
        return f"each is a foreworld.data.Column, got {column!r}"
    name, shape = column.name, column.shape
    for part in name.split(INTO):
        check_part_name(part, "a column")
    if name.partition(INTO)[0] in _TAKEN:
        return f"the name {name} is taken: it is written beside what is made"
    if not all(type(size) is int and size >= 0 for size in shape):
        return f"the shape of {name} is of whole numbers from 0, got {shape!r}"
    axes = [*get_args(Axis), None]
    if column.axis not in axes:
        return f"the axis of {name} is {column.axis!r}, and may be one of {axes}"
    kinds = {np.dtype(t).name for t in ("bool", *"bhilBHILefd")}
    if column.dtype not in kinds:
        return f"{name} is {column.dtype!r}, and may be {', '.join(sorted(kinds))}"
    if column.ragged and not (shape and shape[0]):
        return (
            f"{name} is ragged: its shape begins with the number of entries that a row "
            f"has at most, 1 or more, got {shape}"
        )
    known, row = name.partition(INTO)[0] in SCHEMA, row_of(name)
    if not known and not name.startswith(PARAMETER):
        listed = ", ".join(map(repr, _OWN))
        wrong = column.axis is None
        return f"{name} is none of the format's own: say its axis ({listed})" * wrong
    if column.axis is not None:
        return (
            f"{name} has a meaning of its own in the data format: leave axis="
            f"{column.axis!r} out, or call it otherwise"
        )
    if row.dtype not in ("", column.dtype):
        return f"{name} is {row.dtype} in the data format, got {column.dtype}"
    wanted = len(column.dimensions) - 1
    if len(shape) != wanted:
        axes = ", ".join(column.dimensions[1:])
        return f"{name} has {wanted} axes in the data format ({axes}), got {shape}"
    return ""


def _lengths_fault(columns: tuple[Column, ...]) -> str:
    """Why columns with frames do not fit each other; empty where they do."""
    axes = {c.name: c.axis or row_of(c.name).axis for c in columns}
    timed = [c for c in columns if axes[c.name] in ("frame", "step")]
    if not timed:
        return ""
    valid = next((c for c in timed if c.name == "valid"), None)
    if valid is None:
        return f"{timed[0].name} has frames, so valid has to say which of them count"
    for column in timed:
        wanted = valid.shape[0] - (axes[column.name] == "step")
        if column.shape[:1] != (wanted,):
            return (
                f"{column.name} of shape {column.shape} must have {wanted} entries, as "
                f"valid has {valid.shape[0]} frames"
            )
    return ""
