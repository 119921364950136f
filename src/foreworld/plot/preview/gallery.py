"""The gallery: every system and every named set with a picture, on one page."""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foreworld.core import registry
from foreworld.core.disk.folder import write_bytes
from foreworld.core.errors import unknown_name
from foreworld.core.parts.partition import partition
from foreworld.data.reading.pictures import sheet_of
from foreworld.data.sets.find import make_set, set_entries
from foreworld.plot import _style
from foreworld.plot.preview.album import figures, together
from foreworld.plot.preview.footage import Footage, of_family, of_set
from foreworld.worlds.base import Family

PAGE = "gallery.md"
FOLDER = "gallery"
_NUM_ROWS, _NUM_COLUMNS = 4, 10
"""Sequences and frames of a contact sheet."""
_DPI, _NUM_COLOURS = 80, 48
_HEAD = """# Gallery

Every system and every named set, drawn by `foreworld gallery`. Frames are those of the
first training sequences with seed 0; lines have colours by sequence, task or mode.
`foreworld preview NAME` draws more of each, `foreworld play NAME` moves it in the
browser, `foreworld generate NAME` makes the data.

![The double pendulum, live](gallery/play.png)

*`foreworld play double_pendulum --image-size 96`: drag a bob, nudge a number, move a
slider.*
"""


@dataclass(frozen=True)
class Exhibit:
    """One entry of the gallery.

    Attributes
    ----------
    name
        On the command line.
    families
        What is drawn, by task.
    summary, source
        For people.
    """

    name: str
    families: dict[str, Family]
    summary: str
    source: str

    @property
    def stem(self) -> str:
        """What its files are called."""
        return self.name.replace("/", "_")

    def footage(self) -> list[Footage]:
        """Some sequences of each task."""
        if self.name in set_entries():
            return of_set(make_set(self.name), self.name)
        return [of_family(self.families[self.name], self.name)]


def exhibits() -> dict[str, Exhibit]:
    """All systems of the registry, then all named sets, by name."""
    found = {}
    for name, entry in registry.entries("worlds").items():
        if ".dynamics." not in entry.module:
            continue
        cls: Any = entry.load()
        summary = " ".join((cls.__doc__ or "").partition("\n\n")[0].split())
        found[name] = Exhibit(name, {name: Family(cls())}, summary, entry.source())
    for name, entry in set_entries().items():
        families = make_set(name).families
        found[name] = Exhibit(name, families, entry.summary, entry.source)
    return found


def draw_gallery(folder: Path, names: Sequence[str] = ()) -> Iterator[Path]:
    """Write the pictures of exhibits, and the page of all.

    Parameters
    ----------
    folder
        The page goes here, the pictures into ``gallery/`` below.
    names
        Exhibits to draw; by default all.

    Yields
    ------
    Path
        Each file when it is written.

    Raises
    ------
    UnknownNameError
        No exhibit has that name; the message lists the nearest.
    """
    known = exhibits()
    for name in names:
        if name not in known:
            raise unknown_name("system or set", name, known)
    for name in names or known:
        yield from _draw(known[name], folder / FOLDER)
    write_bytes(folder / PAGE, page_text(known, folder).encode())
    yield folder / PAGE


def page_text(known: dict[str, Exhibit], folder: Path) -> str:
    """The page: captions of all exhibits, with those pictures that are there.

    Parameters
    ----------
    known
        All exhibits by name, in the order of the page.
    folder
        Where the page goes; pictures are looked for in ``gallery/`` below.
    """
    sets = set_entries()
    systems = [_caption(e, folder) for e in known.values() if e.name not in sets]
    named = [_caption(e, folder) for e in known.values() if e.name in sets]
    live = (folder / FOLDER / "play.png").exists()
    head = _HEAD if live else _HEAD.partition("\n![")[0]
    return "\n".join([head, "## Systems\n", *systems, "## Named sets\n", *named])


def _draw(exhibit: Exhibit, folder: Path) -> Iterator[Path]:
    tasks = exhibit.footage()
    image = together(tasks)
    labels = [task.name for task in tasks] if len(tasks) > 1 else []
    if not labels:
        image = image[:_NUM_ROWS]
    sheet = folder / f"{exhibit.stem}.png"
    write_bytes(sheet, _smaller(sheet_of(image, labels, _NUM_COLUMNS)))
    yield sheet
    drawn = figures(tasks, exhibit.name, [])
    # Phase portraits and signals; the rest is for previews.
    shown = (pair for pair in drawn if pair[0].startswith(("phase", "signals")))
    for kind, figure in itertools.islice(shown, 4):
        file = folder / f"{exhibit.stem}_{kind}.png"
        write_bytes(file, _smaller(_style.to_file(figure, "png", _DPI)))
        yield file


def _caption(exhibit: Exhibit, folder: Path) -> str:
    lines = [f"### {exhibit.name}\n", f"{_plain(exhibit.summary)}\n"]
    pictures = sorted((folder / FOLDER).glob(f"{exhibit.stem}*.png"))
    named = re.compile(rf"{exhibit.stem}(_(phase|signals)(_[a-z]+)?)?\.png")
    for picture in pictures:
        if named.fullmatch(picture.name):
            lines.append(f"![{exhibit.name}]({FOLDER}/{picture.name})")
    if len(lines) > 2:
        lines.append("")
    can_vary: list[str] = []
    # Sets have chosen theirs.
    if exhibit.name in exhibit.families and exhibit.name not in set_entries():
        traced = partition(exhibit.families[exhibit.name].world)[1]
        can_vary = [name for name in traced if name != "discount"]
    laws = dict.fromkeys(f.world.quantities.law for f in exhibit.families.values())
    facts = {
        "Law": "; ".join(f"`{law}`" for law in laws if law),
        "Drawn for each sequence": _varied(exhibit),
        "Fields that can be drawn": ", ".join(can_vary),
        "Source": _plain(exhibit.source),
    }
    lines += [f"- {name}: {text}" for name, text in facts.items() if text]
    return "\n".join([*lines, ""])


def _varied(exhibit: Exhibit) -> str:
    ends: dict[str, tuple[float, ...]] = {}
    for family in exhibit.families.values():
        for name, values in family.ranges.items():
            ends[name] = (*ends.get(name, ()), *values.ends())
    return ", ".join(f"{n} {min(some):g}..{max(some):g}" for n, some in ends.items())


def _plain(text: str) -> str:
    return text.replace("``", "`")


def _smaller(png: bytes) -> bytes:
    """The same picture with fewer colours."""
    from PIL import Image

    out = io.BytesIO()
    image = Image.open(io.BytesIO(png)).convert("RGB")
    image.quantize(_NUM_COLOURS, dither=Image.Dither.NONE).save(
        out, "png", optimize=True
    )
    return out.getvalue()
