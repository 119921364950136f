"""What decides numbers beside a configuration: pinned here, whatever the shell says.

JAX reads its settings from the environment (``JAX_*``), and two shells would give two
results. Programs are made under :func:`pinned`, and keys by :mod:`foreworld.core.keys`
with the generator that is named here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import jax

GENERATOR = "threefry2x32"
"""The generator of random numbers. Loaders draw the same on the host."""


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
        # Step by step in Python, a program would take days.
        stack.enter_context(jax.disable_jit(False))
        if wide is not None:
            stack.enter_context(jax.enable_x64(wide))
        yield
