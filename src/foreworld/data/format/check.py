"""Checks a data set on the disk: complete, unaltered, readable, as it says it is."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np

from foreworld.core.disk.folder import CONFIG, MANIFEST, manifest, read_json, verify
from foreworld.core.errors import ForeworldError
from foreworld.data.format.columns import expected_columns
from foreworld.data.format.folder import LEASES, LOGS, shard_path
from foreworld.data.format.recipe import SPLITS, Recipe, Shard, read_recipe
from foreworld.data.format.store.base import AbstractShardReader, Column
from foreworld.data.format.store.find import find_store
from foreworld.data.reading.collection import read_tasks


def check_dataset(folder: str | Path) -> list[str]:
    """What is wrong with a data set.

    The checksums of all files come first; only files that pass are opened. Then
    shapes, dtypes, splits and keys are compared with what ``config.json`` says.

    Parameters
    ----------
    folder
        Folder of the data set.

    Returns
    -------
    list[str]
        One line a problem, each naming a file; empty if there is none.
    """
    folder = Path(folder)
    if not folder.is_dir():
        return [f"{folder} is missing: there is no such folder."]
    problems = verify(folder)
    if problems:
        return problems
    try:
        recipe = read_recipe(folder)
        listed = manifest(folder) or {}
        problems += _check_config(folder, recipe, listed)
        columns = expected_columns(recipe)
    except ForeworldError as error:
        return [*problems, f"{folder / CONFIG}: {error}"]
    for shard in recipe.shards():
        path = shard_path(folder, recipe, shard)
        if path.is_file():
            problems += _check_shard(path, shard, recipe, columns)
    return problems


def check_collection(folder: str | Path) -> list[str]:
    """What is wrong with a collection: its own files, then those of every task.

    Parameters
    ----------
    folder
        Folder of the collection.

    Returns
    -------
    list[str]
        One line a problem, each naming a file; empty if there is none.
    """
    folder = Path(folder)
    problems = verify(folder)
    try:
        if verify(folder, [CONFIG]):
            return problems
        recipe = read_tasks(folder)
        identity = (manifest(folder) or {}).get("identity")
    except ForeworldError as error:
        return [*problems, f"{folder / CONFIG}: {error}"]
    if not problems and identity != recipe.identity:
        problems.append(
            f"{folder / MANIFEST} is of {identity}, but {CONFIG} says "
            f"{recipe.identity}."
        )
    ours = {CONFIG, MANIFEST, LEASES, LOGS, *recipe.tasks}
    for path in sorted(folder.iterdir()):
        if path.name not in ours:
            problems.append(f"{path} does not belong to this collection.")
    for task, one in recipe.tasks.items():
        found = check_dataset(folder / task)
        if not found and read_recipe(folder / task).identity != one.identity:
            found = [f"{folder / task} is not the task that {folder / CONFIG} says."]
        problems += [problem for problem in found if problem not in problems]
    return problems


def _check_config(folder: Path, recipe: Recipe, listed: dict) -> list[str]:
    problems = []
    said = read_json(folder / CONFIG).get("identity")
    if said != recipe.identity:
        problems.append(
            f"{folder / CONFIG} says it is {said}, but its recipe is {recipe.identity}."
        )
    if listed.get("identity") != recipe.identity:
        problems.append(
            f"{folder / MANIFEST} is of {listed.get('identity')}, but {CONFIG} says "
            f"{recipe.identity}."
        )
    paths = [shard_path(folder, recipe, shard) for shard in recipe.shards()]
    wanted = {CONFIG, *(str(path.relative_to(folder)) for path in paths)}
    for name in sorted(wanted - set(listed["files"])):
        problems.append(f"{folder / name} is missing from {MANIFEST}.")
    present = {
        str(path.relative_to(folder))
        for split in SPLITS
        for path in (folder / split).glob("*")
    }
    for name in sorted(present - wanted):
        problems.append(f"{folder / name} does not belong to this data set.")
    return problems


def _check_shard(
    path: Path, shard: Shard, recipe: Recipe, columns: tuple[Column, ...]
) -> list[str]:
    try:
        with contextlib.closing(find_store(recipe.store).reader(path)) as reader:
            problems = _check_columns(path, shard, columns, reader.shapes())
            return problems or _check_values(path, shard, recipe, columns, reader)
    except ForeworldError as error:
        return [str(error)]


def _check_columns(
    path: Path,
    shard: Shard,
    columns: tuple[Column, ...],
    found: dict[str, tuple[tuple[int, ...], str]],
) -> list[str]:
    num = shard.stop - shard.start
    wanted = {c.name: ((num, *c.shape), c.dtype) for c in columns}
    problems = [f"{path} has no {name}." for name in wanted if name not in found]
    problems += [
        f"{path} has {name}, which it should not."
        for name in found
        if name not in wanted
    ]
    for name in wanted:
        if name in found and found[name] != wanted[name]:
            shape, dtype = found[name]
            problems.append(
                f"{path}: {name} is {shape} {dtype} instead of {wanted[name][0]} "
                f"{wanted[name][1]}."
            )
    return problems


def _check_values(
    path: Path,
    shard: Shard,
    recipe: Recipe,
    columns: tuple[Column, ...],
    reader: AbstractShardReader,
) -> list[str]:
    problems = []
    whole = slice(None)
    index = reader.read("index", whole)
    if not np.array_equal(index, np.arange(shard.start, shard.stop)):
        problems.append(f"{path}: index is not {shard.start} to {shard.stop - 1}.")
    for column in columns:
        if column.compressed:
            # Its bytes are those that were written; the ends show that it unpacks.
            reader.read(column.name, [0])
            reader.read(column.name, [shard.stop - shard.start - 1])
            continue
        values = reader.read(column.name, whole)
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            problems.append(f"{path}: {column.name} holds values not finite.")
    for name, values in recipe.family.ranges.items():
        low, high = np.asarray(values.ends(), np.float32)
        drawn = reader.read(f"parameters/{name}", whole)
        if drawn.min() < low or drawn.max() > np.nextafter(high, np.float32(np.inf)):
            problems.append(f"{path}: {name} leaves its range [{low:g}, {high:g}].")
    return problems
