"""Makes data sets from a person's own recordings, in the written format of all.

``import_data`` splits the recorded sequences, cuts them to one length and writes
shards. It can be interrupted and run again: what is finished is kept.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import itertools
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from foreworld.core.disk.folder import checksum, manifest, write_bytes
from foreworld.core.errors import ConfigError
from foreworld.core.progress import Progress
from foreworld.data.exchange.recordings import Arrays, Reel, find_reels, source_files
from foreworld.data.format.folder import finish, missing, prepare, shard_path, using
from foreworld.data.format.recipe import (
    CHUNK_LEN,
    SPLITS,
    Recipe,
    Shard,
    TaskRecipe,
    shard_len,
)
from foreworld.data.format.schema import RECORDED, Column, axis_of, recorded_columns
from foreworld.data.format.store.find import find_store
from foreworld.data.reading.dataset import DataSet, open_dataset
from foreworld.worlds.adapters._recording import Recording
from foreworld.worlds.base import Family

_Piece = tuple[Reel, int]
"""A sequence of the data set: what it is a part of, and its first frame there."""


def import_data(
    files: Sequence[str | Path] | str | Path,
    out: str | Path,
    *,
    val: float = 0.1,
    test: float = 0.1,
    seed: int = 0,
    num_frames: int | None = None,
    names: dict[str, str] | None = None,
    force: bool = False,
    quiet: bool = False,
) -> DataSet:
    """Make a data set from recordings.

    Parameters
    ----------
    files
        NPZ or HDF5 files with an array ``image`` and, if there are, ``state``,
        ``action``, ``reward``, ``terminated`` and ``valid`` (true for some frame of
        each sequence); folders of PNG or JPEG frames (one sequence); folders of such
        folders.
    out
        Folder of the data set.
    val, test
        Fractions of the recorded sequences to choose by and to report; the rest is to
        train on. Which ones is drawn with ``seed``.
    seed
        Root seed of the draw of splits.
    num_frames
        Cut sequences into pieces of this many frames, all of one sequence in the same
        split; what is left over is dropped. ``None`` keeps whole sequences and fills
        shorter ones up with their last frame, marked as not valid.
    names
        What arrays are called in the files, where it is not as above.
    force
        Replace another data set that lies in the folder.
    quiet
        Print no progress.

    Raises
    ------
    ConfigError
        Shapes, types, values or fractions that cannot be used.
    OccupiedError
        The folder holds something else.
    StorageError
        The disk is full or refuses; what is finished is kept.

    Warns
    -----
    UserWarning
        The files hold arrays that are not stored; names them.
    """
    paths = [Path(p) for p in ([files] if isinstance(files, str | Path) else files)]
    called = {**{key: key for key in RECORDED}, **(names or {})}
    reels = [reel for path in paths for reel in find_reels(path, called)]
    longest = max((reel.num_frames for reel in reels), default=0)
    length = longest if num_frames is None else num_frames
    if length < 2:
        raise ConfigError(
            f"sequences of {length} frames cannot be learned from: at least 2 are "
            f"needed."
        )
    pieces = _split(reels, val, test, seed, num_frames)
    world, columns = _described(reels, _contents(paths, called), length)
    some = shard_len(sum(column.sequence_bytes for column in columns), CHUNK_LEN)
    sizes: dict[str, Any] = {name: len(found) for name, found in pieces.items()}
    task = TaskRecipe(
        Family(world), seed=seed, num_frames=length, shard_len=some, **sizes
    )
    unread = dict.fromkeys(name for reel in reels for name in reel.unread)
    if unread:
        warnings.warn(
            f"arrays that are not stored: {', '.join(unread)}. A data set of "
            f"recordings holds {', '.join(RECORDED)}; --state NAME and so on say what "
            f"these are called in the files.",
            stacklevel=2,
        )
    folder, recipe = Path(out), Recipe.plain(task)
    prepare(folder, recipe, lambda: {"": columns}, force)
    with Progress(f"import to {folder}", len(reels), "sequences", quiet) as progress:
        if manifest(folder) is None:
            with using(folder, recipe) as life:
                for shard in missing(folder, recipe):
                    data = _shard_bytes(task, columns, shard, pieces[shard.split])
                    life.go_on()
                    write_bytes(shard_path(folder, recipe, shard), data)
                while manifest(folder) is None:
                    finish(folder, recipe, life)
        progress.update(len(reels))
    return open_dataset(folder)


def _split(
    reels: list[Reel], val: float, test: float, seed: int, num_frames: int | None
) -> dict[str, list[_Piece]]:
    """Pieces by split, of sequences in an order drawn with the seed."""
    num, sizes = len(reels), {"train": len(reels)}
    for name, share in (("val", val), ("test", test)):
        if not 0 <= share < 1:
            raise ConfigError(
                f"{name}={share} must be a fraction of at least 0, below 1."
            )
        sizes[name] = max(1, round(share * num)) if share else 0
        sizes["train"] -= sizes[name]
    if sizes["train"] < 1:
        raise ConfigError(
            f"{num} recorded sequences do not suffice for val={val} and test={test}: "
            f"none is left to train on. Make them smaller or 0, or record more."
        )
    order = iter(np.random.default_rng(seed).permutation(num))
    pieces: dict[str, list[_Piece]] = {name: [] for name in SPLITS}
    for name in SPLITS:
        some = [reels[i] for i in itertools.islice(order, sizes[name])]
        for reel in some:
            span = num_frames or reel.num_frames
            starts = range(0, reel.num_frames - span + 1, span)
            pieces[name] += [(reel, start) for start in starts]
        if some and not pieces[name]:
            raise ConfigError(
                f"num_frames={num_frames} leaves nothing of {name}: the longest of its "
                f"sequences has {max(reel.num_frames for reel in some)} frames."
            )
    return pieces


def _contents(paths: list[Path], names: dict[str, str]) -> str:
    """16 digits that change with whatever is imported."""
    digest = hashlib.sha256(repr(sorted(names.items())).encode())
    for path in paths:
        for file in source_files(path):
            digest.update(checksum(file).encode())
    return digest.hexdigest()[:16]


def _described(
    reels: list[Reel], contents: str, num_frames: int
) -> tuple[Recording, tuple[Column, ...]]:
    """The world that stands for the recorded one, and the columns of its sequences.

    Every sequence is read once, so that all agree.
    """
    first: dict[str, tuple[tuple[int, ...], str]] = {}
    num_actions = 0

    def words(kinds: dict[str, tuple[tuple[int, ...], str]]) -> str:
        return ", ".join(
            f"{name} {dtype}{shape}" for name, (shape, dtype) in kinds.items()
        )

    for reel in reels:
        arrays = reel.read()
        kinds = {k: (a.shape[1:], str(a.dtype)) for k, a in arrays.items()}
        first = first or kinds
        if kinds != first:
            raise ConfigError(
                f"{reel.where} has {words(kinds)}, but {reels[0].where} has "
                f"{words(first)}. All sequences must have the same arrays, shapes and "
                f"types."
            )
        if "action" in kinds and kinds["action"][1] == "int32":
            num_actions = max(num_actions, int(arrays["action"].max(initial=0)) + 1)
    shapes = {name: first[name][0] for name in RECORDED if name in first}
    world = Recording(
        contents=contents,
        frame=shapes["image"],  # type: ignore[arg-type]
        columns=tuple(shapes),
        state_size=shapes.get("state", (0,))[0],
        num_actions=num_actions,
        action_shape=() if num_actions else shapes.get("action", ()),
    )
    return world, recorded_columns(first, num_frames)


def _shard_bytes(
    recipe: TaskRecipe, columns: tuple[Column, ...], shard: Shard, pieces: list[_Piece]
) -> bytes:
    @functools.lru_cache(maxsize=1)
    def read(reel: Reel) -> Arrays:
        # Pieces of one sequence follow each other, so it is read once.
        return reel.read()

    make = find_store(recipe.store).writer
    with contextlib.closing(make(columns, len(shard), CHUNK_LEN)) as writer:
        for first in range(shard.start, shard.stop, CHUNK_LEN):
            group = pieces[first : min(first + CHUNK_LEN, shard.stop)]
            rows = [_row(read(reel), start, recipe.num_frames) for reel, start in group]
            # The last column is the index, which is not recorded.
            names = [column.name for column in columns[:-1]]
            stacked = {name: np.stack([row[name] for row in rows]) for name in names}
            stacked["index"] = np.arange(first, first + len(group), dtype=np.int64)
            writer.put(first - shard.start, stacked)
        return writer.finish({**recipe.names_of(shard), "redrawn": 0})


def _row(arrays: Arrays, start: int, num_frames: int) -> Arrays:
    """A piece's arrays, filled up to the common length."""
    length = len(arrays["image"])
    state, valid = np.zeros((length, 0), np.float32), np.ones(length, bool)
    row = {}
    for key, array in {"state": state, "valid": valid, **arrays}.items():
        axis = axis_of(key)
        if axis == "none":
            row[key] = array
            continue
        wanted = num_frames - (axis == "step")
        part = array[start : start + wanted]
        widths = [(0, wanted - len(part)), *[(0, 0)] * (part.ndim - 1)]
        # What comes after the end repeats the last frame, and is not valid.
        repeat = axis == "frame" and key != "valid"
        row[key] = np.pad(part, widths, mode="edge" if repeat else "constant")
    return row
