"""Dense layers and orthogonal initialisation.

Source: Saxe, McClelland, Ganguli 2014, arXiv 1312.6120 (orthogonal initialisation).
"""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key


def orthogonal(
    key: Key[Array, ""], shape: tuple[int, int], scale: float = 1.0
) -> Float[Array, "rows columns"]:
    """A random matrix with orthonormal rows or columns, times ``scale``.

    Call it outside vmapped programs: a batched QR decomposition stalls on CPUs.

    Parameters
    ----------
    key
        Draws the matrix.
    shape
        Rows and columns. The longer side is orthonormalised against the shorter:
        columns where there are at least as many rows, otherwise rows.
    scale
        Factor (gain) of all entries.
    """
    rows, columns = shape
    tall = (max(shape), min(shape))
    q, r = jnp.linalg.qr(jax.random.normal(key, tall, jnp.float32))
    # The signs of r's diagonal make the draw uniform over orthogonal matrices.
    q = q * jnp.where(jnp.diagonal(r) < 0, -1.0, 1.0)
    return scale * (q if rows >= columns else q.T)


class Dense(eqx.Module):
    """An affine map of the last axis.

    Attributes
    ----------
    weight, bias
        ``y = x @ weight + bias``.
    """

    weight: Float[Array, "input output"]
    bias: Float[Array, " output"]

    @staticmethod
    def init(
        key: Key[Array, ""], input_size: int, output_size: int, scale: float
    ) -> Dense:
        """Orthogonal weights with gain ``scale``, zero bias.

        Parameters
        ----------
        key
            Draws the weights.
        input_size, output_size
            Widths of what comes in and goes out.
        scale
            Gain of the weights.
        """
        weight = orthogonal(key, (input_size, output_size), scale)
        return Dense(weight, jnp.zeros(output_size, jnp.float32))

    def __call__(
        self, x: Float[Array, "*batch input"]
    ) -> Float[Array, "*batch output"]:
        """Apply the map."""
        return x @ self.weight + self.bias
