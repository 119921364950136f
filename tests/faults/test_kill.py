"""kill -9 at random moments of real processes, again and again on the same folder."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from foreworld.testing.probes import ProbeLearner, ProbeWorld, SlowProbeLearner
from foreworld.train.journal import segments_done
from tests.faults.verbs import leftovers, sealed

STUDY = f"""
import foreworld as fw
from foreworld.testing.probes import {ProbeWorld.__name__}, {SlowProbeLearner.__name__}

base = fw.Parameters(ProbeWorld(), SlowProbeLearner(num_updates=30, sleep=0.01))
study = fw.Study("two", base, {{"hidden_size": [2, 3]}})
"""
RUN = "import sys; from tests.faults.test_kill import VERBS; VERBS[sys.argv[1]]()"
PATIENCE = 120.0
_ROOT = str(Path(__file__).parents[2])


def generate():
    import foreworld as fw

    family = ProbeWorld.family(target=fw.Uniform(0, 1))
    sizes = {"train": 10_000, "num_frames": 2, "shard_len": 250}
    fw.generate(family, "out", quiet=True, **sizes)


def train():
    import foreworld as fw

    learner = ProbeLearner(num_updates=60, work=1000)
    parameters = fw.Parameters(ProbeWorld(), learner)
    fw.run_experiment(parameters, seeds=2, out="out", quiet=True)


def sweep():
    import foreworld as fw

    fw.sweep("two.py", out="out", workers=2, quiet=True)


VERBS = {"generate": generate, "train": train, "sweep": sweep}
FILES = {"generate": "train/*.h5", "train": "chunks/*/*", "sweep": "chunks/*/*"}
"""What shows that the work has begun."""


def kill_at_random(verb, folder, dice):
    """Kill the command within a second of work; whether it had not ended before."""
    before = set(folder.glob(f"out/{FILES[verb]}"))
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, verb],
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{_ROOT}:{_ROOT}/src"},
    )
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and set(folder.glob(f"out/{FILES[verb]}")) == before:
        assert time.monotonic() < deadline, f"{verb} does not begin"
        time.sleep(0.002)
    time.sleep(dice.uniform(0, 0.3))
    process.kill()
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode in (0, -9), said
    return process.returncode == -9


def kills(verb, number, tmp_path_factory, monkeypatch):
    dice = random.Random(f"{verb} {number}")

    def place():
        folder = tmp_path_factory.mktemp(verb)
        (folder / "two.py").write_text(STUDY)
        return folder

    monkeypatch.chdir(undisturbed := place())
    VERBS[verb]()
    expected = sealed(undisturbed / "out")
    folder, killed = place(), 0
    for _ in range(number):
        alive = kill_at_random(verb, folder, dice)
        killed += alive
        if not alive:
            assert sealed(folder / "out") == expected
            folder = place()
    monkeypatch.chdir(folder)
    VERBS[verb]()
    assert sealed(folder / "out") == expected
    assert leftovers(folder / "out") == []
    assert killed >= number // 2
    for chunk in folder.glob("out/chunks/*"):
        assert segments_done(chunk) == 10


@pytest.mark.parametrize("verb", VERBS)
def test_killed_at_some_moments(verb, tmp_path_factory, monkeypatch):
    kills(verb, 4, tmp_path_factory, monkeypatch)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("verb", VERBS)
def test_killed_at_a_hundred_moments(verb, tmp_path_factory, monkeypatch):
    kills(verb, 100, tmp_path_factory, monkeypatch)
