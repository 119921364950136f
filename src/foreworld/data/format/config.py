"""The ``config.json`` of a data set: what it says of recipe, columns and spaces."""

from __future__ import annotations

import contextlib
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

import numpy as np

from foreworld.core.disk.folder import CONFIG, MANIFEST, read_sealed
from foreworld.core.disk.kind import kind_in
from foreworld.core.errors import ConfigError, DamagedError, ForeworldError
from foreworld.core.own.in_parts import values_in
from foreworld.core.own.made_with import made_with
from foreworld.core.parts.config import content_hash, read_part, to_dict
from foreworld.core.parts.opening import opened
from foreworld.core.parts.stand_in import StandIn
from foreworld.core.space_json import read_column_space, write_space
from foreworld.core.spaces import ColumnSpace, Discrete, Record
from foreworld.core.spaces import Sequence as SequenceSpace
from foreworld.data.format.generator import AbstractGenerator, column_spaces
from foreworld.data.format.nested import flat_spaces, of
from foreworld.data.format.recipe import (
    FORMAT,
    FORMATS,
    KIND,
    Recipe,
    TaskRecipe,
    task_name_allowed,
)
from foreworld.data.format.schema import Axis, Column


def task_names(config: object) -> list[str]:
    """Names of the tasks in a ``config.json`` that was not checked.

    Names that could lead out of the folder are left out.
    """
    found = config.get("recipe") if isinstance(config, Mapping) else None
    for step in ("tasks", "dict"):
        found = found.get(step) if isinstance(found, Mapping) else None
    names = list(found) if isinstance(found, Mapping) else []
    return [""] if names == [""] else [n for n in names if task_name_allowed(str(n))]


def write_config(
    recipe: Recipe, columns: Mapping[str, Sequence[Column]]
) -> dict[str, Any]:
    """The contents of ``config.json``.

    Parameters
    ----------
    recipe
        Of the data set.
    columns
        What the shards of each task hold.
    """
    return {
        "kind": KIND,
        "format": FORMAT,
        "recipe": to_dict(recipe),
        "content_hash": content_hash(recipe),
        "identity": recipe.identity,
        "columns": {task: [_told(c) for c in some] for task, some in columns.items()},
        "spaces": {
            task: {name: write_space(space) for name, space in spaces_of(one).items()}
            for task, one in recipe.tasks.items()
        },
        **made_with(recipe),
    }


def read_recipe(folder: Path) -> Recipe:
    """The recipe that a data set's folder tells.

    Raises
    ------
    DamagedError
        ``config.json`` is missing or is none.
    ConfigError
        The folder holds something else, or a format this installation does not know.
    """
    path = folder / CONFIG
    if not path.exists():
        raise DamagedError(
            f"{folder} is no data set: {path} is missing. Make one with "
            f"'foreworld generate WHAT --out {folder}'."
        )
    data = read_sealed(folder, CONFIG)
    kind = kind_in(data)
    if kind != KIND:
        raise ConfigError(f"{folder} holds a {kind or 'thing unknown'}, not a {KIND}.")
    if data.get("format") not in FORMATS:
        raise ConfigError(
            f"{folder} is written in format {data.get('format', 0)} of data sets; this "
            f"installation reads formats {' and '.join(map(str, FORMATS))}. Make it "
            f"anew, or install the version that wrote it."
        )
    recipe = read_part(data.get("recipe"), path)
    if not isinstance(recipe, Recipe):
        raise DamagedError(f"{path} is damaged: its 'recipe' is none.")
    return recipe


def read_columns(folder: Path, recipe: Recipe) -> dict[str, tuple[Column, ...]]:
    """What the shards of each task hold, as ``config.json`` tells.

    Parameters
    ----------
    folder, recipe
        Of the data set.

    Raises
    ------
    DamagedError
        It does not tell, or names a column twice.
    """
    data = read_sealed(folder, CONFIG)
    try:
        columns = {
            task: tuple(_column(c) for c in data["columns"][task])
            for task in recipe.tasks
        }
    except (KeyError, TypeError) as error:
        raise DamagedError(
            f"{folder / CONFIG} is damaged: it does not tell the columns of every task."
        ) from error
    for told in columns.values():
        names = Counter(column.name for column in told)
        if twice := [name for name, times in names.items() if times > 1]:
            raise DamagedError(
                f"{folder / CONFIG} is damaged: it tells the column {twice[0]} twice."
            )
    return columns


def _told(column: Column) -> dict[str, Any]:
    """A column as it is written; what its name tells is left out."""
    found = asdict(column)
    if column.axis is None:
        del found["axis"]
    return found


def _column(told: Mapping[str, Any]) -> Column:
    axis = told.get("axis")
    if axis not in (None, *get_args(Axis)):
        raise TypeError(f"{axis!r} is no axis")
    shape = tuple(told["shape"])
    return Column(str(told["name"]), shape, str(told["dtype"]), told["unit"], axis)


def spaces_of(task: TaskRecipe) -> dict[str, ColumnSpace]:
    """What values of columns of a task may be: of actions, and what a generator says.

    Parameters
    ----------
    task
        Its recipe; the class of its world or generator has to be at hand.
    """
    if isinstance(task.family, AbstractGenerator):
        return column_spaces(task.family)
    if isinstance(task.origin, StandIn):
        task.origin.refuse()
    return flat_spaces("action", opened(task.worlds.world).action_space)


def read_spaces(folder: Path, recipe: Recipe) -> dict[str, dict[str, ColumnSpace]]:
    """What actions of each task may be, by column, as ``config.json`` tells.

    Folders of before do not tell; there the world does.

    Parameters
    ----------
    folder, recipe
        Of the data set.

    Raises
    ------
    DamagedError
        What it tells are no spaces.
    """
    found = told_spaces(folder, recipe)
    if found is None:
        return {name: spaces_of(task) for name, task in recipe.tasks.items()}
    return found


def told_spaces(
    folder: Path, recipe: Recipe
) -> dict[str, dict[str, ColumnSpace]] | None:
    """What ``config.json`` itself tells of spaces; ``None`` in folders of before.

    Parameters
    ----------
    folder, recipe
        Of the data set.

    Raises
    ------
    DamagedError
        What it tells are no spaces.
    """
    told = read_sealed(folder, CONFIG).get("spaces")
    if told is None:
        return None
    try:
        return {
            task: {name: read_column_space(one) for name, one in told[task].items()}
            for task in recipe.tasks
        }
    except (KeyError, TypeError, AttributeError, ConfigError) as error:
        raise DamagedError(
            f"{folder / CONFIG} is damaged: it does not tell the spaces of every task "
            f"({error})."
        ) from error


def check_written(
    folder: Path, recipe: Recipe, task: str, columns: Sequence[Column]
) -> None:
    """Refuse to go on with a data set whose columns are others by now.

    Parameters
    ----------
    folder, recipe
        Of the data set.
    task
        Name of the task that is being made.
    columns
        What its world gives now.

    Raises
    ------
    ConfigError
        ``config.json`` says something else; names it.
    """
    told: dict[str, Any] = {c.name: c for c in read_columns(folder, recipe)[task]}
    given: dict[str, Any] = {c.name: c for c in columns}
    spaces = read_spaces(folder, recipe)[task], spaces_of(recipe.tasks[task])
    told |= {f"space of {name}": one for name, one in spaces[0].items()}
    given |= {f"space of {name}": one for name, one in spaces[1].items()}
    differing = [n for n in {**told, **given} if told.get(n) != given.get(n)]
    if differing:
        raise ConfigError(
            f"{folder} was begun with other columns than its world gives now: "
            f"{', '.join(differing)}. Parts that do not fit are not put together: "
            f"--again makes a new one beside it, --force replaces it."
        )


def misfitting_spaces(
    recipe: Recipe,
    columns: Mapping[str, Sequence[Column]],
    spaces: Mapping[str, Mapping[str, ColumnSpace]],
) -> list[str]:
    """What is wrong with the spaces of actions that a folder tells, in words.

    Parameters
    ----------
    recipe
        Of the data set; a world whose class is at hand is asked too.
    columns, spaces
        Of each task, as the folder tells.
    """
    found = []
    for task, recipe_of in recipe.tasks.items():
        told, known = spaces[task], {c.name: c for c in columns[task]}
        for name in dict.fromkeys([*told, *of(known, "action")]):
            if name not in told or name not in known:
                lacks = "space" if name not in told else "column"
                found.append(f"{name} has no {lacks}")
            elif not _fits(told[name], known[name]):
                found.append(f"{name} does not fit its space {told[name]}")
        if not any(isinstance(one, StandIn) for one in values_in(recipe_of)):
            with contextlib.suppress(ForeworldError):
                real = spaces_of(recipe_of)
                if not found and dict(told) != real:
                    found.append(f"its actions are {told}, and its world's are {real}")
    return found


def _fits(space: ColumnSpace, column: Column) -> bool:
    if isinstance(space, Record):
        return False
    if isinstance(space, SequenceSpace) or column.ragged:
        return (
            isinstance(space, SequenceSpace)
            and column.ragged
            and column.shape == (space.max_len, *space.entry.like.shape)
        )
    whole = np.dtype(column.dtype).kind in "iu" or not isinstance(space, Discrete)
    return whole and column.shape[1:] == space.like.shape


def read_identity(folder: Path, recipe: Recipe) -> str:
    """Which data set a folder says it is; of a recipe that is whole, it follows.

    Parameters
    ----------
    folder
        Of the data set.
    recipe
        As it was read; the class of its world need not be at hand.
    """
    if any(isinstance(one, StandIn) for one in values_in(recipe)):
        return str(read_sealed(folder, CONFIG).get("identity"))
    return recipe.identity


def fingerprint(folder: Path) -> str:
    """SHA-256 of a folder's finished marker: changes whenever any byte does."""
    path = folder / MANIFEST
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""
