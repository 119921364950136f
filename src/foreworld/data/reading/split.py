"""One split of a data set: lazy columns, shuffled batches, and arrays on the device."""

from __future__ import annotations

import contextlib
import functools
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from foreworld.core import show
from foreworld.core.errors import ConfigError, DamagedError
from foreworld.data.format.recipe import Recipe, fingerprint, read_recipe
from foreworld.data.format.store.base import AbstractShardReader
from foreworld.data.format.store.find import find_store
from foreworld.data.reading.source import DataSource
from foreworld.data.reading.table import AbstractTable
from foreworld.worlds.base import AbstractWorld

IN_MEMORY_BYTES = 2**30
"""Columns of a split up to this size are read once and kept for shuffled batches."""


class Split(AbstractTable):
    """One split; its columns are attributes (``image``, ``state``, ``valid``, ...).

    Columns are described in the documentation of the data format. Files are opened
    when they are first read; reading a split without sequences raises
    :class:`~foreworld.core.errors.ConfigError`.
    """

    def __init__(self, folder: Path, recipe: Recipe, name: str) -> None:
        self.name = name
        self._folder, self._recipe = folder, recipe
        self._shards = [s for s in recipe.shards() if s.split == name]
        self._readers: dict[int, AbstractShardReader] = {}
        self._kept: dict[str, np.ndarray] = {}

    def __len__(self) -> int:
        return self._recipe.sizes[self.name]

    def __getstate__(self) -> dict[str, Any]:
        # Open files do not travel to other processes; they are opened again there.
        return {**self.__dict__, "_readers": {}, "_kept": {}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)

    def __repr__(self) -> str:
        return f"Split {self.name} of {self._folder}: {len(self):,} sequences"

    def _repr_html_(self) -> str:
        """In a notebook: its columns, and some sequences as rows of frames."""
        if not len(self):
            return show.text(self)
        # Pictures are made of splits, so that module imports this one.
        from foreworld.data.reading.pictures import sheet_png

        rows = [[name, str(s), dtype] for name, (s, dtype) in self.columns.items()]
        columns = show.table(["column", "shape", "dtype"], rows)
        about = f"sequences of the split {self.name}, one a row"
        png = show.picture(sheet_png(self), "png", about)
        return show.text(self) + columns + png

    @property
    def place(self) -> str:
        """Its folder."""
        return str(self._folder)

    @property
    def folder(self) -> Path:
        """Folder of the data set."""
        return self._folder

    @property
    def world(self) -> AbstractWorld:
        """The world of its family, with the values of fields that are not drawn."""
        return self._recipe.family.world

    @property
    def num_frames(self) -> int:
        """Frames in a sequence."""
        return self._recipe.num_frames

    @property
    def task_sizes(self) -> dict[str, int]:
        """Empty: it is one task."""
        return {}

    def action_space(self) -> Any:
        """What actions may be; ``None`` where nobody acts."""
        return self.world.action_space

    @functools.cached_property
    def columns(self) -> dict[str, tuple[tuple[int, ...], str]]:
        """Shape and dtype of every column, whole split."""
        shapes = self._reader(0).shapes()
        return {
            name: ((len(self), *shape[1:]), dtype)
            for name, (shape, dtype) in sorted(shapes.items())
        }

    def keep(self, names: Iterable[str]) -> None:
        """Read columns that are not too large once, and keep them in memory."""
        for name in names:
            shape, dtype = self.columns[name]
            small = math.prod(shape) * np.dtype(dtype).itemsize <= IN_MEMORY_BYTES
            if small and name not in self._kept:
                self._kept[name] = self.rows(name, np.arange(len(self)))

    def device(self) -> DataSource:
        """The whole split as device arrays; made once a process for each folder.

        Raises
        ------
        ConfigError
            There are no frames.
        DamagedError
            A file is missing or cannot be read.
        """
        self.check_frames()
        folder = self._folder.resolve()
        return _device(folder, fingerprint(folder), self.name)

    def rows(self, name: str, rows: np.ndarray) -> np.ndarray:
        """Rows of a column by their numbers, all of which exist."""
        if name in self._kept:
            return self._kept[name][rows]
        shape, dtype = self.columns[name]
        out = np.empty((len(rows), *shape[1:]), dtype)
        which = rows // self._recipe.shard_len
        for number in np.unique(which):
            reader = self._reader(int(number))
            here = np.flatnonzero(which == number)
            local = rows[here] - number * self._recipe.shard_len
            first, last = int(local[0]), int(local[-1])
            if (np.diff(local) == 1).all():
                found = reader.read(name, slice(first, last + 1))
                out[int(here[0]) : int(here[-1]) + 1] = found
                continue
            # HDF5 wants each row once and in ascending order.
            distinct, position = np.unique(local, return_inverse=True)
            out[here] = reader.read(name, distinct.tolist())[position]
        return out

    def _reader(self, number: int) -> AbstractShardReader:
        if not self._shards:
            held = [s for s, size in self._recipe.sizes.items() if size]
            raise ConfigError(
                f"{self._folder} has no {self.name} sequences, only {', '.join(held)}. "
                f"Generate it with --{self.name} above 0."
            )
        if number not in self._readers:
            store, shard = find_store(self._recipe.store), self._shards[number]
            path = self._folder / self.name / f"{shard.stem}{store.suffix}"
            reader = store.reader(path)
            num = shard.stop - shard.start
            if any(shape[:1] != (num,) for shape, _ in reader.shapes().values()):
                reader.close()
                raise DamagedError(
                    f"{path} is damaged: it does not hold {num} sequences, as its "
                    f"folder says."
                )
            self._readers[number] = reader
        return self._readers[number]

    def close(self) -> None:
        """Give files and memory back; reading opens them again."""
        for reader in self._readers.values():
            with contextlib.suppress(OSError):
                reader.close()
        self._readers.clear()
        self._kept.clear()


@functools.lru_cache(maxsize=8)
def _device(folder: Path, fingerprint: str, name: str) -> DataSource:
    split = Split(folder, read_recipe(folder), name)
    action = split.read("action", slice(None)) if "action" in split.columns else None
    source = DataSource(
        image=jnp.asarray(split.read("image", slice(None))),
        state=jnp.asarray(split.read("state", slice(None))),
        action=None if action is None else jnp.asarray(action),
        valid=jnp.asarray(split.read("valid", slice(None))),
        parameters={n: jnp.asarray(c[:]) for n, c in split.parameters.items()},
        action_space=split.action_space(),
    )
    split.close()
    return source
