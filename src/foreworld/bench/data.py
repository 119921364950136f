"""Speed of data generation: sequences to disk, steady and from a cold start.

Rows are for the plain pendulum and for every named set. Sets are made at 16,000
sequences over all tasks (those of 256 frames at 800), series at their full length.

Every measurement runs in a process of its own, in an empty folder, as a person would
start it. Cold processes have an empty compilation cache.
"""

from __future__ import annotations

import json
import resource
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from foreworld.bench.base import Measured, Row, run_apart
from foreworld.data.sets.find import make_set, set_entries

NUM_SEQUENCES = 16_000
"""Sequences of 30 frames of 32x32, in three splits."""
NUM_LONG = 800
"""Sequences of 256 frames, in three splits."""
NUM_RUNS = 3
_SHORT = 100
"""Frames up to which sequences, not frames, are counted."""
_LIMIT_SECONDS = 600

_PROGRAM = """
import json, shutil, sys, time
begun = time.perf_counter()
import foreworld as fw
from foreworld.bench.data import peak_megabytes, recipe_of, warm_up

out, kind, num, repeats = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
what, sizes = recipe_of(kind, num)
compile_s = 0.0
if repeats > 1:
    before = time.perf_counter()
    fw.generate(what, out + "/warm", quiet=True, **warm_up(kind))
    compile_s = time.perf_counter() - before
seconds = []
for run in range(repeats):
    folder = f"{out}/{run}"
    before = time.perf_counter()
    fw.generate(what, folder, quiet=True, **sizes)
    seconds.append(time.perf_counter() - before)
    if repeats == 1:
        problems = fw.check(folder)
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


def recipe_of(kind: str, num: int) -> tuple[Any, dict[str, int]]:
    """What a row generates, and the sizes of splits (of each task).

    Parameters
    ----------
    kind
        A named set; or the pendulum, ``"plain"`` or as a ``"family"``.
    num
        Sequences of all tasks and splits; series are not counted.
    """
    import foreworld as fw

    if "/" in kind:
        found = make_set(kind)
        return kind, {} if found.series else _splits(num // len(found.tasks))
    plain = fw.make("pendulum")
    family = type(plain).family(
        mass=fw.Uniform(0.5, 1.0),
        length=fw.Uniform(0.5, 1.0),
        friction=fw.Uniform(0.0, 0.1),
    )
    return (family if kind == "family" else plain), _splits(num)


def warm_up(kind: str) -> dict[str, int]:
    """Sizes that are enough to compile every program of a row."""
    if "/" in kind and make_set(kind).series:
        return {}
    return {"train": 1, "val": 0, "test": 0}


def _splits(num: int) -> dict[str, int]:
    return {"train": num - 2 * (num // 8), "val": num // 8, "test": num // 8}


def peak_megabytes() -> float:
    """Peak memory of this process, in MiB."""
    status = Path("/proc/self/status")
    if status.exists():
        # Not ru_maxrss: on Linux a child starts with the peak of its parent.
        lines = status.read_text().splitlines()
        return next(int(x.split()[1]) for x in lines if x.startswith("VmHWM")) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


def steady(
    kind: str = "family", num: int = NUM_SEQUENCES, runs: int = NUM_RUNS
) -> Measured:
    """Sequences a second to disk, in a process that has compiled its program.

    Parameters
    ----------
    kind
        A named set, ``"plain"`` or ``"family"``, as in :func:`recipe_of`.
    num
        Sequences of all tasks and splits.
    runs
        Generations to time, after one that warms up.
    """
    told = _in_process(kind, num, runs, cache=None)
    return Measured([num / s for s in told["seconds"]], told["compile_s"])


def frames(kind: str, num: int = NUM_LONG, runs: int = NUM_RUNS) -> Measured:
    """The same in frames a second.

    Parameters
    ----------
    kind
        A named set.
    num
        Sequences of all tasks and splits.
    runs
        Generations to time, after one that warms up.
    """
    found = steady(kind, num, runs)
    per = make_set(kind).num_frames
    return Measured([per * value for value in found.values], found.compile_s)


def cold(
    kind: str = "plain", num: int = NUM_SEQUENCES, runs: int = NUM_RUNS
) -> Measured:
    """Seconds of a whole process: imports, compiling, writing, checking.

    Parameters
    ----------
    kind
        A named set, ``"plain"`` or ``"family"``, as in :func:`recipe_of`.
    num
        Sequences of all tasks and splits.
    runs
        Processes to time.
    """
    return Measured([_whole(kind, num, cache=None) for _ in range(runs)], 0.0)


def started(kind: str, runs: int = NUM_RUNS) -> Measured:
    """Seconds to make a set once Foreworld is imported, compiling included.

    Parameters
    ----------
    kind
        A named set of series.
    runs
        Processes to time.
    """
    told = [_in_process(kind, 0, 1, cache=None) for _ in range(runs)]
    return Measured([one["seconds"][0] for one in told], 0.0)


def warm(num: int = NUM_SEQUENCES, runs: int = NUM_RUNS) -> Measured:
    """The same where an earlier process has left its compilation cache.

    Parameters
    ----------
    num
        Sequences of all splits of the plain pendulum.
    runs
        Processes to time, after the one that fills the cache.
    """
    with tempfile.TemporaryDirectory() as cache:
        first = _whole("plain", num, cache)
        values = [_whole("plain", num, cache) for _ in range(runs)]
    return Measured(values, max(first - min(values), 0.0))


def memory(
    kind: str = "plain", num: int = NUM_SEQUENCES, runs: int = NUM_RUNS
) -> Measured:
    """Peak memory of a whole process, in MiB.

    Parameters
    ----------
    kind
        A named set, ``"plain"`` or ``"family"``, as in :func:`recipe_of`.
    num
        Sequences of all tasks and splits.
    runs
        Processes to measure.
    """
    told = [_in_process(kind, num, 1, cache=None) for _ in range(runs)]
    return Measured([one["megabytes"] for one in told], 0.0)


def _whole(kind: str, num: int, cache: str | None) -> float:
    return _in_process(kind, num, 1, cache)["elapsed"]


def _in_process(kind: str, num: int, repeats: int, cache: str | None) -> dict:
    """Run the program; ``elapsed`` is the time from its start to its end."""
    with tempfile.TemporaryDirectory() as folder:
        words = [f"{folder}/out", kind, str(num), str(repeats)]
        cache = cache or f"{folder}/cache"
        elapsed, said = run_apart(_PROGRAM, words, cache, _LIMIT_SECONDS)
    return {**json.loads(said.splitlines()[-1]), "elapsed": elapsed}


def _rows_of_sets() -> dict[str, Row]:
    rows = {}
    for name in set_entries():
        found = make_set(name)
        if found.series:
            rows[f"data/{name}/started"] = Row("s", "lower", partial(started, name))
            continue
        many, num, unit = frames, NUM_LONG, "frames/s"
        if found.num_frames <= _SHORT:
            many, num, unit = steady, NUM_SEQUENCES, "sequences/s"
            rows[f"data/{name}/cold"] = Row("s", "lower", partial(cold, name, num))
        rows[f"data/{name}/steady"] = Row(unit, "higher", partial(many, name, num))
        rows[f"data/{name}/memory"] = Row("MiB", "lower", partial(memory, name, num))
    return rows


ROWS = {
    "data/pendulum/steady": Row("sequences/s", "higher", steady),
    "data/pendulum/cold": Row("s", "lower", cold),
    "data/pendulum/warm": Row("s", "lower", warm),
    "data/pendulum/memory": Row("MiB", "lower", memory),
    **_rows_of_sets(),
}
"""Rows of ``foreworld bench data``."""
