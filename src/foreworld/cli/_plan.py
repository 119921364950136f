"""What a data set will be, in words, before anything is made."""

from __future__ import annotations

from typing import Any


def plan_text(recipe: Any, label: str, out: str) -> str:
    """What will be made: tasks, sequences, frames, bytes, and time where it is known.

    Parameters
    ----------
    recipe
        A :class:`~foreworld.data.format.recipe.Recipe`, or one of tasks.
    label
        What it is called.
    out
        Where it will be.
    """
    from foreworld.data.format.recipe import SPLITS, Recipe
    from foreworld.data.making import rates

    single = isinstance(recipe, Recipe)
    recipes = [recipe] if single else list(recipe.tasks.values())
    sizes = {split: sum(one.sizes[split] for one in recipes) for split in SPLITS}
    shapes, num_bytes, frames = [], 0, False
    for one in recipes:
        shape, size, has_frames = _size(one)
        shapes.append(shape)
        num_bytes += size * sum(one.sizes.values())
        frames |= has_frames
    shape = " or ".join(dict.fromkeys(shapes))
    counts = ", ".join(f"{split} {num:,}" for split, num in sizes.items())
    tasks = "" if single else f"{len(recipes)} tasks ({_some(list(recipe.tasks))}), "
    text = (
        f"{label}: {tasks}{sum(sizes.values()):,} sequences ({counts}) of "
        f"{recipes[0].num_frames} {shape}, seed {recipes[0].seed}"
    )
    ranges = [
        f"{name} {'..'.join(f'{end:g}' for end in values.ends())}"
        for name, values in recipes[0].family.ranges.items()
    ]
    if single and ranges:
        text += f"; ranges: {', '.join(ranges)}"
    what = "frames" if frames else "states and signals"
    text += f"\n{num_bytes / 1e6:,.1f} MB of {what} before compression -> {out}"
    known = [rates.seconds_of(one) for one in recipes]
    seconds = sum(one for one in known if one is not None)
    if known and None not in known:
        text += f"\nabout {_time(seconds)} for one process, as measured on this machine"
    return text


def _size(recipe: Any) -> tuple[str, int, bool]:
    """What a sequence consists of, its bytes, and whether these are of frames."""
    from foreworld.data.format.columns import expected_columns

    columns = {column.name: column for column in expected_columns(recipe)}
    if "image" in columns:
        image = columns["image"]
        shape = "x".join(map(str, image.shape[1:]))
        return f"frames of {shape}", image.sequence_bytes, True
    width = columns["state"].shape[-1]
    total = sum(column.sequence_bytes for column in columns.values())
    return f"steps of {width} numbers, no frames", total, False


def _some(names: list[str]) -> str:
    return ", ".join(names if len(names) <= 3 else [*names[:2], "...", names[-1]])


def _time(seconds: float) -> str:
    if seconds < 60:
        return f"{max(seconds, 1):.0f} s"
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
