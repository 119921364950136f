"""Stacks of convolutions: frames to a vector, and a vector to a frame.

A block is a (transposed) convolution, a normalisation and a leaky rectifier; the last
block of a stack is the convolution alone. Parameters and running statistics are apart,
so that the optimiser sees the former only.

Source: the blocks of github.com/ichko/forward-model (2020).
"""

from __future__ import annotations

from collections.abc import Callable

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Key

from foreworld.core.keys import named_key
from foreworld.nn.conv import Kernel, conv, double
from foreworld.nn.initial import he_normal
from foreworld.nn.mlp import Dense
from foreworld.nn.norm import Affine, Moments, NormKind, batch_norm, group_norm

SLOPE = 0.1
"""Slope of the leaky rectifier below zero."""
STRIDE = 2
"""Every block of an encoder halves the size."""

Statistics = tuple[Moments, ...]
"""Running statistics of a stack's normalisations; empty without batch normalisation."""


def rectify(x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """The leaky rectifier of all blocks."""
    return jnp.where(x >= 0, x, SLOPE * x)


class Encoder(eqx.Module):
    """Frames to vectors: strided convolutions, then a dense layer.

    Attributes
    ----------
    kernels, affines
        Convolutions, and normalisations after all but the last of them.
    out
        The dense layer.
    """

    kernels: tuple[Kernel, ...]
    affines: tuple[Affine, ...]
    out: Dense

    @staticmethod
    def init(
        key: Key[Array, ""],
        frame: tuple[int, int, int],
        widths: tuple[int, ...],
        kernel_size: int,
        num_outputs: int,
        norm: NormKind,
    ) -> Encoder:
        """Fresh parameters, biases zero.

        Parameters
        ----------
        key
            Draws the weights.
        frame
            Height, width and channels of the frames, pixels.
        widths
            Channels after each convolution, at least one; each halves the frame.
        kernel_size
            Rows and columns of the kernels, pixels.
        num_outputs
            Width of the vectors.
        norm
            Normalisation after all convolutions but the last.
        """
        height, width, channels = frame
        ins = (channels, *widths)
        kernels = [
            Kernel.init(named_key(key, "conv", i), kernel_size, ins[i], ins[i + 1])
            for i in range(len(widths))
        ]
        for _ in widths:
            height, width = _halved(height, kernel_size), _halved(width, kernel_size)
        out = _dense(named_key(key, "out"), height * width * widths[-1], num_outputs)
        return Encoder(tuple(kernels), _affines(widths[:-1], norm), out)

    def __call__(
        self,
        frames: Float[Array, "batch height width channels"],
        statistics: Statistics,
        norm: NormKind,
        counted: Bool[Array, " batch"] | None,
    ) -> tuple[Float[Array, "batch output"], Statistics]:
        """Vectors, and the running statistics after seeing these frames.

        Parameters
        ----------
        frames
            Brightness, usually from 0 to 1.
        statistics
            Running statistics, from :func:`init_statistics` or from the last call;
            empty without batch normalisation.
        norm
            The one that :meth:`init` was given.
        counted
            Rows that the statistics are over, as in
            :func:`foreworld.nn.norm.batch_norm`; ``None`` when not training.
        """

        def layer(x: Array, kernel: Kernel) -> Array:
            return conv(x, kernel, STRIDE, kernel.weight.shape[0] // 2)

        x, kept = _stacked(layer, self, frames, statistics, norm, counted)
        return self.out(rectify(x).reshape(x.shape[0], -1)), kept


class Renderer(eqx.Module):
    """Vectors to the logits of frames: a dense layer, then doublings.

    Attributes
    ----------
    dense
        From the vector to a small map, rectified.
    kernels, affines
        Transposed convolutions, and normalisations after all but the last of them.
    """

    dense: Dense
    kernels: tuple[Kernel, ...]
    affines: tuple[Affine, ...]

    @staticmethod
    def init(
        key: Key[Array, ""],
        num_inputs: int,
        widths: tuple[int, ...],
        frame: tuple[int, int, int],
        norm: NormKind,
    ) -> Renderer:
        """Fresh parameters, biases zero.

        Parameters
        ----------
        key
            Draws the weights.
        num_inputs
            Width of the vectors.
        widths
            Channels before each doubling, at least one.
        frame
            Height, width and channels of the frames, pixels; both sides are multiples
            of ``2 ** len(widths)``.
        norm
            Normalisation after all doublings but the last.
        """
        height, width, channels = frame
        height, width = height >> len(widths), width >> len(widths)
        outs = (*widths[1:], channels)
        kernels = [
            Kernel.init(named_key(key, "double", i), 4, widths[i], outs[i], stride_up=2)
            for i in range(len(widths))
        ]
        dense = _dense(named_key(key, "dense"), num_inputs, height * width * widths[0])
        return Renderer(dense, tuple(kernels), _affines(widths[1:], norm))

    def __call__(
        self,
        vectors: Float[Array, "batch input"],
        frame: tuple[int, int, int],
        statistics: Statistics,
        norm: NormKind,
        counted: Bool[Array, " batch"] | None,
    ) -> tuple[Float[Array, "batch height width channels"], Statistics]:
        """Logits of frames, and the running statistics after these vectors.

        Parameters
        ----------
        vectors
            One a frame.
        frame
            Height, width and channels of the frames, as in :meth:`init`.
        statistics
            Running statistics, from :func:`init_statistics` or from the last call;
            empty without batch normalisation.
        norm
            The one that :meth:`init` was given.
        counted
            Rows that the statistics are over, as in
            :func:`foreworld.nn.norm.batch_norm`; ``None`` when not training.
        """
        height, width = (size >> len(self.kernels) for size in frame[:2])
        x = rectify(self.dense(vectors)).reshape(vectors.shape[0], height, width, -1)
        return _stacked(double, self, x, statistics, norm, counted)


def init_statistics(affines: tuple[Affine, ...], norm: NormKind) -> Statistics:
    """Running statistics of a fresh stack.

    Parameters
    ----------
    affines
        The stack's normalisations, in their order.
    norm
        The one that the stack was made with; only ``"batch"`` has statistics.
    """
    if norm != "batch":
        return ()
    return tuple(Moments.init(affine.scale.shape[0]) for affine in affines)


def _halved(size: int, kernel_size: int) -> int:
    return (size + 2 * (kernel_size // 2) - kernel_size) // STRIDE + 1


def _dense(key: Key[Array, ""], inputs: int, outputs: int) -> Dense:
    # He normal instead of orthogonal: decomposing a 4096 x 32 matrix costs seconds.
    weight = he_normal(key, (inputs, outputs), inputs)
    return Dense(weight, jnp.zeros(outputs, jnp.float32))


def _affines(widths: tuple[int, ...], norm: NormKind) -> tuple[Affine, ...]:
    return () if norm == "none" else tuple(Affine.init(width) for width in widths)


def _stacked(
    layer: Callable[[Array, Kernel], Array],
    stack: Encoder | Renderer,
    x: Array,
    statistics: Statistics,
    norm: NormKind,
    counted: Array | None,
) -> tuple[Array, Statistics]:
    """All convolutions; every one but the last is normalised and rectified."""
    kept: list[Moments] = []
    for i, kernel in enumerate(stack.kernels):
        x = layer(x, kernel)
        if i + 1 == len(stack.kernels):
            break
        if norm == "batch":
            x, moments = batch_norm(x, stack.affines[i], statistics[i], counted)
            kept.append(moments)
        elif norm == "group":
            x = group_norm(x, stack.affines[i])
        x = rectify(x)
    return x, tuple(kept)
