"""Odd words, files and numbers are answered in words."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from foreworld.cli.main import main

FILE = "class NotAPart:\n    pass\n"
LEAVES = "import sys\nsys.exit(3)\n"
LONG = "a" * 300


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "f.py").write_text(FILE)
    (tmp_path / "leaves.py").write_text(LEAVES)
    return tmp_path


CASES = {
    "show ./f.py:NotAPart": (
        2,
        "./f.py:NotAPart is no part of Foreworld: it derives from none of its classes. "
        "Begin with 'foreworld new world my_world.py', and change that.",
    ),
    "show ./leaves.py:X": (
        2,
        "leaves.py ends Python while it is imported: sys.exit(3) (line 2). Put what is "
        "to run only as a program under: if __name__ == '__main__'.",
    ),
    "sweep ./leaves.py": (2, "leaves.py ends Python while it is imported: sys.exit(3)"),
    "generate pendulum --out=": (2, "--out needs a value, and got an empty one."),
    "train ppo --on tmaze --seeds 100000000": (
        2,
        "study 'tmaze_ppo' would have 100,000,000 runs, 100,000,000 of each point; at "
        "most 1,000,000 can be planned. Take fewer seeds or values.",
    ),
    f"show {LONG}": (
        2,
        f"unknown world, user, learner, network, launcher, tracker or set '{LONG}",
    ),
    f"check {LONG}": (2, f"unknown folder or study '{LONG}"),
    f"generate pendulum --train 1 --out {LONG}": (1, "has 300 letters"),
}


@pytest.mark.parametrize(("words", "expected"), CASES.items())
def test_what_is_said(here, capsys, words, expected):
    code, message = expected
    assert main(words.split()) == code
    assert message in capsys.readouterr().err
    assert not list(here.glob("runs/*")) + list(here.glob("data/*"))


def test_an_empty_word_for_out(here, capsys):
    assert main(["generate", "pendulum", "--out", ""]) == 2
    assert "--out needs a value, and got an empty one." in capsys.readouterr().err


def test_home_in_out_and_columns_without_a_place(here, monkeypatch, capsys):
    monkeypatch.setenv("HOME", str(here / "home"))
    size = "--train 2 --val 0 --test 0 --num-frames 3 --image-size 4 --derivatives true"
    assert main(["generate", "pendulum", *size.split(), "--out=~/d", "--quiet"]) == 0
    capsys.readouterr()
    assert main(["export", "~/d", "--to", "npz-slvm", "--out=~/x"]) == 0
    assert (here / "home" / "x" / "train.npz").exists()
    assert (
        "left out, as npz-slvm has no place for them: derivative. They stay in"
        in capsys.readouterr().err
    )


ODD = """
import numpy as np
import foreworld as fw

def said(work):
    try:
        print("fine", work())
    except Exception as error:
        print(type(error).__name__, str(error).partition(" Episodes of")[0])

split = fw.load("d").train
episodes = split.episodes(num_context=1)
said(lambda: episodes.item(0, 1.5))
said(lambda: episodes.item(0, 99))
said(lambda: episodes.item(0, np.int8(1))["index"] >= 0)
said(lambda: episodes.batch(0, [0.5]))
said(lambda: episodes.batch(0, 1))
said(lambda: episodes.batch(0, [-1]))
said(lambda: episodes.batch("a", [0]))
said(lambda: episodes.sample(0, 1.5))
said(lambda: episodes.sample(0, -1))
said(lambda: fw.load("d").with_states("truncate", 1.5))
said(lambda: episodes.__getitems__([0, 1]))
"""


def test_odd_numbers_as_people_meet_them(here):
    size = "--train 4 --val 0 --test 0 --num-frames 2 --image-size 4 --quiet --out d"
    assert main(["generate", "pendulum", *size.split()]) == 0
    done = subprocess.run(
        [sys.executable, "-c", ODD], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [
        "ConfigError position: expected a whole number, got 1.5 (float).",
        "IndexError there is no query 99 in an episode of",
        "fine True",
        "ConfigError position: expected whole numbers, got float64 values.",
        "ConfigError position: expected a list of numbers, got 1.",
        "IndexError there is no query -1 in an episode of",
        "ConfigError episode: expected a whole number, got 'a' (str).",
        "ConfigError num: expected a whole number, got 1.5 (float).",
        "ConfigError num=-1 must be at least 0 and at most 100000000.",
        "ConfigError num_columns: expected a whole number, got 1.5 (float).",
        "ConfigError episodes cannot be given to a DataLoader of PyTorch, which would "
        "put all queries of several episodes into one batch. Take "
        "episodes.loader(batch_size).torch(num_workers=...).",
    ]


GYM = """
import numpy as np
from foreworld.gym import to_gymnasium

env = to_gymnasium("tmaze")
first, _ = env.reset(seed=np.int64(3))
again, _ = env.reset(seed=3)
assert np.array_equal(first, again)
try:
    env.reset(seed=1.5)
except Exception as error:
    print(type(error).__name__, error)
"""


def test_seeds_of_numpy(here):
    pytest.importorskip("gymnasium")
    done = subprocess.run(
        [sys.executable, "-c", GYM], capture_output=True, text=True, check=True
    )
    assert "ConfigError seed: expected" in done.stdout


def test_help_on_a_terminal_is_plain(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert main(["show", "pendulum", "-h"]) == 0
    said = capsys.readouterr().out
    assert "--friction" in said
    assert "\x1b" not in said
    assert "\\x1b" not in said
