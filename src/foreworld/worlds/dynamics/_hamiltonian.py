"""What all Hamiltonian systems share: motion with friction, and discs on a canvas.

A system adds its energy, its discs and its initial states; this module integrates
Hamilton's equations and draws.
"""

from __future__ import annotations

import abc
import math
from collections.abc import Iterable
from dataclasses import KW_ONLY
from typing import Annotated, Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Key, UInt8

from foreworld.core.errors import ConfigError
from foreworld.core.parts.part import Traced
from foreworld.core.parts.partition import partition
from foreworld.core.spaces import Box
from foreworld.worlds.base import EpisodeLen, Step
from foreworld.worlds.dynamics._picture import Discs, Picture
from foreworld.worlds.dynamics._reach import reach
from foreworld.worlds.dynamics.base import (
    AbstractDynamics,
    Discount,
    FrameTime,
    Substeps,
    integrate,
    working_dtype,
)
from foreworld.worlds.ranges import Uniform

Phase = Float[Array, " phase"]
"""State of a system: positions q, then as many momenta p."""


class AbstractHamiltonian(AbstractDynamics):
    """A passive system with an energy, observed by its state and drawn as discs.

    The fields below are those of every system, after its own; a system writes one anew
    where its default is another.
    """

    _: KW_ONLY
    friction: Annotated[float, Traced(low=0, unit="kg/s")] = 0.0
    """friction coefficient c in dp/dt = -dH/dq - c dq/dt"""
    dt: FrameTime = 0.1
    picture: Picture = Picture()
    """how it is drawn"""
    substeps: Substeps = 1
    """integration steps a frame"""
    discount: Discount = 1.0
    max_episode_len: EpisodeLen = 0

    def __check_init__(self) -> None:
        # Equinox checks a subclass before its bases; limits must be known good here.
        super().__check_init__()
        if 1 < self.picture.num_colours < self.num_discs:
            raise ConfigError(
                f"{type(self).__name__}.picture.num_colours={self.picture.num_colours} "
                f"is too few for {self.num_discs} discs: it must be 1 (all red) or at "
                f"least {self.num_discs}."
            )

    def check_canvas(self, least: float, reason: str) -> None:
        """Raise :class:`ConfigError` where every state leaves the canvas.

        Parameters
        ----------
        least
            How far out the least far of its states are, in world units.
        reason
            Field that this follows from.
        """
        if 0 < self.picture.canvas < least:
            raise ConfigError(
                f"{type(self).__name__}.picture.canvas={self.picture.canvas} holds no "
                f"sequence: with {reason}={getattr(self, reason)} every one leaves it. "
                f"It must be at least {least:g}; 0 takes {float(self.extent()):g}."
            )

    @abc.abstractmethod
    def start(self, key: Key[Array, ""]) -> Phase:
        """A random initial state, drawn in float32."""

    @abc.abstractmethod
    def energy(self, state: Phase) -> Float[Array, ""]:
        """The Hamiltonian."""

    def dissipates(self) -> Bool[Array, ""]:
        """Whether there is friction."""
        return jnp.asarray(self.friction) > 0

    @abc.abstractmethod
    def discs(self, state: Phase) -> Discs:
        """What there is to draw, without the offset."""

    @abc.abstractmethod
    def extent(self) -> Float[Array, ""] | float:
        """Half-width of a canvas that just holds everything there is to draw."""

    @property
    def num_discs(self) -> int:
        """Number of discs that :meth:`discs` gives."""
        return 1

    @property
    def shift(self) -> tuple[Any, Any]:
        """Shift of the picture to the right and upwards, in half-widths."""
        return self.picture.offset_x, self.picture.offset_y

    def advance(self, state: Phase) -> Phase:
        """The state one frame later; faster with rates worked out by hand."""
        return integrate(self.derivative, state, self.dt, self.substeps)

    def fitted(self, worlds: Iterable[Any]) -> AbstractHamiltonian:
        """With the canvas that holds all of them, where it has none of its own."""
        if self.picture.canvas:
            return self
        canvas = max(float(world.extent()) for world in worlds)
        return self.replace(picture=self.picture.replace(canvas=canvas))

    @property
    def observation_space(self) -> Box:
        """The state: positions and momenta without limits."""
        return Box(-math.inf, math.inf, (len(self.quantities.state),))

    def reset(self, key: Key[Array, ""]) -> tuple[Phase, Float[Array, " phase"]]:
        """A random initial state, at the working precision (float64 under x64)."""
        state = self.start(key).astype(working_dtype())
        return state, state.astype(jnp.float32)

    def step(self, state: Phase, action: None, key: Key[Array, ""]) -> Step:
        """The state one frame later; the key is not used."""
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
        return self.picture.draw(self.discs(state), self.half_width(), self.shift)

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
        static, *leaves = partition(self)
        place = self._place(state, x, y)
        return reach(static, leaves, state, jnp.int32(held), place)

    def _place(self, state: Phase, x: float, y: float) -> Float[Array, "2"]:
        """A point of the picture in world units."""
        place = self.picture.place(x, y, self.half_width(), self.shift)
        return place.astype(state.dtype)

    def half_width(self) -> Float[Array, ""]:
        """Half-width of the canvas without its margin, in world units."""
        own = jnp.asarray(self.extent())
        canvas = self.picture.canvas
        return jnp.where(jnp.asarray(canvas) > 0, canvas, own)


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
