"""One split of a data set: lazy columns, shuffled batches, and arrays on the device."""

from __future__ import annotations

import contextlib
import functools
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from foreworld.core import show
from foreworld.core.errors import ConfigError, DamagedError, unknown_name
from foreworld.data.cut import check_window, cut_batch
from foreworld.data.recipe import Recipe, fingerprint, read_recipe
from foreworld.data.source import DataSource
from foreworld.data.store.base import AbstractShardReader
from foreworld.data.store.find import find_store
from foreworld.data.torch import check_batch_size, shuffled, torch_loader

IN_MEMORY_BYTES = 2**30
"""Columns of a split up to this size are read once and kept for shuffled batches."""


class Split:
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

    def __getattr__(self, name: str) -> LazyColumn:
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in self.columns:
            what = f"column of the split {self.name} of {self._folder}:"
            raise AttributeError(str(unknown_name(what, name, self.columns)))
        return LazyColumn(self, name)

    def __getstate__(self) -> dict[str, Any]:
        # Open files do not travel to other processes; they are opened again there.
        return {**self.__dict__, "_readers": {}, "_kept": {}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    def __repr__(self) -> str:
        return f"Split {self.name} of {self._folder}: {len(self):,} sequences"

    def _repr_html_(self) -> str:
        """In a notebook: its columns, and some sequences as rows of frames."""
        if not len(self):
            return show.text(self)
        # Pictures are made of splits, so that module imports this one.
        from foreworld.data.pictures import sheet_png

        rows = [[name, str(s), dtype] for name, (s, dtype) in self.columns.items()]
        columns = show.table(["column", "shape", "dtype"], rows)
        about = f"sequences of the split {self.name}, one a row"
        png = show.picture(sheet_png(self), "png", about)
        return show.text(self) + columns + png

    @property
    def num_frames(self) -> int:
        """Frames in a sequence."""
        return self._recipe.num_frames

    @functools.cached_property
    def columns(self) -> dict[str, tuple[tuple[int, ...], str]]:
        """Shape and dtype of every column, whole split."""
        shapes = self._reader(0).shapes()
        return {
            name: ((len(self), *shape[1:]), dtype)
            for name, (shape, dtype) in sorted(shapes.items())
        }

    @property
    def parameters(self) -> dict[str, LazyColumn]:
        """Sampled fields of the sequences' worlds, by name."""
        prefix = "parameters/"
        return {
            name.removeprefix(prefix): LazyColumn(self, name)
            for name in self.columns
            if name.startswith(prefix)
        }

    def numpy(
        self,
        batch_size: int,
        *,
        shuffle: bool = True,
        seed: int = 0,
        epoch: int = 0,
        drop_last: bool = False,
        window: int | None = None,
    ) -> Iterator[dict[str, np.ndarray]]:
        """One epoch of batches: dictionaries of arrays by column name.

        Parameters
        ----------
        batch_size
            Sequences in a batch.
        shuffle
            Random order; otherwise that of the files.
        seed, epoch
            The order (and the windows) are a function of these two and nothing else.
        drop_last
            Leave out a last batch that is not full.
        window
            Frames of a random piece of each sequence; ``None`` for whole sequences.
            Batches then have a column ``start``, the number of its first frame.

        Raises
        ------
        ConfigError
            ``batch_size`` is below 1, or so large that no batch is left, or sequences
            are shorter than ``window``.
        """
        num = len(self)
        check_batch_size(batch_size, num if drop_last else None, self.name, num)
        if window is not None:
            check_window(window, self.num_frames, repr(self))
        order = shuffled(num, shuffle, seed, epoch)
        last = num // batch_size * batch_size if drop_last else num

        def batches() -> Iterator[dict[str, np.ndarray]]:
            self.keep(self.columns)
            for first in range(0, last, batch_size):
                rows = order[first : min(first + batch_size, last)]
                yield self.batch(rows, window=window, seed=seed, epoch=epoch)

        return batches()

    def batch(
        self,
        rows: Sequence[int] | np.ndarray,
        *,
        window: int | None = None,
        seed: int = 0,
        epoch: int = 0,
    ) -> dict[str, np.ndarray]:
        """All columns of some sequences, or a random window of each."""
        index = np.asarray(rows)
        batch: Any = {name: self.read(name, index) for name in self.columns}
        if window is None:
            return batch
        return cut_batch(batch, index, window, seed, epoch)

    def keep(self, names: Iterable[str]) -> None:
        """Read columns that are not too large once, and keep them in memory."""
        for name in names:
            shape, dtype = self.columns[name]
            small = math.prod(shape) * np.dtype(dtype).itemsize <= IN_MEMORY_BYTES
            if small and name not in self._kept:
                self._kept[name] = self._rows(name, np.arange(len(self)))

    def torch(self, batch_size: int, **settings: Any) -> Any:
        """A PyTorch ``DataLoader``; see :func:`foreworld.data.torch.torch_loader`."""
        return torch_loader(self, batch_size, **settings)

    def device(self) -> DataSource:
        """The whole split as device arrays; made once a process for each folder.

        Raises
        ------
        DamagedError
            A file is missing or cannot be read.
        """
        folder = self._folder.resolve()
        return _device(folder, fingerprint(folder), self.name)

    def read(self, name: str, index: Any) -> np.ndarray | np.generic:
        """Rows of a column by a number, a slice or an array of numbers."""
        size = len(self)
        if isinstance(index, int | np.integer):
            if not -size <= index < size:
                raise IndexError(
                    f"there is no sequence {index} in the split {self.name} of "
                    f"{self._folder}, which has {size}: 0 to {size - 1}."
                )
            return self._rows(name, np.asarray([index % size]))[0]
        if isinstance(index, slice):
            return self._rows(name, np.arange(size)[index])
        rows = np.asarray(index)
        if rows.dtype == bool:
            rows = np.flatnonzero(rows)
        if rows.size and not (-size <= rows.min() and rows.max() < size):
            raise IndexError(
                f"there are no sequences {rows.min()} to {rows.max()} in the split "
                f"{self.name} of {self._folder}, which has {size}: 0 to {size - 1}."
            )
        return self._rows(name, rows % size)

    def _rows(self, name: str, rows: np.ndarray) -> np.ndarray:
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


class LazyColumn:
    """One column of a split: index it like an array, read when indexed."""

    def __init__(self, split: Split, name: str) -> None:
        self._split, self.name = split, name

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the whole column."""
        return self._split.columns[self.name][0]

    @property
    def dtype(self) -> np.dtype:
        """NumPy dtype."""
        return np.dtype(self._split.columns[self.name][1])

    def __len__(self) -> int:
        return len(self._split)

    def __getitem__(self, index: Any) -> np.ndarray | np.generic:
        return self._split.read(self.name, index)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self._split.read(self.name, slice(None)), dtype)

    def __repr__(self) -> str:
        return f"{self.name} {self.shape} {self.dtype} of {self._split!r}"


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
        action_space=split._recipe.family.world.action_space,  # type: ignore[arg-type]
    )
    split.close()
    return source
