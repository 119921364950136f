"""What a benchmark row is: how it is measured, in which unit, and which way is better.

A module beside this one holds ``ROWS``, rows by name, and ``foreworld bench``
finds it by its place. ``references.json`` holds what other tools reached, by row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


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
