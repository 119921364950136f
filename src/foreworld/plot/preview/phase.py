"""Phase portraits: numbers of the state against each other, sequence by sequence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from foreworld.plot import _style
from foreworld.plot.preview._lines import name_lines, rows_of, style_of, task_numbers
from foreworld.plot.preview.footage import Footage
from foreworld.worlds.quantities import planes_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_PLANES = 6
"""Panels at most."""
_MOST_POINTS = 3000
"""Points of lines with modes: more of them hide each other."""
_SIZE = (3.1, 2.8)
_JUMP = 0.6
"""A step over this share of a panel is none of the motion: a periodic box, an angle."""

Line = Float[np.ndarray, " point"]


def phase_portrait(tasks: Sequence[Footage], title: str = "") -> Figure | None:
    """Draw every natural pair of numbers in a panel of its own.

    One task is coloured by its modes, where it has some, or else by sequence; several
    tasks are told apart by colour. Each sequence begins with a dot. Angles are shown
    within half a turn of 0.

    Parameters
    ----------
    tasks
        Sequences of worlds whose states mean the same.
    title
        Title of the figure.

    Returns
    -------
    Figure or None
        ``None`` where a state is a single number.
    """
    first = tasks[0]
    names = first.quantities.state
    planes = planes_of(len(names), MOST_PLANES)
    if not planes:
        return None
    columns = min(3, len(planes)) if len(planes) != 4 else 2
    size = _SIZE if len(planes) > 1 else (4.6, 3.8)
    figure, panels = _style.new_panels(len(planes), columns, *size)
    for axes, (i, j) in zip(panels, planes, strict=True):
        for number, task in enumerate(tasks):
            which = number if len(tasks) > 1 else None
            _draw(axes, task, (i, j), which, rows_of(tasks))
        _style.label(axes, *(_style.powers(names[k].label) for k in (i, j)))
        for axis, quantity in ((axes.xaxis, names[i]), (axes.yaxis, names[j])):
            if quantity.unit == "rad":
                axis.set_ticks([-math.pi, 0, math.pi], ["-π", "0", "π"])
    modes, named = _mode(first), task_numbers(tasks)
    if len(tasks) == 1 and modes is not None:
        named = {f"mode {mode}": int(mode) for mode in np.unique(modes)}
    name_lines(panels[min(columns, len(panels)) - 1], named)
    _style.heading(figure, title)
    return figure


def _draw(
    axes: Axes, task: Footage, plane: tuple[int, int], number: int | None, most: int
) -> None:
    names, modes = task.quantities.state, _mode(task)
    values, spans = [], []
    for k in plane:
        value = task.state[..., k]
        finite = value[np.isfinite(value)]
        spans.append(np.ptp(finite) if finite.size else 0)
        if names[k].unit == "rad":
            value = np.mod(value + math.pi, 2 * math.pi) - math.pi
            spans[-1] = 2 * math.pi
        values.append(value)
    if modes is not None:
        most = max(1, _MOST_POINTS // task.state.shape[1])
    for row in range(min(most, len(task.state))):
        x, y = (np.where(task.valid[row], v[row], np.nan) for v in values)
        x, y, kept = _broken(x, y, spans)
        if modes is not None and number is None:
            shown = modes[row][kept]
            for mode in np.unique(shown):
                here = shown == mode
                # A segment belongs to the mode in which it begins.
                here[1:] |= here[:-1].copy()
                line, shade = np.where(here, (x, y), np.nan), _style.colour(int(mode))
                axes.plot(*line, linewidth=1.0, alpha=0.75, color=shade)
            continue
        style = style_of(row if number is None else number)
        axes.plot(x, y, linewidth=1.1, **style)
        axes.plot(x[:1], y[:1], ".", markersize=5, **style)


def _broken(
    x: Float[np.ndarray, " time"], y: Float[np.ndarray, " time"], spans: Sequence[float]
) -> tuple[Line, Line, np.ndarray]:
    """Lines with a gap at every jump, and the frame that each point is of."""
    jumps = np.zeros(len(x) - 1, bool)
    for values, span in zip((x, y), spans, strict=True):
        jumps |= np.abs(np.diff(values)) > _JUMP * max(span, 1e-12)
    places = np.flatnonzero(jumps) + 1
    # Whatever crosses a whole panel all the time does not jump, it is only fast.
    if len(places) > len(x) / 3:
        places = places[:0]
    frames = np.insert(np.arange(len(x)), places, places)
    return np.insert(x, places, np.nan), np.insert(y, places, np.nan), frames


def _mode(task: Footage) -> np.ndarray | None:
    return next(iter(task.modes.values()), None)
