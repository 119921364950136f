"""Exports data sets of Hamiltonian systems as NPZ triples: image, state, label.

One file a split; frames float64 in [0, 1] with rows upwards (row 0 is the smallest y),
channels first, and no channel axis for balls; states float32; label 0.

Source: slvm-data-generation, the files that its generators write.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from foreworld.core.errors import ConfigError, OccupiedError
from foreworld.core.folder import write_file
from foreworld.data.dataset import DataSet
from foreworld.data.recipe import SPLITS
from foreworld.data.split import Split

_FLAT = ("BouncingBall", "Gravity")
"""Worlds whose frames have no channel axis there."""
_BATCH = 50
"""Sequences in memory at a time."""


def write_triples(data: DataSet, out: str | Path, force: bool = False) -> list[Path]:
    """Write the splits that hold anything as ``train.npz``, ``val.npz``, ``test.npz``.

    Parameters
    ----------
    out
        Folder for the files.
    force
        Replace files that are there.

    Raises
    ------
    ConfigError
        Somebody acts in the world: the layout has no place for actions.
    OccupiedError
        A file is there already.
    """
    world = data.family.world
    if world.action_space is not None:
        raise ConfigError(
            f"{data.path} holds actions of a {type(world).__name__}, for which "
            f"npz-slvm has no place. It is for worlds in which nobody acts."
        )
    flat = type(world).__name__ in _FLAT
    files = {
        name: Path(out) / f"{name}.npz" for name in SPLITS if len(data.split(name))
    }
    for path in files.values():
        if path.exists() and not force:
            raise OccupiedError(
                f"{path} is there already. Choose another folder with --out, or "
                f"replace it with --force."
            )
    for name, path in files.items():
        split = data.split(name)
        write_file(path, lambda file, split=split: _write(split, flat, file))
    return list(files.values())


def _write(split: Split, flat: bool, path: Path) -> None:
    num, length = len(split), split.image.shape[1]
    height, width, channels = split.image.shape[2:]
    shape = (height, width) if flat else (max(channels, 3), height, width)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as file:
        with file.open("image.npy", "w", force_zip64=True) as entry:
            header = {
                "descr": "<f8",
                "fortran_order": False,
                "shape": (num, length, *shape),
            }
            np.lib.format.write_array_header_1_0(entry, header)
            for first in range(0, num, _BATCH):
                frames = _frames(split, first, flat)
                entry.write(np.ascontiguousarray(frames).tobytes())
        state = np.asarray(split.state[:], np.float32)
        for name, array in (("state", state), ("label", np.zeros((num, 1), np.int64))):
            with file.open(f"{name}.npy", "w") as entry:
                np.lib.format.write_array(entry, array, allow_pickle=False)


def _frames(split: Split, first: int, flat: bool) -> np.ndarray:
    """Some sequences, upside down, as fractions."""
    frames = np.asarray(split.image[first : first + _BATCH])[:, :, ::-1]
    fractions = frames.astype("<f8") / 255
    if flat:
        return fractions.mean(axis=-1)
    channels_first = np.moveaxis(fractions, -1, 2)
    return np.repeat(channels_first, 3, 2) if frames.shape[-1] == 1 else channels_first
