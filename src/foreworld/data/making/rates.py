"""How fast sequences were made on this machine: what plans of data sets rest on.

Every task that was made leaves a small file beside the cached programs, named by what
decides the speed: static fields of the family, length, format and kind of frames.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path
from typing import Any

from foreworld.core.compilation import cache_folder
from foreworld.core.disk.folder import read_json, write_bytes
from foreworld.core.errors import ForeworldError
from foreworld.core.parts.config import flat, to_dict
from foreworld.core.parts.part import field_specs
from foreworld.core.parts.partition import partition
from foreworld.data.format.recipe import SPLITS, TaskRecipe

_FOLDER = "data-rates"
_LEAST = 100
"""Fewer sequences say little about speed."""


def record(recipe: TaskRecipe, num: int, seconds: float) -> None:
    """Record what sequences took; a cache that cannot be written is ignored.

    Parameters
    ----------
    recipe
        Of the task; its static fields name the file.
    num
        Sequences that were made; fewer than 100 are not recorded.
    seconds
        Wall time for all of them, in one process.
    """
    if num < _LEAST:
        return
    entry = {"seconds": seconds / num}
    with contextlib.suppress(ForeworldError):
        write_bytes(_path(recipe), json.dumps(entry).encode(), durable=False)


def seconds_of(recipe: TaskRecipe) -> float | None:
    """How long one process takes for a data set; ``None`` where that is not known."""
    try:
        one = float(read_json(_path(recipe))["seconds"])
    except (ForeworldError, KeyError, TypeError, ValueError):
        return None
    return one * sum(recipe.sizes.values())


def _path(recipe: TaskRecipe) -> Path:
    text = json.dumps(_fields(recipe), sort_keys=True)
    name = hashlib.sha256(text.encode()).hexdigest()[:16]
    return cache_folder() / _FOLDER / f"{name}.json"


def _fields(recipe: TaskRecipe) -> dict[str, Any]:
    """Everything that may decide the speed."""
    _, traced, _ = partition(recipe.family)
    fields = to_dict(recipe)
    world = flat({"world": fields.pop("family")["world"]})
    world = {path: value for path, value in world.items() if path not in traced}
    ranges = sorted(recipe.family.ranges)
    names = {spec.name for spec in field_specs(TaskRecipe)} - {*SPLITS, "seed", "task"}
    return {n: v for n, v in fields.items() if n in names} | {
        "world": world,
        "ranges": ranges,
    }
