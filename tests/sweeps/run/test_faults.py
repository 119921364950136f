"""kill -9 in the middle of studies: nothing lost, little repeated, the same bytes.

Real processes train a probe that takes about two seconds a chunk.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import foreworld as fw
from foreworld.core.disk.folder import read_json
from foreworld.core.errors import ForeworldError
from foreworld.launch.processes import Processes
from foreworld.sweeps.run.sweep import sweep
from foreworld.train.journal import segments_done, segments_repeated

STUDY = """
import foreworld as fw
from foreworld.testing.probes import ProbeLearner, ProbeWorld

learner = ProbeLearner(num_updates=40, work=1500)
study = fw.Study("slow", fw.Parameters(ProbeWorld(), learner), seeds=4)
"""
RUN = """
import sys
import foreworld as fw

workers = int(sys.argv[3]) or None
fw.sweep(sys.argv[1], out=sys.argv[2], width=2, workers=workers, quiet=True)
"""
PATIENCE = 120.0


@pytest.fixture(scope="module")
def study_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("studies") / "slow.py"
    path.write_text(STUDY)
    return path


@pytest.fixture(scope="module")
def undisturbed(study_file, tmp_path_factory):
    """Sealed bytes of the same plans, run without a fault; by number of workers."""
    folder = tmp_path_factory.mktemp("undisturbed")
    here = sweep(study_file, out=folder / "0", width=2, quiet=True)
    two = sweep(
        study_file, out=folder / "2", width=2, launcher=Processes(workers=2), quiet=True
    )
    return {0: sealed(here.path), 2: sealed(two.path)}


def sealed(folder):
    names = [*read_json(folder / "manifest.json")["files"], "manifest.json"]
    return {name: (folder / name).read_bytes() for name in names}


def start(study_file, folder, workers):
    command = [sys.executable, "-c", RUN, str(study_file), str(folder), str(workers)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def wait_for(condition, what):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.01)


def chunks(folder):
    return [folder / "chunks" / f"{index:03d}" for index in range(2)]


def under_way(folder, num_chunks):
    """Whether so many chunks are in the middle: begun and not done."""
    wait_for(
        lambda: sum(segments_done(c) >= 2 for c in chunks(folder)) >= num_chunks,
        "two segments",
    )


def children(pid):
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in path.read_text().split()]


def workers_of(process):
    wait_for(lambda: len(children(process.pid)) >= 2, "two workers")
    return children(process.pid)


def gone(pid):
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return True
    return stat.rpartition(")")[2].split()[0] == "Z"


def check_finished(folder, undisturbed, repeated):
    assert sealed(folder) == undisturbed
    assert fw.check(folder) == []
    again = [segments_repeated(chunk) for chunk in chunks(folder)]
    # At most the segment that a kill interrupted, in every chunk it hit.
    assert max(again) <= 1 and sum(again) <= repeated, again


def test_training_is_killed(study_file, undisturbed, tmp_path):
    process = start(study_file, tmp_path / "s", workers=0)
    under_way(tmp_path / "s", 1)
    process.kill()
    process.communicate()
    assert not (tmp_path / "s" / "manifest.json").exists()
    sweep(study_file, out=tmp_path / "s", quiet=True)
    check_finished(tmp_path / "s", undisturbed[0], repeated=1)


def test_a_worker_is_killed(study_file, undisturbed, tmp_path):
    process = start(study_file, tmp_path / "s", workers=2)
    victim = workers_of(process)[0]
    under_way(tmp_path / "s", 2)
    os.kill(victim, signal.SIGKILL)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said
    check_finished(tmp_path / "s", undisturbed[2], repeated=1)


def test_the_coordinator_alone_is_killed(study_file, undisturbed, tmp_path):
    process = start(study_file, tmp_path / "s", workers=2)
    workers = workers_of(process)
    under_way(tmp_path / "s", 2)
    process.kill()
    process.communicate()
    wait_for(lambda: all(gone(pid) for pid in workers), "the workers' end")
    assert not (tmp_path / "s" / "manifest.json").exists()
    sweep(study_file, out=tmp_path / "s", quiet=True)
    check_finished(tmp_path / "s", undisturbed[2], repeated=2)


def test_coordinator_and_workers_are_killed(study_file, undisturbed, tmp_path):
    process = start(study_file, tmp_path / "s", workers=2)
    workers = workers_of(process)
    under_way(tmp_path / "s", 2)
    for pid in (*workers, process.pid):
        os.kill(pid, signal.SIGKILL)
    process.communicate()
    sweep(study_file, out=tmp_path / "s", quiet=True)
    check_finished(tmp_path / "s", undisturbed[2], repeated=2)


def test_two_coordinators_at_once(study_file, undisturbed, tmp_path):
    """Together they do every segment once."""
    folder = tmp_path / "s"
    threads = [
        threading.Thread(
            target=sweep,
            args=(study_file,),
            kwargs={
                "out": folder,
                "width": 2,
                "launcher": Processes(workers=2),
                "quiet": True,
            },
        )
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    check_finished(folder, undisturbed[2], repeated=0)


def test_hopeless_workers_are_given_up(study_file, tmp_path, monkeypatch):
    """A worker that always fails does not keep the study busy for ever."""
    monkeypatch.setattr("foreworld.sweeps.run.sweep.ENTRY", "os:abort_now")
    with pytest.raises(ForeworldError, match="no task entry") as caught:
        sweep(study_file, out=tmp_path / "s", launcher=Processes(workers=1), quiet=True)
    assert "1 of 1 workers failed and " in str(caught.value)
