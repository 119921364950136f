"""Checks a data set on the disk: complete, unaltered, readable, as it says it is."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np

from foreworld.core.disk.folder import CONFIG, MANIFEST, manifest, read_json, verify
from foreworld.core.disk.seals import extra, misplaced
from foreworld.core.errors import ForeworldError
from foreworld.core.own.in_parts import misfits
from foreworld.data.format.config import (
    misfitting_spaces,
    read_columns,
    read_identity,
    read_recipe,
    told_spaces,
)
from foreworld.data.format.contents import BESIDE
from foreworld.data.format.folder import shard_path
from foreworld.data.format.recipe import Recipe, Shard, TaskRecipe
from foreworld.data.format.schema import LENGTHS, OFFSETS, PARAMETER, Column, in_file
from foreworld.data.format.store.base import AbstractShardReader
from foreworld.data.format.store.entries import fault
from foreworld.data.format.store.find import find_store


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
        if unfit := [f"{folder / CONFIG}: {why}" for why in misfits(recipe)]:
            return unfit
        problems += _check_config(folder, recipe)
        columns = read_columns(folder, recipe)
        spaces = told_spaces(folder, recipe)
        wrong = [] if spaces is None else misfitting_spaces(recipe, columns, spaces)
        problems += [f"{folder / CONFIG}: {why}." for why in wrong]
    except ForeworldError as error:
        return [*problems, f"{folder / CONFIG}: {error}"]
    for shard in recipe.shards():
        path = shard_path(folder, recipe, shard)
        task, wanted = recipe.tasks[shard.task], columns[shard.task]
        if not path.is_file():
            continue
        try:
            with contextlib.closing(find_store(task.store).reader(path)) as reader:
                problems += _check_columns(
                    path, len(shard), wanted, reader.shapes()
                ) or _check_values(path, shard, task, wanted, reader)
        except ForeworldError as error:
            problems.append(str(error))
    return problems


def _check_config(folder: Path, recipe: Recipe) -> list[str]:
    listed = manifest(folder) or {}
    problems = []
    said, identity = (
        read_json(folder / CONFIG).get("identity"),
        read_identity(folder, recipe),
    )
    if said != identity:
        problems.append(
            f"{folder / CONFIG} says it is {said}, but its recipe is {identity}."
        )
    if listed.get("identity") != identity:
        problems.append(
            f"{folder / MANIFEST} is of {listed.get('identity')}, but {CONFIG} says "
            f"{identity}."
        )
    paths = [shard_path(folder, recipe, shard) for shard in recipe.shards()]
    wanted = {CONFIG, *(str(path.relative_to(folder)) for path in paths)}
    for name in sorted(wanted - set(listed["files"])):
        problems.append(f"{folder / name} is missing from {MANIFEST}.")
    for name in sorted({*(set(listed["files"]) - wanted), *extra(folder, BESIDE)}):
        problems.append(f"{folder / name} does not belong to this data set.")
    return problems


def _check_columns(
    path: Path,
    num: int,
    columns: tuple[Column, ...],
    found: dict[str, tuple[tuple[int, ...], str]],
) -> list[str]:
    ragged = {column.name for column in columns if column.ragged}
    wanted: dict[str, tuple[tuple[int, ...], str]]
    wanted = {c.name: ((num, *c.shape), c.dtype) for c in in_file(columns)}
    problems = [f"{path} has no {name}." for name in wanted if name not in found]
    for name, (shape, dtype) in found.items():
        if name in ragged:
            # How many entries there are is told by their lengths.
            entry = wanted[name][0][2:]
            wanted[name] = (*shape[:1], *entry), wanted[name][1]
        if name not in wanted:
            problems.append(f"{path} has {name}, which it should not.")
        elif wanted[name] != (shape, dtype):
            problems.append(
                f"{path}: {name} is {shape} {dtype} instead of {wanted[name][0]} "
                f"{wanted[name][1]}."
            )
    return problems


def _check_values(
    path: Path,
    shard: Shard,
    recipe: TaskRecipe,
    columns: tuple[Column, ...],
    reader: AbstractShardReader,
) -> list[str]:
    problems, whole = [], slice(None)
    found, wanted = reader.attributes(), recipe.names_of(shard)
    if problem := misplaced(found, wanted, lenient=True):
        return [f"{path} does not belong there: its {problem}."]
    index = reader.read("index", whole)
    if not np.array_equal(index, np.arange(shard.start, shard.stop)):
        problems.append(f"{path}: index is not {shard.start} to {shard.stop - 1}.")
    for column in columns:
        if column.compressed:
            # Its bytes are those that were written; the ends show that it unpacks.
            reader.read(column.name, [0])
            reader.read(column.name, [len(shard) - 1])
            continue
        values = reader.read(column.name, whole)
        if column.ragged:
            of = (f"{first}{column.name}" for first in (LENGTHS, OFFSETS))
            lengths, offsets = (reader.read(name, whole) for name in of)
            most = column.shape[0]
            wrong = fault(column.name, lengths, offsets, len(values), most)
            problems += [f"{path}: {wrong}."] if wrong else []
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            problems.append(f"{path}: {column.name} holds values not finite.")
    for name, values in recipe.ranges.items():
        low, high = np.asarray(values.ends(), np.float32)
        drawn = reader.read(f"{PARAMETER}{name}", whole)
        if drawn.min() < low or drawn.max() > np.nextafter(high, np.float32(np.inf)):
            problems.append(f"{path}: {name} leaves its range [{low:g}, {high:g}].")
    return problems
