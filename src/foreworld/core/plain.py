r"""Text for people's eyes: nothing in it commands a terminal or turns its order.

Names of folders, files and studies, messages of errors and lines of journals may come
from others. An escape sequence in one could clear a terminal, retitle it or type in
it; marks of writing direction show a text in another order than it has. Both are shown
as Python writes them (``\x1b``, ``\u202e``).
"""

from __future__ import annotations

import contextlib
import io
import re
import sys
from collections.abc import Iterator
from typing import TextIO

_UNPRINTED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u180e\u200b\u200e\u200f"
    "\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
"""Controls but tab and line feed, marks of direction, what takes no room."""


def plain(text: str) -> str:
    """A text in which what commands, reorders or hides is written out."""
    return _UNPRINTED.sub(_written, text)


def _written(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape", "surrogatepass").decode()


class PlainStream(io.TextIOBase):
    """A stream of text on which everything is written :func:`plain`.

    Parameters
    ----------
    stream
        Where it goes: standard output, standard error, a log.

    Attributes
    ----------
    stream
        Where it goes.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        """Write a text; returns its length."""
        self.stream.write(plain(text))
        return len(text)

    def flush(self) -> None:
        """Pass on what is held back."""
        self.stream.flush()

    def isatty(self) -> bool:
        """Whether a person is watching."""
        return self.stream.isatty()

    def fileno(self) -> int:
        """Number of the file that is written."""
        return self.stream.fileno()

    def writable(self) -> bool:
        """Always."""
        return True

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """How text becomes bytes."""
        return self.stream.encoding

    @property
    def buffer(self) -> io.IOBase:
        """Where bytes go."""
        return self.stream.buffer  # type: ignore[return-value]


def counted(number: int, word: str) -> str:
    """A number of things in words: ``1 chunk``, ``2,000 chunks``.

    Parameters
    ----------
    number
        How many.
    word
        What one is called.
    """
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


@contextlib.contextmanager
def plain_output() -> Iterator[None]:
    """Let standard output and error show plain text only while the context lasts."""
    out, error = PlainStream(sys.stdout), PlainStream(sys.stderr)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
        yield


def say(text: str, again: str = "", end: str = "\n") -> None:
    """Print a text to standard error at once, for people, :func:`plain`.

    Parameters
    ----------
    text
        What is said.
    again
        Of our own, before it and written as it is: what begins a terminal's line again.
    end
        What follows it.
    """
    stream = sys.stderr
    if again:
        # Behind the stream that would write it out.
        raw = stream.stream if isinstance(stream, PlainStream) else stream
        raw.write(again)
    print(plain(text), end=end, file=stream, flush=True)
