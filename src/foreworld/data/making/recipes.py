"""From what is asked for to recipes: of families, and of named sets with tasks."""

from __future__ import annotations

from typing import Any

from foreworld.core.errors import ConfigError, unknown_name
from foreworld.data.format.recipe import CHUNK_LEN, Recipe
from foreworld.data.format.stored_policy import AbstractStoredPolicy
from foreworld.data.making.simulate import Simulator
from foreworld.data.reading.collection import TasksRecipe
from foreworld.data.sets.base import NamedSet
from foreworld.worlds.base import AbstractPolicy, Family

SHARD_BYTES = 64 * 2**20
"""A shard holds about this much before compression."""
_PROGRAM_BYTES = 40 * 2**20
"""One call of the program makes at most this much."""
_CHUNK_LENS = (CHUNK_LEN, 125, 50, 25, 10, 5, 2, 1)


def family_recipe(
    family: Family,
    policy: AbstractPolicy | AbstractStoredPolicy | None,
    fields: dict[str, Any],
) -> Recipe:
    """The recipe of one family, its files and programs of a good size.

    Raises
    ------
    ConfigError
        A field that cannot be used, or nothing to make.
    """
    recipe = Recipe(family, policy, **fields)
    if not sum(recipe.sizes.values()):
        raise ConfigError(
            "there is nothing to make: give a number of sequences for train, val or "
            "test, for example train=1000."
        )
    if "shard_len" in fields:
        return recipe
    one = max(1, sum(column.sequence_bytes for column in Simulator(recipe).columns()))
    width = recipe.chunk_len
    if "chunk_len" not in fields:
        width = next((n for n in _CHUNK_LENS if n * one <= _PROGRAM_BYTES), 1)
    chunks = max(1, min(2000, SHARD_BYTES // one) // width)
    return recipe.replace(chunk_len=width, shard_len=chunks * width)


def set_recipe(
    named: NamedSet, name: str, scale: float, fields: dict[str, Any]
) -> Recipe | TasksRecipe:
    """The recipe of a named set: of one family, or of its tasks.

    Parameters
    ----------
    name
        What the set is called.
    scale
        Fraction of its size.
    fields
        Fields of the recipe that take the place of the set's own.

    Raises
    ------
    ConfigError
        A field that cannot be used, a scale that leaves a split empty, or nothing to
        make.
    """
    if scale != 1:
        named = named.scaled(scale)
    families = named.families
    recipes = {
        task: family_recipe(
            family,
            None,
            {
                **named.settings(task),
                **fields,
                **({"task": task} if len(families) > 1 else {}),
            },
        )
        for task, family in families.items()
    }
    if len(recipes) == 1:
        return next(iter(recipes.values()))
    return TasksRecipe(recipes, name)


def check_fields(fields: dict[str, Any], known: Any) -> None:
    """Refuse what is no argument, with the nearest names."""
    for name in fields:
        if name not in known:
            raise unknown_name("argument of generate", name, known)
