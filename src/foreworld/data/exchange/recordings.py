"""Reads a person's own recordings: arrays in NPZ and HDF5 files, folders of images.

A reel is one recorded sequence, read when it is asked for, with its arrays brought to
the written format: frames uint8 (time, height, width, channels), numbers float32.
"""

from __future__ import annotations

import functools
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np

from foreworld.core.errors import ConfigError
from foreworld.data.exchange.convert import check_shape, convert
from foreworld.data.format.schema import RECORDED

IMAGES = (".png", ".jpg", ".jpeg")
HDF5 = (".h5", ".hdf5", ".he5")

Arrays = dict[str, np.ndarray]
_LAYOUTS = (
    "Frames are (sequence, time, height, width, channels) with 1 or 3 channels; the "
    "channels may be left out, and so may the sequence where there is one"
)


@dataclass(frozen=True)
class Reel:
    """One recorded sequence.

    Attributes
    ----------
    where
        Where it lies, for errors.
    num_frames
        Its length.
    read
        Its arrays, by their names in the data format.
    unread
        Other arrays of its file, by their names there.
    """

    where: str
    num_frames: int
    read: Callable[[], Arrays]
    unread: tuple[str, ...] = ()


def find_reels(path: Path, names: dict[str, str]) -> list[Reel]:
    """All sequences in a file or a folder.

    Parameters
    ----------
    path
        An NPZ or HDF5 file, a folder of images (one sequence), or a folder of such
        folders (one sequence each).
    names
        What each array of the data format is called in the files.

    Raises
    ------
    ConfigError
        Nothing there that can be imported, or arrays of wrong shapes.
    """
    if path.is_dir():
        return _folder_reels(path)
    if not path.is_file():
        raise ConfigError(f"no such file or folder: {path}.")
    suffix = path.suffix.lower()
    if suffix not in (".npz", *HDF5):
        raise ConfigError(
            f"{path} cannot be imported: a file must end in .npz, "
            f"{', '.join(HDF5)}; images come in folders, one for each sequence."
        )
    arrays, held = (_npz if suffix == ".npz" else _hdf5)(path, names)
    return _file_reels(path, names, arrays, held)


def source_files(path: Path) -> list[Path]:
    """The files that decide what is imported from a path, in order."""
    if path.is_file():
        return [path]
    return [file for folder in _image_folders(path) for file in _images(folder)]


def _image_folders(path: Path) -> list[Path]:
    if _images(path):
        return [path]
    return [p for p in _in_order(path.iterdir()) if p.is_dir() and _images(p)]


def _images(folder: Path) -> list[Path]:
    return [p for p in _in_order(folder.iterdir()) if p.suffix.lower() in IMAGES]


def _in_order(paths: Iterator[Path]) -> list[Path]:
    """Sorted as people count: frame_2 before frame_10."""

    def key(path: Path) -> list[tuple[int, int | str]]:
        parts = re.split(r"(\d+)", path.name)
        return [(0, int(p)) if p.isdigit() else (1, p) for p in parts if p]

    return sorted((p for p in paths if not p.name.startswith(".")), key=key)


def _folder_reels(path: Path) -> list[Reel]:
    found = {folder: _images(folder) for folder in _image_folders(path)}
    if not found:
        raise ConfigError(
            f"{path} holds no images ({', '.join(IMAGES)}), and no folder of images. "
            f"Put the frames of each sequence into a folder of its own."
        )
    return [
        Reel(str(folder), len(files), functools.partial(_read_images, files))
        for folder, files in found.items()
    ]


def _read_images(files: list[Path]) -> Arrays:
    frames = [_read_image(file) for file in files]
    for file, frame in zip(files, frames, strict=True):
        if frame.shape != frames[0].shape:
            raise ConfigError(
                f"{file} is {_size(frame)}, but {files[0]} is {_size(frames[0])}. All "
                f"frames must have one size and kind."
            )
    return {"image": np.stack(frames)}


def _size(frame: np.ndarray) -> str:
    height, width, channels = frame.shape
    return f"{height} x {width} {'grey' if channels == 1 else 'colour'}"


def _read_image(file: Path) -> np.ndarray:
    # Imported late: only folders of images need it.
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(file) as image:
            grey = image.mode in ("1", "L")
            pixels = np.asarray(image.convert("L" if grey else "RGB"), np.uint8)
    except (UnidentifiedImageError, OSError) as error:
        raise ConfigError(f"{file} cannot be read as an image: {error}.") from error
    return pixels[..., None] if grey else pixels


class _Lazy(NamedTuple):
    """An array in a file: its shape now, its rows when they are asked for."""

    shape: tuple[int, ...]
    rows: Callable[[Any], np.ndarray]


_Found = tuple[dict[str, _Lazy], list[str]]
"""Arrays by their names in the data format, and what all in the file are called."""


def _npz(path: Path, names: dict[str, str]) -> _Found:
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {key: file[name] for key, name in names.items() if name in file}
            held = list(file)
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise ConfigError(f"{path} cannot be read as NPZ: {error}.") from error
    return {k: _Lazy(a.shape, a.__getitem__) for k, a in arrays.items()}, held


def _hdf5(path: Path, names: dict[str, str]) -> _Found:
    def rows(name: str, index: Any) -> np.ndarray:
        with h5py.File(path, "r", locking=False) as file:
            array: Any = file[name]
            return array[index]

    def visit(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            held.append(name)

    found, held = {}, []
    try:
        with h5py.File(path, "r", locking=False) as file:
            file.visititems(visit)
            for key, name in names.items():
                if isinstance(array := file.get(name), h5py.Dataset):
                    found[key] = _Lazy(array.shape, functools.partial(rows, name))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read as HDF5: {error}.") from error
    return found, held


def _file_reels(
    path: Path, names: dict[str, str], arrays: dict[str, _Lazy], held: list[str]
) -> list[Reel]:
    for key, name in names.items():
        if key not in arrays and (key == "image" or name != key):
            raise ConfigError(
                f"{path} has no array {name!r}; it has: {', '.join(held) or 'nothing'}."
                f" Say which one is the {key} with --{key} NAME."
            )
    shape = arrays["image"].shape
    many = len(shape) == 5 or (len(shape) == 4 and shape[-1] not in (1, 3))
    if len(shape) not in (3, 4, 5) or 0 in shape:
        raise ConfigError(f"{path}: image has shape {shape}. {_LAYOUTS}.")
    if len(shape) == 5 and shape[-1] not in (1, 3):
        first = shape[2] in (1, 3)
        advice = "Move the channels to the end" if first else _LAYOUTS
        raise ConfigError(f"{path}: image has shape {shape}. {advice}.")
    num, length = shape[:2] if many else (1, shape[0])
    for key, array in arrays.items():
        check_shape(path, key, array.shape, num if many else None, length)

    def read(where: str, row: Any) -> Arrays:
        rows = {key: np.asarray(array.rows(row)) for key, array in arrays.items()}
        return {key: convert(where, key, array) for key, array in rows.items()}

    stored = {names[key].strip("/") for key in RECORDED}
    unread = tuple(name for name in held if name not in stored)
    places = [(f"{path}, sequence {i}", i if many else ...) for i in range(num)]
    return [
        Reel(where, length, functools.partial(read, where, row), unread)
        for where, row in places
    ]
