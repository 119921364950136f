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
from foreworld.data.format.folder import shard_path
from foreworld.data.format.recipe import Recipe, Shard
from foreworld.data.format.store.base import AbstractShardReader
from foreworld.data.format.store.find import find_store


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
        self.task, self.recipe = task, recipe.tasks[task]
        self._folder = folder
        shards = [s for s in self.recipe.shards() if s.split == split]
        self._paths = [(s, shard_path(folder, recipe, s)) for s in shards]
        self._readers: dict[int, AbstractShardReader] = {}

    def __len__(self) -> int:
        return sum(len(shard) for shard, _ in self._paths)

    def __getstate__(self) -> dict[str, Any]:
        # Open files do not travel to other processes; they are opened again there.
        return {**self.__dict__, "_readers": {}}

    @functools.cached_property
    def columns(self) -> dict[str, tuple[tuple[int, ...], str]]:
        """Shape of a sequence's entry and dtype of every column."""
        shapes = self._reader(0).shapes()
        return {n: (shape[1:], dtype) for n, (shape, dtype) in sorted(shapes.items())}

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
        if any(shape[:1] != (len(shard),) for shape, _ in reader.shapes().values()):
            raise DamagedError(
                f"{path} is damaged: it does not hold {len(shard)} sequences, as its "
                f"folder says."
            )
        found, wanted = reader.attributes(), self.recipe.names_of(shard)
        if problem := misplaced(found, wanted, lenient=True):
            raise DamagedError(f"{path} does not belong there: its {problem}.")
