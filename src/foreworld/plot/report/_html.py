"""Pieces of a page as text: everything is escaped here, nothing is fetched."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files

from foreworld.core.show import escaped


@dataclass(frozen=True)
class Table:
    """A table of texts.

    Attributes
    ----------
    head
        Column names.
    rows
        Cells; ``None`` is shown as a dash.
    numbers
        Columns that hold numbers, aligned to the right.
    best
        Index of the row to mark.
    caption
        What the table says.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[str | None]]
    numbers: frozenset[int] = frozenset()
    best: int | None = None
    caption: str = ""

    def html(self) -> str:
        """The table, which scrolls sideways on narrow screens."""
        head = "".join(self._cell("th", i, name) for i, name in enumerate(self.head))
        body = "".join(
            f"<tr{' class=best' if i == self.best else ''}>"
            + "".join(self._cell("td", j, cell) for j, cell in enumerate(row))
            + "</tr>"
            for i, row in enumerate(self.rows)
        )
        caption = f"<caption>{escaped(self.caption)}</caption>" if self.caption else ""
        return (
            f'<div class="scroll"><table>{caption}<thead><tr>{head}</tr></thead>'
            f"<tbody>{body}</tbody></table></div>"
        )

    def _cell(self, tag: str, column: int, text: str | None) -> str:
        kind = " class=number" if column in self.numbers else ""
        return f"<{tag}{kind}>{'-' if text is None else escaped(text)}</{tag}>"


def page(title: str, body: str, refresh: float | None = None) -> str:
    """A whole page, self-contained; it loads itself again after ``refresh`` seconds.

    Parameters
    ----------
    title
        Title of the window.
    body
        HTML of the page's content.
    refresh
        Seconds after which the page loads itself again; ``None`` for never.
    """
    style = files("foreworld.plot.report").joinpath("style.css").read_text("utf-8")
    again = f'<meta http-equiv="refresh" content="{refresh:g}">\n' if refresh else ""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"{again}<title>{escaped(title)}</title>\n<style>\n{style}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def heading(level: int, text: str, anchor: str = "") -> str:
    """A heading, with an anchor to link to.

    Parameters
    ----------
    level
        1 for the page's title, down to 6.
    text
        What it says.
    anchor
        Id to link to; empty for none.
    """
    mark = f' id="{escaped(anchor)}"' if anchor else ""
    return f"<h{level}{mark}>{escaped(text)}</h{level}>"


def paragraph(text: str, kind: str = "") -> str:
    """A paragraph; ``kind`` is one of the style sheet's classes.

    Parameters
    ----------
    text
        What it says.
    kind
        A class of the style sheet; empty for none.
    """
    return f"<p{f' class={kind}' if kind else ''}>{escaped(text)}</p>"


def tiles(pairs: Iterable[tuple[str, str]]) -> str:
    """Small cards: what it is, and its value in large."""
    cards = "".join(
        f'<div class="tile"><b>{escaped(value)}</b><span>{escaped(name)}</span></div>'
        for name, value in pairs
    )
    return f'<div class="tiles">{cards}</div>'


def figure(svg: str, caption: str) -> str:
    """A drawing with its caption; ``svg`` comes from our own figures.

    Parameters
    ----------
    svg
        SVG element of one of our figures, not escaped.
    caption
        What it shows.
    """
    return f"<figure>{svg}<figcaption>{escaped(caption)}</figcaption></figure>"


def image(data: bytes, kind: str, alt: str) -> str:
    """A picture inside the page.

    Parameters
    ----------
    data
        Bytes of the picture's file.
    kind
        Its format, as in ``image/<kind>``: ``"gif"``, ``"png"``.
    alt
        What it shows, for readers that show no pictures.
    """
    text = base64.b64encode(data).decode()
    return f'<img src="data:image/{kind};base64,{text}" alt="{escaped(alt)}">'


def folded(summary: str, text: str) -> str:
    """Long text that opens on a click.

    Parameters
    ----------
    summary
        The line to click on.
    text
        What opens, with its line breaks.
    """
    return (
        f"<details><summary>{escaped(summary)}</summary>"
        f"<pre>{escaped(text)}</pre></details>"
    )
