"""Speed of recurrent PPO on T-maze 10: environment steps a second, all runs together.

The real loop, with metrics, evaluation and checkpoints. On CPUs the runs are spread
over single-threaded worker processes, one pinned to each of at most two cores, as the
launcher does it; on another device they are one program of one process. The cold row
is a whole study of 16 runs in a process of its own, compiling included.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from foreworld.bench.base import Measured, Row, run_apart
from foreworld.core.errors import ForeworldError
from foreworld.launch._threads import one_thread

TOTAL_STEPS = 199_680
"""Environment steps of each run: 390 updates of 4 lanes x 128 steps."""
NUM_MEASURED = 3
MAX_WORKERS = 2
_ROLLOUT = 4 * 128
_COLD = """
import sys
import foreworld as fw
from foreworld.launch.processes import Processes

base = fw.Parameters(
    fw.worlds.LastAction(fw.worlds.TMaze(length=10)),
    fw.learners.PPO(network=fw.networks.GRU(hidden_size=32)),
    total_steps=int(sys.argv[2]), seed=2024,
)
over = {"learning_rate": [2.5e-3, 2.5e-4], "lambda0": [0.5, 0.95]}
study = fw.Study("cold", base, over, seeds=4)
fw.sweep(study, out=sys.argv[1], launcher=Processes(), quiet=True)
print(fw.best(sys.argv[1]))
"""
"""Sixteen runs in workers, and the best of the four points."""


def measure(num_runs: int, total_steps: int = TOTAL_STEPS) -> Measured:
    """Train ``num_runs`` seeds, once to warm up and :data:`NUM_MEASURED` times more.

    Workers wait for each other before every measurement, whose time is that of the
    last one to finish.

    Parameters
    ----------
    num_runs
        Seeds that are trained side by side.
    total_steps
        Environment steps of each run, rounded down to whole rollouts.

    Raises
    ------
    ForeworldError
        A worker failed; holds what it printed.
    """
    cores = _cores()
    shares = _shares(num_runs, len(cores))
    steps = num_runs * (total_steps // _ROLLOUT) * _ROLLOUT
    with TemporaryDirectory() as folder:
        workers = [
            _start(runs, total_steps, f"{folder}/{i}", cores[i] if cores else None)
            for i, runs in enumerate(shares)
        ]
        try:
            compile_s = max(float(_answer(worker)) for worker in workers)
            values = []
            for _ in range(NUM_MEASURED):
                begun = time.perf_counter()
                for worker in workers:
                    print("go", file=worker.stdin, flush=True)
                for worker in workers:
                    _answer(worker)
                values.append(steps / (time.perf_counter() - begun))
        finally:
            for worker in workers:
                worker.kill()
                worker.communicate()
    return Measured(values, compile_s)


def cold(total_steps: int = TOTAL_STEPS, runs: int = NUM_MEASURED) -> Measured:
    """Seconds of a whole study, process start to best point, with an empty cache.

    Parameters
    ----------
    total_steps
        Environment steps of each of the 16 runs.
    runs
        Studies to time.

    Raises
    ------
    ForeworldError
        A study failed; holds what it printed.
    """
    values = []
    for _ in range(runs):
        with TemporaryDirectory() as folder:
            words = [f"{folder}/study", str(total_steps)]
            seconds, _ = run_apart(_COLD, words, f"{folder}/cache")
        values.append(seconds)
    return Measured(values, 0.0)


def work(first: int, last: int, total_steps: int, folder: Path) -> None:
    """A worker: trains the seeds ``first .. last - 1`` each time it is told to.

    Prints the seconds spent on compiling when it is warm, then a line after each
    training.

    Parameters
    ----------
    first, last
        The first seed, and the one after the last.
    total_steps
        Environment steps of each run.
    folder
        Where checkpoints and metrics go.
    """
    from foreworld.learners.ppo.ppo import PPO
    from foreworld.networks.gru import GRU
    from foreworld.train.lanes import Run
    from foreworld.train.loop import train
    from foreworld.train.parameters import Parameters
    from foreworld.worlds.pomdp.tmaze import TMaze
    from foreworld.worlds.wrappers.last_action import LastAction

    parameters = Parameters(
        LastAction(TMaze(length=10)),
        PPO(network=GRU(hidden_size=32)),
        learning_rate=2.5e-3,
        lambda0=0.95,
        total_steps=total_steps,
    )
    runs = [Run(parameters, seed) for seed in range(first, last)]
    warm = train(runs, folder / "warm")
    print(warm.compile_s, flush=True)
    for i, _ in enumerate(sys.stdin):
        train(runs, folder / str(i))
        print("done", flush=True)


def _shares(num_runs: int, num_cores: int) -> list[range]:
    """The seeds of each worker; one worker where there are no cores to pin to."""
    num_workers = max(1, min(num_runs, MAX_WORKERS, num_cores))
    size = -(-num_runs // num_workers)
    return [
        range(start, min(start + size, num_runs)) for start in range(0, num_runs, size)
    ]


def _cores() -> list[int]:
    """Cores to pin workers to; none where the device is no CPU or cannot pin."""
    if sys.platform != "linux":
        return []
    # Asked in a process of its own, because asking takes hold of an accelerator.
    ask = [sys.executable, "-c", "import jax; print(jax.default_backend())"]
    told = subprocess.run(ask, stdout=subprocess.PIPE, text=True, timeout=120)
    on_cpu = told.stdout.strip() == "cpu"
    return sorted(os.sched_getaffinity(0)) if on_cpu else []


def _start(
    runs: range, total_steps: int, folder: str, core: int | None
) -> subprocess.Popen[str]:
    environment, pin = dict(os.environ), ""
    if core is not None:
        environment["XLA_FLAGS"] = one_thread()["XLA_FLAGS"]
        pin = f"import os; os.sched_setaffinity(0, {{{core}}}); "
    program = (
        f"{pin}from pathlib import Path; from foreworld.bench.ppo import work; "
        f"work({runs.start}, {runs.stop}, {total_steps}, Path({folder!r}))"
    )
    return subprocess.Popen(
        [sys.executable, "-c", program],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _answer(worker: subprocess.Popen[str]) -> str:
    line = worker.stdout.readline() if worker.stdout is not None else ""
    if not line:
        raise ForeworldError(
            f"a benchmark worker ended with status {worker.wait()}; what went wrong is "
            f"printed above."
        )
    return line


ROWS = {
    "ppo/tmaze10/1": Row("steps/s", "higher", partial(measure, 1)),
    "ppo/tmaze10/16": Row("steps/s", "higher", partial(measure, 16)),
    "ppo/tmaze10/cold": Row("s", "lower", cold),
}
"""Rows of ``foreworld bench ppo``."""
