"""Text of others as it reaches people: terminals, notebooks, pages, tables, figures."""

from __future__ import annotations

import io
import sys

import pytest

from foreworld.core import show
from foreworld.core.errors import ConfigError, DamagedError, OccupiedError
from foreworld.core.plain import PlainStream, plain, plain_output, say
from foreworld.core.progress import Progress
from foreworld.plot import _style
from foreworld.plot.report import _html
from foreworld.sweeps.results import table

HOSTILE = "a\x1b[2Jb\r\x9b31m\x07\u202ec\u2066\u200b\U000e0041\x7f\ud800"
WRITTEN = r"a\x1b[2Jb\r\x9b31m\x07\u202ec\u2066\u200b\U000e0041\x7f\ud800".replace(
    r"\r", "\\r"
)


def test_what_commands_or_hides_is_written_out():
    assert plain(HOSTILE) == WRITTEN
    assert plain("ö\tü\n日本 😀 👩\u200d🔬 עברית") == "ö\tü\n日本 😀 👩\u200d🔬 עברית"


@pytest.mark.parametrize("kind", [ConfigError, DamagedError, OccupiedError])
def test_errors_are_plain_in_python_too(kind):
    assert str(kind(f"{HOSTILE} is wrong")) == f"{WRITTEN} is wrong"


def test_both_streams_are_plain(capsys):
    with plain_output():
        print(HOSTILE)
        print(HOSTILE, file=sys.stderr)
        say(HOSTILE)
    say(HOSTILE)
    printed = capsys.readouterr()
    assert printed.out == f"{WRITTEN}\n"
    assert printed.err == f"{WRITTEN}\n" * 3


def test_a_terminal_gets_our_own_commands_alone(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for wrapped in (False, True):
        screen = Terminal()
        stream = PlainStream(screen) if wrapped else screen
        monkeypatch.setattr(sys, "stderr", stream)
        with Progress(HOSTILE, 1, "steps") as progress:
            progress.say(HOSTILE)
            progress.update(1)
        said = screen.getvalue()
        assert "\r\x1b[K" in said
        assert "\x1b" not in said.replace("\r\x1b[K", "")
        assert WRITTEN in said


def test_notebooks_and_pages_are_plain():
    for html in (
        show.note(HOSTILE),
        show.table([HOSTILE], [[HOSTILE]]),
        _html.heading(1, HOSTILE, HOSTILE),
        _html.page(HOSTILE, ""),
        _html.folded(HOSTILE, HOSTILE),
    ):
        assert plain(html) == html
        assert "\\x1b" in html


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1+1", "@x", " \t=1", "\n=1", "\uff1d1", "=cmd|' /C calc'!A0"],
)
def test_a_formula_is_quoted_in_a_table(text):
    assert table._cell(text) == f"'{text}"


@pytest.mark.parametrize("value", ["tanh", "", "1=1", -1.5, 3, None, True])
def test_other_cells_stay_as_they_are(value):
    assert table._cell(value) == value


def test_a_dollar_in_a_figure_is_a_letter():
    name = r"$\frac{1}{$ and $x^2$"
    figure, axes = _style.new_figure()
    axes.plot([1, 2], [1, 2], label=name)
    axes.set_yticks([1, 2], [name, name])
    _style.label(axes, name, name, name + "\x1b[2J")
    _style.heading(figure, name)
    _style.legend(axes)
    svg = _style.to_svg(figure)
    assert svg.count("frac") >= 6
    assert "\x1b" not in svg
    for kind in ("png", "pdf"):
        assert _style.to_file(figure, kind)


def test_powers_of_ten_stay_at_logarithmic_axes():
    figure, axes = _style.new_figure()
    axes.plot([1, 2], [1, 1000])
    axes.set_yscale("log")
    assert "<tspan" in _style.to_svg(figure)
