"""Exports data sets in the HDF5 layout of The Well: fields on a grid over time.

``data/{train,valid,test}/NAME.hdf5`` (one file a task) and ``stats.yaml``. Channels of
frames are scalar fields in [0, 1] on axes x (to the right) and y (up); numbers of the
state are scalars that vary in time, drawn parameters are constant ones.

Source: Ohana et al., "The Well: a large-scale collection of diverse physics simulations
for machine learning" (2024), its specification of files.
"""

from __future__ import annotations

import functools
from pathlib import Path

import h5py
import numpy as np

from foreworld.core.disk.folder import write_bytes
from foreworld.core.errors import ConfigError
from foreworld.core.parts.partition import partition
from foreworld.data.exchange.exporting import BATCH, filled, write_all
from foreworld.data.format.schema import PARAMETER
from foreworld.data.reading.dataset import DataSet
from foreworld.data.reading.split import Split
from foreworld.worlds.base import AbstractWorld

FOLDERS = {"train": "train", "val": "valid", "test": "test"}
"""Split -> the folder that it has there."""
TAKEN = ("image", "state", "time", PARAMETER)
"""Columns that it has a place for."""
_FIELDS = {1: ("brightness",), 3: ("red", "green", "blue")}
_NO_NAMES = np.array([], dtype=h5py.string_dtype())


def write_well(data: DataSet, out: str | Path, force: bool = False) -> list[Path]:
    """Write the splits that hold anything, and statistics of the first of them.

    Parameters
    ----------
    data
        States of its tasks must have one width, or it a policy for them.
    out
        Folder of the data set; its name is the name in the files.
    force
        Replace files that are there.

    Raises
    ------
    ConfigError
        There are no frames, or the world has actions.
    OccupiedError
        A file is there already.
    """
    out, name = Path(out), Path(out).resolve().name
    worlds = {t or name: f.world for t, f in data.families.items()}
    pieces, stats, splits = {}, out / "stats.yaml", filled(data)
    for split in splits:
        if "image" not in split.columns:
            raise ConfigError(
                f"{split!r} holds no frames, and The Well holds fields on a grid. "
                f"Generate it with frames."
            )
        if split.spaces():
            raise ConfigError(
                f"{split!r} holds actions, for which The Well has no place. It is for "
                f"worlds in which nobody acts."
            )
        sizes, first = list(split.task_sizes.values()) or [len(split)], 0
        for (task, world), size in zip(worlds.items(), sizes, strict=True):
            path = out / "data" / FOLDERS[split.name] / f"{task}.hdf5"
            rows = slice(first, first + size)
            pieces[path] = functools.partial(_write, name, split, world, rows)
            first += size
    pieces[stats] = functools.partial(_write_statistics, splits[0])
    what = {"to": "well", "data": data.identity, "states": data.states}
    write_all(pieces, out, what, force)
    return list(pieces)


def _write_statistics(split: Split, path: Path) -> None:
    write_bytes(path, _statistics(split).encode(), durable=False)


def _write(
    name: str, split: Split, world: AbstractWorld, rows: slice, path: Path
) -> None:
    # Numbers of the world; those that are drawn are scalars beside.
    numbers = {path: float(value) for path, value in partition(world)[1].items()}
    fixed = {n: v for n, v in numbers.items() if n not in split.parameters}
    with h5py.File(path, "w") as file:
        file.attrs["dataset_name"] = name
        file.attrs["grid_type"] = "cartesian"
        file.attrs["n_spatial_dims"] = 2
        file.attrs["n_trajectories"] = rows.stop - rows.start
        file.attrs["simulation_parameters"] = list(fixed)
        for field, value in fixed.items():
            file.attrs[field] = value
        _write_dimensions(file, split, numbers.get("dt", 1.0), rows)
        _write_walls(file, split, world.boundary)
        _write_scalars(file, split, rows)
        _write_fields(file, split, rows)


def _write_dimensions(file: h5py.File, split: Split, step: float, rows: slice) -> None:
    group = file.create_group("dimensions")
    group.attrs["spatial_dims"] = ["x", "y"]
    length, height, width = split.image.shape[1:4]
    irregular = "time" in split.columns
    if irregular:
        times = np.asarray(split.read("time", rows), np.float32)
    elif "dt" in split.parameters:
        steps = np.asarray(split.parameters["dt"][rows], np.float32)
        irregular, times = True, steps[:, None] * np.arange(length, dtype=np.float32)
    else:
        times = np.arange(length, dtype=np.float32) * np.float32(step)
    _put(group, "time", times, sample_varying=irregular)
    for axis, size in (("x", width), ("y", height)):
        places = ((np.arange(size) + 0.5) / size).astype(np.float32)
        _put(group, axis, places, sample_varying=False, time_varying=False)


def _write_walls(file: h5py.File, split: Split, boundary: str) -> None:
    group = file.create_group("boundary_conditions")
    height, width = split.image.shape[2:4]
    for axis, size in (("x", width), ("y", height)):
        side = group.create_group(f"{axis}_{boundary.lower()}")
        side.attrs["associated_dims"] = [axis]
        side.attrs["associated_fields"] = _NO_NAMES
        side.attrs["bc_type"] = boundary.upper()
        side.attrs["sample_varying"] = side.attrs["time_varying"] = False
        mask = np.zeros(size, bool)
        mask[[0, -1]] = True
        _put(side, "mask", mask)


def _write_scalars(file: h5py.File, split: Split, rows: slice) -> None:
    group = file.create_group("scalars")
    state = np.asarray(split.read("state", rows), np.float32)
    for i in range(state.shape[-1]):
        values = state[..., i]
        _put(group, f"state_{i}", values, sample_varying=True, time_varying=True)
    for name, column in split.parameters.items():
        values = np.asarray(column[rows], np.float32)
        _put(group, name, values, sample_varying=True, time_varying=False)
    names = [f"state_{i}" for i in range(state.shape[-1])]
    group.attrs["field_names"] = [*names, *split.parameters] or _NO_NAMES


def _write_fields(file: h5py.File, split: Split, rows: slice) -> None:
    length, height, width, channels = split.image.shape[1:]
    names, num = _FIELDS[channels], rows.stop - rows.start
    for rank in (1, 2):
        file.create_group(f"t{rank}_fields").attrs["field_names"] = _NO_NAMES
    group = file.create_group("t0_fields")
    group.attrs["field_names"] = list(names)
    entries = []
    for name in names:
        entry = group.create_dataset(
            name, (num, length, width, height), np.float32, track_times=False
        )
        entry.attrs["dim_varying"] = [True, True]
        entry.attrs["sample_varying"] = entry.attrs["time_varying"] = True
        entries.append(entry)
    for first in range(0, num, BATCH):
        last = min(first + BATCH, num)
        fields = _fields_of(split, slice(rows.start + first, rows.start + last))
        for channel, entry in enumerate(entries):
            entry[first:last] = fields[..., channel]


def _fields_of(split: Split, rows: slice) -> np.ndarray:
    """Some sequences as fractions with axes x, y (up), channel."""
    frames = np.asarray(split.read("image", rows))[:, :, ::-1]
    return np.swapaxes(frames, 2, 3).astype(np.float32) / np.float32(255)


def _put(group: h5py.Group, name: str, values: np.ndarray, **attributes: bool) -> None:
    entry = group.create_dataset(name, data=values, track_times=False)
    for attribute, value in attributes.items():
        entry.attrs[attribute] = value


def _statistics(split: Split) -> str:
    """Mean, spread and size of every field and of its changes, as YAML."""
    channels = split.image.shape[-1]
    sums = {kind: np.zeros((3, channels)) for kind in ("", "_delta")}
    for first in range(0, len(split), BATCH):
        fields = _fields_of(split, slice(first, first + BATCH)).astype(np.float64)
        for kind, values in (("", fields), ("_delta", np.diff(fields, axis=1))):
            flat = values.reshape(-1, channels)
            sums[kind] += [np.full(channels, len(flat)), flat.sum(0), (flat**2).sum(0)]
    lines = []
    for kind, (num, total, squares) in sums.items():
        mean, square = total / num, squares / num
        spread = np.sqrt(np.maximum(square - mean**2, 0))
        for word, values in (("mean", mean), ("std", spread), ("rms", square**0.5)):
            lines.append(f"{word}{kind}:")
            named = zip(_FIELDS[channels], values, strict=True)
            lines += [f"  {name}: {float(value)!r}" for name, value in named]
    return "\n".join(lines) + "\n"
