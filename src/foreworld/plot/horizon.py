"""Error of forward models by horizon, beside the copy-last and mean-frame baselines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from foreworld.core.errors import unknown_name
from foreworld.plot import _style
from foreworld.plot._bands import draw_band, student_band
from foreworld.plot._points import point_labels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BASELINES = ("copy_last", "mean_frame")
"""Predictions that need no learning: the last frame again; the mean frame."""


def horizon(
    results: Any,
    metric: str = "test_mse_by_horizon",
    points: Sequence[int] | None = None,
    title: str = "",
) -> Figure:
    """Draw an error against how far ahead it was predicted.

    Parameters
    ----------
    results
        ``xarray.Dataset`` of a study (:func:`foreworld.results`).
    metric
        One of its variables with a ``horizon`` axis; of a curve the end is drawn.
    points
        Points to draw; all by default.
    title
        Title of the figure.

    Raises
    ------
    UnknownNameError
        No such variable by horizon in the results.
    """
    known = horizon_names(results)
    if metric not in known:
        raise unknown_name("error by horizon", metric, known)
    values = _last(results[metric])
    ahead = np.asarray(results["horizon"].values)
    labels = point_labels(results)
    figure, axes = _style.new_figure()
    for i, point in enumerate(range(len(values)) if points is None else points):
        name = "prediction" if len(labels) == 1 else labels[point]
        draw_band(axes, ahead, values[point], i, name)
    prefix = next(p for p in ("val_", "test_", "") if metric.startswith(p))
    for style, baseline in zip(("--", ":"), BASELINES, strict=True):
        name = f"{prefix}{baseline}_{metric.removeprefix(prefix)}"
        if name in known:
            band = student_band(_last(results[name]).reshape(-1, len(ahead)))
            axes.plot(
                ahead,
                band.mean,
                color=_style.INK,
                linestyle=style,
                linewidth=1.4,
                label=baseline.replace("_", " "),
            )
    _style.label(axes, "frames ahead", _style.words(metric), title)
    axes.set_ylim(bottom=0)
    _style.legend(axes)
    return figure


def horizon_names(results: Any) -> list[str]:
    """Variables of the results that have a horizon."""
    return [str(n) for n, array in results.data_vars.items() if "horizon" in array.dims]


def _last(array: Any) -> np.ndarray:
    """Values as (point, seed, horizon), at the end of training."""
    for axis in array.dims[2:-1]:
        array = array.isel({axis: -1})
    return array.values
