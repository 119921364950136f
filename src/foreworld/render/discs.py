"""Draws discs as uint8 frames: soft colour discs and exact hard ones.

Source: renderer of the Hamiltonian dynamics suite (Botev et al., "Which priors matter?
Benchmarking models for learning latent dynamics", 2021), and its thresholded form.

Positions are in unit-canvas coordinates, x to the right and y up, both in ``[0, 1]``.
Pixel centres of a frame of ``size`` pixels are at ``j / (size - 1)``, so the outermost
centres lie on the edges of the canvas. Frames are upright: row 0 is the top.
"""

from __future__ import annotations

import colorsys
import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt8

Centres = Float[Array, "disc 2"]
Radii = Float[Array, " disc"]
Colours = Float[Array, "disc 3"]
SHARPNESS = 80.0
"""Slope of a soft edge: coverage is ``sigmoid(SHARPNESS * (radius - distance))``."""
BACKGROUND = (0.321, 0.349, 0.368)
"""Colour behind all discs, red, green and blue in ``[0, 1]``."""
LIT_FROM = 115
"""Smallest uint8 value that counts as lit: the first above 0.45 of 255."""


def lit_margin(background: float) -> float:
    """How far beyond its radius a disc of colour value 1 still lights pixels.

    A pixel's value ``M + background * (1 - M)``, truncated to uint8, reaches
    :data:`LIT_FROM` where the coverage ``M`` is at least ``(LIT_FROM / 255 -
    background) / (1 - background)``; inverting the sigmoid gives the distance.

    Parameters
    ----------
    background
        Background value of the channel, in ``[0, LIT_FROM / 255)``.

    Returns
    -------
    float
        Unit-canvas distance; 0.018010 for the red background.
    """
    coverage = (LIT_FROM / 255 - background) / (1 - background)
    return math.log((1 - coverage) / coverage) / SHARPNESS


LIT_MARGIN = lit_margin(BACKGROUND[0])
"""Margin of the one-channel frames, which are the thresholded red channel."""


def draw_binary(
    centres: Centres, radii: Radii, size: int
) -> UInt8[Array, "height width 1"]:
    """The union of hard discs, 255 where lit and 0 elsewhere.

    A pixel is lit where its distance to a centre is at most the radius plus
    :data:`LIT_MARGIN`: the red channel of :func:`draw_rgb` for one red disc,
    thresholded at :data:`LIT_FROM`.

    Parameters
    ----------
    centres
        Unit-canvas positions (x, y up).
    radii
        Unit-canvas radii.
    size
        Width and height of the frame in pixels.
    """
    grid = _grid(size)
    centres = centres.astype(jnp.float32)
    reach = radii.astype(jnp.float32) + jnp.float32(LIT_MARGIN)
    across = jnp.square(grid[None, :] - centres[:, :1])
    # One comparison a pixel: dx^2 <= R^2 - dy^2, the right side once a row.
    room = reach[:, None] ** 2 - jnp.square(grid[None, ::-1] - centres[:, 1:])
    lit = jnp.any(across[:, None, :] <= room[:, :, None], axis=0)
    return jnp.where(lit, jnp.uint8(255), jnp.uint8(0))[:, :, None]


def draw_rgb(
    centres: Centres, radii: Radii, colours: Colours, size: int
) -> UInt8[Array, "height width 3"]:
    """Soft discs over the grey background as uint8, truncated like the original.

    Parameters
    ----------
    centres
        Unit-canvas positions (x, y up).
    radii
        Unit-canvas radii.
    colours
        Red, green and blue of each disc in ``[0, 1]``.
    size
        Width and height of the frame in pixels.
    """
    return (soft_discs(centres, radii, colours, size) * 255).astype(jnp.uint8)


def draw_thresholded(
    centres: Centres, radii: Radii, colours: Colours, size: int
) -> UInt8[Array, "height width 3"]:
    """The channels of :func:`draw_rgb`, 255 where at least :data:`LIT_FROM`, else 0.

    Parameters
    ----------
    centres
        Unit-canvas positions (x, y up).
    radii
        Unit-canvas radii.
    colours
        Red, green and blue of each disc in ``[0, 1]``.
    size
        Width and height of the frame in pixels.
    """
    lit = draw_rgb(centres, radii, colours, size) >= LIT_FROM
    return jnp.where(lit, jnp.uint8(255), jnp.uint8(0))


def soft_discs(
    centres: Centres, radii: Radii, colours: Colours, size: int
) -> Float[Array, "height width 3"]:
    """Soft discs over the background, composited front to back, disc 0 on top.

    Parameters
    ----------
    centres
        Unit-canvas positions (x, y up).
    radii
        Unit-canvas radii.
    colours
        Red, green and blue of each disc in ``[0, 1]``.
    size
        Width and height of the frame in pixels.

    Returns
    -------
    Array
        Values in ``[0, 1]``.
    """
    grid = _grid(size)
    centres = centres.astype(jnp.float32)
    across = jnp.square(grid[None, None, :] - centres[:, 0, None, None])
    down = jnp.square(grid[None, ::-1, None] - centres[:, 1, None, None])
    distance = jnp.sqrt(across + down)
    edge = radii.astype(jnp.float32)[:, None, None] - distance
    coverage = jax.nn.sigmoid(jnp.float32(SHARPNESS) * edge)
    picture = jnp.zeros((size, size, 3), jnp.float32)
    free = jnp.ones((size, size), jnp.float32)
    for disc in range(coverage.shape[0]):
        shown = (free * coverage[disc])[:, :, None]
        picture = picture + shown * colours[disc].astype(jnp.float32)
        free = free * (1 - coverage[disc])
    return picture + free[:, :, None] * jnp.asarray(BACKGROUND, jnp.float32)


def hues(num: int) -> Float[np.ndarray, "num 3"]:
    """Fully saturated colours with equally spaced hues: 1 is red, 2 red and cyan."""
    colours = [colorsys.hsv_to_rgb(i / num, 1.0, 1.0) for i in range(num)]
    return np.asarray(colours, np.float32)


def pick_hues(
    num_hues: int, num_discs: int, which: Float[Array, ""]
) -> Float[Array, "disc 3"]:
    """Distinct hues for discs.

    Parameters
    ----------
    num_hues
        Hues to choose from, equally spaced; at least ``num_discs``.
    num_discs
        Discs to colour.
    which
        In ``[0, 1]``: all ordered choices are numbered, and this is the fraction of
        them that come before. A uniform draw makes all choices equally likely, as long
        as float32 tells them apart: up to some million choices.
    """
    left = jnp.arange(num_hues)
    chosen, rest = [], which.astype(jnp.float32)
    for disc in range(num_discs):
        scaled = rest * (num_hues - disc)
        place = jnp.minimum(scaled.astype(jnp.int32), num_hues - disc - 1)
        rest = scaled - place
        chosen.append(left[place])
        left = jnp.delete(left, place, assume_unique_indices=True)
    return jnp.asarray(hues(num_hues))[jnp.stack(chosen)]


def _grid(size: int) -> Float[Array, " size"]:
    return jnp.asarray(np.arange(size) / max(size - 1, 1), jnp.float32)
