"""The tutorial, run as it is printed."""

import os
import subprocess
import sys
from pathlib import Path

from foreworld.core.disk.folder import read_json
from foreworld.core.parts.config import from_dict
from foreworld.sweeps.study.study import Study
from tests.docs.blocks import ROOT, blocks, commands

TUTORIAL = ROOT / "docs" / "tutorial.md"


def run(words: list[str], folder: Path) -> str:
    settings = {**os.environ, "PYTHONPATH": str(folder)}
    settings.pop("FOREWORLD_HOME", None)
    done = subprocess.run(
        words, cwd=folder, env=settings, capture_output=True, text=True, timeout=250
    )
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_every_block_in_order(tmp_path):
    said: dict[str, str] = {}
    for block in blocks(TUTORIAL):
        if block.file:
            path = tmp_path / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text)
            compile(block.text, block.file, "exec")
        elif block.language == "python":
            said["python"] = run([sys.executable, "-c", block.text], tmp_path)
        else:
            assert block.language == "sh"
            for words in commands(block):
                assert words[0] == "foreworld"
                program = [sys.executable, "-m", "foreworld.cli.main"]
                what = " ".join(words[1:3])
                said[what] = said.get(what, "") + run([*program, *words[1:]], tmp_path)
    _look(tmp_path, said)


def _look(folder: Path, said: dict[str, str]) -> None:
    """What the text promises is there."""
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
