"""What decides numbers beside a configuration: pinned here, whatever the shell says.

JAX reads its settings from the environment (``JAX_*``), and two shells would give two
results. Programs are made under :func:`pinned`, and keys by :mod:`foreworld.core.keys`
with the generator that is named here.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import jax

GENERATOR = "threefry2x32"
"""The generator of random numbers. Loaders draw the same on the host."""


_BESIDE = ("--xla_cpu_multi_thread_eigen", "--xla_force_host", "--xla_dump")
"""Flags of the compiler that are no setting of numbers: the threads are in the plan."""
_COMPILER = (
    "jax_exec_time_optimization_effort",
    "jax_optimization_level",
    "jax_disable_most_optimizations",
    "jax_softmax_custom_jvp",
)
"""Settings that change last digits, and that people may have reasons for."""


def settings() -> dict[str, str]:
    """What decides numbers beside a configuration, as folders tell it."""
    flags = os.environ.get("XLA_FLAGS", "").split()
    kept = sorted(word for word in flags if not word.startswith(_BESIDE))
    return {
        "generator": f"{GENERATOR}, partitionable",
        "matmul_precision": "default",
        "XLA_FLAGS": " ".join(kept),
        **{name: str(getattr(jax.config, name, "")) for name in _COMPILER},
    }


@contextlib.contextmanager
def pinned(wide: bool | None = None) -> Iterator[None]:
    """Settings under which programs are made and run.

    Parameters
    ----------
    wide
        Whether numbers have 64 bits; ``None`` leaves that to what is around.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(jax.default_prng_impl(GENERATOR))
        stack.enter_context(jax.threefry_partitionable(True))
        stack.enter_context(jax.default_matmul_precision(None))
        stack.enter_context(jax.numpy_dtype_promotion("standard"))
        stack.enter_context(jax.numpy_rank_promotion("allow"))
        # Step by step in Python, a program would take days.
        stack.enter_context(jax.disable_jit(False))
        if wide is not None:
            stack.enter_context(jax.enable_x64(wide))
        yield
