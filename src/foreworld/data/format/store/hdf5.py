"""Shards as HDF5 files that any HDF5 reader opens; frames are gzip-compressed.

A file is built in memory and handed out as bytes: the disk then sees one write, and a
full disk is an ordinary error. Chunks of frames are compressed by a few threads (zlib
works outside the interpreter's lock) and stored as they are.
"""

from __future__ import annotations

import bisect
import contextlib
import itertools
import math
import os
import sys
import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from foreworld.core.errors import DamagedError
from foreworld.data.format.schema import Column, in_file
from foreworld.data.format.store.base import (
    AbstractShardReader,
    AbstractShardWriter,
    Rows,
    Store,
    require_regular,
)
from foreworld.data.format.store.entries import Entries

GZIP_LEVEL = 1
"""Higher levels are three times slower and save half of a few percent."""
_LIBVER = ("v110", "v110")
_CHUNK_LENS = (1, 2, 5, 10, 25, 50)
_CHUNK_BYTES = 16 * 1024
_AT_ONCE = 50
_PENDING = 16
_THREADED_FROM = 64
_MOST_DENSE = 1100
"""Bytes of a column for a byte in the file, at most: zlib reaches 1032."""
_DAMAGE = (OSError, RuntimeError, KeyError, ValueError, TypeError, zlib.error)
"""What h5py may say of a file that was altered."""


class _Writer(AbstractShardWriter):
    def __init__(self, columns: Sequence[Column], num: int, width: int) -> None:
        # The name is never used: the file lives in memory.
        self._file = h5py.File(
            "shard", "w", driver="core", backing_store=False, libver=_LIBVER
        )
        self._columns = {column.name: column for column in in_file(columns)}
        self._entries = Entries(columns)
        self._pool = ThreadPoolExecutor(_num_threads())
        self._pending: deque[tuple[str, int, Future[list[bytes]]]] = deque()
        plain = [column for column in columns if not column.ragged]
        self._datasets = {c.name: self._create(c, num, width) for c in plain}

    def put(self, start: int, rows: Rows) -> None:
        for name, values in self._entries.take(start, rows).items():
            dataset = self._datasets[name]
            if not self._columns[name].compressed:
                dataset[start : start + len(values)] = values
                continue
            per_chunk = _per_chunk(dataset)
            if start % per_chunk:
                raise ValueError(f"rows must begin at a multiple of {per_chunk}")
            for first in range(0, len(values), _AT_ONCE):
                part = values[first : first + _AT_ONCE]
                job = self._pool.submit(_compress, part, per_chunk)
                self._pending.append((name, start + first, job))
                self._store(keep=_PENDING)

    def finish(self, attributes: dict[str, int | float | str]) -> bytes:
        self._store(keep=0)
        for name, array in self._entries.arrays().items():
            dataset = self._file.create_dataset(name, data=array, track_times=False)
            self._describe(dataset, self._columns[name])
        for name, value in attributes.items():
            self._file.attrs[name] = value
        self._file.flush()
        return self._file.id.get_file_image()

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._file.close()

    def _create(self, column: Column, num: int, width: int) -> h5py.Dataset:
        settings: dict[str, Any] = {"track_times": False}
        if column.compressed:
            # Small enough that reading one sequence is cheap.
            most = min(num, _CHUNK_BYTES // max(column.sequence_bytes, 1))
            fitting = [n for n in _CHUNK_LENS if n <= most and width % n == 0]
            settings["chunks"] = (max(fitting, default=1), *column.shape)
            settings.update(compression="gzip", compression_opts=GZIP_LEVEL)
        dataset = self._file.create_dataset(
            column.name, (num, *column.shape), column.dtype, **settings
        )
        self._describe(dataset, column)
        return dataset

    def _describe(self, dataset: h5py.Dataset, column: Column) -> None:
        dataset.attrs["dimensions"] = " ".join(column.dimensions)
        if column.unit:
            dataset.attrs["unit"] = column.unit

    def _store(self, keep: int) -> None:
        """Put compressed chunks in the file, in order, until ``keep`` are pending."""
        while len(self._pending) > keep:
            name, first, job = self._pending.popleft()
            dataset = self._datasets[name]
            per_chunk, zeros = _per_chunk(dataset), (0,) * (dataset.ndim - 1)
            for i, data in enumerate(job.result()):
                dataset.id.write_direct_chunk((first + i * per_chunk, *zeros), data)


class _Reader(AbstractShardReader):
    def __init__(self, path: Path) -> None:
        self._path = path
        self._datasets: dict[str, h5py.Dataset] = {}
        require_regular(path)
        try:
            # Of a driver of its own, or HDF5 would refuse others of this process who
            # open the file as h5py does by default.
            self._file = h5py.File(path, "r", driver="stdio", locking=False)
        except OSError as error:
            if not path.exists():
                raise DamagedError(f"{path} is missing.") from error
            raise DamagedError(
                f"{path} cannot be read as HDF5: truncated or altered ({error})."
            ) from error

    def shapes(self) -> dict[str, tuple[tuple[int, ...], str]]:
        found: dict[str, tuple[tuple[int, ...], str]] = {}

        def visit(name: str, item: Any) -> None:
            if isinstance(item, h5py.Dataset):
                found[name] = (item.shape, str(item.dtype))

        with self._reading():
            self._file.visititems(visit)
        return found

    def attributes(self) -> dict[str, Any]:
        with self._reading():
            found = dict(self._file.attrs)
        return {
            n: v.item() if isinstance(v, np.generic) else v for n, v in found.items()
        }

    def read(self, name: str, rows: slice | Sequence[int]) -> np.ndarray:
        with self._reading():
            dataset = self._datasets.get(name)
            if dataset is None:
                dataset = self._datasets[name] = self._find(name)
            if dataset.chunks is None:
                return dataset[rows if isinstance(rows, slice) else list(rows)]
            whole = isinstance(rows, slice)
            wanted = range(*rows.indices(len(dataset))) if whole else rows
            return _unpack(dataset, wanted)

    def close(self) -> None:
        self._file.close()

    def _find(self, name: str) -> h5py.Dataset:
        """A column, if it lies in this file as a shard's columns do.

        HDF5 would show bytes of other files as its own, unpack without a limit, and
        call whatever filter is named.
        """
        place: Any = self._file
        for step in name.split("/"):
            if not isinstance(place.get(step, getlink=True), h5py.HardLink):
                raise KeyError(f"{name} is no data set of this file")
            place = place[step]
        if not isinstance(place, h5py.Dataset):
            raise KeyError(f"{name} is no data set")
        if place.external or place.is_virtual:
            raise ValueError(f"{name} lies in another file, which is not read")
        stored, filters = place.id.get_storage_size(), place.id.get_create_plist()
        if place.nbytes > _MOST_DENSE * stored:
            raise ValueError(
                f"{name} is said to have {place.nbytes:,} bytes, of which only "
                f"{stored:,} are in the file"
            )
        codes = [filters.get_filter(i)[0] for i in range(filters.get_nfilters())]
        chunks = place.chunks
        if codes != ([h5py.h5z.FILTER_DEFLATE] if chunks else []):
            raise ValueError(f"{name} is packed in a way that is never written")
        if chunks and chunks[1:] != place.shape[1:]:
            raise ValueError(f"{name} has chunks of a shape that is never written")
        return place

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except _DAMAGE as error:
            raise DamagedError(f"{self._path} is damaged: {error}.") from error


def _per_chunk(dataset: h5py.Dataset) -> int:
    return int(dataset.chunks[0]) if dataset.chunks else 1


def _compress(rows: np.ndarray, per_chunk: int) -> list[bytes]:
    """Compress rows chunk by chunk; the last chunk is filled up with zeros."""
    short = -len(rows) % per_chunk
    if short:
        rows = np.concatenate([rows, np.zeros((short, *rows.shape[1:]), rows.dtype)])
    rows = np.ascontiguousarray(rows)
    parts = (rows[i : i + per_chunk] for i in range(0, len(rows), per_chunk))
    return [zlib.compress(part.data, GZIP_LEVEL) for part in parts]


def _unpack(dataset: h5py.Dataset, rows: Sequence[int]) -> np.ndarray:
    """Rows of a gzip data set, in ascending order; many by a few threads."""
    out = np.empty((len(rows), *dataset.shape[1:]), dataset.dtype)
    per_chunk, zeros = _per_chunk(dataset), (0,) * (dataset.ndim - 1)
    shape = (per_chunk, *dataset.shape[1:])
    size = math.prod(shape) * dataset.dtype.itemsize

    def place(chunks: list[tuple[int, int, int, bytes]]) -> None:
        for first, start, stop, data in chunks:
            whole = np.frombuffer(_inflate(data, size), dataset.dtype).reshape(shape)
            low, high = rows[start] - first, rows[stop - 1] - first
            if high - low == stop - start - 1:
                out[start:stop] = whole[low : high + 1]
            else:
                out[start:stop] = whole[np.asarray(rows[start:stop]) - first]

    def stored() -> Iterator[tuple[int, int, int, bytes]]:
        """First row of each chunk, which of the rows lie in it, and its bytes."""
        start = 0
        while start < len(rows):
            first = rows[start] - rows[start] % per_chunk
            stop = bisect.bisect_left(rows, first + per_chunk, start)
            mask, data = dataset.id.read_direct_chunk((first, *zeros))
            if mask:
                raise ValueError("a chunk is not packed")
            yield first, start, stop, data
            start = stop

    if len(rows) < _THREADED_FROM:
        place(list(stored()))
        return out
    found, jobs = stored(), []
    with ThreadPoolExecutor(_num_threads()) as pool:
        while some := list(itertools.islice(found, _AT_ONCE)):
            jobs.append(pool.submit(place, some))
        for job in jobs:
            job.result()
    return out


def _inflate(data: bytes, size: int) -> bytes:
    """Unpack a chunk of a known size, and not a byte more: the rest may be endless."""
    stream = zlib.decompressobj()
    out = stream.decompress(data, size)
    if len(out) != size or stream.decompress(stream.unconsumed_tail, 1):
        raise ValueError(f"a chunk does not hold {size:,} bytes, as it should")
    if not stream.eof:
        raise ValueError("a chunk is cut short")
    return out


def _num_threads() -> int:
    # The cores this process may use, not those of the machine: workers are pinned.
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


HDF5 = Store(".h5", _Writer, _Reader)
"""The HDF5 format."""
