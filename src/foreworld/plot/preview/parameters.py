"""Histograms of the parameters that a family draws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from foreworld.core.parts.paths import field_paths
from foreworld.plot import _style
from foreworld.plot.preview._lines import name_lines, style_of, task_numbers
from foreworld.plot.preview.footage import Footage

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SIZE = (3.0, 2.4)
_NUM_BINS = 16


def parameter_histograms(tasks: Sequence[Footage], title: str = "") -> Figure | None:
    """Draw how often each value was drawn, one panel a parameter.

    Parameters
    ----------
    tasks
        Sequences of worlds of one class.
    title
        Title of the figure.

    Returns
    -------
    Figure or None
        ``None`` where nothing is drawn.
    """
    names = list(dict.fromkeys(name for task in tasks for name in task.parameters))
    if not names:
        return None
    specs = field_paths(tasks[0].world)
    figure, panels = _style.new_panels(len(names), 3, *_SIZE)
    for place, (axes, name) in enumerate(zip(panels, names, strict=True)):
        ranges = [_range(t, name) for t in tasks if name in t.parameters]
        low, high = min(low for low, _ in ranges), max(high for _, high in ranges)
        for number, task in enumerate(tasks):
            if name not in task.parameters:
                continue
            style = style_of(number)
            if len(tasks) > 1:
                style["histtype"] = "step"
            bins: Any = np.linspace(low, high, _NUM_BINS + 1) if high > low else 1
            axes.hist(task.parameters[name], bins=bins, **style)
        mark = specs[name].mark if name in specs else None
        unit = getattr(mark, "unit", "")
        words = name.replace("_", " ") + (f" ({unit})" if unit else "")
        _style.label(axes, _style.powers(words), "sequences" if place % 3 == 0 else "")
        axes.grid(axis="x", visible=False)
    name_lines(panels[min(len(panels), 3) - 1], task_numbers(tasks))
    _style.heading(figure, title)
    return figure


def _range(task: Footage, name: str) -> tuple[float, float]:
    """What a parameter is drawn from; of a recording, what there is of it."""
    if name in task.family.ranges:
        return task.family.ranges[name].ends()
    values = np.asarray(task.parameters[name])
    return float(values.min()), float(values.max())
