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
from foreworld.testing.probes import ProbeLearner, ProbeWorld, SlowProbeLearner
from foreworld.train.journal import is_compiling, segments_done

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
        ("processes", signal.SIGTERM, 143, "terminated"),
        # Each launcher and each signal once; and at length the other pairs of them.
        pytest.param(
            *("processes", signal.SIGINT, 130, "interrupted"), marks=pytest.mark.slow
        ),
        pytest.param(
            *("here", signal.SIGTERM, 143, "terminated"), marks=pytest.mark.slow
        ),
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
    assert entry["updates_done"] == entry["updates"]
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


STUCK = """
import sys, time
import jax.stages
from foreworld.cli.main import main

jax.stages.Lowered.compile = lambda self, **options: time.sleep(600)
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_a_compiler_is_not_waited_for(number, code, own_folder):
    """The case `disable_jit_cannot_be_stopped`."""
    process = subprocess.Popen(
        [sys.executable, "-c", STUCK, "train", address(ProbeLearner), *WORDS[2:4]],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "FOREWORLD_CACHE": str(own_folder / "cache")},
    )
    deadline = time.monotonic() + 60
    while not any(map(is_compiling, Path("runs").glob("*/chunks/000"))):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    # By then it is in the compiler; a little sooner it would end all the same.
    time.sleep(1.0)
    process.send_signal(number)
    _, error = process.communicate(timeout=60)
    assert process.returncode == code, error
    assert "What is finished is kept" in error


ENDLESS = """
import sys
import jax
from foreworld.cli import main as front

@jax.jit
def endless(x):
    # Something that no compiler finds out to be endless.
    return jax.lax.while_loop(lambda x: x < 2, jax.numpy.sin, x)

def work(words):
    endless.lower(1.0).compile()
    print("going", flush=True)
    endless(1.0).block_until_ready()

front._dispatch = work
sys.exit(front.main(["list"]))
"""


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_a_program_is_not_waited_for(number, code):
    process = subprocess.Popen(
        [sys.executable, "-c", ENDLESS],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "going\n"
    # By then it is in the program.
    time.sleep(1.0)
    process.send_signal(number)
    _, error = process.communicate(timeout=60)
    assert process.returncode == code, error
    assert "What is finished is kept" in error


def test_programs_are_compiled_whatever_the_shell_says(own_folder):
    words = [*WORDS[:4], "--num-updates=2", "--out=run", "--track=off"]
    done = subprocess.run(
        [sys.executable, "-m", "foreworld.cli.main", *words, "--quiet"],
        capture_output=True,
        text=True,
        env={**os.environ, "JAX_DISABLE_JIT": "1"},
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("JAX_DISABLE_JIT is ignored: programs are compiled")
