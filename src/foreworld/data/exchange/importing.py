"""Makes data sets from a person's own recordings, in the written format of all.

``import_data`` splits the recorded sequences, cuts them to one length and writes
shards. It can be interrupted and run again: what is finished is kept.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from foreworld.core.disk.folder import checksum, manifest, write_bytes
from foreworld.core.errors import ConfigError
from foreworld.core.progress import Progress
from foreworld.data.exchange.recordings import Arrays, Reel, find_reels, source_files
from foreworld.data.format.folder import finish, missing, prepare, shard_path
from foreworld.data.format.recipe import CHUNK_LEN, SPLITS, Recipe, Shard, TaskRecipe
from foreworld.data.format.schema import RECORDED, Column, axis_of, recorded_columns
from foreworld.data.format.store.find import find_store
from foreworld.data.reading.dataset import DataSet, open_dataset
from foreworld.worlds.adapters._recording import Recording
from foreworld.worlds.base import Family

SHARD_BYTES = 64 * 2**20
"""A shard holds about this much before compression."""


@dataclass(frozen=True)
class _Piece:
    """Frames ``start .. start + num_frames - 1`` of a reel."""

    reel: Reel
    start: int


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
        ``action``, ``reward``, ``terminated`` and ``valid``; folders of PNG or JPEG
        frames (one sequence); folders of such folders.
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
    """
    paths = [Path(p) for p in ([files] if isinstance(files, str | Path) else files)]
    called = {**{key: key for key in RECORDED}, **(names or {})}
    reels = [reel for path in paths for reel in find_reels(path, called)]
    length = num_frames or max((reel.num_frames for reel in reels), default=0)
    if length < 2:
        raise ConfigError(
            f"sequences of {length} frames cannot be learned from: at least 2 are "
            f"needed."
        )
    shares = _split(reels, val, test, seed)
    pieces = {name: _cut(some, num_frames) for name, some in shares.items()}
    for name, some in pieces.items():
        if shares[name] and not some:
            raise ConfigError(
                f"num_frames={num_frames} leaves nothing of {name}: the longest of its "
                f"sequences has {max(r.num_frames for r in shares[name])} frames."
            )
    entries, num_actions = _entries(reels)
    columns = recorded_columns(entries, length)
    world = Recording(
        contents=_contents(paths, called),
        frame=entries["image"][0],  # type: ignore[arg-type]
        columns=tuple(entries),
        state_size=entries.get("state", ((0,), ""))[0][0],
        num_actions=num_actions,
        action_shape=() if num_actions else entries.get("action", ((), ""))[0],
    )
    one = sum(column.sequence_bytes for column in columns)
    chunks = max(1, min(2000, SHARD_BYTES // one) // CHUNK_LEN)
    recipe = Recipe.plain(
        TaskRecipe(
            Family(world),
            seed=seed,
            num_frames=length,
            shard_len=chunks * CHUNK_LEN,
            train=len(pieces["train"]),
            val=len(pieces["val"]),
            test=len(pieces["test"]),
        )
    )
    folder = Path(out)
    prepare(folder, recipe, lambda: {"": columns}, force)
    with Progress(f"import to {folder}", len(reels), "sequences", quiet) as progress:
        for shard in missing(folder, recipe):
            some = pieces[shard.split][shard.start : shard.stop]
            data = _shard_bytes(recipe.tasks[""], columns, shard, some)
            write_bytes(shard_path(folder, recipe, shard), data)
        progress.update(len(reels))
    while manifest(folder) is None:
        finish(folder, recipe)
    return open_dataset(folder)


def _split(
    reels: list[Reel], val: float, test: float, seed: int
) -> dict[str, list[Reel]]:
    """Sequences by split, in an order drawn with the seed."""
    for name, value in (("val", val), ("test", test)):
        if not 0 <= value < 1:
            raise ConfigError(
                f"{name}={value} must be a fraction of at least 0, below 1."
            )
    num = len(reels)
    sizes = {
        name: max(1, round(share * num)) if share else 0
        for name, share in (("val", val), ("test", test))
    }
    sizes["train"] = num - sizes["val"] - sizes["test"]
    if sizes["train"] < 1:
        raise ConfigError(
            f"{num} recorded sequences do not suffice for val={val} and test={test}: "
            f"none is left to train on. Make them smaller or 0, or record more."
        )
    order = np.random.default_rng(seed).permutation(num)
    shares, first = {}, 0
    for name in SPLITS:
        shares[name] = [reels[i] for i in order[first : first + sizes[name]]]
        first += sizes[name]
    return shares


def _cut(reels: list[Reel], num_frames: int | None) -> list[_Piece]:
    if num_frames is None:
        return [_Piece(reel, 0) for reel in reels]
    return [
        _Piece(reel, start)
        for reel in reels
        for start in range(0, reel.num_frames - num_frames + 1, num_frames)
    ]


def _contents(paths: list[Path], names: dict[str, str]) -> str:
    """16 digits that change with whatever is imported."""
    digest = hashlib.sha256(repr(sorted(names.items())).encode())
    for path in paths:
        for file in source_files(path):
            digest.update(checksum(file).encode())
    return digest.hexdigest()[:16]


def _entries(reels: list[Reel]) -> tuple[dict[str, tuple[tuple[int, ...], str]], int]:
    """Shape and dtype of an entry of each column, and the number of choices, if any.

    Every sequence is read once, so that all agree.
    """
    first: dict[str, tuple[tuple[int, ...], str]] = {}
    num_actions = 0
    for reel in reels:
        arrays = reel.read()
        kinds = {k: (a.shape[1:], str(a.dtype)) for k, a in arrays.items()}
        first = first or kinds
        if kinds != first:
            raise ConfigError(
                f"{reel.where} has {_words(kinds)}, but {reels[0].where} has "
                f"{_words(first)}. All sequences must have the same arrays, shapes and "
                f"types."
            )
        if kinds.get("action", ((), ""))[1] == "int32":
            num_actions = max(num_actions, int(arrays["action"].max(initial=0)) + 1)
    return {key: first[key] for key in RECORDED if key in first}, num_actions


def _words(kinds: dict[str, tuple[tuple[int, ...], str]]) -> str:
    return ", ".join(f"{name} {dtype}{shape}" for name, (shape, dtype) in kinds.items())


def _shard_bytes(
    recipe: TaskRecipe,
    columns: tuple[Column, ...],
    shard: Shard,
    pieces: list[_Piece],
) -> bytes:
    @functools.lru_cache(maxsize=1)
    def read(reel: Reel) -> Arrays:
        # Pieces of one sequence follow each other, so it is read once.
        return reel.read()

    with contextlib.closing(
        find_store(recipe.store).writer(columns, len(pieces), CHUNK_LEN)
    ) as writer:
        for first in range(0, len(pieces), CHUNK_LEN):
            group = pieces[first : first + CHUNK_LEN]
            rows = [
                _rows(read(piece.reel), piece.start, recipe.num_frames)
                for piece in group
            ]
            stacked = {
                column.name: np.stack([row[column.name] for row in rows])
                for column in columns
                if column.name != "index"
            }
            start = shard.start + first
            stacked["index"] = np.arange(start, start + len(group), dtype=np.int64)
            writer.put(first, stacked)
        return writer.finish({"split": shard.split, "start": shard.start, "redrawn": 0})


def _rows(arrays: Arrays, start: int, num_frames: int) -> Arrays:
    """A piece's arrays, filled up to the common length."""
    length = len(arrays["image"])
    nothing = {
        "state": np.zeros((length, 0), np.float32),
        "valid": np.ones(length, bool),
    }
    arrays = {**nothing, **arrays}
    rows = {}
    for key, array in arrays.items():
        wanted = num_frames - (axis_of(key) == "step")
        part = array[start : start + wanted]
        widths = [(0, wanted - len(part)), *[(0, 0)] * (part.ndim - 1)]
        repeat = key in ("image", "state")
        rows[key] = np.pad(part, widths, mode="edge" if repeat else "constant")
    return rows
