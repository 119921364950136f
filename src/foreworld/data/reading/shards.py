"""The shards of one task's split: rows of columns, read from the files they lie in."""

from __future__ import annotations

import contextlib
import functools
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int

from foreworld.core.disk.names import inside
from foreworld.core.disk.seals import misplaced, vouch
from foreworld.core.errors import DamagedError
from foreworld.data.format.config import read_columns
from foreworld.data.format.folder import shard_path
from foreworld.data.format.recipe import Recipe, Shard
from foreworld.data.format.schema import LENGTHS, OFFSETS
from foreworld.data.format.store.base import AbstractShardReader
from foreworld.data.format.store.entries import fault, ragged_in
from foreworld.data.format.store.find import find_store
from foreworld.data.views.ragged import Ragged


class Shards:
    """Files that are opened when they are first read.

    Parameters
    ----------
    folder, recipe
        Of the data set.
    task, split
        Whose shards they are.
    """

    def __init__(self, folder: Path, recipe: Recipe, task: str, split: str) -> None:
        self.task, self.recipe, self._whole = task, recipe.tasks[task], recipe
        self._folder = folder
        shards = [s for s in self.recipe.shards() if s.split == split]
        self._paths = [(s, shard_path(folder, recipe, s)) for s in shards]
        self._readers: dict[int, AbstractShardReader] = {}
        self._known: dict[tuple[str, int], np.ndarray] = {}

    def __len__(self) -> int:
        return sum(len(shard) for shard, _ in self._paths)

    def __getstate__(self) -> dict[str, Any]:
        # Open files do not travel to other processes; they are opened again there.
        return {**self.__dict__, "_readers": {}, "_known": {}}

    @functools.cached_property
    def columns(self) -> dict[str, tuple[tuple[int, ...], str]]:
        """Shape of a sequence's entry and dtype of every column.

        Of a ragged one the largest number of entries that was allowed, and the shape of
        one of them.
        """
        shapes = sorted(self._reader(0).shapes().items())
        kinds = {name: (shape[1:], dtype) for name, (shape, dtype) in shapes}
        for name in self._most if self.ragged else ():
            kinds[name] = (self._most[name], *kinds[name][0]), kinds[name][1]
        beside = {f"{of}{name}" for of in (LENGTHS, OFFSETS) for name in self.ragged}
        return {name: kind for name, kind in kinds.items() if name not in beside}

    @functools.cached_property
    def ragged(self) -> frozenset[str]:
        """Columns whose rows have different numbers of entries."""
        return ragged_in(self._reader(0).shapes())

    def lengths(self, name: str) -> Int[np.ndarray, " row"]:
        """How many entries each row of a ragged column has."""
        numbers = range(len(self._paths))
        return np.concatenate([self._counts(name, number) for number in numbers])

    def ragged_rows(self, name: str, rows: Int[np.ndarray, " row"]) -> Ragged:
        """Rows of a ragged column; as :meth:`rows`.

        Parameters
        ----------
        name, rows
            As there.
        """
        if not len(rows):
            (_, *entry), dtype = self.columns[name]
            return Ragged.packed(np.zeros((0, *entry), dtype), np.zeros(0, int))
        distinct, position = np.unique(rows, return_inverse=True)
        which = distinct // self.recipe.shard_len
        parts = []
        for number in np.unique(which):
            local = distinct[which == number] - number * self.recipe.shard_len
            lengths = self._counts(name, int(number))
            ends = np.cumsum(lengths)
            # Neighbours lie side by side in the file.
            for run in np.split(local, np.flatnonzero(np.diff(local) > 1) + 1):
                first, last = int(run[0]), int(run[-1])
                entries = slice(int(ends[first] - lengths[first]), int(ends[last]))
                found = self._reader(int(number)).read(name, entries)
                parts.append(Ragged.packed(found, lengths[first : last + 1]))
        joined = Ragged.joined(parts)
        same = np.array_equal(position, np.arange(len(distinct)))
        return joined if same else joined.take(position)

    def rows(self, name: str, rows: Int[np.ndarray, " row"]) -> np.ndarray:
        """Rows of a column.

        Parameters
        ----------
        name
            The column.
        rows
            Numbers of sequences, all of which exist; in any order, also twice.
        """
        shape, dtype = self.columns[name]
        out = np.empty((len(rows), *shape), dtype)
        which = rows // self.recipe.shard_len
        for number in np.unique(which):
            reader = self._reader(int(number))
            here = np.flatnonzero(which == number)
            local = rows[here] - number * self.recipe.shard_len
            first, last = int(local[0]), int(local[-1])
            if (np.diff(local) == 1).all():
                found = reader.read(name, slice(first, last + 1))
                out[int(here[0]) : int(here[-1]) + 1] = found
                continue
            # HDF5 wants each row once and in ascending order.
            distinct, position = np.unique(local, return_inverse=True)
            out[here] = reader.read(name, distinct.tolist())[position]
        return out

    def close(self) -> None:
        """Give the files back; reading opens them again."""
        for reader in self._readers.values():
            with contextlib.suppress(OSError):
                reader.close()
        self._readers.clear()
        self._known.clear()

    @functools.cached_property
    def _most(self) -> dict[str, int]:
        """Entries that a row may have, by ragged column."""
        told = read_columns(self._folder, self._whole)[self.task]
        most = {column.name: column.shape[0] for column in told if column.ragged}
        if set(most) != self.ragged:
            raise DamagedError(
                f"{self._paths[0][1]} is damaged: {', '.join(self.ragged) or 'nothing'}"
                f" in it is ragged, but its folder says {', '.join(most) or 'nothing'}."
            )
        return most

    def _counts(self, name: str, number: int) -> Int[np.ndarray, " row"]:
        """How many entries the rows of a shard have, if its arrays agree in that."""
        if (name, number) not in self._known:
            reader, path = self._reader(number), self._paths[number][1]
            lengths = reader.read(f"{LENGTHS}{name}", slice(None))
            offsets = reader.read(f"{OFFSETS}{name}", slice(None))
            num, most = reader.shapes()[name][0][0], self._most[name]
            if wrong := fault(name, lengths, offsets, num, most):
                raise DamagedError(f"{path} is damaged: {wrong}.")
            self._known[name, number] = lengths
        return self._known[name, number]

    def _reader(self, number: int) -> AbstractShardReader:
        if number not in self._readers:
            shard, path = self._paths[number]
            name = path.relative_to(self._folder).as_posix()
            inside(self._folder, name)
            vouch(self._folder, name)
            reader = find_store(self.recipe.store).reader(path)
            try:
                self._look(shard, path, reader)
            except BaseException:
                reader.close()
                raise
            self._readers[number] = reader
        return self._readers[number]

    def _look(self, shard: Shard, path: Path, reader: AbstractShardReader) -> None:
        """Refuse a file of other sequences than those that belong there."""
        shapes = reader.shapes()
        ragged = ragged_in(shapes)
        if any(
            s[:1] != (len(shard),) for n, (s, _) in shapes.items() if n not in ragged
        ):
            raise DamagedError(
                f"{path} is damaged: it does not hold {len(shard)} sequences, as its "
                f"folder says."
            )
        found, wanted = reader.attributes(), self.recipe.names_of(shard)
        if problem := misplaced(found, wanted, lenient=True):
            raise DamagedError(f"{path} does not belong there: its {problem}.")
