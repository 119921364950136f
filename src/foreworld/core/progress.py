"""Progress of long work with rate and time left; plain lines where no terminal is."""

from __future__ import annotations

import sys
import time
from types import TracebackType

PLAIN_EVERY = 5.0
"""Seconds between plain lines."""


class Progress:
    """One line of progress, used as a context manager.

    Parameters
    ----------
    label
        What is being done.
    total
        How much there is to do.
    unit
        What is counted ("sequences", "steps").
    quiet
        Print nothing at all.
    """

    def __init__(
        self, label: str, total: float, unit: str, quiet: bool = False
    ) -> None:
        self.label, self.total, self.unit = label, total, unit
        self._quiet = quiet
        self._terminal = sys.stderr.isatty()
        self._begun = self._shown = time.monotonic()
        self._first: float | None = None
        self._done = 0.0

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._quiet:
            return
        if kind is None or self._done >= self.total:
            self._show(final=True)
        elif self._terminal:
            sys.stderr.write("\n")

    def update(self, done: float, note: str = "") -> None:
        """Say how much is done so far; cheap enough for every step of a loop."""
        if self._first is None:
            # What an earlier run finished is not this run's rate.
            self._first = done
            self._begun = time.monotonic()
        self._done = done
        now = time.monotonic()
        if not self._quiet and now - self._shown >= (
            0.1 if self._terminal else PLAIN_EVERY
        ):
            self._shown = now
            self._show(note=note)

    def _show(self, note: str = "", final: bool = False) -> None:
        spent = max(time.monotonic() - self._begun, 1e-9)
        rate = (self._done - (self._first or 0.0)) / spent
        share = self._done / self.total if self.total else 1.0
        if final:
            tail = f"in {duration(spent)}"
        elif rate > 0:
            tail = f"{duration((self.total - self._done) / rate)} left"
        else:
            tail = "time left unknown"
        line = (
            f"{self.label}: {number(self._done)} of {number(self.total)} {self.unit} "
            f"({share:.0%}), {number(rate)}/s, {tail}{', ' + note if note else ''}"
        )
        if self._terminal:
            sys.stderr.write(f"\r\x1b[K{line}" + ("\n" if final else ""))
        else:
            sys.stderr.write(line + "\n")
        sys.stderr.flush()


def number(value: float) -> str:
    """A count for people: 950, 12.3 k, 4.56 M."""
    for size, letter in ((1e9, " G"), (1e6, " M"), (1e4, " k")):
        if abs(value) >= size:
            return f"{value / (1e3 if letter == ' k' else size):.3g}{letter}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def duration(seconds: float) -> str:
    """A time for people: 3.2 s, 4 min 10 s, 2 h 05 min."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"
