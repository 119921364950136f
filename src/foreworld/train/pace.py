"""How many updates are done at a time, and when a checkpoint is due: by time.

A checkpoint is written about once a minute and at the end of each segment, so that a
kill costs a minute of a run of any length. How long an update takes is known from
earlier trainings of the same program, or else found out: the first calls are short and
grow.
"""

from __future__ import annotations

import time

CHECKPOINT_S = 60.0
"""Seconds of training between two checkpoints."""
_GROWTH = 4
"""How much more a call may do than the one before, where the speed is not known."""


class Pace:
    """The clock of one training.

    Parameters
    ----------
    every
        Seconds of training between two checkpoints; 0 for one after each update.
    known
        Seconds that an update of all runs takes, where that is known.
    """

    def __init__(self, every: float, known: float | None = None) -> None:
        self._every, self._update_s = every, known
        self._most = 1 if known is None else None
        self._spent = 0.0
        self._begun = 0.0

    def begin(self, left: int) -> int:
        """Start the clock; how many updates to do now, of so many at the most."""
        wanted = left
        if self._update_s is not None:
            # Not below a nanosecond: a clock may not have moved.
            spare = (self._every - self._spent) / max(self._update_s, 1e-9)
            wanted = max(1, int(min(spare, left)))
        if self._most is not None:
            wanted = min(wanted, self._most)
        self._begun = time.perf_counter()
        return min(wanted, left)

    def end(self, done: int) -> bool:
        """Stop the clock after so many updates; whether a checkpoint is due."""
        took = time.perf_counter() - self._begun
        self._update_s = took / done
        self._spent += took
        if self._most is not None:
            self._most = max(self._most, done * _GROWTH)
        return self._spent + self._update_s > self._every

    def saved(self) -> None:
        """A checkpoint was written: the time counts from here."""
        self._spent = 0.0
