"""What fields of a family are drawn from.

A range is a part, so that it is written and read like any configuration.
"""

from __future__ import annotations

import abc
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from foreworld.core.errors import ConfigError
from foreworld.core.parts.part import Part


class AbstractRange(Part):
    """A distribution of one number."""

    @abc.abstractmethod
    def sample(self, key: Key[Array, ""]) -> Float[Array, ""]:
        """One float32 draw."""

    @abc.abstractmethod
    def ends(self) -> tuple[float, float]:
        """Smallest and largest value."""


class Uniform(AbstractRange):
    """The uniform distribution on ``[low, high]``."""

    low: float
    high: float

    def __check_init__(self) -> None:
        super().__check_init__()
        if not self.low <= self.high:
            raise ConfigError(
                f"Uniform({self.low}, {self.high}): the first number must not be "
                f"larger than the second. Write Uniform({self.high}, {self.low})."
            )

    def sample(self, key: Key[Array, ""]) -> Float[Array, ""]:
        """One float32 draw; the dtype is named so that x64 draws the same."""
        unit = jax.random.uniform(key, (), jnp.float32)
        low, high = jnp.float32(self.low), jnp.float32(self.high)
        # The maximum changes no value: it keeps compilers from fusing the product into
        # the sum, which would round differently inside a program and outside.
        return low + jnp.maximum(unit * (high - low), 0)

    def ends(self) -> tuple[float, float]:
        """``(low, high)``."""
        return self.low, self.high


def without_ranges(
    fields: dict[str, Any], prefix: str = ""
) -> tuple[dict[str, Any], dict[str, AbstractRange]]:
    """Fields that are values, and ranges by path, also out of dictionaries.

    Parameters
    ----------
    fields
        Values, ranges, and dictionaries of them, by name.
    prefix
        Path of the part that they belong to, with a dot at its end.
    """
    fixed: dict[str, Any] = {}
    ranges: dict[str, AbstractRange] = {}
    for name, value in fields.items():
        if isinstance(value, AbstractRange):
            ranges[f"{prefix}{name}"] = value
        elif isinstance(value, dict):
            fixed[name], inner = without_ranges(value, f"{prefix}{name}.")
            ranges |= inner
        else:
            fixed[name] = value
    return fixed, ranges
