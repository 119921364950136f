"""Worker processes: pinned, single-threaded, in turn; how they end."""

import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from foreworld.core.errors import ConfigError
from foreworld.launch.base import Task
from foreworld.launch.here import Here
from foreworld.launch.processes import Processes

LOOK = """
import json, os, time

def look(folder):
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    names = ("OMP_NUM_THREADS", "XLA_FLAGS")
    found = {"cores": cores, **{name: os.environ.get(name) for name in names}}
    (folder / "seen.json").write_text(json.dumps(found))

def sleep(folder):
    (folder / "begun").write_text("")
    time.sleep(600)
"""


@pytest.fixture
def entries(tmp_path, monkeypatch):
    """A module that workers can import."""
    code = tmp_path / "code"
    code.mkdir()
    (code / "looking.py").write_text(LOOK)
    monkeypatch.setenv("PYTHONPATH", str(code))
    monkeypatch.syspath_prepend(code)
    return tmp_path


def wait_for(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def ended(handle):
    return handle.state() not in ("waiting", "running")


def folders(parent, count):
    found = [parent / f"task{i}" for i in range(count)]
    for folder in found:
        folder.mkdir()
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="cores are pinned on Linux only")
def test_workers_are_pinned_and_single_threaded(entries, monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "--xla_dump_to=")
    places = folders(entries, 3)
    launcher = Processes(workers=2)
    handles = launcher.submit([Task("looking:look", p) for p in places])
    states = [handle.state() for handle in handles]
    assert states[2] == "waiting"
    wait_for(lambda: all(ended(handle) for handle in handles))
    seen = [json.loads((place / "seen.json").read_text()) for place in places]
    assert all(len(s["cores"]) == 1 for s in seen)
    mine = sorted(os.sched_getaffinity(0))
    assert seen[0]["cores"] == [mine[0]]
    assert seen[1]["cores"] == [mine[1 % len(mine)]]
    assert {s["OMP_NUM_THREADS"] for s in seen} == {"1"}
    assert {s["XLA_FLAGS"] for s in seen} == {
        "--xla_dump_to= --xla_cpu_multi_thread_eigen=false"
    }
    assert not list((places[0] / "logs").iterdir())


def test_number_of_workers():
    assert Processes(workers=3).num_workers == 3
    assert Processes().num_workers >= 1
    assert (Processes().num_threads, Here().num_threads) == (1, 0)
    with pytest.raises(ConfigError, match=r"Processes.workers=-1 must be at least 0"):
        Processes(workers=-1)


def test_cancel_and_kill(entries):
    places = folders(entries, 3)
    launcher = Processes(workers=2)
    handles = launcher.submit([Task("looking:sleep", p) for p in places])
    wait_for(lambda: all((p / "begun").exists() for p in places[:2]))
    handles[2].cancel()
    handles[0].cancel()
    assert handles[0].state() == handles[2].state() == "cancelled"
    assert handles[1].state() == "running" and handles[1].error() == ""
    os.kill(handles[1].pid, signal.SIGKILL)
    wait_for(lambda: ended(handles[1]))
    assert handles[1].state() == "failed"
    assert handles[1].error() == (
        "worker process ended: killed by signal 9 (often a lack of memory: use fewer "
        "workers or a smaller width)"
    )
    assert not (places[2] / "begun").exists()


def test_unknown_entries_are_named(tmp_path):
    for entry in ("nowhere:work", "os:nothing", "os"):
        (handle,) = Here().submit([Task(entry, tmp_path)])
        assert handle.state() == "waiting"
        handle.run()
        assert handle.state() == "failed"
        assert f"no task entry '{entry}'" in handle.error()


def test_unexpected_errors_keep_their_traceback(tmp_path):
    (handle,) = Here().submit([Task("os:rmdir", tmp_path / "nothing")])
    handle.run()
    assert "FileNotFoundError" in handle.error()
    assert Path(tmp_path).exists()


def test_what_waits_here_need_not_begin(tmp_path):
    (tmp_path / "folder").mkdir()
    (handle,) = Here().submit([Task("os:rmdir", tmp_path / "folder")])
    handle.cancel()
    handle.run()
    assert handle.state() == "cancelled" and (tmp_path / "folder").exists()
