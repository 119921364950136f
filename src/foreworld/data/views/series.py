"""Series and their windows, cut alike in NumPy and in compiled programs."""

from __future__ import annotations

from typing import Any, NamedTuple

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float, Int


class Series(NamedTuple):
    """Series of equal length: NumPy arrays, or arrays of a program.

    Attributes
    ----------
    signal
        What is observed, z-scored, float32.
    mode
        Which dynamics were at work, int16.
    latent
        The system's state, float32.
    """

    signal: Any
    mode: Any
    latent: Any

    def windows(
        self, series: Any, start: Any, window: int, num_context: int
    ) -> dict[str, Any]:
        """Samples whose queries begin at ``start`` of ``series``.

        Parameters
        ----------
        series
            Number of the series of each sample, ``(sample,)``.
        start
            Step at which its query begins, ``(sample,)``; at least
            ``window + num_context``.
        window
            Steps of a query and of a context window.
        num_context
            Context windows of a sample.
        """
        row, step = series[:, None], start[:, None] + np.arange(window)
        back = np.arange(num_context)[:, None] - (window + num_context - 1)
        before = start[:, None, None] + back + np.arange(window)
        return {
            "queries": self.signal[row, step],
            "domains": self.signal[row[..., None], before],
            "labels": self.mode[row, step],
            "latents": self.latent[row, step],
        }


class WindowSource(eqx.Module):
    """Samples of one part on the device; give it to programs as an argument.

    Attributes
    ----------
    signal, mode, latent
        The series.
    series, start
        Which one each sample is of, and where its query begins.
    window, num_context
        Steps of a window, and context windows of a sample.
    """

    signal: Float[Array, "series time signal"]
    mode: Int[Array, "series time"]
    latent: Float[Array, "series time state"]
    series: Int[Array, " sample"]
    start: Int[Array, " sample"]
    window: int = eqx.field(static=True)
    num_context: int = eqx.field(static=True)

    @property
    def num_samples(self) -> int:
        """How many samples there are."""
        return self.start.shape[0]

    def batch(self, index: Int[Array, " batch"]) -> dict[str, Array]:
        """Samples by their numbers."""
        series = Series(self.signal, self.mode, self.latent)
        found = series.windows(
            self.series[index], self.start[index], self.window, self.num_context
        )
        return {"index": index, **found}
