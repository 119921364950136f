"""Running mean and variance of numbers that come in batches.

Source: Chan, Golub, LeVeque 1979, "Updating formulae and a pairwise algorithm for
computing sample variances".
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

_TINY = 1e-8
"""Added to a variance before its root is taken."""


class Running(NamedTuple):
    """Mean and variance of all rows so far, each number by itself.

    Attributes
    ----------
    count
        Rows so far.
    mean
        Their mean.
    squares
        Sum of their squared distances from it.
    """

    count: Float[Array, ""]
    mean: Float[Array, "*shape"]
    squares: Float[Array, "*shape"]

    @staticmethod
    def of(shape: tuple[int, ...]) -> Running:
        """Of no row yet: mean 0 and variance 1.

        Parameters
        ----------
        shape
            Of a row.
        """
        zero = jnp.zeros(shape, jnp.float32)
        return Running(jnp.zeros((), jnp.float32), zero, zero)

    @property
    def deviation(self) -> Float[Array, "*shape"]:
        """Standard deviation of a number; 1 where none was seen."""
        variance = self.squares / jnp.maximum(self.count, 1.0)
        return jnp.where(self.count > 0, jnp.sqrt(variance + _TINY), 1.0)

    def seen(
        self,
        rows: Float[Array, "time lane *shape"],
        counted: Bool[Array, "time lane"] | None = None,
    ) -> Running:
        """With more rows.

        Parameters
        ----------
        rows
            What came.
        counted
            Which of them count; ``None`` for all.
        """
        num_dims = rows.ndim - 2
        if counted is None:
            weights = jnp.ones(rows.shape[:2], jnp.float32)
        else:
            weights = counted.astype(jnp.float32)
        num = weights.sum()
        weights = weights.reshape(*weights.shape, *(1,) * num_dims)
        mean = (rows * weights).sum((0, 1)) / jnp.maximum(num, 1.0)
        squares = (jnp.square(rows - mean) * weights).sum((0, 1))
        # Without a row nothing changes, also where those that do not count are odd.
        count = self.count + num
        share = num / jnp.maximum(count, 1.0)
        apart = mean - self.mean
        return Running(
            count,
            self.mean + apart * share,
            self.squares + squares + jnp.square(apart) * self.count * share,
        )


class RewardScale(NamedTuple):
    """What rewards are divided by: the deviation of discounted returns so far.

    Attributes
    ----------
    total
        Discounted return of the running episode of each lane.
    returns
        Of all such totals.
    """

    total: Float[Array, " lane"]
    returns: Running

    @staticmethod
    def of(num_lanes: int) -> RewardScale:
        """Of no reward yet.

        Parameters
        ----------
        num_lanes
            Episodes side by side.
        """
        return RewardScale(jnp.zeros(num_lanes, jnp.float32), Running.of(()))

    def seen(
        self,
        rewards: Float[Array, "time lane"],
        ended: Bool[Array, "time lane"],
        discount: float | Float[Array, ""],
    ) -> RewardScale:
        """With the rewards of a rollout.

        An episode's last reward counts for it, and the next one starts from nothing.

        Parameters
        ----------
        rewards
            Of each step.
        ended
            Where an episode is over.
        discount
            Of the returns.
        """

        def step(total: Array, now: tuple[Array, Array]) -> tuple[Array, Array]:
            reward, over = now
            total = discount * total + reward
            return jnp.where(over, 0.0, total), total

        last, totals = jax.lax.scan(step, self.total, (rewards, ended))
        return RewardScale(last, self.returns.seen(totals))
