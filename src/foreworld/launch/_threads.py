"""Environment of a process that computes with a given number of threads."""

from __future__ import annotations

import os

_POOLS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_XLA_ONE_THREAD = "--xla_cpu_multi_thread_eigen=false"


def one_thread() -> dict[str, str]:
    """Variables that keep numerical libraries to one thread, beside other XLA flags."""
    flags = os.environ.get("XLA_FLAGS", "")
    return {
        **dict.fromkeys(_POOLS, "1"),
        "XLA_FLAGS": f"{flags} {_XLA_ONE_THREAD}".strip(),
    }


def threads(count: int) -> dict[str, str]:
    """The same for any number, where no cores are pinned: XLA then reads ``NPROC``."""
    if count == 1:
        return {**one_thread(), "NPROC": "1"}
    return {**dict.fromkeys(_POOLS, str(count)), "NPROC": str(count)}
