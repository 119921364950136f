"""HDF5 files: only values that lie in the file itself, as they are meant.

HDF5 lets a file name others whose bytes it shows as its own, and says in attributes
what its numbers mean. The first is refused, the second is done or refused.
"""

from __future__ import annotations

import functools
import math
import re
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from h5py import h5d, h5ds, h5l, h5o, h5s  # type: ignore

from foreworld.data.exchange.recordings.account import Account, Options, Reel
from foreworld.data.exchange.recordings.arrays import (
    Held,
    Index,
    file_reels,
)
from foreworld.data.exchange.recordings.formats.attributes import (
    Meaning,
    meaning_of,
    same_unit,
    unit_of,
)
from foreworld.data.exchange.recordings.guard import (
    Unreadable,
    check_file,
    check_memory,
    reading,
)
from foreworld.data.exchange.recordings.layout import labelled
from foreworld.data.exchange.recordings.names import columns_of
from foreworld.data.format.schema import PARAMETER, STEP, row_of

HDF5 = (".h5", ".hdf5", ".he5", ".hdf", ".nc")
"""How names of HDF5 files end; netCDF 4 is HDF5."""
_NAMES_OF_AXES = ("_ARRAY_DIMENSIONS", "dimensions", "dims", "axes")
"""Attributes that name the axes of an array, as xarray and others write them."""
_MATLAB = "MATLAB_class"
_TIMES = ("time", PARAMETER + STEP)
"""Columns of which the unit is said."""
_TRUTHS = ({"false": 0, "true": 1}, {"no": 0, "yes": 1})
_MOST_LINKS = 16
_LARGE, _SUM = 2**18, 4
"""Bytes of a chunk, packed, from which on it is looked at: smaller ones unpack to a
quarter of a gigabyte at most. Bytes of a checksum."""


def hdf5_reels(path: Path, options: Options, account: Account) -> list[Reel]:
    """The sequences in an HDF5 file.

    Parameters
    ----------
    path, options, account
        The file, how it is read, and where is said what was assumed.

    Raises
    ------
    ConfigError
        It cannot be read, or shows what lies in other files.
    """
    visited: list[str] = []

    def visit(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and not name.startswith("#refs#"):
            visited.append(name)

    found, files = {}, [path]
    with reading(path, "HDF5"), _open(path) as file:
        file.visititems(visit)
        # Links are not visited, so what they are named is looked for too.
        linked = [
            name
            for name in map(_bare, options.names.values())
            if isinstance(_find(file, file, name), h5py.Dataset)
        ]
        held = [*dict.fromkeys([*visited, *linked])]
        used = {}
        for key, name in columns_of(options.names, held).items():
            array = _dataset(path, file, name, files)
            found[key] = _held(path, key, name, array, account)
            used[h5o.get_info(array.id).addr] = name
        # What a link leads to is not left out.
        names = {n: used.get(h5o.get_info(file[n].id).addr, n) for n in visited}
        # Nor is what only says how an axis is called.
        for name in [n for n in visited if h5ds.is_scale(file[n].id)]:
            if names[name] not in used.values():
                del names[name]
        held = [*dict.fromkeys([*names.values(), *used.values()])]
    return file_reels(path, "HDF5", found, held, options, account, tuple(files))


def _bare(name: str) -> str:
    return name.strip("/")


def _open(path: Path) -> h5py.File:
    return h5py.File(path, "r", driver="stdio", locking=False)


def _find(file: h5py.File, start: h5py.Group, name: str, depth: int = 0) -> Any:
    """What a name leads to, link by link; ``None`` for nothing.

    HDF5 itself would open other files on the way.
    """
    if depth > _MOST_LINKS:
        raise Unreadable(f"{name} is a link that leads to itself")
    place: Any = file if name.startswith("/") else start
    for step in name.split("/"):
        if step in ("", "."):
            continue
        is_group = isinstance(place, h5py.Group)
        if not is_group or not place.id.links.exists(step.encode()):
            return None
        kind = place.id.links.get_info(step.encode()).type
        if kind == h5l.TYPE_HARD:
            place = place[step]
        elif kind == h5l.TYPE_SOFT:
            told = place.id.links.get_val(step.encode()).decode()
            place = _find(file, place, told, depth + 1)
            if place is None:
                raise Unreadable(
                    f"{name} is a link to {told}, where nothing is. Copy the array "
                    f"into this file"
                )
        else:
            raise Unreadable(
                f"{name} is a link into another file, which is not followed. Copy the "
                f"array into this one"
            )
    return place


def _dataset(path: Path, file: h5py.File, name: str, files: list[Path]) -> h5py.Dataset:
    """An array of the file whose values all lie in it, and were all written."""
    place: Any = _find(file, file, name)
    if not isinstance(place, h5py.Dataset):
        raise Unreadable(f"{name} is no array")
    if place.external:
        raise Unreadable(
            f"{name} lies in another file ({place.external[0][0]}), which is not read. "
            f"Copy the array into this one"
        )
    if place.is_virtual:
        _check_virtual(path, name, place, files)
    elif place.shape is None:
        raise Unreadable(f"{name} is null: it has no values")
    elif place.dtype.kind in "biuf":
        _check_written(path, name, place)
    return place


def _check_virtual(
    path: Path, name: str, array: h5py.Dataset, files: list[Path]
) -> None:
    """A virtual array shows others; all of them must lie beside it, and cover it."""
    covered, spaces = 0, []
    for source in array.virtual_sources():
        other = path if source.file_name == "." else path.parent / source.file_name
        if "/" in source.file_name or source.file_name in ("", ".."):
            raise Unreadable(
                f"{name} shows an array of {source.file_name}, outside of the folder, "
                f"which is not read. Copy the array into this file"
            )
        if not other.is_file():
            raise Unreadable(
                f"{name} is virtual and shows an array of {other}, which is missing"
            )
        check_file(other)
        with _open(other) as file:
            there = _dataset(other, file, source.dset_name, files)
            if there.is_virtual:
                raise Unreadable(f"{name} shows an array that shows others")
            shown = source.vspace.get_select_npoints()
            if source.src_space.get_select_type() == h5s.SEL_ALL:
                short = math.prod(there.shape) != shown
            else:
                ends = source.src_space.get_select_bounds()[1]
                short = any(i >= n for i, n in zip(ends, there.shape, strict=True))
            if short:
                raise Unreadable(f"{name} shows more than there is in {other}")
        if other not in files:
            files.append(other)
        covered += shown
        spaces.append(source.vspace)
    whole = math.prod(array.shape)
    short = covered < whole
    if not short and (covered > whole or _overlap(spaces)):
        short = not _fill(path, name, array.shape, spaces)
    if short:
        raise Unreadable(f"{name} is virtual, and parts of it show nothing")


def _overlap(spaces: list[Any]) -> bool:
    """Whether parts of an array may be shown twice: the boxes around them meet."""
    boxes = [np.asarray(space.get_select_bounds()) for space in spaces]
    order = sorted(boxes, key=lambda box: tuple(box[0]))
    for i, (low, high) in enumerate(order):
        for other_low, other_high in order[i + 1 :]:
            if other_low[0] > high[0]:
                break
            if (other_low <= high).all() and (other_high >= low).all():
                return True
    return False


def _fill(path: Path, name: str, shape: tuple[int, ...], spaces: list[Any]) -> bool:
    """Whether parts of an array cover it, found by marking what each shows."""
    check_memory(path, math.prod(shape))
    shown = np.zeros(shape, bool)
    for space in spaces:
        if space.get_select_type() == h5s.SEL_ALL:
            return True
        if not space.is_regular_hyperslab():
            raise Unreadable(f"{name} is virtual in a way that is not followed")
        shown[
            np.ix_(
                *(
                    (first + step * np.arange(num)[:, None] + np.arange(size)).ravel()
                    for first, step, num, size in zip(
                        *space.get_regular_hyperslab(), strict=True
                    )
                )
            )
        ] = True
    return bool(shown.all())


def _check_written(path: Path, name: str, array: h5py.Dataset) -> None:
    """Refuse what was declared and never written, or cannot be unpacked."""
    properties = array.id.get_create_plist()
    for number in range(properties.get_nfilters()):
        code, _, _, filter_name = properties.get_filter(number)
        if not h5py.h5z.filter_avail(code):
            said = filter_name.decode(errors="replace") or "no name"
            raise Unreadable(
                f"{name} is packed by a filter that is not installed here ({code}, "
                f"{said}). Save it with gzip, or uncompressed"
            )
    wanted = math.prod(array.shape) * array.dtype.itemsize
    if array.chunks:
        _check_packed(name, array, array.chunks)
        check_memory(path, 4 * math.prod(array.chunks) * array.dtype.itemsize)
        pairs = zip(array.shape, array.chunks, strict=True)
        wanted, there = (
            math.prod(-(-n // c) for n, c in pairs),
            array.id.get_num_chunks(),
        )
        what = "chunks"
    else:
        there, what = array.id.get_storage_size(), "bytes"
    if there < wanted:
        raise Unreadable(
            f"{name} is {array.shape} {array.dtype}, of which {wanted - there:,} of "
            f"{wanted:,} {what} were never written. Write it whole, or leave it out"
        )


def _check_packed(name: str, array: h5py.Dataset, chunk: tuple[int, ...]) -> None:
    """Refuse large chunks that unpack to more than they are: HDF5 has no limit."""
    properties = array.id.get_create_plist()
    filters = [properties.get_filter(i)[0] for i in range(properties.get_nfilters())]
    if not filters or filters[-1] != h5py.h5z.FILTER_DEFLATE:
        return
    size = math.prod(chunk) * array.dtype.itemsize
    for number in range(array.id.get_num_chunks()):
        info = array.id.get_chunk_info(number)
        if info.size < _LARGE or info.filter_mask:
            continue
        stream = zlib.decompressobj()
        data = array.id.read_direct_chunk(info.chunk_offset)[1]
        try:
            # Another filter before it adds a checksum at most.
            if len(stream.decompress(data, size + _SUM + 1)) > size + _SUM:
                raise Unreadable(f"{name} has a chunk that unpacks to more than it is")
        except zlib.error as error:
            raise Unreadable(f"{name} cannot be unpacked: {error}") from error


def _held(
    path: Path, key: str, name: str, array: h5py.Dataset, account: Account
) -> Held:
    attributes: Any = array.attrs
    meaning = _with_fill(key, array, meaning_of(name, attributes))
    if (names := h5py.check_enum_dtype(array.dtype)) is not None:
        _check_names(key, name, names, path, account)
    dtype, matlab = array.dtype, _MATLAB in attributes
    if matlab:
        kind = bytes(attributes[_MATLAB]).decode(errors="replace")
        if "MATLAB_empty" in attributes or "MATLAB_sparse" in attributes:
            raise Unreadable(f"{name} is empty or sparse. Save it full")
        if kind in ("cell", "struct", "char", "function_handle", "string"):
            raise Unreadable(f"{name} is a {kind} of MATLAB's; only numbers are read")
        dtype = np.dtype(bool) if kind == "logical" else dtype
    if meaning.scaled:
        dtype = np.dtype(np.float64)
        account.say(str(meaning), path)
    if unit := unit_of(attributes):
        _check_unit(key, name, unit, path, account)
    turn = slice(None, None, -1 if matlab else 1)
    read = functools.partial(_read, path, name, dtype, matlab, meaning)
    chunk, axes = (array.chunks or ())[turn], labelled(_labels(array))
    return Held(array.shape[turn], dtype, read, chunk, matlab, axes)


def _with_fill(key: str, array: h5py.Dataset, meaning: Meaning) -> Meaning:
    """With the number that stands where nothing was written, if somebody chose it."""
    properties = array.id.get_create_plist()
    chosen = properties.fill_value_defined() == h5d.FILL_VALUE_USER_DEFINED
    fill = array.fillvalue if chosen and array.dtype.kind in "iuf" else 0
    if key == "image" or not fill or fill != fill:
        # Of frames every number is a colour; 0 is what most choose for no reason.
        return meaning
    own = (fill, "where nothing is written,")
    return replace(meaning, missing=(*meaning.missing, own))


def _check_names(
    key: str, name: str, names: dict[str, int], path: Path, account: Account
) -> None:
    """Refuse numbers whose names say something else, and say what they are read as."""
    told = ", ".join(f"{word}={number}" for word, number in list(names.items())[:8])
    plain = {word.lower(): number for word, number in names.items()}
    if row_of(key).dtype == "bool" and plain not in _TRUTHS:
        raise Unreadable(
            f"{name} is an enumeration ({told}), and truths are FALSE=0 and TRUE=1. "
            f"Save it as bool"
        )
    account.say(f"{name} is an enumeration, read by its numbers ({told})", path)


def _check_unit(key: str, name: str, unit: str, path: Path, account: Account) -> None:
    """Refuse one column in two units, and steps in another unit than times."""
    beside = _TIMES if key in _TIMES else (key,)
    for other in beside:
        known, where = account.units.get(other, (unit, ""))
        if not same_unit(known, unit):
            raise Unreadable(
                f"{name} is in {unit!r}, but {other.removeprefix(PARAMETER)} in "
                f"{known!r} ({where}). Bring both in one unit"
            )
    account.units.setdefault(key, (unit, str(path)))
    if key in _TIMES:
        account.say(f"{name} is in {unit!r}, which is not converted", path)


def _labels(array: h5py.Dataset) -> list[str]:
    """What the axes of an array are called: by themselves, scales or an attribute."""
    found = []
    for axis in array.dims:
        scales = [str(scale).rpartition("/")[2] for scale in axis.keys()]  # noqa: SIM118
        found.append(axis.label or next(iter(scales), ""))
    if any(found):
        return found
    for key in _NAMES_OF_AXES:
        told = np.asarray(array.attrs.get(key, ())).ravel()
        if len(told) == 1 < len(array.shape):
            # The Well writes all in one.
            text = told[0].decode() if isinstance(told[0], bytes) else str(told[0])
            told = re.split(r"[\s,]+", text.strip())
        words = [
            x.decode(errors="replace") if isinstance(x, bytes) else x for x in told
        ]
        if len(words) == len(array.shape) and all(isinstance(x, str) for x in words):
            return words
    return found


def _read(
    path: Path,
    name: str,
    dtype: np.dtype,
    matlab: bool,
    meaning: Meaning,
    index: Index,
) -> np.ndarray:
    with _open(path) as file:
        array: Any = _find(file, file, name)
        # MATLAB counts axes the other way round.
        values = array[index[::-1]].T if matlab else array[index]
    return meaning.applied(np.asarray(values)).astype(dtype, copy=False)
