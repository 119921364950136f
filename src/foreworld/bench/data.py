"""Speed of data generation: pendulum sequences to disk, steady and from a cold start.

Every measurement runs in a process of its own, in an empty folder, as a person would
start it. Cold processes have an empty compilation cache.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from foreworld.bench.base import Measured, Row
from foreworld.core.errors import ForeworldError

NUM_SEQUENCES = 16_000
"""Sequences of 30 frames of 32x32, in three splits."""
NUM_RUNS = 3
_LIMIT_SECONDS = 600

_PROGRAM = """
import json, shutil, sys, time
begun = time.perf_counter()
import foreworld as fw
from foreworld.data.check import check_dataset
from foreworld.bench.data import peak_megabytes, recipe_of

out, kind, num, repeats = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
what, sizes = recipe_of(kind, num)
compile_s = 0.0
if repeats > 1:
    before = time.perf_counter()
    fw.generate(what, out + "/warm", train=250, quiet=True)
    compile_s = time.perf_counter() - before
seconds = []
for run in range(repeats):
    folder = f"{out}/{run}"
    before = time.perf_counter()
    fw.generate(what, folder, quiet=True, **sizes)
    seconds.append(time.perf_counter() - before)
    if repeats == 1:
        problems = check_dataset(folder)
        if problems:
            raise SystemExit(problems[0])
    shutil.rmtree(folder)
print(json.dumps({
    "seconds": seconds,
    "compile_s": compile_s,
    "whole": time.perf_counter() - begun,
    "megabytes": peak_megabytes(),
}))
"""


def recipe_of(kind: str, num: int) -> tuple[object, dict[str, int]]:
    """What the rows generate: ``"family"`` or ``"plain"``, and the sizes of splits."""
    import foreworld as fw

    plain = fw.make("pendulum")
    family = type(plain).family(
        mass=fw.Uniform(0.5, 1.0),
        length=fw.Uniform(0.5, 1.0),
        friction=fw.Uniform(0.0, 0.1),
    )
    sizes = {"train": num - 2 * (num // 8), "val": num // 8, "test": num // 8}
    return (family if kind == "family" else plain), sizes


def peak_megabytes() -> float:
    """Peak memory of this process, in MiB."""
    status = Path("/proc/self/status")
    if status.exists():
        # Not ru_maxrss: on Linux a child starts with the peak of its parent.
        lines = status.read_text().splitlines()
        return next(int(x.split()[1]) for x in lines if x.startswith("VmHWM")) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


def steady(num: int = NUM_SEQUENCES, runs: int = NUM_RUNS) -> Measured:
    """Sequences a second to disk, in a process that has compiled its program."""
    told = _in_process("family", num, runs, cache=None)
    return Measured([num / s for s in told["seconds"]], told["compile_s"])


def cold(num: int = NUM_SEQUENCES, runs: int = NUM_RUNS) -> Measured:
    """Seconds of a whole process: imports, compiling, writing, checking."""
    return Measured([_whole(num, cache=None) for _ in range(runs)], 0.0)


def warm(num: int = NUM_SEQUENCES, runs: int = NUM_RUNS) -> Measured:
    """The same where an earlier process has left its compilation cache."""
    with tempfile.TemporaryDirectory() as cache:
        first = _whole(num, cache)
        values = [_whole(num, cache) for _ in range(runs)]
    return Measured(values, max(first - min(values), 0.0))


def memory(num: int = NUM_SEQUENCES, runs: int = NUM_RUNS) -> Measured:
    """Peak memory of a whole process, in MiB."""
    told = [_in_process("plain", num, 1, cache=None) for _ in range(runs)]
    return Measured([one["megabytes"] for one in told], 0.0)


def _whole(num: int, cache: str | None) -> float:
    return _in_process("plain", num, 1, cache)["elapsed"]


def _in_process(kind: str, num: int, repeats: int, cache: str | None) -> dict:
    """Run the program; ``elapsed`` is the time from its start to its end."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "FOREWORLD_CACHE": cache or f"{folder}/cache"}
        out = Path(folder) / "out"
        words = [str(out), kind, str(num), str(repeats)]
        begun = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM, *words],
            env=environment,
            capture_output=True,
            text=True,
            timeout=_LIMIT_SECONDS,
        )
        elapsed = time.perf_counter() - begun
    if done.returncode:
        raise ForeworldError(f"the benchmark failed: {done.stderr.strip()[-2000:]}")
    return {**json.loads(done.stdout.splitlines()[-1]), "elapsed": elapsed}


ROWS = {
    "data/pendulum/steady": Row("sequences/s", "higher", steady),
    "data/pendulum/cold": Row("s", "lower", cold),
    "data/pendulum/warm": Row("s", "lower", warm),
    "data/pendulum/memory": Row("MiB", "lower", memory),
}
"""Rows of ``foreworld bench data``."""
