"""What a data set will be, in words, before anything is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from foreworld.data.format.recipe import Recipe
    from foreworld.data.format.schema import Column


def plan_text(recipe: Recipe, out: str) -> str:
    """What will be made: tasks, sequences, frames, bytes, and time where it is known.

    Parameters
    ----------
    recipe
        Of the data set.
    out
        Where it will be.
    """
    from foreworld.core.plain import counted
    from foreworld.data.format.generator import AbstractGenerator
    from foreworld.data.format.schema import is_state
    from foreworld.data.making import rates
    from foreworld.data.making.maker import maker_of

    tasks, shapes, num_bytes, frames = list(recipe.tasks.values()), [], 0, False
    made = False
    for task in tasks:
        columns = {column.name: column for column in maker_of(task).columns}
        if isinstance(task.family, AbstractGenerator):
            made, size = True, sum(column.sequence_bytes for column in columns.values())
            shapes.append(", ".join(map(_column_text, task.family.columns)))
        elif "image" in columns:
            frames, size = True, columns["image"].sequence_bytes
            lengths = "x".join(map(str, columns["image"].shape[1:]))
            shapes.append(f"frames of {lengths}")
        else:
            size = sum(column.sequence_bytes for column in columns.values())
            width = sum(c.shape[-1] for n, c in columns.items() if is_state(n))
            shapes.append(f"steps of {width} numbers, no frames")
        num_bytes += size * sum(task.sizes.values())
    counts = ", ".join(f"{split} {num:,}" for split, num in recipe.sizes.items())
    several, names = len(tasks) > 1, list(recipe.tasks)
    shown = ", ".join(names if len(names) <= 3 else [*names[:2], "...", names[-1]])
    listing = f"{len(tasks)} tasks ({shown}), " if several else ""
    text = (
        f"{recipe.label}: {listing}{counted(sum(recipe.sizes.values()), 'sequence')} "
        f"({counts}) of {'' if made else f'{tasks[0].num_frames} '}"
        f"{' or '.join(dict.fromkeys(shapes))}, seed {tasks[0].seed}"
    )
    ranges = [
        f"{name} {'..'.join(f'{end:g}' for end in values.ends())}"
        for name, values in tasks[0].ranges.items()
    ]
    if ranges and not several:
        text += f"; ranges: {', '.join(ranges)}"
    what = "frames" if frames else "states and signals"
    what = "columns at most," if made else what
    text += f"\n{num_bytes / 1e6:,.1f} MB of {what} before compression -> {out}"
    known = [rates.seconds_of(task) for task in tasks]
    seconds = sum(one for one in known if one is not None)
    if None not in known:
        text += f"\nabout {_time(seconds)} for one process, as measured on this machine"
    return text


def _column_text(column: Column) -> str:
    """A column of a generator: ``walk (up to 12 x 2, float32)``."""
    shape = " x ".join(map(str, column.shape)) or "1"
    return f"{column.name} ({'up to ' * column.ragged}{shape}, {column.dtype})"


def _time(seconds: float) -> str:
    if seconds < 60:
        return f"{max(seconds, 1):.0f} s"
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
