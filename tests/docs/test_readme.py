"""The README: its commands and its Python at reduced sizes, every link."""

import re
import shutil
import signal
import subprocess
import sys
from typing import Any

import pytest

import foreworld as fw
from foreworld.cli.main import main
from foreworld.sweeps.study.study import single
from tests.docs.blocks import ROOT, blocks, commands, links

SMALLER = {
    "--train": "20",
    "--val": "8",
    "--test": "8",
    "--total-steps": "1024",
    "--seeds": "2",
}
"""Values that options of the README's commands take here, where they have others."""
SHORTER = {"rnn_deconvolve": ["--num-updates", "2"]}
"""What is added to commands with a word, to shorten them."""
PAGES = sorted(
    path
    for path in ROOT.rglob("*.md")
    if not {".venv", "node_modules", ".pytest_cache"} & set(path.parts)
    and path.relative_to(ROOT).parts[0] != "shared"
)


def smaller(words: list[str]) -> list[str]:
    """A command with the values of some options reduced, and nothing else changed."""
    out = [*words, *(more for word in words for more in SHORTER.get(word, []))]
    for place, word in enumerate(words[:-1]):
        if word in SMALLER:
            out[place + 1] = SMALLER[word]
    return out


(SHOWN,) = (b for b in blocks(ROOT / "README.md") if "foreworld list" in b.text)
COMMANDS = [words for words in commands(SHOWN) if words[0] != "."]


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    """Where the README's commands are run, one after the other."""
    folder = tmp_path_factory.mktemp("reader")
    shutil.copytree(ROOT / "studies", folder / "studies")
    for path in (folder / "studies").rglob("tmaze_10_ppo.py"):
        text = path.read_text()
        assert "total_steps=200_000" in text and "seeds=5" in text
        text = text.replace("total_steps=200_000", "total_steps=2048")
        path.write_text(text.replace("seeds=5", "seeds=2"))
    return folder


@pytest.mark.parametrize("number", range(len(COMMANDS)))
def test_commands(number, reader, monkeypatch, capsys):
    monkeypatch.chdir(reader)
    monkeypatch.setenv("FOREWORLD_HOME", str(reader))
    program, *words = COMMANDS[number]
    assert program == "foreworld"
    if words[0] == "play":
        trained = next(reader.glob("runs/last_action_ppo-*"), "")
        play([trained if "/" in word else word for word in words])
        return
    assert main(smaller(words)) == 0, capsys.readouterr().err
    if words[0] == "check":
        said = capsys.readouterr().out
        assert "data/pendulum: complete and unaltered." in said


def test_what_the_commands_left(reader):
    assert {"generate", "train", "sweep", "best", "report"} <= {w[1] for w in COMMANDS}
    assert list(reader.glob("runs/tmaze_10_ppo-*/report.html"))
    assert (reader / "my_world.py").is_file()


def play(words: list[Any]) -> None:
    """Live play says its address first; then Ctrl-C ends it."""
    program = [sys.executable, "-m", "foreworld.cli.main", *map(str, words)]
    process = subprocess.Popen(
        [*program, "--no-open"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        assert "http://127.0.0.1:" in process.stdout.readline()
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


def test_the_folder_of_the_run_is_the_one_that_is_named():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "train ppo --on last_action --world.world tmaze --world.length 10" in readme
    parameters = fw.Parameters(
        fw.worlds.LastAction(fw.worlds.TMaze(length=10)),
        fw.learners.PPO(network=fw.networks.GRU(hidden_size=32)),
        learning_rate=2.5e-3,
        total_steps=200_000,
    )
    assert f"play runs/{single(parameters, 4).folder_name} " in readme


def test_python_as_printed_but_smaller(tmp_path):
    (block,) = (b for b in blocks(ROOT / "README.md") if b.language == "python")
    code = block.text
    for size, less in {"train=2000": "train=20", "steps=50_000": "steps=4096"}.items():
        assert size in code
        code = code.replace(size, less)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    shape, best = done.stdout.splitlines()[:2]
    assert shape.startswith("(30, 32, 32, 1) ")
    assert best.startswith("point ")


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for link in links(page):
        to, _, heading = link.partition("#")
        target = (page.parent / to).resolve() if to else page
        assert target.exists(), f"{page.name} points to {link}"
        if heading:
            text = target.read_text(encoding="utf-8").lower()
            titles = [
                re.sub(r"[^\w\- ]", "", line.lstrip("# "))
                for line in text.splitlines()
                if line[:1] == "#"
            ]
            assert heading in [title.replace(" ", "-") for title in titles], link
