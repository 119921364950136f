"""MATLAB files: versions 5 to 7 are read here, 7.3 is HDF5.

Only arrays of numbers are read, of the format that "MAT-File Format" (MathWorks)
describes. SciPy's reader crashes on damaged files, and takes the process with it.
"""

from __future__ import annotations

import math
import struct
import zlib
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np

from foreworld.data.exchange.recordings.account import Account, Options, Reel
from foreworld.data.exchange.recordings.arrays import Held, file_reels
from foreworld.data.exchange.recordings.formats.hdf5 import hdf5_reels
from foreworld.data.exchange.recordings.guard import (
    Unreadable,
    check_memory,
    check_packing,
    reading,
)
from foreworld.data.exchange.recordings.names import columns_of
from foreworld.data.exchange.recordings.values import changed

_STORED = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8"}
_STORED |= {12: "i8", 13: "u8"}
"""How numbers lie in the file, by the number of their type."""
_CLASSES = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4"}
_CLASSES |= {14: "i8", 15: "u8"}
"""What they are to MATLAB, by the number of their class."""
_OTHERS = {1: "cell", 2: "struct", 3: "object", 4: "char", 5: "sparse"}
_MATRIX, _COMPRESSED = 14, 15
_HEADER, _HEAD = 128, 4096
_LOGICAL, _COMPLEX = 0x200, 0x800


class _Matrix(NamedTuple):
    """An array in the file: what it is, and where its bytes are."""

    flags: int
    shape: tuple[int, ...]
    start: int
    """Where its numbers begin among its own bytes."""
    size: int
    """Its own bytes, unpacked."""
    packed: bool
    data: memoryview

    @property
    def kind(self) -> str:
        """NumPy's name of its class; empty where it holds no numbers."""
        return "" if self.flags & _COMPLEX else _CLASSES.get(self.flags & 0xFF, "")


def matlab_reels(path: Path, options: Options, account: Account) -> list[Reel]:
    """The sequences in a MATLAB file.

    MATLAB leaves out axes of length 1 at the end; where ``axes`` are told they are put
    back.

    Parameters
    ----------
    path, options, account
        The file, how it is read, and where is said what was assumed.

    Raises
    ------
    ConfigError
        It cannot be read, or holds no sequences.
    """
    if h5py.is_hdf5(path):
        return hdf5_reels(path, options, account)
    found: dict[str, Held] = {}
    with reading(path, "a MATLAB file"):
        check_memory(path, path.stat().st_size)
        order, about = _matrices(path.read_bytes())
        columns = columns_of(options.names, list(about))
        wanted = {key: about[name] for key, name in columns.items()}
        for key, one in wanted.items():
            if not one.kind:
                kind = "complex" if one.flags & _COMPLEX else ""
                kind = kind or _OTHERS.get(one.flags & 0xFF, "thing unknown")
                raise Unreadable(f"{columns[key]} is a {kind}; only numbers are read")
        sizes = [
            max(math.prod(one.shape) * int(one.kind[1]), one.size)
            for one in wanted.values()
        ]
        check_packing(path, sum(sizes))
        check_memory(path, 3 * sum(sizes))
        for key, one in wanted.items():
            array = _values(columns[key], one, order)
            if key == "image" and options.axes:
                missing = len(options.axes) - array.ndim
                array = array.reshape(*array.shape, *[1] * max(0, missing), order="F")
            found[key] = Held(array.shape, array.dtype, array.__getitem__, matlab=True)
    return file_reels(path, "a MATLAB file", found, list(about), options, account)


def _matrices(data: bytes) -> tuple[str, dict[str, _Matrix]]:
    """Byte order, and all arrays by name; of packed ones only the beginning is read."""
    order = {b"IM": "<", b"MI": ">"}.get(data[126:128], "")
    if not order:
        raise Unreadable("it is of version 4, or none. Save it with -v7 or -v7.3")
    found, at, view = {}, _HEADER, memoryview(data)
    while at < len(data):
        kind, start, stop, at = _tag(view, at, order)
        part = view[start:stop]
        if kind == _COMPRESSED:
            head = memoryview(zlib.decompressobj().decompress(part, _HEAD))
            kind, size = struct.unpack(f"{order}II", head[:8])
            head = head[8:]
            at = stop
        else:
            head, size = part, stop - start
        if kind != _MATRIX:
            raise Unreadable(f"it has a part of type {kind}, where arrays should be")
        name, flags, shape, first = _head_of(head, order)
        packed = head.obj is not data
        found[name] = _Matrix(flags, shape, first, size, packed, part)
    return order, found


def _head_of(data: memoryview, order: str) -> tuple[str, int, tuple[int, ...], int]:
    """Name, flags and shape of an array, and where its numbers begin."""
    _, start, _, at = _tag(data, 0, order)
    (flags,) = struct.unpack(f"{order}I", data[start : start + 4])
    _, start, stop, at = _tag(data, at, order)
    shape = struct.unpack(f"{order}{(stop - start) // 4}i", data[start:stop])
    _, start, stop, at = _tag(data, at, order)
    if min(shape, default=0) < 0:
        raise Unreadable(f"an array has the shape {shape}")
    return bytes(data[start:stop]).decode("latin-1"), flags, shape, at


def _tag(data: memoryview, at: int, order: str) -> tuple[int, int, int, int]:
    """Type of the element at a place, where it begins and ends, and the next place."""
    (kind,) = struct.unpack(f"{order}I", data[at : at + 4])
    if kind >> 16:
        kind, size, start = kind & 0xFFFF, kind >> 16, at + 4
        after = at + 8
    else:
        (size,) = struct.unpack(f"{order}I", data[at + 4 : at + 8])
        start = at + 8
        after = start + size + (-size) % 8
    if start + size > len(data):
        raise Unreadable("it is cut short")
    return kind, start, start + size, after


def _values(name: str, one: _Matrix, order: str) -> np.ndarray:
    data = one.data
    if one.packed:
        stream = zlib.decompressobj()
        data = memoryview(stream.decompress(data, one.size + 8))[8:]
        # At the end the checksum is compared.
        if stream.decompress(stream.unconsumed_tail, 1) or not stream.eof:
            raise Unreadable(f"{name} is longer than it says, or cut short")
    kind, start, stop, _ = _tag(data, one.start, order)
    stored = np.dtype(f"{order}{_STORED[kind]}") if kind in _STORED else None
    if stored is None or stop - start != math.prod(one.shape) * stored.itemsize:
        raise Unreadable(f"{name} does not hold {one.shape} numbers, as it says")
    values = np.frombuffer(data[start:stop], stored).reshape(one.shape, order="F")
    if one.flags & _LOGICAL:
        return values.astype(bool)
    kept = values.astype(one.kind)
    lost = changed(values, one.kind) is not None if one.kind[0] == "f" else None
    if (kept.astype(values.dtype) != values).any() if lost is None else lost:
        raise Unreadable(f"{name} holds numbers that are none of its class")
    return kept
