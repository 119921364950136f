"""What notebooks show: pieces of HTML, and pictures drawn by packages above core."""

from __future__ import annotations

import base64
import html
import importlib
from collections.abc import Sequence
from typing import Any

from foreworld.core.plain import plain

MAX_WIDTH = 640
"""Widest picture in a notebook, pixels."""


def text(value: Any) -> str:
    """A value's ``repr`` as it is, with its line breaks."""
    return f"<pre>{escaped(repr(value))}</pre>"


def escaped(text: str) -> str:
    """A text as HTML shows it, as :func:`~foreworld.core.plain.plain` text."""
    return html.escape(plain(text), quote=True)


def note(line: str) -> str:
    """A line of plain text."""
    return f"<p>{escaped(line)}</p>"


def picture(data: bytes, kind: str, about: str) -> str:
    """A picture inside the page.

    Parameters
    ----------
    data
        The bytes of its file.
    kind
        ``"png"``, ``"gif"``.
    about
        What it shows, for those who cannot see it.
    """
    code = base64.b64encode(data).decode()
    return (
        f'<img alt="{escaped(about)}" style="max-width: {MAX_WIDTH}px" '
        f'src="data:image/{kind};base64,{code}">'
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table with a row of names.

    Parameters
    ----------
    head
        Names of the columns, as HTML.
    rows
        Cells of each row, as HTML.
    """
    lines = [_row("th", head), *(_row("td", row) for row in rows)]
    return f"<table>{''.join(lines)}</table>"


def drawn_above(place: str, value: Any) -> str:
    """What ``module:function`` of a package above this one makes of a value.

    Rooms never import those above them, so a study names who draws its curves, as tasks
    name who does the work.

    Parameters
    ----------
    place
        ``module:function``.
    value
        Its argument.
    """
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)(value)


def _row(cell: str, items: Sequence[str]) -> str:
    cells = "".join(f"<{cell}>{escaped(item)}</{cell}>" for item in items)
    return f"<tr>{cells}</tr>"
