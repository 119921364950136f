"""Signals over time, one below the other, with the modes as coloured ground."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Integer

from foreworld.plot import _style
from foreworld.plot.preview.footage import Footage, time_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_FILL = 0.85
"""Height of a trace, in distances between traces."""
_WIDTH, _LINE_HEIGHT = 8.0, 0.26


def signal_traces(task: Footage, title: str = "") -> Figure | None:
    """Draw state and signals of the first sequence.

    Parameters
    ----------
    task
        Sequences of a world with signals or modes.
    title
        Title of the figure.

    Returns
    -------
    Figure or None
        ``None`` for a world with neither.
    """
    if not task.signals and not task.modes:
        return None
    names = [_style.powers(quantity.label) for quantity in task.quantities.state]
    panels = [("state", names, task.state[0])]
    for name, values in task.signals.items():
        numbers = [str(i + 1) for i in range(values.shape[-1])]
        panels.append((name, numbers, values[0]))
    heights = [0.8 + _LINE_HEIGHT * max(3, len(lines)) for _, lines, _ in panels]
    figure, all_axes = _style.new_panels(
        len(panels), 1, _WIDTH, sum(heights) / len(panels)
    )
    place = all_axes[0].get_subplotspec()
    if place is not None:
        place.get_gridspec().set_height_ratios(heights)
    for axes, (name, lines, values) in zip(all_axes, panels, strict=True):
        time, places = task.time[0], -np.arange(values.shape[-1])
        low, high = values.min(0), values.max(0)
        scaled = (values - (low + high) / 2) / np.where(high > low, high - low, 1)
        for i, middle in enumerate(places):
            line = scaled[:, i] * _FILL + middle
            axes.plot(time, line, color="#374151", linewidth=0.9)
        axes.set_yticks(places, lines, fontsize=8)
        axes.tick_params(axis="y", length=0)
        axes.grid(visible=False)
        axes.set_xlim(time[0], time[-1])
        axes.set_ylim(places[-1] - 0.6, 0.6)
        _style.label(axes, "", name)
        if axes is not all_axes[-1]:
            axes.tick_params(labelbottom=False)
        for modes in list(task.modes.values())[:1]:
            _ground(axes, task.time[0], modes[0])
    _style.label(all_axes[-1], f"time ({time_unit(task.world)})", panels[-1][0])
    if task.modes:
        _style.legend(all_axes[0], beside=True)
    if title:
        all_axes[0].set_title(title, color=_style.INK, fontsize=11, loc="left")
    return figure


def _ground(
    axes: Axes, time: Float[np.ndarray, " time"], modes: Integer[np.ndarray, " time"]
) -> None:
    starts = np.flatnonzero(np.diff(modes, prepend=modes[0] - 1))
    ends = np.append(starts[1:], len(modes) - 1)
    named: set[int] = set()
    # By mode first, so that the legend is in order.
    for start, end in sorted(zip(starts, ends, strict=True), key=lambda s: modes[s[0]]):
        mode = int(modes[start])
        axes.axvspan(
            float(time[start]),
            float(time[end]),
            color=_style.colour(mode),
            alpha=0.2,
            linewidth=0,
            label=None if mode in named else f"mode {mode}",
        )
        named.add(mode)
