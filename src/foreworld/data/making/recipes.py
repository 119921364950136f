"""From what is asked for to recipes: of families, and of named sets with tasks."""

from __future__ import annotations

from typing import Any

from foreworld.core.errors import ConfigError
from foreworld.data.format.generator import AbstractGenerator
from foreworld.data.format.observation import sort_fields
from foreworld.data.format.recipe import CHUNK_LEN, Recipe, TaskRecipe, shard_len
from foreworld.data.making.maker import maker_of
from foreworld.data.sets.base import NamedSet
from foreworld.worlds.base import Family

_PROGRAM_BYTES = 40 * 2**20
"""One call of the program makes at most this much."""
_LARGEST = 2**32 - 1
"""Bytes of a sequence's column: files of HDF5 hold no larger piece."""
_CHUNK_LENS = (CHUNK_LEN, 125, 50, 25, 10, 5, 2, 1)


def task_recipe(
    family: Family | AbstractGenerator, fields: dict[str, Any]
) -> TaskRecipe:
    """The recipe of one task, its files and programs of a good size.

    Parameters
    ----------
    family
        What its worlds are drawn from, or the generator.
    fields
        Other fields of the recipe, those of its observation among them.

    Raises
    ------
    ConfigError
        A field that cannot be used, or nothing to make.
    """
    fields = sort_fields(fields)
    recipe = TaskRecipe(family, **fields)
    if not sum(recipe.sizes.values()):
        raise ConfigError(
            "there is nothing to make: give a number of sequences for train, val or "
            "test, for example train=1000."
        )
    columns = maker_of(recipe).columns
    for column in columns:
        if column.sequence_bytes > _LARGEST:
            raise ConfigError(
                f"{column.name} of one sequence would take "
                f"{column.sequence_bytes / 1e9:.3g} GB; it can be at most "
                f"{_LARGEST / 1e9:.3g} GB. Take smaller frames (image_size, "
                f"frame_size) or fewer (num_frames)."
            )
    if "shard_len" in fields:
        return recipe
    one = sum(column.sequence_bytes for column in columns)
    width = recipe.chunk_len
    if "chunk_len" not in fields:
        width = next((n for n in _CHUNK_LENS if n * one <= _PROGRAM_BYTES), 1)
    return recipe.replace(chunk_len=width, shard_len=shard_len(one, width))


def set_recipe(
    named: NamedSet, name: str, scale: float, fields: dict[str, Any]
) -> Recipe:
    """The recipe of a named set.

    Parameters
    ----------
    named
        The set.
    name
        What it is called.
    scale
        Fraction of its size.
    fields
        Fields of the tasks' recipes that take the place of the set's own.

    Raises
    ------
    ConfigError
        A field that cannot be used, a scale that leaves a split empty, or nothing to
        make.
    """
    if scale != 1:
        named = named.scaled(scale)
    recipes, families = {}, named.families
    for task, family in families.items():
        label = task if len(families) > 1 else ""
        of = {"task": label, "named": name.rpartition(":")[2]}
        settings = {**named.settings(task), **fields, **of}
        recipes[label] = task_recipe(family, settings)
    return Recipe(recipes, name)
