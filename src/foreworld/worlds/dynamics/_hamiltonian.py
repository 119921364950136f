"""What all Hamiltonian systems share: motion with friction, and discs on a canvas.

A system adds its energy, its discs and its initial states; this module integrates
Hamilton's equations and draws.
"""

from __future__ import annotations

import abc
import math
from typing import Annotated, Any, Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Key, UInt8

from foreworld.core.errors import ConfigError
from foreworld.core.parts.part import Bounded, Traced
from foreworld.core.parts.partition import partition
from foreworld.core.spaces import Box
from foreworld.render.discs import (
    draw_binary,
    draw_rgb,
    draw_thresholded,
    hues,
    pick_hues,
)
from foreworld.worlds.base import AbstractCanvasWorld, Step, Uniform
from foreworld.worlds.dynamics._reach import reach
from foreworld.worlds.dynamics.base import (
    AbstractDynamics,
    working_dtype,
)

Phase = Float[Array, " phase"]
"""State of a system: positions q, then as many momenta p."""

Friction = Annotated[float, Traced(low=0, unit="kg/s")]
"""Type of ``friction`` fields."""
Offset = Annotated[float, Traced(unit="canvas half-widths")]
"""Type of ``offset_x`` and ``offset_y``."""
Canvas = Annotated[float, Traced(low=0, unit="m")]
"""Type of ``canvas`` fields."""
Margin = Annotated[float, Bounded(low=0, unit="canvas half-widths")]
"""Type of ``margin`` fields."""
Colour = Literal["binary", "rgb", "thresholded"]
"""Type of ``colour`` fields."""
NumColours = Annotated[int, Bounded(low=1)]
"""Type of ``num_colours`` fields."""
Colouring = Annotated[float, Traced(low=0, high=1)]
"""Type of ``colouring`` fields."""


class Discs(NamedTuple):
    """What there is to draw, in world units (y up), the topmost disc first."""

    centres: Float[Array, "disc 2"]
    radii: Float[Array, " disc"]
    shift: tuple[Any, Any] | None = None
    """Shift of the picture in half-widths; ``None`` for the offsets of the world."""


class AbstractHamiltonian(AbstractDynamics, AbstractCanvasWorld):
    """A passive system with an energy, observed by its state and drawn as discs.

    The attributes below are declared by every system; the strings under them document
    the fields of all.
    """

    friction: eqx.AbstractVar[float]
    """friction coefficient c in dp/dt = -dH/dq - c dq/dt"""
    offset_x: eqx.AbstractVar[float]
    """shift of the picture to the right"""
    offset_y: eqx.AbstractVar[float]
    """shift of the picture upwards"""
    canvas: eqx.AbstractVar[float]
    """half-width of the canvas; 0 takes what just holds the system"""
    margin: eqx.AbstractVar[float]
    """room around the canvas for offsets; the suite's random canvas has 0.4"""
    colour: eqx.AbstractVar[Literal["binary", "rgb", "thresholded"]]
    """binary: one channel of 0 and 255; rgb: soft colour discs on grey; thresholded:
    the three channels of rgb, each 255 where above 0.45"""
    num_colours: eqx.AbstractVar[int]
    """equally spaced hues to choose from; with 1 every disc is red"""
    colouring: eqx.AbstractVar[float]
    """which of the ways to give discs distinct hues, as a fraction of all ways"""
    substeps: eqx.AbstractVar[int]
    """integration steps a frame"""

    def __check_init__(self) -> None:
        # Equinox checks a subclass before its bases; limits must be known good here.
        super().__check_init__()
        for name in ("offset_x", "offset_y"):
            value = getattr(self, name)
            if abs(value) > self.margin * (1 + 1e-6):
                raise ConfigError(
                    f"{type(self).__name__}.{name}={value} leaves the canvas: it must "
                    f"lie within -margin and margin={self.margin}. Raise the margin."
                )
        if 1 < self.num_colours < self.num_discs:
            raise ConfigError(
                f"{type(self).__name__}.num_colours={self.num_colours} is too few for "
                f"{self.num_discs} discs: it must be 1 (all red) or at least "
                f"{self.num_discs}."
            )

    @property
    @abc.abstractmethod
    def num_coordinates(self) -> int:
        """Number of positions q; the state holds twice as many numbers."""

    @property
    @abc.abstractmethod
    def num_discs(self) -> int:
        """Number of discs that :meth:`discs` gives."""

    @abc.abstractmethod
    def start(self, key: Key[Array, ""]) -> Phase:
        """A random initial state, drawn in float32."""

    @abc.abstractmethod
    def energy(self, state: Phase) -> Float[Array, ""]:
        """The Hamiltonian."""

    @abc.abstractmethod
    def advance(self, state: Phase) -> Phase:
        """The state one frame later.

        ``integrate(self.derivative, state, self.dt, self.substeps)``, or faster with
        rates worked out by hand.
        """

    @abc.abstractmethod
    def discs(self, state: Phase) -> Discs:
        """What there is to draw, without the offset."""

    @property
    def observation_space(self) -> Box:
        """The state: positions and momenta without limits."""
        return Box(-math.inf, math.inf, (2 * self.num_coordinates,))

    def reset(self, key: Key[Array, ""]) -> tuple[Phase, Float[Array, " phase"]]:
        """A random initial state, at the working precision (float64 under x64)."""
        state = self.start(key).astype(working_dtype())
        return state, state.astype(jnp.float32)

    def step(self, state: Phase, action: None, key: Key[Array, ""]) -> Step:
        """The state one frame later; the key is not used."""
        del action, key
        state = self.advance(state)
        no = jnp.asarray(False)
        return Step(state, state.astype(jnp.float32), jnp.float32(0), no, no)

    def derivative(self, state: Phase) -> Phase:
        """Right-hand side: ``dq/dt = dH/dp``, ``dp/dt = -dH/dq - c dq/dt``."""
        slope = jax.grad(self.energy)(state)
        force, velocity = jnp.split(slope, 2)
        return jnp.concatenate([velocity, -force - self.friction * velocity])

    def keeps(self, state: Phase) -> Bool[Array, ""]:
        """Whether every disc's centre lies on the canvas without margin and offset."""
        # Room for rounding: a rod at full reach is on the edge of nothing.
        limit = self.half_width() * (1 + 1e-9)
        return jnp.all(jnp.abs(self.discs(state).centres) <= limit)

    def render(self, state: Phase) -> UInt8[Array, "height width channels"]:
        """Draw the discs upright; 1 channel, or 3."""
        discs = self.discs(state)
        half = self.half_width()
        offset = discs.shift or (self.offset_x, self.offset_y)
        shift = jnp.stack([jnp.asarray(share) for share in offset])
        limit = half * (1 + self.margin)
        centres = (discs.centres + shift * half + limit) / (2 * limit)
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

    @property
    def can_grab(self) -> bool:
        """Every disc."""
        return True

    def nearest(self, state: Phase, x: float, y: float) -> int:
        """The disc that is nearest to the mouse.

        Parameters
        ----------
        state, x, y
            As for :meth:`grab`.
        """
        apart = self.discs(state).centres - self._place(state, x, y)
        return int(jnp.argmin(jnp.sum(apart**2, axis=1)))

    def grab(self, state: Phase, x: float, y: float, held: int = 0) -> Phase:
        """The held disc as near to the mouse as the others let it, at rest."""
        static, traced, data = partition(self)
        place = self._place(state, x, y)
        return reach(static, {**traced, **data}, state, jnp.int32(held), place)

    def _place(self, state: Phase, x: float, y: float) -> Float[Array, "2"]:
        """A point of the picture in world units."""
        half = self.half_width()
        limit = half * (1 + self.margin)
        shift = self.discs(state).shift or (self.offset_x, self.offset_y)
        right = (2 * x - 1) * limit - shift[0] * half
        up = (1 - 2 * y) * limit - shift[1] * half
        return jnp.stack([right, up]).astype(state.dtype)

    def half_width(self) -> Float[Array, ""]:
        """Half-width of the canvas without its margin, in world units."""
        own = jnp.asarray(self.extent())
        return jnp.where(jnp.asarray(self.canvas) > 0, self.canvas, own)


def annulus(
    key: Key[Array, ""], radius: tuple[float, float], area_uniform: bool
) -> Float[Array, "2"]:
    """A random point whose distance from the origin lies between two radii.

    Parameters
    ----------
    key
        Random key.
    radius
        Smallest and largest distance.
    area_uniform
        Uniform in area; otherwise the distance itself is uniform.
    """
    direction_key, radius_key = jax.random.split(key)
    angle = jax.random.uniform(direction_key, (), jnp.float32) * (2 * math.pi)
    low, high = radius
    if area_uniform:
        distance = jnp.sqrt(Uniform(low**2, high**2).sample(radius_key))
    else:
        distance = Uniform(low, high).sample(radius_key)
    return distance * jnp.stack([jnp.cos(angle), jnp.sin(angle)])


def disc_radius(mass: Float[Array, ""] | float) -> Float[Array, ""] | float:
    """Radius of a disc whose area is its mass, ``sqrt(m / pi)``."""
    return (mass / math.pi) ** 0.5


def check_radius(cls: type, radius: tuple[float, float]) -> None:
    """Raise :class:`ConfigError` unless ``0 <= smallest <= largest``."""
    low, high = radius
    if not 0 <= low <= high:
        raise ConfigError(
            f"{cls.__name__}.radius=({low}, {high}) must be two numbers of at least "
            f"0, the smaller one first."
        )


def check_canvas(world: AbstractHamiltonian, least: float, reason: str) -> None:
    """Raise :class:`ConfigError` where every state leaves the canvas.

    Parameters
    ----------
    world
        The system.
    least
        How far out the least far of its states are, in world units.
    reason
        Field that this follows from.
    """
    if 0 < world.canvas < least:
        name = type(world).__name__
        raise ConfigError(
            f"{name}.canvas={world.canvas} holds no sequence: with "
            f"{reason}={getattr(world, reason)} every one leaves it. It must be at "
            f"least {least:g}; 0 takes {float(world.extent()):g}."
        )


def larger(one: Any, other: Any) -> Any:
    """The larger of two numbers or arrays; numbers keep the precision of Python."""
    return (one + other + abs(one - other)) / 2
