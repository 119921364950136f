"""From observations of any space to rows of features.

A plain box and a number of choices become a row of numbers as they are; an image goes
through convolutions; of a record each field is encoded in its own way, and the rows are
joined.

Source: the stack of convolutions follows Young, Tian 2019, arXiv 1903.03176 (3x3,
16 channels), continued by halvings for larger images.
"""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from foreworld.core.errors import FitError
from foreworld.core.keys import named_key
from foreworld.core.spaces import AbstractSpace, Box, Discrete, Record
from foreworld.nn.conv import Kernel, conv
from foreworld.nn.initial import he_normal
from foreworld.nn.mlp import Dense

IMAGE_FEATURES = 64
"""Width of the row that an image becomes."""
_FIRST, _LATER = 16, 32
"""Channels after the first convolution, and after the others."""
_NEAR, _SMALLEST = 16, 8
"""Images of at most that side keep it in the first convolution; halved down to that."""


class Encoder(eqx.Module):
    """From observations of a space to rows.

    Attributes
    ----------
    space
        What is observed.
    convolutions
        Kernels of each image, by the name of its field (empty for an image alone).
    dense
        The layers after them.
    """

    convolutions: dict[str, tuple[Kernel, ...]]
    dense: dict[str, Dense]
    space: AbstractSpace = eqx.field(static=True)

    @staticmethod
    def init(key: Key[Array, ""], space: AbstractSpace) -> Encoder:
        """He normal weights, zero biases.

        Parameters
        ----------
        key
            Draws the weights.
        space
            What is observed.

        Raises
        ------
        FitError
            There is no encoder for such a space.
        """
        convolutions, dense = {}, {}
        for name, one in _leaves(space).items():
            if not isinstance(one, Box | Discrete):
                raise FitError(
                    f"observations {one!r} cannot be encoded: a network takes "
                    f"Discrete, Box and records of these. Give the world such an "
                    f"observation_space."
                )
            if is_image(one):
                own = named_key(key, "image", name)
                convolutions[name], dense[name] = _stack(own, one.shape)
        return Encoder(convolutions, dense, space)

    @property
    def size(self) -> int:
        """Width of the rows."""
        return sum(
            IMAGE_FEATURES if is_image(one) else one.flat_size
            for one in _leaves(self.space).values()
        )

    def __call__(self, obs: Any) -> Float[Array, "*batch features"]:
        """Rows of features, with the leading axes of the observations."""
        rows = [
            self._look(name, one, x) if is_image(one) else one.flatten(x)
            for (name, one), x in zip(
                _leaves(self.space).items(), _values(self.space, obs), strict=True
            )
        ]
        return rows[0] if len(rows) == 1 else jnp.concatenate(rows, axis=-1)

    def _look(self, name: str, space: Any, image: Array) -> Array:
        batch = image.shape[:-3]
        x = image.reshape(-1, *space.shape).astype(jnp.float32)
        if np.isfinite([space.low, space.high]).all() and space.high > space.low:
            x = (x - space.low) / (space.high - space.low)
        for kernel, stride in zip(
            self.convolutions[name], _strides(space.shape), strict=True
        ):
            x = jax.nn.relu(conv(x, kernel, stride, 1))
        rows = jax.nn.relu(self.dense[name](x.reshape(x.shape[0], -1)))
        return rows.reshape(*batch, -1)


def is_image(space: AbstractSpace) -> bool:
    """Whether observations are pictures: height, width, channels, 3 pixels at least."""
    return isinstance(space, Box) and len(space.shape) == 3 and min(space.shape[:2]) > 2


def _strides(shape: tuple[int, ...]) -> list[int]:
    side = max(shape[:2])
    strides = [1 if side <= _NEAR else 2]
    side = -(-side // strides[0])
    while side > _SMALLEST:
        strides.append(2)
        side = -(-side // 2)
    return strides


def _stack(
    key: Key[Array, ""], shape: tuple[int, ...]
) -> tuple[tuple[Kernel, ...], Dense]:
    height, width, channels = shape
    kernels = []
    for i, stride in enumerate(_strides(shape)):
        outputs = _LATER if i else _FIRST
        kernels.append(Kernel.init(named_key(key, "conv", i), 3, channels, outputs))
        height, width, channels = -(-height // stride), -(-width // stride), outputs
    size = height * width * channels
    # He normal instead of orthogonal: decomposing a large matrix costs seconds.
    weight = he_normal(named_key(key, "dense"), (size, IMAGE_FEATURES), size)
    return tuple(kernels), Dense(weight, jnp.zeros(IMAGE_FEATURES, jnp.float32))


def _leaves(space: Any, name: str = "") -> dict[str, Any]:
    """The spaces in a record that are none themselves, by dotted name."""
    if not isinstance(space, Record):
        return {name: space}
    found: dict[str, Any] = {}
    for field, one in space.items:
        found |= _leaves(one, f"{name}.{field}")
    return found


def _values(space: Any, obs: Any) -> list[Any]:
    """The observations in those spaces, in their order."""
    if not isinstance(space, Record):
        return [obs]
    return [x for field, one in space.items for x in _values(one, obs[field])]
