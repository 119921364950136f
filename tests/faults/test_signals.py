"""SIGINT and SIGTERM at many moments: a clean stop that says how to go on.

The commands run in this process, which signals itself when it changes the disk.
"""

import itertools
import os
import signal
import threading
import time

import pytest

from foreworld.cli.main import main
from foreworld.core.disk.gate import intercepted
from foreworld.core.registry import address
from foreworld.testing.probes import ProbeLearner, ProbeWorld, SlowProbeLearner
from tests.faults.verbs import leftovers, sealed

STUDY = """
import foreworld as fw
from foreworld.testing.probes import {learner}, ProbeWorld

base = fw.Parameters(ProbeWorld(), {learner}(num_updates=20{more}))
study = fw.Study("two", base, {{"hidden_size": [2, 3]}})
"""
WORLD = address(ProbeWorld)
GENERATE = ["generate", WORLD, "--num-frames=2", "--val=2", "--test=0"]
TRAIN = ["train", address(ProbeLearner), "--on", WORLD, "--num-updates=2"]
COMMANDS = {
    "generate": [*GENERATE, "--train=2", "--out=out"],
    "train": [*TRAIN, "--track=off", "--out=out"],
    "sweep": ["sweep", "two.py", "--track=off", "--out=out"],
}
SIGNALS = {
    signal.SIGINT: (130, "interrupted"),
    signal.SIGTERM: (143, "terminated"),
}


class Stopper:
    """Signals this process before its n-th change of the disk."""

    def __init__(self, number, what):
        self.calls, self.sent = 0, False
        self._number, self._what = number, what

    def __call__(self, operation, path, work):
        self.calls += operation != "read"
        if self.calls == self._number and not self.sent:
            self.sent = True
            os.kill(os.getpid(), self._what)
        return work()


def write_study(folder, learner="ProbeLearner", more=""):
    (folder / "two.py").write_text(STUDY.format(learner=learner, more=more))


def check_said(capsys, code, word):
    said = capsys.readouterr().err
    assert said.endswith(
        f"foreworld: {word}. What is finished is kept: run the same command again to "
        f"go on from there.\n"
    )
    assert "Traceback" not in said
    return code


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("verb", COMMANDS)
def test_a_command_is_stopped_here(
    verb, number, tmp_path_factory, monkeypatch, capsys, own_folder
):
    words = [*COMMANDS[verb], "--quiet"]
    write_study(own_folder)
    assert main(words) == 0
    expected = sealed(own_folder / "out")
    step = 37 if verb == "sweep" else 17
    # The two signals at other moments, too.
    for moment in itertools.count(1 if number == signal.SIGINT else step // 2, step):
        folder = tmp_path_factory.mktemp(f"{verb}{moment}")
        monkeypatch.chdir(folder)
        write_study(folder)
        with intercepted(stopper := Stopper(moment, number)):
            code = main(words)
        if not stopper.sent:
            break
        assert code == check_said(capsys, *SIGNALS[number])
        assert main(words) == 0
        assert sealed(folder / "out") == expected
        assert leftovers(folder / "out") == []
    assert moment > 20


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_report_is_stopped(number, capsys, own_folder):
    write_study(own_folder)
    assert main([*COMMANDS["sweep"], "--quiet"]) == 0
    page = own_folder / "out" / "report.html"
    code, word = SIGNALS[number]
    with intercepted(Stopper(2, number)):
        assert main(["report", "out", "--quiet"]) == code
    check_said(capsys, code, word)
    assert not page.exists()
    assert leftovers(own_folder / "out") == []
    assert main(["report", "out", "--quiet"]) == 0
    assert page.exists()


@pytest.mark.parametrize("verb", ["generate", "sweep"])
def test_workers_end_with_the_command(verb, tmp_path_factory, monkeypatch, capsys):
    """Training is the business of the tests of the command line."""
    words = {
        "generate": [*GENERATE, "--train=40000", "--out=out"],
        "sweep": COMMANDS["sweep"],
    }[verb]
    words = [*words, "--launch=processes", "--workers=2", "--quiet"]
    begun = {"generate": "out/train/*", "sweep": "out/chunks/*/checkpoint-*"}[verb]
    monkeypatch.chdir(folder := tmp_path_factory.mktemp("stopped"))
    write_study(folder, SlowProbeLearner.__name__, ", sleep=0.1")

    # Should the command be quicker than the signal, it is this test that fails.
    before = signal.signal(signal.SIGTERM, lambda *_: None)

    def stop():
        deadline = time.monotonic() + 120
        while not list(folder.glob(begun)) and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=stop)
    thread.start()
    code = main(words)
    thread.join()
    signal.signal(signal.SIGTERM, before)
    assert code == check_said(capsys, *SIGNALS[signal.SIGTERM])
    assert not (folder / "out" / "manifest.json").exists()
    assert main(words) == 0
    stopped = sealed(folder / "out")
    monkeypatch.chdir(other := tmp_path_factory.mktemp("undisturbed"))
    write_study(other, SlowProbeLearner.__name__, ", sleep=0.1")
    assert main(words) == 0
    assert sealed(other / "out") == stopped
