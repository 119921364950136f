"""The gallery: one entry drawn, and a page that names every system and set."""

import re
from pathlib import Path

import imageio.v3 as iio
import pytest

from foreworld.cli.main import main
from foreworld.core import registry
from foreworld.data.sets.find import set_entries
from foreworld.plot.preview.gallery import exhibits
from foreworld.worlds.dynamics.base import AbstractDynamics

DOCS = Path(__file__).parents[2] / "docs"
SYSTEMS = [
    name
    for name, entry in registry.entries("worlds").items()
    if not entry.compat and issubclass(entry.load(), AbstractDynamics)
]


def headings(page: Path) -> list[str]:
    """Names of the entries, in order."""
    return re.findall(r"^### (\S+)$", page.read_text(encoding="utf-8"), re.MULTILINE)


def test_one_entry_is_drawn_and_the_page_names_all(tmp_path, capsys):
    assert main(["gallery", "pendulum", "--out", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [Path(line).name for line in lines] == [
        "pendulum.png",
        "pendulum_phase.png",
        "gallery.md",
    ]
    # 4 sequences of 10 frames, twice as large, with gaps of 2 pixels.
    sheet = iio.imread(lines[0])
    assert sheet.shape[:2] == (2 * (4 * 34 + 2), 2 * (10 * 34 + 2))
    page = Path(lines[2])
    assert headings(page) == [*exhibits()]
    assert set(SYSTEMS) | set(set_entries()) == set(headings(page))
    text = page.read_text(encoding="utf-8")
    assert text.count("![") == 2
    entry = text.partition("### pendulum\n")[2].partition("### ")[0]
    assert "- Law: `H = m g l (1 - cos q) + p^2 / (2 m l^2)`\n" in entry
    assert "- Fields that can be drawn: mass, length, gravity, friction" in entry
    assert "- Source: Botev et al." in entry
    entry = text.partition("### slvm/pendulum3\n")[2].partition("### ")[0]
    assert "- Drawn for each sequence: mass 0.5..1, length 0.5..1, pict" in entry


def test_the_gallery_of_the_docs_shows_every_system():
    page = DOCS / "gallery.md"
    named = headings(page)
    text = page.read_text(encoding="utf-8")
    for name in SYSTEMS:
        assert name in named
        assert (DOCS / "gallery" / f"{name}.png").is_file()
        assert f"![{name}](gallery/{name}.png)" in text
    size = sum(file.stat().st_size for file in (DOCS / "gallery").iterdir())
    assert size < 2_000_000
    readme = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    assert "(docs/gallery.md)" in readme


def test_unknown_names_are_refused(tmp_path, capsys):
    assert main(["gallery", "pendulm", "--out", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert "unknown system or set 'pendulm'. Did you mean 'pendulum' or " in said
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", SYSTEMS)
def test_every_system_has_a_caption(name):
    exhibit = exhibits()[name]
    assert exhibit.summary
    assert exhibit.source
