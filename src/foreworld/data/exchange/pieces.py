"""Pieces of recorded sequences: cut from them, filled up to one length, written."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from foreworld.core.disk.folder import manifest, write_bytes
from foreworld.core.errors import ConfigError
from foreworld.core.machine import free_memory
from foreworld.data.exchange.recordings.account import Arrays, Reel
from foreworld.data.exchange.recordings.episode import valid_frames
from foreworld.data.format.folder import finish, missing, shard_path, using
from foreworld.data.format.recipe import CHUNK_LEN, SPLITS, Recipe, Shard, TaskRecipe
from foreworld.data.format.schema import Column, axis_of
from foreworld.data.format.store.find import find_store

_AT_ONCE = 2**30
"""Bytes of sequences that are held at once, at most, while shards are written."""

Piece = tuple[int, int]
"""A sequence of the data set: the recorded one it is of, and its first frame there."""


def cut(
    reels: list[Reel],
    order: dict[str, list[int]],
    num_valid: list[int],
    num_frames: int | None,
) -> dict[str, list[Piece]]:
    """Pieces of the sequences of each split; those without a valid frame are left.

    Parameters
    ----------
    reels, order
        The recorded sequences, and which of them each split holds.
    num_valid
        Valid frames of each.
    num_frames
        Of a piece; ``None`` for whole sequences.

    Raises
    ------
    ConfigError
        A split has sequences, and no piece of them is left.
    """
    pieces: dict[str, list[Piece]] = {name: [] for name in SPLITS}
    for name, some in order.items():
        for i in some:
            span = num_frames or reels[i].num_frames
            starts = range(0, reels[i].num_frames - span + 1, span)
            pieces[name] += [(i, start) for start in starts if start < num_valid[i]]
        if some and not pieces[name]:
            raise ConfigError(
                f"num_frames={num_frames} leaves nothing of {name}: the longest of its "
                f"sequences has {max(reels[i].num_frames for i in some)} frames."
            )
    return pieces


def write_pieces(
    folder: Path,
    task: TaskRecipe,
    columns: tuple[Column, ...],
    pieces: dict[str, list[Piece]],
    reels: list[Reel],
) -> None:
    """Write the shards that are missing, and seal the folder.

    Parameters
    ----------
    folder, task
        The data set, and what it is.
    columns
        Of its shards.
    pieces, reels
        What each split holds, and the sequences that they are of.
    """
    recipe = Recipe.plain(task)
    with using(folder, recipe) as life:
        todo = missing(folder, recipe)
        for shard, data in _shards(task, columns, todo, pieces, reels):
            life.go_on()
            write_bytes(shard_path(folder, recipe, shard), data)
        while manifest(folder) is None:
            finish(folder, recipe, life)


def _shards(
    recipe: TaskRecipe,
    columns: tuple[Column, ...],
    todo: list[Shard],
    pieces: dict[str, list[Piece]],
    reels: list[Reel],
) -> Iterator[tuple[Shard, bytes]]:
    """Shards, so many at a time that what they hold is read in the files' order."""
    one = sum(column.sequence_bytes for column in columns)
    most = max(1, int(min(_AT_ONCE, free_memory() / 8) // max(1, one)))
    group: list[Shard] = []
    for shard in [*todo, None]:
        if group and (shard is None or sum(map(len, [*group, shard])) > most):
            rows = _rows(recipe, group, pieces, reels)
            for done in group:
                yield done, _shard_bytes(recipe, columns, done, rows)
            group = []
        group += [shard] if shard is not None else []


def _rows(
    recipe: TaskRecipe,
    shards: list[Shard],
    pieces: dict[str, list[Piece]],
    reels: list[Reel],
) -> dict[tuple[str, int], Arrays]:
    """The sequences of some shards by split and number, read in the files' order."""
    wanted = [
        (*pieces[shard.split][i], shard.split, i)
        for shard in shards
        for i in range(shard.start, shard.stop)
    ]
    rows = {}
    for reel, some in itertools.groupby(sorted(wanted), key=lambda one: one[0]):
        arrays = reels[reel].read()
        for _, start, split, i in some:
            length = reels[reel].num_frames
            rows[split, i] = _row(arrays, start, length, recipe.num_frames)
    return rows


def _shard_bytes(
    recipe: TaskRecipe,
    columns: tuple[Column, ...],
    shard: Shard,
    rows: dict[tuple[str, int], Arrays],
) -> bytes:
    make = find_store(recipe.store).writer
    with contextlib.closing(make(columns, len(shard), CHUNK_LEN)) as writer:
        for first in range(shard.start, shard.stop, CHUNK_LEN):
            numbers = range(first, min(first + CHUNK_LEN, shard.stop))
            # The last column is the index, which is not recorded.
            names = [column.name for column in columns[:-1]]
            stacked = {
                name: np.stack([rows[shard.split, i][name] for i in numbers])
                for name in names
            }
            stacked["index"] = np.arange(first, numbers.stop, dtype=np.int64)
            writer.put(first - shard.start, stacked)
        return writer.finish({**recipe.names_of(shard), "redrawn": 0})


def _row(arrays: Arrays, start: int, length: int, num_frames: int) -> Arrays:
    """A piece's arrays, filled up to the common length."""
    state, valid = np.zeros((length, 0), np.float32), valid_frames(arrays, length)
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
