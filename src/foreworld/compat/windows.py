"""Windows of series as their source cuts them: train and test share steps.

Source: the windows of github.com/qu-gg/slvm-data-generation.
"""

from __future__ import annotations

from foreworld.data.views.table import AbstractTable
from foreworld.data.views.windows import Windows, samples_in

NUM_TRAIN = 8000
"""Samples that the source trains on, of all series one after the other."""


def leaky_windows(
    table: AbstractTable, window: int = 7, num_context: int = 3, normalise: bool = True
) -> Windows:
    """All windows of the series: the first 8000 to train on, the rest to report.

    Statistics are those of all steps, and there is nothing to choose by. For
    comparisons only.

    Parameters
    ----------
    table
        A split whose sequences are the series.
    window, num_context, normalise
        See :class:`~foreworld.data.views.windows.Windows`.
    """
    num_series, length = table.columns["state"][0][:2]
    series, start = samples_in(slice(0, length), num_series, window, num_context)
    samples = {
        "train": (series[:NUM_TRAIN], start[:NUM_TRAIN]),
        "test": (series[NUM_TRAIN:], start[NUM_TRAIN:]),
    }
    return table.windows(window, num_context, normalise=normalise, samples=samples)
