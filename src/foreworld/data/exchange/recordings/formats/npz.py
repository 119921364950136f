"""NPZ and NPY files, entry by entry, each looked at before it is unpacked."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np

from foreworld.core.errors import ConfigError
from foreworld.data.exchange.recordings.account import Account, Options, Reel
from foreworld.data.exchange.recordings.arrays import Held, file_reels
from foreworld.data.exchange.recordings.guard import (
    Unreadable,
    check_memory,
    check_packing,
    reading,
)
from foreworld.data.exchange.recordings.names import columns_of

_LOCAL_HEADER = 30
_PIECE = 2**22
_END = ".npy"
_MAGIC = b"\x93NUMPY"


def npy_reels(path: Path, options: Options, account: Account) -> list[Reel]:
    """The sequences in an NPY file, which holds frames or what its name says.

    Parameters
    ----------
    path, options, account
        The file, how it is read, and where is said what was assumed.

    Raises
    ------
    ConfigError
        It cannot be read, or holds no sequences.
    """
    with reading(path, "NPY"), path.open("rb") as file:
        array = _mapped(path, file)
    column = next((k for k, n in options.names.items() if n == path.stem), "image")
    names = {**options.names, column: path.stem}
    found = {column: Held(array.shape, array.dtype, array.__getitem__)}
    return file_reels(
        path, "NPY", found, [path.stem], Options(names, *_rest(options)), account
    )


def npz_reels(path: Path, options: Options, account: Account) -> list[Reel]:
    """The sequences in an NPZ file; as :func:`npy_reels`.

    Parameters
    ----------
    path, options, account
        The file, how it is read, and where is said what was assumed.
    """
    with path.open("rb") as raw:
        if raw.read(len(_MAGIC)) == _MAGIC:
            raise ConfigError(
                f"{path} cannot be read as NPZ: it is an NPY file. Name it "
                f"{path.stem}.npy."
            )
    with reading(path, "NPZ"), zipfile.ZipFile(path) as file:
        infos = file.infolist()
        by_name = {info.filename.removesuffix(_END): info for info in infos}
        if len(by_name) != len(infos):
            raise Unreadable("it has several entries of one name")
        columns = columns_of(options.names, list(by_name))
        wanted = {key: by_name[name] for key, name in columns.items()}
        packed = [i for i in wanted.values() if i.compress_type != zipfile.ZIP_STORED]
        check_packing(path, sum(info.file_size for info in wanted.values()))
        check_memory(path, 2 * sum(info.file_size for info in packed))
        arrays = {key: _entry(path, file, info) for key, info in wanted.items()}
    found = {k: Held(a.shape, a.dtype, a.__getitem__) for k, a in arrays.items()}
    return file_reels(path, "NPZ", found, list(by_name), options, account)


def _rest(options: Options) -> tuple[str, bool, tuple[int, int, int]]:
    return options.axes, options.drop_last_action, options.background


def _entry(path: Path, file: zipfile.ZipFile, info: zipfile.ZipInfo) -> np.ndarray:
    """An entry's array: mapped where it lies, or unpacked where it is compressed."""
    if info.compress_type == zipfile.ZIP_STORED:
        with file.open(info) as stream:
            # To the end, where the checksum is compared.
            while stream.read(_PIECE):
                pass
        with path.open("rb") as raw:
            raw.seek(info.header_offset)
            header = raw.read(_LOCAL_HEADER)
            name_len = int.from_bytes(header[26:28], "little")
            extra_len = int.from_bytes(header[28:30], "little")
            raw.seek(info.header_offset + _LOCAL_HEADER + name_len + extra_len)
            return _mapped(path, raw)
    with file.open(info) as stream:
        shape, dtype, _ = _header(stream)
    if math.prod(shape) * dtype.itemsize > info.file_size:
        raise Unreadable(f"{info.filename} is shorter than it says")
    with file.open(info) as stream:
        array = np.lib.format.read_array(stream, allow_pickle=False)
        # What is left is read too: the checksum is compared at the end.
        stream.read()
    return array


def _header(stream: Any) -> tuple[tuple[int, ...], Any, bool]:
    layout = np.lib.format
    version = layout.read_magic(stream)
    old, new = layout.read_array_header_1_0, layout.read_array_header_2_0
    shape, fortran, dtype = (old if version == (1, 0) else new)(stream)
    return shape, dtype, fortran


def _mapped(path: Path, file: IO[bytes]) -> np.ndarray:
    shape, dtype, fortran = _header(file)
    if dtype.hasobject:
        raise Unreadable("it holds Python objects, which are never read")
    start, size = file.tell(), path.stat().st_size
    if math.prod(shape) * dtype.itemsize > size - start:
        raise Unreadable(f"it says that it holds {shape} {dtype}, and is shorter")
    if 0 in shape:
        return np.zeros(shape, dtype)
    return np.memmap(path, dtype, "r", start, shape, "F" if fortran else "C")
