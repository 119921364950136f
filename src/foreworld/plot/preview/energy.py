"""Energy over time: its value, and how far it has gone from where it began."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from foreworld.plot import _style
from foreworld.plot.preview._lines import name_lines, rows_of, style_of, task_numbers
from foreworld.plot.preview.footage import Footage, time_unit

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SMALLEST = 0.1
"""Energies closer to 0 than this are not divided by."""
_SIZE = (3.6, 2.9)


def energy_over_time(tasks: Sequence[Footage], title: str = "") -> Figure | None:
    """Draw the energy of every sequence, and beside it its relative change.

    Parameters
    ----------
    tasks
        Sequences of worlds whose energies are the same quantity.
    title
        Title of the figure.

    Returns
    -------
    Figure or None
        ``None`` where there is no energy.
    """
    told = [task for task in tasks if task.energy is not None]
    if not told:
        return None
    figure, (left, right) = _style.new_panels(2, 2, *_SIZE)
    for number, task in enumerate(told):
        for row in range(min(rows_of(told), len(task.state))):
            energy: Any = task.energy
            energy = np.where(task.valid[row], energy[row], np.nan)
            style = style_of(number if len(told) > 1 else row)
            left.plot(task.time[row], energy, linewidth=1.2, **style)
            drift = np.abs(energy - energy[0]) / max(abs(energy[0]), SMALLEST)
            drift = np.where(drift > 0, drift, np.nan)
            right.plot(task.time[row], drift, linewidth=1.2, **style)
    first = told[0]
    time = f"time ({time_unit(first.world)})"
    _style.label(left, time, _style.powers(first.quantities.energy.label))
    _style.label(right, time, "relative change")
    # Limits that show what there is, and no noise enlarged.
    drifts = np.concatenate([np.asarray(line.get_ydata()) for line in right.lines])
    drifts = drifts[np.isfinite(drifts)]
    right.set_yscale("log")
    low = max(float(drifts.min()) if drifts.size else 1e-16, 1e-17)
    high = max(float(drifts.max()) if drifts.size else 1e-16, 1e-16)
    right.set_ylim(low / 3, max(3 * high, 100 * low))
    for axes in (left, right):
        axes.set_xlim(left=0)
    bottom, top = left.get_ylim()
    middle, least = (bottom + top) / 2, 0.05 * max(abs(bottom), abs(top), SMALLEST)
    if top - bottom < least:
        left.set_ylim(middle - least, middle + least)
    name_lines(right, task_numbers(told))
    _style.heading(figure, title)
    return figure
