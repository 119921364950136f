"""Normalisation of feature maps: over the batch with running statistics, by groups.

Source: Ioffe, Szegedy 2015, arXiv 1502.03167; Wu, He 2018, arXiv 1803.08494.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

NormKind = Literal["batch", "group", "none"]
"""Which normalisation a stack of convolutions uses."""
EPSILON = 1e-5
MOMENTUM = 0.1
"""Share of the newest batch in the running statistics."""
NUM_GROUPS = 8


class Affine(eqx.Module):
    """Scale and shift of normalised channels.

    Attributes
    ----------
    scale, shift
        What a normalised channel is multiplied by, and what is added then.
    """

    scale: Float[Array, " channels"]
    shift: Float[Array, " channels"]

    @staticmethod
    def init(num_channels: int) -> Affine:
        """Scale one, shift zero."""
        zeros = jnp.zeros(num_channels, jnp.float32)
        return Affine(zeros + 1.0, zeros)


class Moments(NamedTuple):
    """Running mean and variance of a layer's channels; never trained.

    Attributes
    ----------
    mean, variance
        One number a channel.
    """

    mean: Float[Array, " channels"]
    variance: Float[Array, " channels"]

    @staticmethod
    def init(num_channels: int) -> Moments:
        """Mean zero, variance one."""
        zeros = jnp.zeros(num_channels, jnp.float32)
        return Moments(zeros, zeros + 1.0)


def batch_norm(
    x: Float[Array, "batch height width channels"],
    affine: Affine,
    moments: Moments,
    counted: Bool[Array, " batch"] | None,
) -> tuple[Float[Array, "batch height width channels"], Moments]:
    """Normalise channels over a batch while training, by running statistics otherwise.

    Parameters
    ----------
    x
        Feature maps.
    affine
        Scale and shift of the normalised channels.
    moments
        Running statistics before this batch.
    counted
        While training: which rows the statistics are over, so that padding never
        enters them. ``None`` otherwise: running statistics are used and kept.

    Returns
    -------
    normalised
        Rows that do not count are normalised like the others.
    moments
        Running statistics, moved towards this batch's (unbiased variance).
    """
    if counted is None:
        return _normalise(x, moments.mean, moments.variance, affine), moments
    weight = counted.astype(jnp.float32)[:, None, None, None]
    count = jnp.maximum(jnp.sum(weight), 1.0) * (x.shape[1] * x.shape[2])
    mean = jnp.sum(x * weight, axis=(0, 1, 2)) / count
    variance = jnp.sum(jnp.square(x - mean) * weight, axis=(0, 1, 2)) / count
    unbiased = variance * count / jnp.maximum(count - 1.0, 1.0)
    new = Moments(
        moments.mean + MOMENTUM * (mean - moments.mean),
        moments.variance + MOMENTUM * (unbiased - moments.variance),
    )
    return _normalise(x, mean, variance, affine), new


def group_norm(
    x: Float[Array, "batch height width channels"], affine: Affine
) -> Float[Array, "batch height width channels"]:
    """Normalise each image over groups of channels: the same in training and after.

    There are :data:`NUM_GROUPS` groups, or one where the channels do not divide.

    Parameters
    ----------
    x
        Feature maps.
    affine
        Scale and shift of the normalised channels.
    """
    batch, height, width, channels = x.shape
    groups = NUM_GROUPS if channels % NUM_GROUPS == 0 else 1
    grouped = x.reshape(batch, height, width, groups, channels // groups)
    mean = jnp.mean(grouped, axis=(1, 2, 4), keepdims=True)
    variance = jnp.var(grouped, axis=(1, 2, 4), keepdims=True)
    normal = (grouped - mean) / jnp.sqrt(variance + EPSILON)
    return normal.reshape(x.shape) * affine.scale + affine.shift


def _normalise(x: Array, mean: Array, variance: Array, affine: Affine) -> Array:
    gain = affine.scale / jnp.sqrt(variance + EPSILON)
    return x * gain + (affine.shift - mean * gain)
