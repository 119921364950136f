"""Learning curves of several studies in one figure: the best point of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from foreworld.core.errors import ForeworldError, unknown_name
from foreworld.core.progress import number
from foreworld.plot import _style
from foreworld.plot._bands import student_band
from foreworld.plot._points import point_labels
from foreworld.plot.curves import curve_names
from foreworld.sweeps.results.selection import best

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def compare(results: Mapping[str, Any], metric: str, title: str = "") -> Figure:
    """Draw a metric over training, one line a study with its 95 % Student band.

    Parameters
    ----------
    results
        ``xarray.Dataset`` of each study, by what to call it.
    metric
        A curve that all of them have.
    title
        Title of the figure.

    Raises
    ------
    UnknownNameError
        A study without this curve.
    """
    figure, axes = _style.new_figure()
    for i, (name, one) in enumerate(results.items()):
        known = curve_names(one)
        if metric not in known:
            raise unknown_name(f"curve of {name}:", metric, known)
        point = _best_point(one)
        band = student_band(one[metric].values[point])
        steps = np.asarray(one[str(one[metric].dims[2])].values)
        style: dict[str, Any] = {
            "color": _style.colour(i),
            "linestyle": _style.line_style(i),
        }
        label = name if one.sizes["point"] == 1 else f"{name}: {_label(one, point)}"
        axes.plot(steps, band.mean, linewidth=1.8, label=label, **style)
        axes.fill_between(
            steps,
            band.mean - band.half,
            band.mean + band.half,
            color=_style.colour(i),
            alpha=0.18,
            linewidth=0,
        )
    names = {str(one.attrs.get("step_name", "steps")) for one in results.values()}
    _style.label(axes, " / ".join(sorted(names)), _style.words(metric), title)
    axes.set_xlim(left=0)
    axes.xaxis.set_major_formatter(lambda value, _: number(value))
    _style.legend(axes)
    return figure


def _best_point(results: Any) -> int:
    """The best point, or the first where none is finished."""
    try:
        return best(results).point
    except ForeworldError:
        return 0


def _label(results: Any, point: int) -> str:
    return point_labels(results)[point]
