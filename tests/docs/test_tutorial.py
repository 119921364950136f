"""The tutorial, run as it is printed, with a part of the training."""

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from foreworld.core.disk.folder import read_json
from foreworld.core.parts.config import from_dict
from foreworld.sweeps.study.study import Study
from tests.docs.blocks import ROOT, blocks, commands

TUTORIAL = ROOT / "docs" / "tutorial.md"


STEPS = [
    (block, words)
    for block in blocks(TUTORIAL)
    for words in ([block.file] if block.language == "python" else commands(block))
]
"""Blocks with a file or code, and each command of the others, in order."""


class Place(NamedTuple):
    """The folder that a reader works in, and what was said there."""

    folder: Path
    said: dict[str, str]


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Place:
    return Place(tmp_path_factory.mktemp("tutorial"), {})


@pytest.mark.parametrize("number", range(len(STEPS)))
def test_every_step_in_order(number, place):
    block, words = STEPS[number]
    if block.file:
        path = place.folder / block.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text.replace("40_000", "10_000"))
        compile(block.text, block.file, "exec")
    elif block.language == "python":
        said = run([sys.executable, "-c", block.text], place.folder)
        place.said["python"] = said
    else:
        assert block.language == "sh" and words[0] == "foreworld"
        words = ["4" if word == "20" else word for word in words]
        program = [sys.executable, "-m", "foreworld.cli.main"]
        what = " ".join(words[1:3])
        said = run([*program, *words[1:]], place.folder)
        place.said[what] = place.said.get(what, "") + said


def run(words: list[str], folder: Path) -> str:
    # One machine for all steps: what was run in one is trusted in the next.
    machine = {"XDG_CONFIG_HOME": str(folder / ".config")}
    settings = {**os.environ, **machine, "PYTHONPATH": str(folder)}
    settings.pop("FOREWORLD_HOME", None)
    done = subprocess.run(
        words, cwd=folder, env=settings, capture_output=True, text=True, timeout=250
    )
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_what_the_text_promises_is_there(place):
    folder, said = place
    for picture in ("river.png", "preview/river.png", "preview/river.gif"):
        assert (folder / picture).stat().st_size > 100
    assert "River" in said["show ./river.py:River"]
    assert said["check data/river"] == "data/river: complete and unaltered.\n"
    assert "4 points, 12 runs in chunks of 12" in said["sweep river"]
    assert said["best river"].startswith("point ")
    assert "final of test_discounted_return" in said["best river"]
    report = Path(said["report river"].strip())
    assert report.parent.parent == folder / "runs"
    assert "river" in report.read_text(encoding="utf-8")
    study = from_dict(read_json(report.parent / "config.json")["study"])
    assert isinstance(study, Study) and len(study.points()) == 4
    assert said["python"].startswith("landed in column ")
