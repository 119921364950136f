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
from typing import Any

import h5py
import numpy as np

from foreworld.core.errors import ConfigError
from foreworld.data.exchange.convert import check_shape, convert

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
    """

    where: str
    num_frames: int
    read: Callable[[], Arrays]


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
        return list(_folders(path))
    if not path.is_file():
        raise ConfigError(f"no such file or folder: {path}.")
    if path.suffix.lower() == ".npz":
        return _file_reels(path, names, _npz)
    if path.suffix.lower() in HDF5:
        return _file_reels(path, names, _hdf5)
    raise ConfigError(
        f"{path} cannot be imported: a file must end in .npz, "
        f"{', '.join(HDF5)}; images come in folders, one for each sequence."
    )


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


def _folders(path: Path) -> Iterator[Reel]:
    found = _image_folders(path)
    if not found:
        raise ConfigError(
            f"{path} holds no images ({', '.join(IMAGES)}), and no folder of images. "
            f"Put the frames of each sequence into a folder of its own."
        )
    for folder in found:
        files = _images(folder)
        yield Reel(str(folder), len(files), functools.partial(_read_images, files))


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


class _Lazy:
    """An array in a file: its shape and dtype now, its rows when they are asked for."""

    def __init__(
        self,
        shape: tuple[int, ...],
        dtype: np.dtype,
        rows: Callable[[int | None], np.ndarray],
    ) -> None:
        self.shape, self.dtype, self.rows = shape, dtype, rows


def _npz(path: Path, names: dict[str, str]) -> dict[str, _Lazy]:
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {key: file[name] for key, name in names.items() if name in file}
            held = list(file)
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise ConfigError(f"{path} cannot be read as NPZ: {error}.") from error
    _check_names(path, arrays, names, held)

    def rows(array: np.ndarray, number: int | None) -> np.ndarray:
        return array if number is None else array[number]

    return {
        key: _Lazy(array.shape, array.dtype, functools.partial(rows, array))
        for key, array in arrays.items()
    }


def _hdf5(path: Path, names: dict[str, str]) -> dict[str, _Lazy]:
    def rows(name: str, number: int | None) -> np.ndarray:
        with h5py.File(path, "r", locking=False) as file:
            array: Any = file[name]
            return array[...] if number is None else array[number]

    found = {}
    try:
        with h5py.File(path, "r", locking=False) as file:
            held: list[str] = []
            file.visit(held.append)
            for key, name in names.items():
                array: Any = file.get(name)
                if isinstance(array, h5py.Dataset):
                    read = functools.partial(rows, name)
                    found[key] = _Lazy(array.shape, array.dtype, read)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read as HDF5: {error}.") from error
    _check_names(path, found, names, held)
    return found


def _check_names(
    path: Path, found: dict, names: dict[str, str], held: list[str]
) -> None:
    for key, name in names.items():
        if key not in found and (key == "image" or name != key):
            raise ConfigError(
                f"{path} has no array {name!r}; it has: {', '.join(held) or 'nothing'}."
                f" Say which one is the {key} with --{key} NAME."
            )


def _file_reels(
    path: Path,
    names: dict[str, str],
    load: Callable[[Path, dict[str, str]], dict[str, _Lazy]],
) -> list[Reel]:
    arrays = load(path, names)
    shape = arrays["image"].shape
    many = len(shape) == 5 or (len(shape) == 4 and shape[-1] not in (1, 3))
    if len(shape) not in (3, 4, 5) or 0 in shape:
        raise ConfigError(f"{path}: image has shape {shape}. {_LAYOUTS}.")
    if len(shape) == 5 and shape[-1] not in (1, 3):
        first = shape[2] in (1, 3)
        advice = "Move the channels to the end" if first else _LAYOUTS
        raise ConfigError(f"{path}: image has shape {shape}. {advice}.")
    num = shape[0] if many else 1
    length = shape[1] if many else shape[0]
    for key, array in arrays.items():
        check_shape(path, key, array.shape, num if many else None, length)

    def read(number: int) -> Arrays:
        where = f"{path}, sequence {number}"
        row = number if many else None
        return {
            key: convert(where, key, array.rows(row)) for key, array in arrays.items()
        }

    return [
        Reel(f"{path}, sequence {i}", length, functools.partial(read, i))
        for i in range(num)
    ]
