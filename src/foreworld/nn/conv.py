"""Strided and transposed convolutions that stay fast when runs are vmapped.

Under ``vmap`` with weights of their own per run, XLA's convolution becomes a grouped
one, which CPUs run up to forty times slower. Here a kernel's rows are taken as
channels of one large matmul, whose output channels are the kernel's columns times
its own; shifted sums over columns follow. The matmul merely gains a batch axis. Equal
up to rounding to ``jax.lax.conv_general_dilated``.

Source: Dumoulin, Visin 2016, arXiv 1603.07285 (arithmetic of both convolutions).
"""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from foreworld.nn.initial import he_normal

_PHASES = ((3, 1), (2, 0))
"""Kernel rows that take inputs i - 1 + phase and i + phase to output 2 i + phase."""


class Kernel(eqx.Module):
    """Parameters of a convolution.

    Attributes
    ----------
    weight, bias
        The kernel, input channels before output channels, and what is added.
    """

    weight: Float[Array, "rows columns input output"]
    bias: Float[Array, " output"]

    @staticmethod
    def init(
        key: Key[Array, ""], size: int, inputs: int, outputs: int, stride_up: int = 1
    ) -> Kernel:
        """He normal weights, zero bias.

        Parameters
        ----------
        key
            Draws the weights.
        size
            Rows and columns of the kernel.
        inputs, outputs
            Channels of the image that comes in and of the one that goes out.
        stride_up
            Stride of a transposed convolution: only every ``stride_up``-th row and
            column of the kernel meets an output pixel.
        """
        fan_in = inputs * size * size / stride_up**2
        shape = (size, size, inputs, outputs)
        return Kernel(he_normal(key, shape, fan_in), jnp.zeros(outputs, jnp.float32))


def conv(
    x: Float[Array, "batch height width input"],
    kernel: Kernel,
    stride: int,
    padding: int,
) -> Float[Array, "batch out_height out_width output"]:
    """Convolution (cross-correlation) with zero padding on all sides.

    Parameters
    ----------
    x
        Images.
    kernel
        Square or not.
    stride
        Step between windows in both directions, pixels.
    padding
        Zeros added on each side, pixels.

    Returns
    -------
    Array
        ``(size + 2 padding - kernel size) // stride + 1`` rows and columns.
    """
    rows, columns, inputs, outputs = kernel.weight.shape
    batch, height, width, _ = x.shape
    out_height = (height + 2 * padding - rows) // stride + 1
    out_width = (width + 2 * padding - columns) // stride + 1
    # Columns in blocks of `stride`: a kernel covers `taps` blocks, and output column j
    # begins at block j, so that no strided slice along columns is needed.
    taps = -(-columns // stride)
    num_blocks = out_width - 1 + taps
    right = max(num_blocks * stride - width - padding, 0)
    x = jnp.pad(x, ((0, 0), (padding, padding), (padding, right), (0, 0)))
    x = x[:, :, : num_blocks * stride]
    x = x.reshape(batch, height + 2 * padding, num_blocks, stride * inputs)
    last = (out_height - 1) * stride + 1
    x = jnp.concatenate([x[:, i : i + last : stride] for i in range(rows)], axis=-1)
    more = taps * stride - columns
    weight = jnp.pad(kernel.weight, ((0, 0), (0, more), (0, 0), (0, 0)))
    weight = weight.reshape(rows, taps, stride * inputs, outputs)
    weight = weight.transpose(0, 2, 1, 3).reshape(-1, taps * outputs)
    y = x.reshape(-1, weight.shape[0]) @ weight
    y = y.reshape(batch, out_height, num_blocks, taps, outputs)
    return sum((y[:, :, j : j + out_width, j] for j in range(taps)), kernel.bias)


def double(
    x: Float[Array, "batch height width input"], kernel: Kernel
) -> Float[Array, "batch out_height out_width output"]:
    """Transposed convolution with a 4x4 kernel, stride 2, padding 1: twice the size.

    Input pixel ``i`` adds its product with kernel row ``k`` to output row
    ``2 i + k - 1``, and so for columns.

    Parameters
    ----------
    x
        Images.
    kernel
        4 rows and 4 columns.
    """
    batch, height, width, inputs = x.shape
    outputs = kernel.weight.shape[-1]
    padded = jnp.pad(x, ((0, 0), (1, 1), (0, 0), (0, 0)))
    parity = []
    for phase, (upper, lower) in enumerate(_PHASES):
        rows = padded[:, phase : phase + height], padded[:, phase + 1 :][:, :height]
        pair = jnp.concatenate(rows, axis=-1)
        weight = jnp.concatenate([kernel.weight[upper], kernel.weight[lower]], axis=1)
        weight = weight.transpose(1, 0, 2).reshape(2 * inputs, 4 * outputs)
        y = pair.reshape(-1, 2 * inputs) @ weight
        y = y.reshape(batch, height, width, 4, outputs)
        from_left = jnp.pad(y[:, :, :-1, 3], ((0, 0), (0, 0), (1, 0), (0, 0)))
        from_right = jnp.pad(y[:, :, 1:, 0], ((0, 0), (0, 0), (0, 1), (0, 0)))
        both = [y[:, :, :, 1] + from_left, y[:, :, :, 2] + from_right]
        parity.append(jnp.stack(both, axis=3))
    z = jnp.stack(parity, axis=2)
    return z.reshape(batch, 2 * height, 2 * width, outputs) + kernel.bias
