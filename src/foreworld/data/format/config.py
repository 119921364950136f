"""The ``config.json`` of a data set: what it says of recipe, columns and spaces."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from foreworld.core.disk.folder import CONFIG, MANIFEST, read_sealed
from foreworld.core.disk.kind import kind_in
from foreworld.core.errors import ConfigError, DamagedError
from foreworld.core.own.in_parts import values_in
from foreworld.core.own.made_with import made_with
from foreworld.core.parts.config import content_hash, read_part, to_dict
from foreworld.core.parts.opening import opened
from foreworld.core.parts.stand_in import StandIn
from foreworld.core.spaces import Space, read_space, write_space
from foreworld.data.format.nested import flat_spaces
from foreworld.data.format.recipe import (
    FORMAT,
    FORMATS,
    KIND,
    Recipe,
    TaskRecipe,
    task_name_allowed,
)
from foreworld.data.format.schema import Column


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
        "columns": {task: [asdict(c) for c in some] for task, some in columns.items()},
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
        It does not tell.
    """
    data = read_sealed(folder, CONFIG)
    try:
        return {
            task: tuple(
                Column(str(c["name"]), tuple(c["shape"]), str(c["dtype"]), c["unit"])
                for c in data["columns"][task]
            )
            for task in recipe.tasks
        }
    except (KeyError, TypeError) as error:
        raise DamagedError(
            f"{folder / CONFIG} is damaged: it does not tell the columns of every task."
        ) from error


def spaces_of(task: TaskRecipe) -> dict[str, Space]:
    """What actions of a task may be, by column; empty for a passive world.

    Parameters
    ----------
    task
        Its recipe; the class of its world has to be at hand.
    """
    return flat_spaces("action", opened(task.family.world).action_space)


def read_spaces(folder: Path, recipe: Recipe) -> dict[str, dict[str, Space]]:
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
    told = read_sealed(folder, CONFIG).get("spaces")
    if told is None:
        return {name: spaces_of(task) for name, task in recipe.tasks.items()}
    try:
        return {
            task: {name: read_space(one) for name, one in told[task].items()}
            for task in recipe.tasks
        }
    except (KeyError, TypeError, AttributeError, ConfigError) as error:
        raise DamagedError(
            f"{folder / CONFIG} is damaged: it does not tell the spaces of every task "
            f"({error})."
        ) from error


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
