"""Ctrl-C and SIGTERM in the middle: a clean message, and the same command goes on."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import foreworld as fw
from foreworld.cli.main import main
from foreworld.core.registry import address
from foreworld.sweeps.folder import StudyFolder
from foreworld.testing.probes import ProbeWorld, SlowProbeLearner
from foreworld.train.journal import segments_done

WORDS = [
    "train",
    address(SlowProbeLearner),
    "--on",
    address(ProbeWorld),
    "--sleep=0.02",
    "--num-updates=100",
    "--out=run",
    "--track=off",
]


@pytest.mark.parametrize(
    ("launch", "number", "code", "word"),
    [
        ("here", signal.SIGINT, 130, "interrupted"),
        ("processes", signal.SIGINT, 130, "interrupted"),
        ("here", signal.SIGTERM, 143, "terminated"),
        ("processes", signal.SIGTERM, 143, "terminated"),
    ],
)
def test_stop_and_go_on(launch, number, code, word, own_folder):
    words = [*WORDS, f"--launch={launch}"]
    process = subprocess.Popen(
        [sys.executable, "-m", "foreworld.cli.main", *words],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    chunk = Path("run/chunks/000")
    deadline = time.monotonic() + 120
    while segments_done(chunk) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(number)
    _, error = process.communicate(timeout=60)
    assert process.returncode == code, error
    assert f"foreworld: {word}. What is finished is kept" in error
    assert "Traceback" not in error
    done = segments_done(chunk)
    assert 2 <= done < 10
    assert main([*words, "--quiet"]) == 0
    study = StudyFolder("run")
    (entry,) = study.status()["chunks"]
    assert entry["segments_done"] == entry["segments"]
    assert entry["segments_repeated"] <= 1
    assert fw.check("run") == []


class Dropping:
    """What is raised while this goes is dropped by Python."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __del__(self) -> None:
        signal.raise_signal(self.number)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_a_signal_that_python_drops_is_obeyed(number, code, monkeypatch, capsys):
    def work(words):
        Dropping(number)
        time.sleep(60)
        raise AssertionError("nothing stopped it")

    monkeypatch.setattr("foreworld.cli.main._dispatch", work)
    assert main(["list"]) == code
    assert "What is finished is kept" in capsys.readouterr().err
