"""Fields of parts on the command line: reading, refusing, explaining."""

from typing import Annotated, Literal

import pytest

from foreworld.cli._fields import Shown, print_fields, read_fields
from foreworld.core.errors import ConfigError, UnknownNameError
from foreworld.core.parts.docs import field_docs
from foreworld.core.parts.part import Bounded, Part, Traced
from foreworld.worlds.ranges import Uniform


class Inner(Part):
    """A part inside a part."""

    size: Annotated[int, Bounded(low=1, unit="cells")] = 5
    """side of
    the grid"""


class Outer(Part):
    """A part with fields of every kind."""

    name: str
    """a name without default"""
    rate: Annotated[float, Traced(above=0, unit="1/s")] = 2.5e-4
    """how fast"""
    sizes: tuple[int, ...] = (32, 64)
    """widths"""
    ends: tuple[float, float] = (0.0, 1.0)
    """from, to"""
    memory: Literal["gru", "none"] = "gru"
    """kind of memory"""
    on: bool = False
    """a switch"""
    limit: int | None = None
    """perhaps a number"""
    inner: Inner = Inner(size=6)
    """another part"""
    undocumented: int = 0


def read(*given, ranges=False, prefix=""):
    pairs = [tuple(word.split("=", 1)) for word in given]
    return read_fields([Shown(Outer, prefix, ranges)], pairs, "foreworld test")


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("rate=2.5e-3", 2.5e-3),
        ("rate=1", 1.0),
        ("sizes=8,16,32", (8, 16, 32)),
        ("sizes=8", (8,)),
        ("ends=-1,0.5", (-1.0, 0.5)),
        ("memory=none", "none"),
        ("on=true", True),
        ("limit=none", None),
        ("limit=7", 7),
        ("inner.size=9", 9),
        ("name=-x", "-x"),
        ("undocumented=-3", -3),
        ("undocumented=1e3", 1000),
    ],
)
def test_values(word, value):
    result = read(word)
    assert result == {word.split("=")[0]: value}
    assert type(next(iter(result.values()))) is type(value)


def test_dashes_and_any_order():
    both = [Shown(Outer), Shown(Inner, "world")]
    given = [("world.size", "3"), ("rate", "0.5"), ("inner.size", "2")]
    assert read_fields(both, given, "x") == {
        "world.size": 3,
        "rate": 0.5,
        "inner.size": 2,
    }
    assert read("sizes=1", "ends=0,2") == {"sizes": (1,), "ends": (0.0, 2.0)}


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("rate=fast", "Outer.rate: expected a number, got 'fast'."),
        ("rate=0", "Outer.rate=0.0 must be above 0."),
        ("rate=nan", "Outer.rate=nan is not a finite number."),
        ("on=maybe", "Outer.on: expected true or false, got 'maybe'."),
        ("memory=lstm", "Outer.memory='lstm' is not one of 'gru', 'none'."),
        ("ends=1,2,3", "Outer.ends: expected 2 values, got 3: (1, 2, '3')."),
        ("inner.size=0", "Inner.size=0 must be at least 1."),
        ("undocumented=1.5", "expected a whole number, got 1.5 (float)."),
        (
            "rate=0.5..1.0",
            "Outer.rate=0.5..1.0 cannot be a range here: ranges are for 'foreworld "
            "generate'. Give one value, or sweep several in a study.",
        ),
    ],
)
def test_refusals(word, message):
    with pytest.raises(ConfigError) as caught:
        read(word)
    assert message in str(caught.value)


def test_unknown_field_names_the_nearest():
    with pytest.raises(UnknownNameError) as caught:
        read("memroy=gru")
    assert "unknown field of Outer: 'memroy'. Did you mean 'memory'?" in str(
        caught.value
    )


def test_the_parts_on_the_way_may_be_left_out_where_that_is_clear():
    assert read("size=3") == {"inner.size": 3}
    assert read("size=3", prefix="world", ranges=False) == {"world.inner.size": 3}
    assert read("world.size=3", prefix="world") == {"world.inner.size": 3}
    with pytest.raises(ConfigError, match="is given twice"):
        read("size=3", "inner.size=4")
    two = [Shown(Outer, "a"), Shown(Outer, "b")]
    with pytest.raises(UnknownNameError, match=r"or 'b\.inner\.size'"):
        read_fields(two, [("size", "3")], "x")


def test_a_field_given_twice():
    with pytest.raises(ConfigError, match="--rate is given twice"):
        read("rate=1", "rate=2")


def test_ranges_where_a_family_takes_them():
    assert read("rate=0.5..1.0", ranges=True) == {"rate": Uniform(0.5, 1.0)}
    with pytest.raises(ConfigError, match=r"Outer.rate=-1.0 must be above 0"):
        read("rate=-1..1", ranges=True)
    with pytest.raises(ConfigError, match=r"the range 1\.\.0\.5 runs backwards"):
        read("rate=1..0.5", ranges=True)
    with pytest.raises(ConfigError, match=r"undocumented=2\.\.3 cannot be a range"):
        read("undocumented=2..3", ranges=True)
    with pytest.raises(ConfigError, match=r"expected a range low\.\.high"):
        read("rate=0.5..", ranges=True)
    with pytest.raises(ConfigError, match=r"A range is written 0\.5\.\.1\.0\."):
        read("rate=0.5-1.0", ranges=True)


def test_docs_are_the_strings_under_the_fields():
    docs = field_docs(Outer)
    assert docs["rate"] == "how fast"
    assert "undocumented" not in docs


def test_help_shows_docs_units_limits_kinds_and_defaults(capsys):
    print_fields([Shown(Outer, ranges=True), Shown(Inner, "world")], "foreworld test")
    text = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "--rate FLOAT how fast (1/s; above 0; traced) (default: 0.00025)" in text
    assert "--sizes INT,... widths (static) (default: 32,64)" in text
    assert "--memory gru|none kind of memory" in text
    assert "--name TEXT a name without default (static) (required)" in text
    assert "static) (default: 6)" in text.partition("--inner.size INT")[2][:80]
    assert "--world.size INT side of the grid (cells; at least 1; static)" in text
    assert "low..high" in text
