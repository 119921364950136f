"""How sequences are told apart in figures: by task, by mode, or one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from foreworld.plot import _style
from foreworld.plot.preview.footage import Footage

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_NAMED = 16
_MOST_LINES = 24
"""Sequences in one panel, about: more cannot be told apart."""


def rows_of(tasks: Sequence[Footage]) -> int:
    """How many sequences of each task are drawn."""
    return max(1, _MOST_LINES // len(tasks))


def style_of(number: int) -> dict[str, Any]:
    """Colour and dashes of a task, or of the only task's sequence."""
    return {
        "color": _style.colour(number),
        "linestyle": _style.line_style(number),
        "alpha": 0.85,
    }


def name_lines(axes: Axes, numbers: Mapping[str, int]) -> None:
    """Say beside the axes which colour is what; nothing where nothing is named.

    Parameters
    ----------
    axes
        Axes to change, the rightmost of a row.
    numbers
        Number of each line style (:func:`style_of`) by the name to show.
    """
    from matplotlib.lines import Line2D

    if not numbers:
        return
    shown = dict(list(numbers.items())[:_MOST_NAMED])
    axes.legend(
        [Line2D([], [], **style_of(number)) for number in shown.values()],
        list(shown),
        frameon=False,
        fontsize=8,
        labelcolor=_style.INK,
        loc="upper left",
        bbox_to_anchor=(1.01, 1.0),
        ncols=1 + len(shown) // 9,
    )


def task_numbers(tasks: Sequence[Footage]) -> dict[str, int]:
    """Number of each task by name; empty where there is but one."""
    return {t.name: i for i, t in enumerate(tasks)} if len(tasks) > 1 else {}
