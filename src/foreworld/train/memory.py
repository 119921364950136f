"""How much memory the program of a segment takes, and what to do where it is too much.

A width is planned by a bound or by the compiler's report. Training checks again before
it starts, since the plan may come from another machine: some back ends abort the whole
process when an array does not fit.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import ClosedJaxpr, Jaxpr

from foreworld.core.compilation import compile_all
from foreworld.core.errors import ForeworldError
from foreworld.core.machine import free_memory
from foreworld.train._program import reported_bytes, segment_job
from foreworld.train.lanes import Run, make_lanes
from foreworld.train.layout import Layout
from foreworld.train.sources import Sources

_SHARE = 0.8
"""Share of the free memory that programs may take."""
_EXHAUSTED = "RESOURCE_EXHAUSTED"
_PLENTY = 0.25
"""Where even the bound stays below this share, nothing is compiled to measure."""


class MemoryLimitError(ForeworldError, MemoryError):
    """A program does not fit in the memory there is; says how to plan it narrower."""


def check_fits(needed: int, width: int) -> None:
    """Refuse a program that needs more memory than is free.

    Parameters
    ----------
    needed
        Bytes by the compiler's report; 0 where it gives none.
    width
        Runs in the program.

    Raises
    ------
    MemoryLimitError
        It does not fit.
    """
    free = free_bytes()
    if needed > free:
        need, there = (f"{size / 2**30:.3g} GiB" for size in (needed, free))
        raise MemoryLimitError(_advice(f"needs {need}, and {there} are free", width))


@contextlib.contextmanager
def enough_memory(width: int) -> Iterator[None]:
    """Say what to do when memory runs out while programs of this width are at work.

    Raises
    ------
    MemoryLimitError
        It ran out.
    """
    try:
        yield
    except MemoryLimitError:
        raise
    except (MemoryError, jax.errors.JaxRuntimeError) as error:
        if isinstance(error, MemoryError) or _EXHAUSTED in str(error):
            said = (str(error).strip() or "out of memory").splitlines()[0]
            text = _advice(f"does not fit in the memory ({said})", width)
            raise MemoryLimitError(text) from error
        raise


def widest(run: Run, sources: Sources, layout: Layout, wanted: int, free: float) -> int:
    """The largest width up to ``wanted`` whose program fits in the free memory.

    Parameters
    ----------
    run
        Any run of the group.
    sources
        What it learns from, as arrays or as shapes.
    layout
        Intervals and segments of its training.
    wanted
        Runs in the program that would be best, at least 1.
    free
        Bytes that one program may use.

    Returns
    -------
    int
        At least 1.
    """
    if wanted == 1 or bound_bytes(run, sources, layout, wanted) < _PLENTY * free:
        return wanted
    one = program_bytes([run], sources, layout)
    two = program_bytes([run] * 2, sources, layout)
    # Memory grows linearly with the width: a run adds `slope`, and `one - slope` is
    # what all runs share. So two small compilations serve for every width.
    slope = max(two - one, 1)
    return max(1, min(wanted, int((_SHARE * free - (one - slope)) // slope)))


def program_bytes(runs: Sequence[Run], sources: Sources, layout: Layout) -> int:
    """Arguments, results and temporaries of a segment, as the compiler reports them.

    Parameters
    ----------
    runs
        Runs of the program; they must share their static part.
    sources
        What they learn from, as arrays or as shapes.
    layout
        Intervals and segments of their training.
    """
    job = segment_job(make_lanes(runs), sources, layout)
    return reported_bytes(compile_all([job]).programs[0])


def bound_bytes(run: Run, sources: Sources, layout: Layout, width: int) -> int:
    """A bound without compiling: every value of the program kept at once, twice.

    Parameters
    ----------
    run
        Any run of the group.
    sources
        What it learns from, as arrays or as shapes; counted once, not per run.
    layout
        Intervals and segments of its training.
    width
        Runs in the program.
    """
    job = segment_job(make_lanes([run]), sources, layout)
    traced = jax.make_jaxpr(job.function, static_argnums=0)(job.static, *job.args)
    return sources.num_bytes + 2 * width * _values_bytes(traced.jaxpr)


def free_bytes(workers: int = 1) -> float:
    """Memory that each of some workers may use: of the device, or of this machine."""
    device = jax.local_devices()[0]
    stats = device.memory_stats() if device.platform != "cpu" else None
    if stats and "bytes_limit" in stats:
        return (stats["bytes_limit"] - stats["bytes_in_use"]) / workers
    return free_memory() / workers


def _advice(problem: str, width: int) -> str:
    if width == 1:
        return (
            f"the program of one run {problem}. One run is the least: make networks or "
            f"batches smaller, use fewer workers, or a machine with more memory."
        )
    return (
        f"the program of {width} runs side by side {problem}. Plan it narrower: run "
        f"the same command with --width {width // 2} (width={width // 2} in Python). "
        f"Where some of the study is finished already, its plan stays: then add "
        f"--force, which begins anew."
    )


def _values_bytes(jaxpr: Jaxpr) -> int:
    """Bytes of all values that a program and its loops' bodies compute."""
    total = 0
    for equation in jaxpr.eqns:
        total += sum(_size(variable.aval) for variable in equation.outvars)
        for value in equation.params.values():
            for part in value if isinstance(value, tuple | list) else (value,):
                inner = part.jaxpr if isinstance(part, ClosedJaxpr) else part
                if isinstance(inner, Jaxpr):
                    total += _values_bytes(inner)
    return total


def _size(aval: Any) -> int:
    """Bytes of an array, from its shape and type."""
    if jnp.issubdtype(aval.dtype, jax.dtypes.prng_key):
        return 8 * math.prod(aval.shape)
    return math.prod(aval.shape) * aval.dtype.itemsize
