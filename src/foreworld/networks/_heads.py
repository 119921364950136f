"""What networks end with: a policy's parameters and the values of critics.

Source: Andrychowicz et al. 2021, arXiv 2006.05990 (small last layer of the policy).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import jax
from jaxtyping import Array, Float, Key

from foreworld.core.keys import named_key
from foreworld.nn.mlp import Dense

Activation = Literal["tanh", "relu"]
"""Type of ``activation`` fields."""
GAIN = math.sqrt(2.0)
"""Gain of orthogonal weights before an activation."""
POLICY_GAIN, VALUE_GAIN = 0.01, 1.0
"""Gains of the last layers: a policy starts nearly uniform."""

Layers = tuple[Dense, ...]


def activated(activation: Activation) -> Callable[[Array], Array]:
    """The function of a name."""
    return jax.nn.relu if activation == "relu" else jax.numpy.tanh


def init_layers(
    key: Key[Array, ""], name: str, widths: tuple[int, ...], last_gain: float = GAIN
) -> Layers:
    """Dense layers with orthogonal weights and zero biases.

    Parameters
    ----------
    key
        Draws the weights.
    name
        Of these layers in the network.
    widths
        Width of what comes in and after each layer.
    last_gain
        Gain of the last layer; that of the others is :data:`GAIN`.
    """
    gains = [GAIN] * (len(widths) - 2) + [last_gain]
    return tuple(
        Dense.init(named_key(key, name, i), widths[i], widths[i + 1], gain)
        for i, gain in enumerate(gains)
    )


def through(
    layers: Layers, x: Float[Array, "*batch input"], act: Callable[[Array], Array]
) -> Float[Array, "*batch output"]:
    """All layers, each but the last one activated.

    Parameters
    ----------
    layers
        From :func:`init_layers`.
    x
        Rows that come in.
    act
        The activation.
    """
    for layer in layers[:-1]:
        x = act(layer(x))
    return layers[-1](x)
