"""What actions and observations may be: a number of choices or a box of numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Key, Num

from foreworld.core.errors import ConfigError


@dataclass(frozen=True, repr=False)
class Discrete:
    """The integers ``0 .. num - 1`` (int32 scalars).

    Attributes
    ----------
    num
        Number of choices.
    names
        What each choice does, for people; empty where it is not said. Choices called
        up, down, left and right are chosen with the arrow keys in live play.
    """

    num: int
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.num < 1:
            raise ConfigError(f"Discrete needs at least 1 choice, got num={self.num}.")
        if self.names and len(self.names) != self.num:
            raise ConfigError(
                f"Discrete has {self.num} choices but {len(self.names)} names for "
                f"them: {', '.join(self.names)}. Name each of them, or none."
            )

    def __repr__(self) -> str:
        names = f", names={self.names}" if self.names else ""
        return f"Discrete(num={self.num}{names})"

    @property
    def shape(self) -> tuple[int, ...]:
        """An element is a scalar."""
        return ()

    @property
    def dtype(self) -> str:
        """Elements are int32."""
        return "int32"

    @property
    def flat_size(self) -> int:
        """Width of the one-hot code of an element."""
        return self.num

    def sample(self, key: Key[Array, ""]) -> Num[Array, ""]:
        """Uniform over the choices."""
        return jax.random.randint(key, (), 0, self.num, dtype=jnp.int32)

    def contains(self, x: Num[Array, "..."]) -> Bool[Array, ""]:
        """Whether ``x`` is one of the choices."""
        x = jnp.asarray(x)
        if x.shape != () or not jnp.issubdtype(x.dtype, jnp.integer):
            return jnp.asarray(False)
        return (x >= 0) & (x < self.num)

    def flatten(self, x: Num[Array, "*batch"]) -> Num[Array, "*batch num"]:
        """One-hot float32 code."""
        return jax.nn.one_hot(x, self.num, dtype=jnp.float32)


@dataclass(frozen=True)
class Box:
    """Arrays of one shape whose entries all lie in ``[low, high]``."""

    low: float
    high: float
    shape: tuple[int, ...]
    dtype: str = "float32"

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise ConfigError(f"Box needs low <= high, got [{self.low}, {self.high}].")

    @property
    def flat_size(self) -> int:
        """Number of entries."""
        return math.prod(self.shape)

    def sample(self, key: Key[Array, ""]) -> Num[Array, "..."]:
        """Uniform where bounded on both sides, standard normal otherwise."""
        if math.isfinite(self.low) and math.isfinite(self.high):
            if jnp.issubdtype(jnp.dtype(self.dtype), jnp.integer):
                high = int(self.high) + 1
                x = jax.random.randint(key, self.shape, int(self.low), high, jnp.int32)
                return x.astype(self.dtype)
            x = jax.random.uniform(
                key, self.shape, jnp.float32, minval=self.low, maxval=self.high
            )
        else:
            x = jax.random.normal(key, self.shape, jnp.float32)
            x = jnp.clip(x, self.low, self.high)
        return x.astype(self.dtype)

    def contains(self, x: Num[Array, "..."]) -> Bool[Array, ""]:
        """Whether ``x`` has the shape and lies within the bounds."""
        x = jnp.asarray(x)
        if x.shape != self.shape:
            return jnp.asarray(False)
        return jnp.all((x >= self.low) & (x <= self.high))

    def flatten(self, x: Num[Array, "..."]) -> Num[Array, "..."]:
        """Entries in one float32 row, leading batch axes kept."""
        x = jnp.asarray(x)
        batch = x.shape[: x.ndim - len(self.shape)]
        return x.reshape(*batch, self.flat_size).astype(jnp.float32)


Space = Discrete | Box
