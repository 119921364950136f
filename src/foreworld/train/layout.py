"""How a run's updates are cut into intervals (points of a curve) and segments.

Both belong to the plan of a study, since curves and the keys of validations depend on
them. Where checkpoints lie between is decided while training, by time
(:mod:`foreworld.train.pace`), and changes no result.
"""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Int


class Layout(NamedTuple):
    """Segments of intervals of updates.

    All segments have one static length, so that one program serves them; the last
    interval may hold fewer updates and the last segment fewer intervals. After each
    segment the runs are evaluated.

    Attributes
    ----------
    num_updates
        Updates of a run, those of runs that it goes on from left out.
    updates_per_interval, intervals_per_segment
        Sizes.
    begun
        Updates that were done before: keys and progress count from there.
    """

    num_updates: int
    updates_per_interval: int
    intervals_per_segment: int
    begun: int = 0

    @property
    def in_all(self) -> int:
        """Updates of a run and of those that it goes on from."""
        return self.begun + self.num_updates

    @property
    def num_intervals(self) -> int:
        """Points of a curve."""
        return math.ceil(self.num_updates / self.updates_per_interval)

    @property
    def num_segments(self) -> int:
        """Segments of a run."""
        return math.ceil(self.num_intervals / self.intervals_per_segment)

    @property
    def updates_per_segment(self) -> int:
        """Updates of every segment but perhaps the last."""
        return self.updates_per_interval * self.intervals_per_segment

    def intervals_in(self, segment: int) -> int:
        """Intervals of a segment that hold any update."""
        begun = segment * self.intervals_per_segment
        return min(self.intervals_per_segment, self.num_intervals - begun)

    def bounds(self, first: int, last: int) -> list[tuple[int, int]]:
        """Updates from ``first`` to ``last``, cut where intervals end.

        Parameters
        ----------
        first
            Updates done before.
        last
            Updates done afterwards, more than ``first``.

        Returns
        -------
        list of (int, int)
            Updates done before and after each piece.
        """
        step = self.updates_per_interval
        inner = range((first // step + 1) * step, last, step)
        return list(itertools.pairwise([first, *inner, last]))

    def segment_ending(self, done: int) -> int | None:
        """The segment that is over when so many updates are done; ``None`` inside."""
        if done < self.num_updates and done % self.updates_per_segment:
            return None
        return math.ceil(done / self.updates_per_segment) - 1

    def interval_ends(self) -> Int[np.ndarray, " interval"]:
        """Updates done at the end of each interval."""
        ends = np.arange(1, self.num_intervals + 1) * self.updates_per_interval
        return np.minimum(ends, self.num_updates)

    def segment_ends(self) -> Int[np.ndarray, " segment"]:
        """Updates done at the end of each segment."""
        ends = np.arange(1, self.num_segments + 1) * self.updates_per_segment
        return np.minimum(ends, self.num_updates)


def choose_layout(
    num_updates: int, num_points: int = 100, num_segments: int = 10
) -> Layout:
    """The layout nearest to the wished numbers of points and segments.

    Intervals of equal length are preferred where a divisor of ``num_updates`` is near.

    Parameters
    ----------
    num_updates
        Updates of a run, at least 1.
    num_points
        Wished number of points of a curve (intervals).
    num_segments
        Wished number of segments, and so of validations.
    """
    wished = num_updates / num_points
    # The divisor within a factor of 1.5 that is nearest, else the rounded wish.
    low, high = max(1, math.ceil(wished / 1.5)), math.floor(wished * 1.5)
    divisors = [d for d in range(low, high + 1) if num_updates % d == 0]
    nearest = min(divisors, key=lambda d: abs(math.log(d / wished)), default=None)
    per_interval = nearest or max(1, round(wished))
    intervals = math.ceil(num_updates / per_interval)
    return Layout(num_updates, per_interval, math.ceil(intervals / num_segments))
