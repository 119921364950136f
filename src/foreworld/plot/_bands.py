"""Curves over seeds: their mean, and the half-width of its 95 % Student interval."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jaxtyping import Float, Num
from scipy.special import stdtrit

from foreworld.plot import _style

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Band(NamedTuple):
    """A curve over seeds; NaN where nothing was measured.

    Attributes
    ----------
    mean
        Mean over the seeds that were measured.
    half
        Half-width of the interval; 0 where only one seed was measured.
    num
        Seeds that were measured.
    """

    mean: Float[np.ndarray, "*rest"]
    half: Float[np.ndarray, "*rest"]
    num: Num[np.ndarray, "*rest"]


def student_band(values: Num[np.ndarray, "seed *rest"], level: float = 0.95) -> Band:
    """Mean and half-width over the first axis; seeds that are NaN do not count.

    ``half = t_{(1 + level) / 2, n - 1} * s / sqrt(n)`` with the sample deviation ``s``.

    Parameters
    ----------
    values
        Measurements, one row a seed.
    level
        Probability that the interval holds the mean, between 0 and 1.
    """
    measured = np.isfinite(values)
    num = measured.sum(axis=0)
    kept = np.where(measured, values, 0.0).astype(np.float64)
    mean = np.where(num > 0, kept.sum(axis=0) / np.maximum(num, 1), np.nan)
    squares = np.where(measured, (values - np.nan_to_num(mean)) ** 2, 0.0)
    variance = squares.sum(axis=0) / np.maximum(num - 1, 1)
    quantile = stdtrit(np.maximum(num - 1, 1), (1 + level) / 2)
    half = quantile * np.sqrt(variance / np.maximum(num, 1))
    return Band(mean, np.where(num > 1, half, 0.0), num)


def draw_band(
    axes: Axes,
    x: Num[np.ndarray, " x"],
    values: Num[np.ndarray, "seed x"],
    number: int,
    label: str,
) -> None:
    """Draw a mean over seeds as a line, and its 95 % Student interval around it.

    Parameters
    ----------
    axes
        Where to draw.
    x
        Where the values lie: steps, frames ahead.
    values
        One row a seed; NaN where nothing was measured.
    number
        Number of the line in the figure, which gives its colour and dashes.
    label
        Its name in the legend.
    """
    band, shade = student_band(values), _style.colour(number)
    dashes = _style.line_style(number)
    axes.plot(x, band.mean, color=shade, linestyle=dashes, linewidth=1.8, label=label)
    low, high = band.mean - band.half, band.mean + band.half
    axes.fill_between(x, low, high, color=shade, alpha=0.18, linewidth=0)
