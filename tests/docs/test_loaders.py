"""The page about loaders, run as it is printed."""

import os
import subprocess
import sys

from tests.docs.blocks import ROOT, blocks, commands

PAGE = ROOT / "docs" / "loaders.md"


def test_every_block_in_order(tmp_path):
    settings = {name: v for name, v in os.environ.items() if name != "FOREWORLD_HOME"}
    said = {}
    for block in blocks(PAGE):
        if block.file:
            (tmp_path / block.file).write_text(block.text)
            runs = [[sys.executable, block.file]]
        else:
            program = [sys.executable, "-m", "foreworld.cli.main"]
            runs = [[*program, *words[1:]] for words in commands(block)]
        for words in runs:
            done = subprocess.run(
                words,
                cwd=tmp_path,
                env=settings,
                capture_output=True,
                text=True,
                timeout=280,
            )
            assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
            said[block.file or words[-1]] = done.stdout.splitlines()
    text = PAGE.read_text(encoding="utf-8")
    assert f"The first line is `{said['sequences.py'][0]}`" in text
    assert said["episodes.py"][1] == "(3, 5) (165,)"
    assert said["episodes.py"][-1] == "(3, 5, 30, 4)"
    assert said["windows.py"][0].startswith("7,950 train samples: 3 + 1 windows of 7")
    assert "'domains': (64, 3, 7, 10)" in said["windows.py"][-1]
