"""Draws discs in a periodic box: what leaves at one side comes in at the other.

Positions are shares of the box, x to the right and y up. Pixels are equal cells of the
box, so a picture next to itself has no seam. Frames are upright: row 0 is the top.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt8

from foreworld.render.discs import BACKGROUND, SHARPNESS, Centres, Colours


def draw_torus_binary(
    centres: Centres, radius: Float[Array, ""], size: int
) -> UInt8[Array, "height width 1"]:
    """The union of discs of one radius, 255 where lit and 0 elsewhere.

    Parameters
    ----------
    centres
        Positions as shares of the box (x, y up).
    radius
        Radius of all discs as a share of the box.
    size
        Width and height of the frame in pixels.
    """
    lit = jnp.any(_distance(centres, size) <= radius.astype(jnp.float32), axis=0)
    return jnp.where(lit, jnp.uint8(255), jnp.uint8(0))[:, :, None]


def draw_torus_rgb(
    centres: Centres, radius: Float[Array, ""], colours: Colours, size: int
) -> UInt8[Array, "height width 3"]:
    """Soft discs of one radius over grey, composited front to back, disc 0 on top.

    Edges and background are those of :func:`foreworld.render.discs.draw_rgb`.

    Parameters
    ----------
    centres
        Positions as shares of the box (x, y up).
    radius
        Radius of all discs as a share of the box.
    colours
        Red, green and blue of each disc in ``[0, 1]``.
    size
        Width and height of the frame in pixels.
    """
    edge = radius.astype(jnp.float32) - _distance(centres, size)
    coverage = jax.nn.sigmoid(jnp.float32(SHARPNESS) * edge)
    free = jnp.cumprod(1 - coverage, axis=0)
    shown = coverage * jnp.concatenate([jnp.ones_like(free[:1]), free[:-1]])
    picture = jnp.einsum("dhw,dc->hwc", shown, colours.astype(jnp.float32))
    picture += free[-1][:, :, None] * jnp.asarray(BACKGROUND, jnp.float32)
    return (picture * 255).astype(jnp.uint8)


def _distance(centres: Centres, size: int) -> Float[Array, "disc height width"]:
    """Distance from each disc's nearest image to each pixel's centre."""
    cells = jnp.asarray((np.arange(size) + 0.5) / size, jnp.float32)
    # Shares of the box first: a float32 of a large box would lose digits.
    gap = cells - centres.astype(jnp.float32)[:, :, None]
    squares = jnp.square(gap - jnp.round(gap))
    return jnp.sqrt(squares[:, 0, None, :] + squares[:, 1, ::-1, None])
