"""Learning curves: mean over seeds with the 95 % Student band, one line a point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Num

from foreworld.core.errors import ConfigError, unknown_name
from foreworld.core.progress import number
from foreworld.plot import _style
from foreworld.plot._bands import draw_band, student_band
from foreworld.plot._points import point_labels
from foreworld.sweeps.results.before import BEGUN

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAX_LINES = 12
"""Lines of one figure; beyond that only the chosen points are drawn in colour."""
SMALL = (4.2, 2.7)
"""Size of a small figure, inches."""
_CURVES = (("point", "seed", "step"), ("point", "seed", "val_step"))


def curves(
    results: Any,
    metric: str,
    points: Sequence[int] | None = None,
    title: str = "",
    small: bool = False,
) -> Figure:
    """Draw a metric over training; a dotted line where a run went on from another.

    Parameters
    ----------
    results
        ``xarray.Dataset`` of a study (:func:`foreworld.results`).
    metric
        A training curve by its name, or ``val_<metric>`` for the validation curve.
    points
        Points to draw; by default all, or the first :data:`MAX_LINES`. The others are
        drawn as thin grey lines.
    title
        Title of the figure.
    small
        Draw for half the width of a page, without a legend or a name of the y axis.

    Raises
    ------
    UnknownNameError
        No such curve in the results.
    ConfigError
        A point that the study does not have.
    """
    known = curve_names(results)
    if metric not in known:
        raise unknown_name("curve", metric, known)
    values = results[metric].values
    num_points = values.shape[0]
    chosen = list(range(min(num_points, MAX_LINES)) if points is None else points)
    for point in chosen:
        if not 0 <= point < num_points:
            raise ConfigError(f"point {point} is not one of 0 to {num_points - 1}.")
    steps, labels = steps_of(results, metric), point_labels(results)
    figure, axes = _style.new_figure(*SMALL) if small else _style.new_figure()
    for point in sorted(set(range(num_points)) - set(chosen)):
        band = student_band(values[point])
        axes.plot(steps, band.mean, color=_style.INK, alpha=0.25, linewidth=0.7)
    for i, point in enumerate(chosen):
        draw_band(axes, steps, values[point], i, labels[point])
    name = str(results.attrs.get("step_name", "steps"))
    _style.label(axes, name, "" if small else _style.words(metric), title)
    for step in results.attrs.get(BEGUN, ()):
        axes.axvline(step, color=_style.INK, alpha=0.4, linewidth=0.7, linestyle=":")
    axes.set_xlim(left=0)
    axes.xaxis.set_major_formatter(lambda value, _: number(value))
    finite = values[chosen][np.isfinite(values[chosen])]
    if finite.size:
        # What seeds reached: bands of few seeds go far beyond it.
        low, high = float(finite.min()), float(finite.max())
        margin = 0.06 * (high - low) or 0.5
        axes.set_ylim(low - margin, high + margin)
    if num_points > 1 and not small:
        _style.legend(axes)
    return figure


def curve_names(results: Any) -> list[str]:
    """Variables of the results that are scalar curves over training."""
    return [
        str(name) for name, array in results.data_vars.items() if array.dims in _CURVES
    ]


def steps_of(results: Any, metric: str) -> Num[np.ndarray, " step"]:
    """Where the values of a curve lie on the x axis.

    Parameters
    ----------
    results
        ``xarray.Dataset`` of a study.
    metric
        One of its :func:`curve_names`.
    """
    return np.asarray(results[str(results[metric].dims[2])].values)
