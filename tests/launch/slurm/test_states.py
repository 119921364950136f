"""What Slurm's commands print, read without a Slurm."""

import os
import sys
import time

import pytest

from foreworld.core.errors import ForeworldError
from foreworld.launch.base import Task
from foreworld.launch.slurm import _watch as _slurm_watch
from foreworld.launch.slurm import slurm
from foreworld.launch.slurm._ends import how, signal_of
from foreworld.launch.slurm._tools import (
    SilentError,
    SlurmError,
    ask,
    failure,
    undisturbed,
)
from foreworld.launch.slurm._watch import (
    Found,
    Job,
    Watch,
    have_gone,
    parse_sacct,
    parse_scontrol,
)
from foreworld.launch.slurm.slurm import Slurm

SACCT = """\
12_0|foreworld-a|CANCELLED by 0|0:0|vm
12_1|foreworld-a|FAILED|0:9|vm
12_2|foreworld-a|RUNNING|0:0|vm
12_[3-7,9%2]|foreworld-a|PENDING|0:0|None assigned
13|some|body's|COMPLETED|0:0|vm
14|foreworld-b|CANCELLED by 7|0:0|None assigned

"""
SCONTROL = (
    "JobId=15 ArrayJobId=12 ArrayTaskId=3-7%2 JobName=foreworld-a UserId=root(0) "
    "JobState=PENDING Reason=JobArrayTaskLimit ExitCode=0:0 NodeList=(null) Name=x\n"
    "JobId=16 ArrayJobId=12 ArrayTaskId=2 JobName=foreworld-a JobState=RUNNING "
    "ExitCode=0:0 NodeList=vm BatchHost=vm\n"
    "JobId=17 JobName=foreworld-c JobState=TIMEOUT ExitCode=0:15 NodeList=vm\n"
)


@pytest.fixture
def answers(monkeypatch):
    """Answers of Slurm's commands by their first word; an error where there is none."""
    found = {}

    def answer(command):
        text = found.get(command[0], SilentError("nobody there"))
        if isinstance(text, Exception):
            raise text
        return text

    monkeypatch.setattr(_slurm_watch, "ask", answer)
    return found


def job(number, name="foreworld-a", age=1000.0):
    return Job(number, name, time.time() - age)


def test_sacct_is_read():
    known = parse_sacct(SACCT)
    assert known["12_0"] == Found("CANCELLED", "foreworld-a", "0:0", "vm", "0")
    assert known["12_1"].status == "0:9" and known["12_1"].state == "failed"
    assert known["12_*"].state == "waiting"
    assert known["13"].name == "some|body's" and known["13"].state == "done"


def test_scontrol_is_read():
    known = parse_scontrol(SCONTROL)
    assert set(known) == {"12_*", "12_2", "17"}
    assert known["12_*"].state == "waiting" and known["12_*"].name == "foreworld-a"
    assert known["12_2"] == Found("RUNNING", "foreworld-a", "0:0", "vm")
    assert known["17"].word == "TIMEOUT"


def test_tasks_are_found_in_what_is_said_of_their_array(answers):
    answers["sacct"] = SACCT
    watch, look = Watch(), {}
    for number in ("12_2", "12_5", "12_1"):
        look[number] = watch.look(job(number), 60).state
    assert look == {"12_2": "running", "12_5": "waiting", "12_1": "failed"}
    # Of an array that was cancelled before it began the number alone is left.
    assert watch.look(job("14_3", "foreworld-b"), 60).by == "7"


def test_numbers_of_somebody_elses_jobs_are_not_ours(answers):
    answers["sacct"], answers["scontrol"] = SACCT, SCONTROL
    assert Watch().look(job("13", age=1.0), 60).state == "waiting"
    found = Watch().look(job("13"), 60)
    assert how(found).startswith("is not known to Slurm any more")


def test_where_slurm_is_silent_the_last_word_holds(answers):
    answers["sacct"] = SACCT
    watch = Watch()
    assert watch.look(job("12_2"), 60).state == "running"
    del answers["sacct"]
    assert watch.look(job("12_2"), 0).state == "running"
    # sacct is left alone for a while, and scontrol answers meanwhile.
    answers["scontrol"] = SCONTROL.replace("RUNNING", "COMPLETED")
    assert watch.look(job("12_2"), 0).state == "done"
    assert not have_gone([job("12_2")])
    answers["squeue"] = SlurmError("Invalid job id specified")
    assert have_gone([job("12_2")])


def test_slurm_is_not_asked_all_the_time(answers, monkeypatch):
    calls = []
    monkeypatch.setattr(
        _slurm_watch, "ask", lambda command: (calls.append(command), SACCT)[1]
    )
    watch, jobs = Watch(), [job(f"12_{i}") for i in range(8)]
    watch.follow(jobs)
    for _ in range(5):
        assert all(watch.look(one, 60).word for one in jobs)
    assert len(calls) == 1
    assert calls[0][0] == "sacct" and calls[0][-2:] == ["-j", "12"]


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (Found("FAILED", status="1:0"), "failed with exit status 1"),
        (Found("FAILED", status="0:11"), "was killed by signal 11"),
        (Found("FAILED", status="137:0"), "was killed by signal 9 (often a lack of"),
        (Found("OUT_OF_MEMORY", status="0:125"), "needed more memory than it had ask"),
        (Found("PREEMPTED"), "had to make room for another job"),
        (Found("CANCELLED", by="0"), "was cancelled by root (scancel)"),
        (Found("CANCELLED", by="4000000"), "was cancelled by user 4000000 (scancel)"),
        (Found("REVOKED"), "ended as REVOKED"),
    ],
)
def test_ends_in_sentences(found, words):
    assert how(found).startswith(words)
    assert found.state == "failed"


def test_signals():
    assert [signal_of(s) for s in ("0:9", "137:0", "1:0", "0:0", "")] == [9, 9, 0, 0, 0]


def test_errors_of_commands_in_one_sentence(tmp_path, monkeypatch):
    said = "sbatch: error: Batch job submission failed: Invalid account\n\n"
    assert str(failure(said * 2, "sbatch")) == (
        "Batch job submission failed: Invalid account"
    )
    assert str(failure("", "sbatch")) == "sbatch failed and said nothing"
    assert isinstance(
        failure("x: Unable to contact slurm controller (y)", "sbatch"), SilentError
    )
    with pytest.raises(SilentError, match="no configuration here"):
        raise failure("Could not establish a configuration source", "scontrol")
    (tmp_path / "sacct").write_text("#!/bin/sh\nsleep 60\n")
    (tmp_path / "sacct").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr("foreworld.launch.slurm._tools._PATIENCE", 0.1)
    with pytest.raises(ForeworldError, match=r"sacct said nothing for 0\.1 s"):
        ask(["sacct"])


def test_variables_that_sbatch_would_prefer_are_hidden(monkeypatch):
    for name in ("SLURM_JOB_ID", "SBATCH_PARTITION", "SBATCH_ACCOUNT"):
        monkeypatch.setenv(name, "x")
    with undisturbed({"partition": "long"}):
        assert "SLURM_JOB_ID" not in os.environ
        assert "SBATCH_PARTITION" not in os.environ
        assert os.environ["SBATCH_ACCOUNT"] == "x"
    assert os.environ["SLURM_JOB_ID"] == os.environ["SBATCH_PARTITION"] == "x"


def test_without_submitit(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "submitit", None)
    launcher = Slurm(cpus=3)
    assert (launcher.num_workers, launcher.num_threads) == (4, 3)
    monkeypatch.setattr(slurm, "site_array_len", lambda: 10)
    with pytest.raises(ForeworldError, match=r"needs submitit: .* pip install"):
        launcher.submit([Task("tasks:hang", tmp_path)])
    assert not (tmp_path / "logs" / "slurm").exists()
