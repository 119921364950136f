"""Shards as NPZ files, which ``numpy.load`` opens; nothing is compressed.

A row is read where it lies in the file (a memory map), so random access costs no more
than copying it. A frame takes one byte a pixel: HDF5 is for size, this is for NumPy.
"""

from __future__ import annotations

import io
import json
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from foreworld.core.errors import DamagedError
from foreworld.core.strict_json import parse
from foreworld.data.format.schema import Column, in_file
from foreworld.data.format.store.base import (
    AbstractShardReader,
    AbstractShardWriter,
    Rows,
    Store,
    require_regular,
)
from foreworld.data.format.store.entries import Entries

ATTRIBUTES = "attributes"
"""Entry that holds the file's attributes, and dimensions and units of the columns, as
JSON text."""
_TIME = (1980, 1, 1, 0, 0, 0)
_LOCAL_HEADER = 30
_DAMAGE = (
    OSError,
    EOFError,
    ValueError,
    KeyError,
    TypeError,
    RuntimeError,
    OverflowError,
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    tokenize.TokenError,
)
"""What NumPy and zipfile may say of a file that was altered."""


class _Writer(AbstractShardWriter):
    def __init__(self, columns: Sequence[Column], num: int, width: int) -> None:
        del width
        self._columns, self._entries = in_file(columns), Entries(columns)
        plain = [column for column in columns if not column.ragged]
        self._arrays = {c.name: np.zeros((num, *c.shape), c.dtype) for c in plain}

    def put(self, start: int, rows: Rows) -> None:
        for name, values in self._entries.take(start, rows).items():
            self._arrays[name][start : start + len(values)] = values

    def finish(self, attributes: dict[str, int | float | str]) -> bytes:
        columns = {
            c.name: {"dimensions": list(c.dimensions), "unit": c.unit}
            for c in self._columns
        }
        text = json.dumps({**attributes, "columns": columns})
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as file:
            arrays = {**self._arrays, **self._entries.arrays()}
            for name, array in [*arrays.items(), (ATTRIBUTES, np.array(text))]:
                # A fixed time, so that the same rows give the same bytes.
                info = zipfile.ZipInfo(f"{name}.npy", _TIME)
                with file.open(info, "w", force_zip64=True) as entry:
                    np.lib.format.write_array(entry, array, allow_pickle=False)
        return out.getvalue()

    def close(self) -> None:
        self._arrays.clear()


class _Reader(AbstractShardReader):
    def __init__(self, path: Path) -> None:
        self._path = path
        require_regular(path)
        try:
            with zipfile.ZipFile(path) as file:
                infos = {i.filename.removesuffix(".npy"): i for i in file.infolist()}
            text = _map(path, infos.pop(ATTRIBUTES))
            self._attributes = dict(parse(_text(text)))
            self._arrays = {name: _map(path, info) for name, info in infos.items()}
        except FileNotFoundError as error:
            raise DamagedError(f"{path} is missing.") from error
        except _DAMAGE as error:
            raise DamagedError(f"{path} cannot be read as NPZ: {error}.") from error

    def shapes(self) -> dict[str, tuple[tuple[int, ...], str]]:
        return {name: (a.shape, str(a.dtype)) for name, a in self._arrays.items()}

    def attributes(self) -> dict[str, Any]:
        return {k: v for k, v in self._attributes.items() if k != "columns"}

    def read(self, name: str, rows: slice | Sequence[int]) -> np.ndarray:
        if name not in self._arrays:
            raise DamagedError(f"{self._path} is damaged: it has no {name}.")
        return np.array(self._arrays[name][rows])

    def close(self) -> None:
        self._arrays.clear()


def _text(array: np.ndarray) -> str:
    """Text that NumPy stores as code points, which Python itself does not check."""
    if array.shape != () or array.dtype.str[:2] != "<U":
        raise ValueError(f"{ATTRIBUTES} is {array.dtype}{array.shape}, not text")
    return array.tobytes().decode("utf-32-le").rstrip("\0")


def _map(path: Path, info: zipfile.ZipInfo) -> np.ndarray:
    """An entry's array, mapped where it lies in the file."""
    if info.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{info.filename} is compressed")
    with path.open("rb") as file:
        file.seek(info.header_offset)
        header = file.read(_LOCAL_HEADER)
        if header[:4] != b"PK\x03\x04":
            raise ValueError(f"{info.filename} has no header")
        name_len, extra_len = struct.unpack("<HH", header[26:30])
        file.seek(info.header_offset + _LOCAL_HEADER + name_len + extra_len)
        version, layout = np.lib.format.read_magic(file), np.lib.format
        old, new = layout.read_array_header_1_0, layout.read_array_header_2_0
        shape, fortran, dtype = (old if version == (1, 0) else new)(file)
        start = file.tell()
    if dtype.hasobject or fortran:
        raise ValueError(f"{info.filename} holds something that is never written")
    if 0 in shape:
        return np.zeros(shape, dtype)
    return np.memmap(path, dtype, "r", start, shape)


NPZ = Store(".npz", _Writer, _Reader)
"""The NPZ format."""
