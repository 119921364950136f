"""Learning curves of several studies in one figure: the best point of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from foreworld.core.errors import ForeworldError, unknown_name
from foreworld.core.progress import number
from foreworld.plot import _style
from foreworld.plot._bands import draw_band
from foreworld.plot._points import point_labels
from foreworld.plot.curves import curve_names, steps_of
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
        try:
            point = best(one).point
        except ForeworldError:
            # None is finished: the first stands for all.
            point = 0
        label = f"{name}: {point_labels(one)[point]}"
        label = label if one.sizes["point"] > 1 else name
        draw_band(axes, steps_of(one, metric), one[metric].values[point], i, label)
    names = {str(one.attrs.get("step_name", "steps")) for one in results.values()}
    _style.label(axes, " / ".join(sorted(names)), _style.words(metric), title)
    axes.set_xlim(left=0)
    axes.xaxis.set_major_formatter(lambda value, _: number(value))
    _style.legend(axes)
    return figure
