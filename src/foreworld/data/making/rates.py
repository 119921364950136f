"""How fast sequences were made on this machine: what plans of data sets rest on.

Every task that was made leaves a small file beside the cached programs, named by what
decides the speed: static fields of the family, length, format and kind of frames.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path

from foreworld.core.compilation import cache_folder
from foreworld.core.disk.folder import read_json, write_bytes
from foreworld.core.errors import ForeworldError
from foreworld.core.parts.config import flat, to_dict
from foreworld.core.parts.partition import partition
from foreworld.data.format.recipe import SPLITS, TaskRecipe
from foreworld.worlds.base import Family

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
    # Named by everything that may decide the speed.
    traced = partition(recipe.family)[1]
    fields = to_dict(recipe)
    origin = fields["family"]
    if isinstance(recipe.family, Family):
        origin = {"world": origin["world"]}
    world = flat(origin)
    fields["world"] = {
        path: value for path, value in world.items() if path not in traced
    }
    fields["ranges"] = sorted(recipe.ranges)
    for name in ("family", "class", "version", "seed", "task", "named", *SPLITS):
        del fields[name]
    text = json.dumps(fields, sort_keys=True)
    name = hashlib.sha256(text.encode()).hexdigest()[:16]
    return cache_folder() / _FOLDER / f"{name}.json"
