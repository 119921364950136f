"""How much memory the program of a segment takes, by bound and by the compiler."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import ClosedJaxpr, Jaxpr

from foreworld.core.compilation import compile_all
from foreworld.train._program import segment_job, state_shapes
from foreworld.train.lanes import Run, make_lanes
from foreworld.train.layout import Layout
from foreworld.train.sources import Sources

_SHARE = 0.8
"""Share of the free memory that programs may take."""
_PLENTY = 0.25
"""Where even the bound stays below this share, nothing is compiled to measure."""


def widest(
    runs: Sequence[Run], sources: Sources, layout: Layout, wanted: int, free: float
) -> int:
    """The largest width up to ``wanted`` whose program fits in the free memory.

    Parameters
    ----------
    runs
        Runs of one group.
    free
        Bytes that one program may use.

    Returns
    -------
    int
        At least 1.
    """
    if wanted == 1 or bound_bytes(runs[0], sources, layout, wanted) < _PLENTY * free:
        return wanted
    one = program_bytes([runs[0]], sources, layout)
    two = program_bytes([runs[0]] * 2, sources, layout)
    slope = max(two - one, 1)
    return max(1, min(wanted, int((_SHARE * free - (one - slope)) // slope)))


def predicted_bytes(one: int, two: int, width: int) -> int:
    """Bytes at a width, from the compiler's reports at widths 1 and 2."""
    return one + (width - 1) * (two - one)


def program_bytes(runs: Sequence[Run], sources: Sources, layout: Layout) -> int:
    """Arguments, results and temporaries of a segment, as the compiler reports them."""
    lanes = make_lanes(runs)
    shapes = state_shapes(lanes, sources, layout)
    job = segment_job(lanes, shapes, sources, layout)
    report = compile_all([job]).programs[0].memory_analysis()
    return (
        report.argument_size_in_bytes
        + report.output_size_in_bytes
        + report.temp_size_in_bytes
        - report.alias_size_in_bytes
    )


def bound_bytes(run: Run, sources: Sources, layout: Layout, width: int) -> int:
    """A bound without compiling: every value of the program kept at once, twice."""
    lanes = make_lanes([run])
    shapes = state_shapes(lanes, sources, layout)
    job = segment_job(lanes, shapes, sources, layout)
    traced = jax.make_jaxpr(job.function, static_argnums=0)(job.static, *job.args)
    shared = sum(_size(leaf) for leaf in jax.tree.leaves(sources))
    return shared + 2 * width * _values_bytes(traced.jaxpr)


def free_bytes(workers: int = 1) -> float:
    """Memory that each of some workers may use: of the device, or of this machine."""
    device = jax.local_devices()[0]
    stats = device.memory_stats() if device.platform != "cpu" else None
    if stats and "bytes_limit" in stats:
        return (stats["bytes_limit"] - stats["bytes_in_use"]) / workers
    return min(_available(), _cgroup_limit()) / workers


def _available() -> float:
    path = Path("/proc/meminfo")
    if path.exists():
        for line in path.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return float(line.split()[1]) * 1024
    return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")) / 2


def _cgroup_limit() -> float:
    path = Path("/sys/fs/cgroup/memory.max")
    text = path.read_text().strip() if path.exists() else "max"
    return math.inf if text == "max" else float(text)


def _values_bytes(jaxpr: Jaxpr) -> int:
    """Bytes of all values that a program and its loops' bodies compute."""
    total = 0
    for equation in jaxpr.eqns:
        total += sum(_size(variable.aval) for variable in equation.outvars)
        for value in equation.params.values():
            for part in value if isinstance(value, tuple | list) else (value,):
                if isinstance(part, ClosedJaxpr):
                    total += _values_bytes(part.jaxpr)
                elif isinstance(part, Jaxpr):
                    total += _values_bytes(part)
    return total


def _size(aval: Any) -> int:
    """Bytes of an array, from its shape and type."""
    if jnp.issubdtype(aval.dtype, jax.dtypes.prng_key):
        return 8 * math.prod(aval.shape)
    return math.prod(aval.shape) * aval.dtype.itemsize
