"""Exports data sets in the layout of slvm-data-generation: NPZ files for each split.

Frames float64 in [0, 1] with rows upwards (row 0 is the smallest y), channels first,
and no channel axis for balls; states float32; labels int64. Several tasks lie in a
folder each, or combined in one file. Series are cut in windows: ``queries``,
``domains``, ``labels`` and ``latents``, under the same names for every system.

Source: slvm-data-generation, the files that its generators write.
"""

from __future__ import annotations

import functools
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from foreworld.core.errors import ConfigError
from foreworld.core.parts.stand_in import class_name
from foreworld.data.exchange.exporting import BATCH, filled, write_all
from foreworld.data.format.nested import of
from foreworld.data.reading.dataset import DataSet
from foreworld.data.reading.split import Split
from foreworld.data.views.windows import Windows, WindowSplit

_FLAT = ("BouncingBall", "PymunkBall")
"""Worlds whose frames have no channel axis there."""
_SERIES_NAMES = {"SwitchingDoublePendulum": "double_pendulum"}
"""Names of series that are not those of our worlds."""
_WINDOW_KEYS = {
    "domains": np.float64,
    "queries": np.float64,
    "labels": np.int64,
    "latents": np.float32,
}


def write_triples(
    data: DataSet,
    out: str | Path,
    force: bool = False,
    combined: bool = False,
    cut: Callable[[Split], Windows] | None = None,
) -> list[Path]:
    """Write the splits that hold anything.

    ``train.npz``, ``val.npz`` and ``test.npz``, for several tasks in a folder of each
    task's name; ``combined_train.npz`` and so on; for series ``lorenz_train.npz`` and
    so on.

    Parameters
    ----------
    data
        What to export.
    out
        Folder for the files.
    force
        Replace files that are there.
    combined
        All tasks in one file, in their order. States must have one width, or the
        data set a policy for them.
    cut
        How series are cut in windows; by default so that train and test share no step
        (:func:`foreworld.compat.windows.leaky_windows` cuts as the source does).

    Raises
    ------
    ConfigError
        The world has actions, for which the layout has no place; there are no frames;
        or an option was given that is for other data.
    OccupiedError
        A file is there already.
    """
    alone, splits = len(data.families) == 1, filled(data)
    if any(of(filled(task)[0].columns, "action") for task in data.tasks.values()):
        worlds = dict.fromkeys(class_name(f.world) for f in data.families.values())
        raise ConfigError(
            f"{data.path} holds actions of a {' and '.join(worlds)}, for which "
            f"npz-slvm has no place. It is for worlds in which nobody acts."
        )
    if combined and alone:
        raise ConfigError(
            f"combined: {data.path} is of one task, so there is nothing to combine. "
            f"Leave it away."
        )
    series = alone and "mode" in splits[0].columns
    if cut is not None and not series:
        raise ConfigError(
            f"leaky is for series with modes, which {data.path} does not hold. Leave "
            f"it away."
        )
    files: dict[Path, Callable[[Path], None]] = {}
    if series:
        windows, ours = (cut or Windows)(splits[0]), class_name(data.family.world)
        name = _SERIES_NAMES.get(ours, ours.lower())
        for part in windows.parts:
            write = functools.partial(_write_windows, windows.split(part))
            files[Path(out, f"{name}_{part}.npz")] = write
    else:
        parts, prefix = ({"": data}, "combined_") if combined else (data.tasks, "")
        for label, (task, part) in enumerate(parts.items()):
            # Where balls and others are together, one channel without an axis fits all.
            flat = any(class_name(f.world) in _FLAT for f in part.families.values())
            for split in filled(part):
                write = _triple(split, flat, None if combined else label)
                files[Path(out, task, f"{prefix}{split.name}.npz")] = write
    what: dict[str, Any] = {"to": "npz-slvm", "data": data.identity}
    what |= {"states": data.states, "combined": combined}
    what["cut"] = None if cut is None else getattr(cut, "__name__", repr(cut))
    write_all(files, Path(out), what, force)
    return list(files)


def taken(data: DataSet) -> tuple[str, ...]:
    """Columns of a data set that it has a place for."""
    series = len(data.families) == 1 and "mode" in filled(data)[0].columns
    return ("state", "mode") if series else ("image", "state", "label")


def _triple(split: Split, flat: bool, label: int | None) -> Callable[[Path], None]:
    """What writes the file of a split; ``None`` takes the labels that it has."""
    if "image" not in split.columns:
        raise ConfigError(
            f"{split!r} holds no frames, which npz-slvm needs. Generate it with frames."
        )
    if flat and split.image.shape[-1] != 1:
        raise ConfigError(
            f"{split!r} has frames of {split.image.shape[-1]} channels, but npz-slvm "
            f"has one for balls. Export the tasks apart."
        )
    return functools.partial(_write_triple, split, flat, label)


def _write_triple(split: Split, flat: bool, label: int | None, path: Path) -> None:
    num, length, height, width, channels = split.image.shape
    shape = (height, width) if flat else (max(channels, 3), height, width)
    labels = split.label[:] if label is None else np.full((num, 1), label)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as file:
        with file.open("image.npy", "w", force_zip64=True) as entry:
            header = {"descr": "<f8", "fortran_order": False}
            header["shape"] = (num, length, *shape)
            np.lib.format.write_array_header_1_0(entry, header)
            for first in range(0, num, BATCH):
                frames = np.asarray(split.image[first : first + BATCH])
                entry.write(_fractions(frames, flat).tobytes())
        _write_array(file, "state", np.asarray(split.state[:], np.float32))
        _write_array(file, "label", np.asarray(labels, np.int64))


def _fractions(frames: np.ndarray, flat: bool) -> np.ndarray:
    """Some sequences, upside down, as fractions."""
    fractions = frames[:, :, ::-1].astype("<f8") / 255
    if flat:
        return fractions.mean(axis=-1)
    channels_first = np.moveaxis(fractions, -1, 2)
    if frames.shape[-1] > 1:
        return channels_first
    # One colour is red there: the green and the blue channel are dark.
    dark = np.zeros_like(channels_first)
    return np.concatenate([channels_first, dark, dark], axis=2)


def _write_windows(split: WindowSplit, path: Path) -> None:
    batch = split[:]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as file:
        for name, dtype in _WINDOW_KEYS.items():
            _write_array(file, name, batch[name].astype(dtype))


def _write_array(file: zipfile.ZipFile, name: str, array: np.ndarray) -> None:
    with file.open(f"{name}.npy", "w", force_zip64=True) as entry:
        np.lib.format.write_array(entry, array, allow_pickle=False)
