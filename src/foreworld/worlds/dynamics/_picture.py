"""How discs are drawn: the canvas, where it lies, what surrounds it, and colours."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float, UInt8

from foreworld.core.errors import ConfigError
from foreworld.core.parts.part import Bounded, Part, Traced
from foreworld.render.discs import (
    draw_binary,
    draw_rgb,
    draw_thresholded,
    hues,
    pick_hues,
)
from foreworld.worlds.dynamics.base import ImageSize


class Discs(NamedTuple):
    """What there is to draw, in world units (y up), the topmost disc first."""

    centres: Float[Array, "disc 2"]
    radii: Float[Array, " disc"]


class Picture(Part):
    """How a system of discs is drawn."""

    offset_x: Annotated[float, Traced(unit="canvas half-widths")] = 0.0
    """shift of the picture to the right"""
    offset_y: Annotated[float, Traced(unit="canvas half-widths")] = 0.0
    """shift of the picture upwards"""
    canvas: Annotated[float, Traced(low=0, unit="m")] = 0.0
    """half-width of the canvas; 0 takes what just holds the system"""
    margin: Annotated[float, Bounded(low=0, unit="canvas half-widths")] = 0.0
    """room around the canvas for offsets; the suite's random canvas has 0.4"""
    image_size: ImageSize = 32
    """width and height of a frame"""
    colour: Literal["binary", "rgb", "thresholded"] = "binary"
    """binary: one channel of 0 and 255; rgb: soft colour discs on grey; thresholded:
    the three channels of rgb, each 255 where above 0.45"""
    num_colours: Annotated[int, Bounded(low=1)] = 1
    """equally spaced hues to choose from; with 1 every disc is red"""
    colouring: Annotated[float, Traced(low=0, high=1)] = 0.0
    """which of the ways to give discs distinct hues, as a fraction of all ways"""

    def __check_init__(self) -> None:
        super().__check_init__()
        for name in ("offset_x", "offset_y"):
            value = getattr(self, name)
            if abs(value) > self.margin * (1 + 1e-6):
                raise ConfigError(
                    f"Picture.{name}={value} leaves the canvas: it must lie within "
                    f"-margin and margin={self.margin}. Raise the margin."
                )

    def draw(
        self, discs: Discs, half: Float[Array, ""], shift: tuple[Any, Any]
    ) -> UInt8[Array, "height width channels"]:
        """Draw discs upright; 1 channel, or 3.

        Parameters
        ----------
        discs
            Where they are, in world units.
        half
            Half-width of the canvas without its margin, in world units.
        shift
            Shift to the right and upwards, in half-widths.
        """
        limit = half * (1 + self.margin)
        moved = jnp.stack([jnp.asarray(share) for share in shift]) * half
        centres = (discs.centres + moved + limit) / (2 * limit)
        radii = discs.radii / (2 * limit)
        if self.colour == "binary":
            return draw_binary(centres, radii, self.image_size)
        num = radii.shape[0]
        if self.num_colours == 1:
            colours = jnp.broadcast_to(hues(1), (num, 3))
        else:
            colours = pick_hues(self.num_colours, num, jnp.asarray(self.colouring))
        draw = draw_rgb if self.colour == "rgb" else draw_thresholded
        return draw(centres, radii, colours, self.image_size)

    def place(
        self, x: float, y: float, half: Float[Array, ""], shift: tuple[Any, Any]
    ) -> Float[Array, "2"]:
        """A point of the picture in world units.

        Parameters
        ----------
        x, y
            The point, from the left and from the top, as shares of the picture.
        half, shift
            As for :meth:`draw`.
        """
        limit = half * (1 + self.margin)
        right = (2 * x - 1) * limit - shift[0] * half
        up = (1 - 2 * y) * limit - shift[1] * half
        return jnp.stack([right, up])


def disc_radius(mass: Float[Array, ""] | float) -> Float[Array, ""] | float:
    """Radius of a disc whose area is its mass, ``sqrt(m / pi)``."""
    return (mass / math.pi) ** 0.5


def larger(one: Any, other: Any) -> Any:
    """The larger of two numbers or arrays; numbers keep the precision of Python."""
    return (one + other + abs(one - other)) / 2
