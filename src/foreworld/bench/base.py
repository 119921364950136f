"""What a benchmark row is: how it is measured, in which unit, and which way is better.

A module beside this one holds ``ROWS``, rows by name, and ``foreworld bench``
finds it by its place. ``references.json`` holds what other tools reached, by row.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from foreworld.core.errors import ForeworldError


@dataclass(frozen=True)
class Measured:
    """What one measurement gave.

    Attributes
    ----------
    values
        One value a run, at least three, the warm-up left out.
    compile_s
        Seconds of compilation, which is in no value unless the row says so.
    """

    values: list[float]
    compile_s: float


@dataclass(frozen=True)
class Row:
    """One benchmark.

    Attributes
    ----------
    unit
        Unit of the values.
    better
        Which direction is better.
    measure
        Measures it.
    """

    unit: str
    better: Literal["higher", "lower"]
    measure: Callable[[], Measured]


def run_apart(
    program: str, words: list[str], cache: str, timeout: float | None = None
) -> tuple[float, str]:
    """Run a program in a process of its own: seconds it took, and what it printed.

    Parameters
    ----------
    program
        Its source.
    words
        Its arguments.
    cache
        Folder of compiled programs.
    timeout
        Seconds that it may take; ``None`` for any number.

    Raises
    ------
    ForeworldError
        It failed; holds what it printed.
    """
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        env={**os.environ, "FOREWORLD_CACHE": cache},
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    elapsed = time.perf_counter() - begun
    if done.returncode:
        raise ForeworldError(f"the benchmark failed: {done.stderr.strip()[-2000:]}")
    return elapsed, done.stdout
