"""Metrics that can be pooled: over steps, updates, lanes and runs, without bias."""

from __future__ import annotations

import math
from typing import Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

Tree = TypeVar("Tree")
_START = {"least": math.inf, "largest": -math.inf}
"""What the fields of a metric hold where nothing was counted; 0 for all others."""


class Mean(NamedTuple):
    """A metric as sum and count.

    The value is ``total / count``; NaN where nothing was counted.

    Attributes
    ----------
    total
        Sum of the values, float32; a vector where a metric has an axis of its own.
    count
        How many were added up, float32, of a shape that broadcasts with ``total``.
    """

    total: Float[Array, "..."]
    count: Float[Array, "..."]

    @staticmethod
    def of(value: Float[Array, "..."]) -> Mean:
        """The mean over all entries of an array."""
        value = jnp.asarray(value, jnp.float32)
        return Mean(jnp.sum(value), jnp.float32(value.size))

    @staticmethod
    def where(value: Float[Array, "..."], counted: Any) -> Mean:
        """The mean over those entries where ``counted`` is true.

        Parameters
        ----------
        value
            The metric at every entry, of any shape.
        counted
            Boolean, broadcastable to ``value``'s shape and of its size; entries that
            are false may be NaN.
        """
        counted = jnp.asarray(counted)
        kept = jnp.where(counted, value, 0.0)
        return Mean(jnp.sum(kept), jnp.sum(counted, dtype=jnp.float32))

    def pooled(self, other: Mean) -> Mean:
        """The mean over what both counted."""
        return Mean(self.total + other.total, self.count + other.count)

    def values(self) -> dict[str, np.ndarray]:
        """What is read from it on the host, by what follows the metric's name."""
        return {"": _ratio(self.total, self.count)}

    def broken(self) -> np.ndarray:
        """Whether something was counted, and is NaN or infinite."""
        found = _ratio(self.total, self.count)
        return np.asarray((np.asarray(self.count) != 0) & ~np.isfinite(found))


class Least(NamedTuple):
    """The smallest value that was met; NaN where nothing was counted.

    Attributes
    ----------
    least
        Float32; infinite where there is none.
    """

    least: Float[Array, "..."]

    @staticmethod
    def where(value: Float[Array, "..."], counted: Any = True) -> Least:
        """The smallest of those entries where ``counted`` is true.

        Parameters
        ----------
        value, counted
            As for :meth:`Mean.where`.
        """
        return Least(jnp.min(jnp.where(counted, value, math.inf)))

    def pooled(self, other: Least) -> Least:
        """The smaller one."""
        return Least(jnp.minimum(self.least, other.least))

    def values(self) -> dict[str, np.ndarray]:
        """What is read from it on the host, by what follows the metric's name."""
        return {"": _finite(self.least)}

    def broken(self) -> np.ndarray:
        """Whether it is NaN."""
        return np.asarray(np.isnan(np.asarray(self.least)))


class Spread(NamedTuple):
    """A mean, and how far the values lie apart.

    Attributes
    ----------
    total, count
        As of a :class:`Mean`.
    squares
        Sum of the squared distances from the mean: pooled without cancellation (Chan,
        Golub, LeVeque 1979).
    least, largest
        The smallest and the largest value; infinite where nothing was counted.
    """

    total: Float[Array, "..."]
    count: Float[Array, "..."]
    squares: Float[Array, "..."]
    least: Float[Array, "..."]
    largest: Float[Array, "..."]

    @staticmethod
    def where(value: Float[Array, "..."], counted: Any) -> Spread:
        """Of those entries where ``counted`` is true.

        Parameters
        ----------
        value, counted
            As for :meth:`Mean.where`.
        """
        total, count = Mean.where(value, counted)
        mean = total / jnp.maximum(count, 1.0)
        return Spread(
            total,
            count,
            jnp.sum(jnp.where(counted, jnp.square(value - mean), 0.0)),
            jnp.min(jnp.where(counted, value, math.inf)),
            jnp.max(jnp.where(counted, value, -math.inf)),
        )

    def pooled(self, other: Spread) -> Spread:
        """Over what both counted."""
        count = self.count + other.count
        both = (self.count > 0) & (other.count > 0)
        gap = jnp.where(both, self._mean() - other._mean(), 0.0)
        share = self.count * other.count / jnp.maximum(count, 1.0)
        return Spread(
            self.total + other.total,
            count,
            self.squares + other.squares + jnp.square(gap) * share,
            jnp.minimum(self.least, other.least),
            jnp.maximum(self.largest, other.largest),
        )

    def values(self) -> dict[str, np.ndarray]:
        """What is read from it on the host, by what follows the metric's name."""
        return {
            "": _ratio(self.total, self.count),
            "_std": np.asarray(np.sqrt(_ratio(self.squares, self.count))),
            "_least": _finite(self.least),
            "_largest": _finite(self.largest),
        }

    def broken(self) -> np.ndarray:
        """Whether something was counted, and is NaN or infinite."""
        return Mean(self.total, self.count).broken()

    def _mean(self) -> Float[Array, "..."]:
        return self.total / jnp.maximum(self.count, 1.0)


Metric = Mean | Least | Spread
Metrics = dict[str, Any]
"""Metrics by name: a :class:`Mean`, :class:`Least` or :class:`Spread` each; the same
names in every update of a learner. A name that ends in ``_by_<axis>`` has an axis of
its own, called so."""
KINDS = {kind._fields: kind for kind in (Mean, Least, Spread)}
"""Metrics by the names of their fields."""
_BY = "_by_"
SUFFIXES = ("_std", "_least", "_largest")
"""What follows the name of a :class:`Spread`, but for its mean."""


def pool(one: Tree, other: Tree) -> Tree:
    """Two trees of metrics as one.

    Parameters
    ----------
    one, other
        Trees of one structure.
    """
    return jax.tree.map(lambda a, b: a.pooled(b), one, other, is_leaf=_is_metric)


def nothing(like: Tree) -> Tree:
    """Metrics that have counted nothing, which change no other when pooled.

    Parameters
    ----------
    like
        Metrics, or their shapes.
    """

    def empty(metric: Any) -> Any:
        fields = metric._asdict().items()
        made = [np.full(x.shape, _START.get(n, 0.0), x.dtype) for n, x in fields]
        return type(metric)(*made)

    return jax.tree.map(empty, like, is_leaf=_is_metric)


def axes_of(name: str, num: int) -> tuple[str, ...]:
    """Names of a metric's own axes.

    Parameters
    ----------
    name
        ``mse_by_horizon``: what follows each ``_by_``, those at the end.
    num
        How many axes it has.
    """
    told = tuple(name.split(_BY)[1:])[-num:] if num else ()
    return told if len(told) == num else tuple(f"{name}_{i}" for i in range(num))


def named(name: str, suffix: str) -> str:
    """What is read from a metric, by name: ``mse_std_by_horizon``.

    Parameters
    ----------
    name
        Of the metric.
    suffix
        A key of its ``values()``.
    """
    head, by, axes = name.partition(_BY)
    return f"{head}{suffix}{by}{axes}"


def _is_metric(value: Any) -> bool:
    return isinstance(value, Metric)


def _ratio(total: Any, count: Any) -> np.ndarray:
    total, count = np.asarray(total), np.asarray(count)
    out = np.full(np.broadcast_shapes(total.shape, count.shape), np.nan, np.float32)
    with np.errstate(invalid="ignore"):
        return np.divide(total, count, out=out, where=count != 0)


def _finite(value: Any) -> np.ndarray:
    value = np.asarray(value, np.float32)
    return np.where(np.isinf(value), np.float32(np.nan), value)
