"""How far a data set is, in words."""

from __future__ import annotations

from pathlib import Path

from foreworld.data.format.folder import missing
from foreworld.data.format.recipe import Recipe

_SPANS = 4
"""So many spans of sequences are named."""


def reached(folder: Path, recipe: Recipe) -> str:
    """Which sequences are there: ``3 of 8 shards: train 0 to 5,999``.

    Parameters
    ----------
    folder, recipe
        Of the data set.

    Returns
    -------
    str
        Empty where none are.
    """
    shards, absent = list(recipe.shards()), set(missing(folder, recipe))
    spans: list[tuple[str, int, int]] = []
    for shard in (one for one in shards if one not in absent):
        name, first = f"{shard.task} {shard.split}".strip(), shard.start
        if spans and (spans[-1][0], spans[-1][2]) == (name, first):
            first = spans.pop()[1]
        spans.append((name, first, shard.stop))
    if not spans:
        return ""
    words = [f"{name} {a:,} to {b - 1:,}" for name, a, b in spans[:_SPANS]]
    more = ["others"] if len(spans) > _SPANS else []
    num = len(shards) - len(absent)
    return f"{num} of {len(shards)} shards: {', '.join([*words, *more])}"
