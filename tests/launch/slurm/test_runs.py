"""Data sets and studies on a real Slurm: the same bytes, whatever is killed."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import foreworld as fw
from foreworld.cli.main import main
from foreworld.core.disk.lease import held
from foreworld.core.errors import ForeworldError
from foreworld.launch.base import Task
from foreworld.launch.processes import Processes
from foreworld.launch.slurm._jobs import find_jobs
from foreworld.sweeps.run.sweep import sweep
from tests.launch.slurm.work import begun, ended, job_processes, sealed, small, wait_for

pytestmark = pytest.mark.usefixtures("overtime")
SIZES = {"train": 1000, "val": 64, "num_frames": 2, "chunk_len": 16, "shard_len": 64}
GENERATE = """
import json, sys
import foreworld as fw
from foreworld.launch.slurm.slurm import Slurm

launcher = Slurm(workers=2, memory_gb=1, poll_seconds=0.2, **json.loads(sys.argv[1]))
sizes = json.loads(sys.argv[2])
fw.generate("pendulum", "out", launcher=launcher, workers=2, quiet=False, **sizes)
"""
SWEEP = [
    *("-m", "foreworld.cli.main", "sweep", "slow.py", "--out=jobs", "--workers=2"),
    *("--launch=slurm", "--launch.memory-gb=1", "--launch.poll-seconds=0.2"),
]
SHARD, CHECKPOINT = "out/train/*.h5", "jobs/chunks/*/checkpoint-*"
STUDY = """
import foreworld as fw
from foreworld.testing.probes import ProbeLearner, ProbeWorld

learner = ProbeLearner(num_updates=20, work=1000)
study = fw.Study("slow", fw.Parameters(ProbeWorld(), learner), seeds=4)
"""


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """The data set as it comes out in this process."""
    folder = tmp_path_factory.mktemp("here") / "out"
    fw.generate("pendulum", folder, quiet=True, **SIZES)
    return sealed(folder)


@pytest.fixture
def study(own_folder):
    (own_folder / "slow.py").write_text(STUDY)
    return "slow.py"


@contextlib.contextmanager
def python(*words):
    """A command in a process of its own, which ends with the context."""
    with subprocess.Popen(
        [sys.executable, *words], stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def generating(**fields):
    return python("-c", GENERATE, json.dumps(fields), json.dumps(SIZES))


def first(process, pattern):
    """Wait for the first file of a pattern."""

    def found():
        assert process.poll() is None, process.stderr.read()
        return list(Path.cwd().glob(pattern))

    wait_for(found, pattern)


@contextlib.contextmanager
def standing_still(folder):
    """The processes of jobs stand still while the context lasts."""
    numbers = job_processes(folder)
    for number in numbers:
        os.kill(number, signal.SIGSTOP)
    try:
        yield numbers
    finally:
        for number in set(numbers) & set(job_processes(folder)):
            os.kill(number, signal.SIGCONT)


def said(process):
    """What it printed, when it has ended."""
    return process.communicate(timeout=100)[1]


def submissions(out):
    return {path.name for path in out.glob("logs/slurm/*")}


def test_a_data_set_survives_a_killed_job(slurm, here, own_folder):
    out = own_folder / "out"
    with generating() as process:
        first(process, SHARD)
        with standing_still(out) as numbers:
            os.kill(numbers[0], signal.SIGKILL)
        words = said(process)
    assert process.returncode == 0, words
    assert "lost: Slurm job " in words and "was killed by signal 9 (often a" in words
    assert sealed(out) == here
    assert list(out.glob("logs/slurm/*/*_log.out")), "the log of what failed is kept"


def test_a_killed_command_finds_its_jobs_again(slurm, here, own_folder):
    out = own_folder / "out"
    with generating() as process:
        first(process, SHARD)
        stack = contextlib.ExitStack()
        stack.enter_context(standing_still(out))
    with stack:
        before = submissions(out)
        assert len(before) == 1 and len(find_jobs(out)) == 2
        with generating() as process:
            lines = iter(process.stderr.readline, "")
            assert "2 workers of an earlier command are still there\n" in lines
            assert submissions(out) == before
            stack.close()
            words = said(process)
    assert process.returncode == 0, words
    assert sealed(out) == here
    assert submissions(out) == set(), "nothing new, and the old one is done"


@pytest.mark.parametrize("outlive", [False, True])
def test_interrupting_a_command(slurm, here, own_folder, outlive):
    out = own_folder / "out"
    with generating(outlive=outlive) as process:
        first(process, SHARD)
        with standing_still(out):
            process.send_signal(signal.SIGINT)
            assert "KeyboardInterrupt" in said(process)
            assert len(find_jobs(out)) == (2 if outlive else 0)
    if not outlive:
        wait_for(lambda: not job_processes(out), "the end of the jobs", 10)
        assert not (out / "manifest.json").exists()
        with generating() as process:
            assert "still there" not in said(process)
    wait_for((out / "manifest.json").exists, "the end")
    assert sealed(out) == here


def test_force_stops_earlier_jobs_and_rm_refuses(slurm, own_folder, capsys):
    out = own_folder / "out"
    with contextlib.ExitStack() as stack:
        with generating() as process:
            first(process, SHARD)
            stack.enter_context(standing_still(out))
        assert main(["rm", "out", "--yes"]) == 1
        assert "2 Slurm jobs work on it, such as " in capsys.readouterr().err
        fw.generate("pendulum", out, force=True, quiet=True, train=2, num_frames=2)
        assert not find_jobs(out) and not job_processes(out)
    assert [path.name for path in out.glob("train/*")] == ["shard-00000.h5"]


def test_nothing_is_lost_where_slurm_refuses(slurm, own_folder, monkeypatch):
    fw.generate("pendulum", "out", quiet=True, train=2, num_frames=2)
    before = sealed(own_folder / "out")
    slow = {"train": 4, "num_frames": 2, "force": True, "quiet": True}
    with pytest.raises(ForeworldError, match="Slurm refuses this job"):
        fw.generate("pendulum", "out", launcher=small(cpus=99), **slow)
    monkeypatch.setenv("PATH", str(own_folder))
    with pytest.raises(ForeworldError, match="'sbatch' is not here"):
        fw.generate("pendulum", "out", launcher=small(), **slow)
    assert sealed(own_folder / "out") == before


def test_a_study_on_slurm_and_on_processes(slurm, study, own_folder, capsys):
    jobs = own_folder / "jobs"
    with contextlib.ExitStack() as stack:
        with python(*SWEEP) as process:
            first(process, CHECKPOINT)
            stack.enter_context(standing_still(jobs))
        assert main(["status", "jobs", "--json"]) == 0
        found = json.loads(capsys.readouterr().out)["jobs"]
        assert [job["state"] for job in found] == ["running", "running"]
        assert main(["status", "jobs"]) == 0
        line = f"  Slurm job {found[0]['job']}: running on {slurm.host}\n"
        assert line in capsys.readouterr().out
        assert main(["cancel", "jobs"]) == 0
        assert "jobs has stopped: " in capsys.readouterr().out
        assert not find_jobs(jobs) and not job_processes(jobs)
        assert not (jobs / "manifest.json").exists()
    assert main(["cancel", "jobs"]) == 0
    assert "jobs is not running: " in capsys.readouterr().out
    launcher = small(workers=2, memory_gb=1)
    done = sweep(study, out="jobs", launcher=launcher, quiet=True)
    same = sweep(study, out="local", launcher=Processes(workers=2), quiet=True)
    assert sealed(done.path) == sealed(same.path)
    assert not submissions(jobs)


def test_a_job_of_a_study_that_somebody_cancels(slurm, study, own_folder):
    jobs = own_folder / "jobs"
    with python(*SWEEP) as process:
        first(process, CHECKPOINT)
        with standing_still(jobs):
            number = find_jobs(jobs)[0].job.number
            before = submissions(jobs)
            slurm.ask("scancel", number)
            # The work goes on when the loss was seen and made good, and not before.
            wait_for(lambda: submissions(jobs) - before, "another job")
        words = said(process)
    assert process.returncode == 0, words
    # Who it was is told by Slurm's accounting, which may hear of it later than we do.
    lost = f"lost: Slurm job {number} on {slurm.host} was cancelled by "
    assert lost + "root" in words or lost + "somebody (scancel)" in words, words
    assert (jobs / "manifest.json").exists()


def test_leases_of_jobs_keep_others_out(jobs):
    """The kernel keeps them for jobs as for processes, and gives them back."""
    (handle,) = small().submit([Task("tasks:hold", jobs)])
    wait_for(lambda: begun(jobs), "the job")
    assert held(jobs / "lock")
    os.kill(begun(jobs)[0], signal.SIGKILL)
    wait_for(lambda: ended(handle), "its end")
    assert not held(jobs / "lock")
