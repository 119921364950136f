"""The page about loaders, run as it is printed."""

import os
import subprocess
import sys

import pytest

from tests.docs.blocks import ROOT, blocks, commands

PAGE = ROOT / "docs" / "loaders.md"


STEPS = [
    (block.file or words[-1], block, words)
    for block in blocks(PAGE)
    for words in ([[]] if block.file else commands(block))
]
"""Files, and commands by their last word, in order."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("loaders")


@pytest.fixture(scope="module")
def said():
    return {}


@pytest.mark.parametrize("number", range(len(STEPS)))
def test_every_step_in_order(number, folder, said):
    name, block, words = STEPS[number]
    if block.file:
        (folder / block.file).write_text(block.text)
        program = [sys.executable, block.file]
    else:
        program = [sys.executable, "-m", "foreworld.cli.main", *words[1:]]
    settings = {name: v for name, v in os.environ.items() if name != "FOREWORLD_HOME"}
    done = subprocess.run(
        program, cwd=folder, env=settings, capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, f"{program}\n{done.stdout}\n{done.stderr}"
    said[name] = done.stdout.splitlines()


def test_it_prints_what_the_page_says(said):
    text = PAGE.read_text(encoding="utf-8")
    assert f"The first line is `{said['sequences.py'][0]}`" in text
    assert said["episodes.py"][1] == "(3, 5) (165,)"
    assert said["episodes.py"][-1] == "(3, 5, 30, 4)"
    assert said["windows.py"][0].startswith("7,950 train samples: 3 + 1 windows of 7")
    assert "'domains': (64, 3, 7, 10)" in said["windows.py"][-1]
