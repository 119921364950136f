"""The order of frames: by value, by the alphabet, or refused."""

from pathlib import Path

import pytest

from foreworld.core.errors import ConfigError
from foreworld.data.exchange.recordings.account import Account
from foreworld.data.exchange.recordings.order import in_order


def ordered(names: str) -> tuple[str, list[str]]:
    """Names in their order, and what is said of it."""
    account = Account()
    files = [Path("v") / f"{name}.png" for name in names.split()]
    found = in_order(Path("v"), files[::-1], account)
    return " ".join(path.stem for path in found), list(account.notes)


@pytest.mark.parametrize(
    "names",
    [
        "f1 f2 f3 f4 f5 f6 f7 f8 f9 f10",
        "-2 -1 0 +1",
        "f_-2 f_-1 f_0",
        "\N{MINUS SIGN}2 \N{MINUS SIGN}1 0 1",
        "clip-1 clip-2 clip-3",
        "2024-01-05-001 2024-01-05-002",
        "12.30.59 12.31.00 12.31.01",
        "t0.05 t0.06 t0.07",
        "x_1_cam2 x_2_cam1 x_3_cam3",
        "²1 ²2",
        "s1e01 s1e02 s1e03",
    ],
)
def test_by_value_where_there_is_no_doubt(names: str) -> None:
    assert ordered(names) == (names, [])


@pytest.mark.parametrize(
    ("names", "why"),
    [
        ("t0.5 t0.25", "points divide numbers or are part of them"),
        ("t0,5 t0,25", "points divide numbers or are part of them"),
        ("f-2 f-1 f0 f1", "a minus or plus is a sign or a line"),
        ("f-1 f+1", "a minus or plus is a sign or a line"),
        ("1e-1 1e0 1e1", "an e divides numbers or is an exponent"),
        ("t1e-2 t1e-3", "an e divides numbers or is an exponent"),
        ("1e3 2e2", "an e divides numbers or is an exponent"),
        ("08 09 0a 0b", "numbers are decimal or hexadecimal"),
        ("one two three", "no number tells them apart"),
        ("first second third", "no number tells them apart"),
        ("jan1 feb1", "no number tells them apart"),
        ("left1 left2 right1 right2", "no number tells them apart"),
        ("A b", "no number tells them apart"),
        ("0 1 background", "no number tells them apart"),
        ("1 1_mask 2 2_mask", "no number tells them apart"),
        ("f_1 f-2", "no number tells them apart"),
    ],
)
def test_two_ways_are_refused(names: str, why: str) -> None:
    with pytest.raises(ConfigError, match=f"{why}. Number the frames from 0 with"):
        ordered(names)


def test_the_same_number_twice_is_refused() -> None:
    with pytest.raises(ConfigError, match="have the same name or number: it is not"):
        ordered("f1 f01")


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("f1 f3 f4", "after f1.png comes a step of 2 instead of 1; what moves"),
        ("f0 f1 f1000", "after f1.png comes a step of 999 instead of 1;"),
        ("f0 f2 f4 f5", "after f0.png comes a step of 2 instead of 1, and so 2 times;"),
        ("0 5 10 20", "after 10.png comes a step of 10 instead of 5;"),
        ("-2 -1 1", "after -1.png comes a step of 2 instead of 1;"),
        ("t0.1 t0.2 t0.4", "after t0.2.png comes a step of 2 instead of 1;"),
        ("a1_0 a1_1 a1_3 a2_0", "after a1_1.png comes a step of 2 instead of 1;"),
        ("a b c", "the alphabet where only a letter tells them apart: a.png before b."),
        ("0a 0b", "only a letter tells them apart: 0a.png before 0b.png."),
        ("a1 a2 b1", "only a letter tells them apart: a2.png before b1.png."),
        ("f f1 f2", "f.png in v has no number where f1.png has one, and is taken to"),
        ("f f-1 f-2", "f.png in v has no number where f-1.png has one, and is taken"),
    ],
)
def test_what_is_assumed_is_said(names: str, said: str) -> None:
    found, (note,) = ordered(names)
    assert found == names and said in note


def test_equal_steps_miss_nothing() -> None:
    for names in ("f0", "f3 f7", "f0 f5 f10", "f8 f9 f10"):
        assert ordered(names) == (names, [])
