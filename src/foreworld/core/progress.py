"""Progress of long work with rate and time left.

A terminal and a notebook have one line that changes; elsewhere plain lines are printed.
"""

from __future__ import annotations

import abc
import sys
import time
from types import TracebackType
from typing import Any

from foreworld.core.plain import plain, say

PLAIN_EVERY = 5.0
"""Seconds between plain lines."""
SOON = 0.1
"""Seconds between changes of a line that can change."""

_AGAIN = "\r\x1b[K"
"""Begins a terminal's line again, empty."""


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
        self._line: _AbstractLine
        display = None if quiet else _notebook()
        if display is not None:
            self._line = _NotebookLine(display)
        else:
            self._line = _TerminalLine() if sys.stderr.isatty() else _PlainLine()
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
        else:
            self._line.leave()

    def update(self, done: float, note: str = "") -> None:
        """Say how much is done so far; cheap enough for every step of a loop.

        Parameters
        ----------
        done
            Units of work, of the total.
        note
            Shown at the end of the line.
        """
        if self._first is None:
            # What an earlier run finished is not this run's rate.
            self._first = done
            self._begun = time.monotonic()
        self._done = done
        now = time.monotonic()
        if not self._quiet and now - self._shown >= self._line.every:
            self._shown = now
            self._show(note=note)

    def say(self, text: str) -> None:
        """Print a line beside the line of progress."""
        if not self._quiet:
            self._line.say(text)

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
        tail = f"{number(rate)}/s, {tail}"
        if final and self._done == self._first:
            # All of it was there: a rate would be that of looking.
            tail = "nothing to do"
        line = (
            f"{self.label}: {number(self._done)} of {number(self.total)} {self.unit} "
            f"({share:.0%}), {tail}{', ' + note if note else ''}"
        )
        self._line.show(line, final)


class _AbstractLine(abc.ABC):
    """Where the line goes."""

    every: float
    """seconds between two lines"""

    @abc.abstractmethod
    def show(self, line: str, final: bool) -> None:
        """Show a line, in the place of the one before where that is possible."""

    def leave(self) -> None:  # noqa: B027
        """The work was interrupted: leave the last line as it is."""

    def say(self, text: str) -> None:
        """Print another line, above this one where it changes."""
        say(text)


class _PlainLine(_AbstractLine):
    every = PLAIN_EVERY

    def show(self, line: str, final: bool) -> None:
        say(line)


class _TerminalLine(_AbstractLine):
    every = SOON

    def show(self, line: str, final: bool) -> None:
        say(line, again=_AGAIN, end="\n" if final else "")

    def leave(self) -> None:
        print(file=sys.stderr, flush=True)

    def say(self, text: str) -> None:
        say(text, again=_AGAIN)


class _NotebookLine(_AbstractLine):
    every = SOON

    def __init__(self, display: Any) -> None:
        self._display = display
        self._handle: Any = None

    def show(self, line: str, final: bool) -> None:
        content = {"text/plain": plain(line)}
        if self._handle is None:
            self._handle = self._display(content, raw=True, display_id=True)
        else:
            self._handle.update(content, raw=True)


def _notebook() -> Any:
    """IPython's ``display`` in the kernel of a notebook; ``None`` elsewhere."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    if shell is None or getattr(shell, "kernel", None) is None:
        return None
    from IPython.display import display

    return display


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
