"""Adam after clipping by the global norm, for settings that are arrays in a program.

Source: Kingma and Ba 2015, arXiv 1412.6980, algorithm 1 (optax's implementation).
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float

Scalar = float | Float[Array, ""]


def init_adam(parameters: Any) -> Any:
    """Moments before the first step."""
    return optax.scale_by_adam().init(parameters)


def adam_step(
    parameters: Any,
    gradients: Any,
    moments: Any,
    learning_rate: Scalar,
    max_grad_norm: Scalar,
    eps: Scalar = 1e-8,
) -> tuple[Any, Any, Float[Array, ""]]:
    """One step.

    Parameters
    ----------
    parameters
        Pytree of float32 arrays to optimise.
    gradients
        Gradients of the loss, a pytree like ``parameters``.
    moments
        Running moments from :func:`init_adam` or from the step before.
    learning_rate
        Step size, at least 0; a scalar array inside a program.
    max_grad_norm
        Gradients that are longer, taken together, are shortened to this length; 0 for
        no limit.
    eps
        Added to the root of the second moment.

    Returns
    -------
    parameters
        Updated.
    moments
        Updated.
    norm
        Norm of the gradients before clipping.
    """
    squares = [jnp.sum(jnp.square(leaf)) for leaf in jax.tree.leaves(gradients)]
    norm = jnp.sqrt(sum(squares, jnp.float32(0.0)))
    shrink = jnp.minimum(1.0, max_grad_norm / jnp.maximum(norm, 1e-12))
    shrink = jnp.where(jnp.asarray(max_grad_norm) > 0, shrink, 1.0)
    gradients = jax.tree.map(lambda g: g * shrink, gradients)
    direction, moments = optax.scale_by_adam(eps=eps).update(gradients, moments)  # type: ignore[arg-type]
    parameters = jax.tree.map(lambda p, d: p - learning_rate * d, parameters, direction)
    return parameters, moments, norm
