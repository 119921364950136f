"""Limits of a number: what is allowed, and how to say so. Imports no JAX."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated


@dataclass(frozen=True)
class Bounded:
    """Mark of a field with limits: ``Annotated[int, Bounded(low=1)]``.

    Attributes
    ----------
    low, high
        Smallest and largest allowed value; ``None`` for no limit.
    above, below
        The same with the limit itself excluded.
    unit
        Unit of the value, shown in help and documentation.
    """

    low: float | None = None
    high: float | None = None
    above: float | None = None
    below: float | None = None
    unit: str = ""

    def describe(self) -> str:
        """The allowed range in words, empty when there is none."""
        names = "at least", "above", "at most", "below"
        limits = self.low, self.above, self.high, self.below
        # Whole limits have all their digits: 4294967295, not 4.29497e+09.
        return " and ".join(
            f"{name} {int(limit) if float(limit).is_integer() else f'{limit:g}'}"
            for name, limit in zip(names, limits, strict=True)
            if limit is not None
        )

    def allows(self, value: float) -> bool:
        """Whether a number lies within the limits; NaN lies within none."""
        return (
            (self.low is None or value >= self.low)
            and (self.high is None or value <= self.high)
            and (self.above is None or value > self.above)
            and (self.below is None or value < self.below)
        )


Count = Annotated[int, Bounded(low=1)]
"""How many of something, at least one."""
