"""Adam with a clipped global norm, for settings that are arrays in a program.

Source: Kingma and Ba 2015, arXiv 1412.6980, algorithm 1.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from foreworld.learners.ppo._gae import Scalar

_BETA1, _BETA2 = 0.9, 0.999


class Adam(NamedTuple):
    """Moments of the gradients, shaped like the parameters, and steps taken."""

    mean: Any
    square: Any
    count: Int[Array, ""]

    @staticmethod
    def init(parameters: Any) -> Adam:
        """Before the first step."""
        zeros = jax.tree.map(jnp.zeros_like, parameters)
        return Adam(zeros, zeros, jnp.int32(0))


def adam_step(
    parameters: Any,
    adam: Adam,
    gradients: Any,
    learning_rate: Scalar,
    max_grad_norm: Scalar,
    eps: Scalar,
) -> tuple[Any, Adam, Float[Array, ""]]:
    """Parameters after one step, the moments, and the gradient's norm before clipping.

    Parameters
    ----------
    max_grad_norm
        Gradients that are longer, taken together, are shortened to this length.
    eps
        Added to the root of the second moment.
    """
    norm = jnp.sqrt(sum(jnp.sum(g * g) for g in jax.tree.leaves(gradients)))
    scale = jnp.minimum(1.0, max_grad_norm / jnp.maximum(norm, 1e-12))
    count = adam.count + 1
    steps = count.astype(jnp.float32)
    unbias1 = 1.0 / (1.0 - _BETA1**steps)
    unbias2 = 1.0 / (1.0 - _BETA2**steps)
    mean = jax.tree.map(
        lambda m, g: _BETA1 * m + (1.0 - _BETA1) * (scale * g), adam.mean, gradients
    )
    square = jax.tree.map(
        lambda s, g: _BETA2 * s + (1.0 - _BETA2) * (scale * g) ** 2,
        adam.square,
        gradients,
    )

    def move(parameter: Array, m: Array, s: Array) -> Array:
        return parameter - learning_rate * (unbias1 * m) / (jnp.sqrt(unbias2 * s) + eps)

    parameters = jax.tree.map(move, parameters, mean, square)
    return parameters, Adam(mean, square, count), norm
