"""Means over seeds with their uncertainty."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

LEVEL = 0.95
"""Coverage of all intervals."""
_RESAMPLES = 10_000


class Interval(NamedTuple):
    """Ends of an interval; NaN where there are too few values."""

    low: float
    high: float


def student(values: Float[np.ndarray, " seed"]) -> Interval:
    """The 95 % Student interval of the mean: ``mean +- t * s / sqrt(n)``.

    ``s`` is the sample standard deviation (n - 1) and t the 97.5 % quantile of
    Student's distribution with n - 1 degrees of freedom. Needs two values.
    """
    # SciPy takes a moment to import; tables of points need it, training does not.
    from scipy import stats

    n = len(values)
    if n < 2:
        return Interval(float("nan"), float("nan"))
    values = np.asarray(values, np.float64)
    half = stats.t.ppf(0.5 + LEVEL / 2, n - 1) * np.std(values, ddof=1) / np.sqrt(n)
    mean = float(np.mean(values))
    return Interval(mean - float(half), mean + float(half))


def bootstrap(values: Float[np.ndarray, " seed"], seed: int = 0) -> Interval:
    """The 95 % percentile bootstrap interval of the mean, from a seeded generator.

    Parameters
    ----------
    values
        One number for each seed; with fewer than two the interval is NaN.
    seed
        Of the resampling, so that the interval is the same every time.
    """
    if len(values) < 2:
        return Interval(float("nan"), float("nan"))
    values = np.asarray(values, np.float64)
    generator = np.random.Generator(np.random.PCG64(seed))
    draws = generator.integers(0, len(values), (_RESAMPLES, len(values)))
    means = values[draws].mean(axis=1)
    low, high = np.percentile(means, [50 * (1 - LEVEL), 50 * (1 + LEVEL)])
    return Interval(float(low), float(high))
