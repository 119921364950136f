"""What makes the sequences of a recipe: a compiled program, or a generator."""

from __future__ import annotations

from foreworld.data.format.generator import AbstractGenerator
from foreworld.data.format.recipe import TaskRecipe
from foreworld.data.making.host import Host
from foreworld.data.making.simulate import Simulator


def maker_of(recipe: TaskRecipe) -> Simulator | Host:
    """What says the columns of a recipe and makes them.

    Parameters
    ----------
    recipe
        Of a task.
    """
    is_made = isinstance(recipe.family, AbstractGenerator)
    return Host(recipe) if is_made else Simulator(recipe)
