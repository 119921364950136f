"""Runs of a program side by side (vmap) or one after the other (scan): time a run.

    python benchmarks/runs_by_scan.py

Prints milliseconds of an update for each run, at widths 1, 2 and 4. The floor of both
is the time at width 1.
"""

from __future__ import annotations

import time
from typing import Any

import jax
import jax.numpy as jnp

import foreworld as fw
from foreworld.core.keys import pinned, root_key
from foreworld.core.parts.partition import combine, partition, stack

WIDTHS, REPEATS = (1, 2, 4), 5


def per_run(learner: Any, source: Any, by: str, width: int, num_updates: int) -> float:
    """Milliseconds of an update, for each run; the median of some calls."""
    static, traced, *rest = partition(learner)
    keys = jax.random.split(root_key(0), width)

    def one(floats: Any, state: Any, key: Any) -> Any:
        part: Any = combine(static, floats, *rest)

        def body(i: Any, state: Any) -> Any:
            own = jax.random.fold_in(key, i)
            return part.update(state, source, own, jnp.float32(0.5))[0]

        return jax.lax.fori_loop(0, num_updates, body, state)

    def all_runs(floats: Any, states: Any, keys: Any) -> Any:
        args = (floats, states, keys)
        if by == "scan":
            return jax.lax.map(lambda some: one(*some), args)
        return jax.vmap(one)(*args)

    states = [learner.init(key, source) for key in keys]
    args = stack([traced] * width), jax.tree.map(lambda *x: jnp.stack(x), *states), keys
    program, times = jax.jit(all_runs).lower(*args).compile(), []
    for _ in range(REPEATS + 1):
        begun = time.perf_counter()
        jax.block_until_ready(program(*args))
        times.append(time.perf_counter() - begun)
    return sorted(times[1:])[REPEATS // 2] * 1e3 / width / num_updates


def main() -> None:
    """Measure a convolutional and a recurrent learner."""
    stream = fw.Fresh(fw.worlds.Pendulum(), num_frames=16, num_sequences=64)
    frames = jax.jit(stream.draw)(root_key(1))
    model: Any = fw.learners.RNNDeconvolve
    rows = {
        "rnn_deconvolve (preset small)": (model.preset("small"), frames, 3),
        "ppo on tmaze (mlp)": (fw.learners.PPO(), fw.worlds.TMaze(), 20),
        "ppo on tmaze (gru)": (fw.learners.PPO(network="gru"), fw.worlds.TMaze(), 20),
    }
    for name, row in rows.items():
        for by in ("vmap", "scan"):
            found = [per_run(row[0], row[1], by, width, row[2]) for width in WIDTHS]
            print(f"{name:32} {by}: " + "  ".join(f"{x:8.2f} ms" for x in found))


if __name__ == "__main__":
    with pinned(wide=False):
        main()
