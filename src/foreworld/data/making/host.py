"""Makes rows with a generator: plain Python on the host, from keys to columns.

What ``make`` gives is compared with the schema before anything of it is written.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from foreworld.core.errors import ConfigError, ForeworldError
from foreworld.data.format.generator import WRITTEN, AbstractGenerator, schema_of
from foreworld.data.format.recipe import Shard, TaskRecipe
from foreworld.data.format.schema import LENGTHS, Column
from foreworld.data.format.store.base import Rows
from foreworld.data.format.store.find import find_store

_NUM_TRIED = 3
"""Rows that are made at once and one by one, to see that both are the same."""


class Host:
    """The generator of one recipe."""

    def __init__(self, recipe: TaskRecipe) -> None:
        if not isinstance(recipe.family, AbstractGenerator):
            raise ConfigError(f"{recipe.family!r} is no generator.")
        self.recipe, self._generator = recipe, recipe.family
        self.columns = schema_of(recipe.family)

    def shard_bytes(self, shard: Shard, report: Callable[[int], None]) -> bytes:
        """One shard, made in pieces of ``chunk_len`` rows.

        Parameters
        ----------
        shard
            Which sequences.
        report
            Told after each piece how many of them are made.

        Raises
        ------
        ForeworldError
            What the generator makes is not what its schema says.
        """
        width, recipe = self.recipe.chunk_len, self.recipe
        make = find_store(recipe.store).writer
        with contextlib.closing(make(self.columns, len(shard), width)) as writer:
            for first in range(shard.start, shard.stop, width):
                num = min(width, shard.stop - first)
                rows = self.make(shard.split, first, num)
                writer.put(first - shard.start, rows)
                report(first + num - shard.start)
            return writer.finish({**recipe.names_of(shard), "redrawn": 0})

    def make(self, split: str, first: int, count: int) -> Rows:
        """Some rows of a split, with key and index.

        Parameters
        ----------
        split
            ``"train"``, ``"val"`` or ``"test"``.
        first, count
            Index of the first of them, and how many.

        Raises
        ------
        ForeworldError
            They are not what the schema says.
        """
        index = np.arange(first, first + count, dtype=np.int64)
        keys = self.recipe.keys(split, index)
        # A copy: what a generator changes is not what is stored.
        made: Any = self._generator.make(first, count, keys.copy())
        where = f"{type(self._generator).__name__}.make({first}, {count}, keys)"
        wanted = self.columns[: -len(WRITTEN)]
        if not isinstance(made, Mapping):
            raise ForeworldError(
                f"{where} gave {type(made).__name__}, but a dictionary of arrays by "
                f"column is wanted."
            )
        if set(made) != {column.name for column in wanted}:
            names = ", ".join(column.name for column in wanted)
            raise ForeworldError(
                f"{where} gave {', '.join(map(str, made)) or 'no column'}, but its "
                f"schema has {names}. Give those, or change its columns."
            )
        rows: Rows = {}
        for column in wanted:
            look = _ragged if column.ragged else _plain
            rows |= look(where, column, made[column.name], count)
            _check_finite(f"{where} for {split}", column, rows)
        return {**rows, "key": keys, "index": index}

    def rehearse(self) -> None:
        """Refuse a generator whose rows depend on how many are made at once.

        Raises
        ------
        ForeworldError
            They do, or are not what the schema says.
        """
        split, whole = "train", self.make("train", 0, _NUM_TRIED)
        alone = [self.make(split, i, 1) for i in range(_NUM_TRIED)]
        for name, values in whole.items():
            parts = np.concatenate([rows[name] for rows in alone])
            if np.array_equal(parts, values):
                continue
            raise ForeworldError(
                f"{type(self._generator).__name__}.make gives other values of "
                f"{name.removeprefix(LENGTHS)} for {_NUM_TRIED} rows at once than for "
                f"the same rows one by one. A row may depend on its key and its index "
                f"alone: draw with np.random.default_rng(keys[i])."
            )


def _plain(where: str, column: Column, given: Any, count: int) -> Rows:
    """A column of rows that are alike, as it is stored."""
    values = np.asarray(given)
    _check_kind(where, column, values, (count, *column.shape))
    return {column.name: values}


def _ragged(where: str, column: Column, given: Any, count: int) -> Rows:
    """A column of rows that differ in length: all entries, and how many of each."""
    name, (most, *entry) = column.name, column.shape
    if not isinstance(given, Sequence):
        raise ForeworldError(
            f"{where} gave {name} as {type(given).__name__}, but it is ragged: give a "
            f"list of {count} arrays, one for each row."
        )
    if len(given) != count:
        raise ForeworldError(
            f"{where} gave {len(given)} rows of {name}, but {count} are wanted."
        )
    arrays = [np.asarray(one) for one in given]
    for row, array in enumerate(arrays):
        length = array.shape[0] if array.ndim else 0
        _check_kind(f"{where} row {row}:", column, array, (length, *entry))
        if length > most:
            raise ForeworldError(
                f"{where} gave row {row} of {name} {length} entries, but its schema "
                f"allows 0 to {most}. Give fewer, or a column for more."
            )
    lengths = np.array([len(array) for array in arrays], np.int64)
    return {name: np.concatenate(arrays), f"{LENGTHS}{name}": lengths}


def _check_kind(
    where: str, column: Column, values: np.ndarray, shape: tuple[int, ...]
) -> None:
    if (values.shape, values.dtype.name) == (shape, column.dtype):
        return
    raise ForeworldError(
        f"{where} gave {column.name} as {values.dtype}{list(values.shape)}, but its "
        f"schema wants {column.dtype}{list(shape)}. Give that, or change its columns."
    )


def _check_finite(where: str, column: Column, rows: Rows) -> None:
    values = rows[column.name]
    if values.dtype.kind != "f" or np.isfinite(values).all():
        return
    raise ForeworldError(
        f"{where} gave {values[~np.isfinite(values)][0]} in {column.name}; numbers of "
        f"a data set are finite. Leave such entries out, or say in a column of truths "
        f"which count."
    )
