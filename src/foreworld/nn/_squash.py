"""Numbers without bounds squashed onto a box: ``tanh`` or ``softplus``, and back.

Source: Haarnoja et al. 2018, arXiv 1801.01290, appendix C.
"""

from __future__ import annotations

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from foreworld.core.spaces import Box

_INSIDE = 1.0 - 1e-6
"""Where ``tanh`` is inverted: float32 cannot tell values nearer to 1 apart."""
_NUM_NODES = 32


def bounds(box: Box) -> tuple[bool, bool]:
    """Whether a box ends below, and above.

    Parameters
    ----------
    box
        Of float numbers.
    """
    return math.isfinite(box.low), math.isfinite(box.high)


def squash(box: Box, u: Array) -> Array:
    """A number without bounds as one of the box.

    Parameters
    ----------
    box
        Where it goes; it stays as it is where the box has no bounds.
    u
        Any numbers.
    """
    match bounds(box):
        case (True, True):
            return box.low + 0.5 * (jnp.tanh(u) + 1.0) * (box.high - box.low)
        case (True, False):
            return box.low + jax.nn.softplus(u)
        case (False, True):
            return box.high - jax.nn.softplus(u)
        case _:
            return u


def inverse(box: Box, action: Array) -> Array:
    """The number that is squashed to an entry of the box.

    Parameters
    ----------
    box
        Of the entries.
    action
        Entries. Those at the very bounds count as a little inside.
    """
    match bounds(box):
        case (True, True):
            share = 2.0 * (action - box.low) / (box.high - box.low) - 1.0
            return jnp.arctanh(jnp.clip(share, -_INSIDE, _INSIDE))
        case (True, False):
            return _inverse_softplus(action - box.low)
        case (False, True):
            return _inverse_softplus(box.high - action)
        case _:
            return action


def _inverse_softplus(y: Array) -> Array:
    y = jnp.maximum(y, 1.0 - _INSIDE)
    return y + jnp.log(-jnp.expm1(-y))


def log_slope(box: Box, u: Array) -> Array:
    """Logarithm of the slope of :func:`squash`.

    Parameters
    ----------
    box, u
        As there.
    """
    match bounds(box):
        case (True, True):
            slope = 2.0 * (math.log(2.0) - u - jax.nn.softplus(-2.0 * u))
            return slope + math.log(0.5 * (box.high - box.low))
        case (False, False):
            return jnp.zeros_like(u)
        case _:
            return jax.nn.log_sigmoid(u)


@functools.cache
def quadrature() -> tuple[np.ndarray, np.ndarray]:
    """Points and weights for means over a standard normal number (Gauss-Hermite)."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NUM_NODES)
    weights = weights / weights.sum()
    return nodes.astype(np.float32), weights.astype(np.float32)
