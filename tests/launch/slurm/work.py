"""Tasks that jobs run in tests, and what tests do to the jobs."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from foreworld.launch.slurm.slurm import Slurm

TASKS = """
import json, os, sys, time

NAMES = ("OMP_NUM_THREADS", "NPROC", "XLA_FLAGS", "PYTHONPATH", "FOREWORLD_WORD")

def look(folder):
    found = {name: os.environ.get(name) for name in NAMES}
    found |= {"python": sys.executable, "cwd": os.getcwd()}
    found["limit"] = os.environ["SLURM_JOB_ID"]
    (folder / "seen.json").write_text(json.dumps(found))

def hang(folder):
    (folder / f"begun-{os.getpid()}").write_text("")
    print("thinking")
    while not (folder / "free").exists():
        time.sleep(0.05)

def hold(folder):
    from foreworld.core.disk.lease import lease

    with lease(folder / "lock") as mine:
        assert mine
        hang(folder)

def count(folder):
    name = os.environ["SLURM_ARRAY_JOB_ID"] + "_" + os.environ["SLURM_ARRAY_TASK_ID"]
    (folder / "done" / name).write_text("")

def stumble(folder):
    raise ValueError("a stone")
"""
PATIENCE = 60.0


def small(**fields) -> Slurm:
    """A launcher for a small machine, which asks often."""
    return Slurm(**{"memory_gb": 0.25, "poll_seconds": 0.2, **fields})


def wait_for(condition, what: str, patience: float = PATIENCE):
    """The first result of a condition that holds."""
    deadline = time.monotonic() + patience
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.05)
    return found


def ended(handle) -> bool:
    return handle.state() not in ("waiting", "running")


def begun(folder: Path) -> list[int]:
    """Process numbers of the tasks that hang."""
    return [int(path.name.partition("-")[2]) for path in folder.glob("begun-*")]


def job_processes(folder: Path) -> list[int]:
    """Processes of jobs whose logs lie in a folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            words = (path / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if "submitit.core._submit" in words and str(folder) in words:
            found.append(int(path.name))
    return found


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def sealed(folder: Path) -> dict[str, bytes]:
    """The bytes of a finished folder."""
    names = json.loads((folder / "manifest.json").read_text())["files"]
    return {name: (folder / name).read_bytes() for name in [*names, "manifest.json"]}
