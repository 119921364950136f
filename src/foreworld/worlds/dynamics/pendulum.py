"""Planar pendulum with friction, seen as a disc.

Source: Botev et al., "Which priors matter? Benchmarking models for learning latent
dynamics" (2021), pendulum and pendulum with friction.
"""

from __future__ import annotations

from typing import Annotated, Literal

import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from foreworld.core.part import Bounded, Traced
from foreworld.worlds.base import EpisodeLen
from foreworld.worlds.dynamics._hamiltonian import (
    AbstractHamiltonian,
    Discs,
    Phase,
    annulus,
    check_radius,
    disc_radius,
)


class Pendulum(AbstractHamiltonian):
    """A mass on a rod: ``H = m g l (1 - cos q) + p^2 / (2 m l^2)``.

    ``q`` is the angle from hanging, counter-clockwise; the bob is at
    ``(l sin q, -l cos q)``. The observation is ``(q, p)``; q is not wrapped.
    """

    mass: Annotated[float, Traced(above=0, unit="kg")] = 0.5
    """mass of the bob, whose disc has this area"""
    length: Annotated[float, Traced(above=0, unit="m")] = 1.0
    """length of the rod"""
    gravity: Annotated[float, Traced(low=0, unit="m/s^2")] = 3.0
    """gravitational acceleration, downwards"""
    friction: Annotated[float, Traced(low=0, unit="kg m^2/s")] = 0.0
    """friction coefficient c in dp/dt = -dH/dq - c dq/dt"""
    dt: Annotated[float, Traced(above=0, unit="s")] = 0.1
    """time between frames"""
    offset_x: Annotated[float, Traced(unit="canvas half-widths")] = 0.0
    """shift of the picture to the right"""
    offset_y: Annotated[float, Traced(unit="canvas half-widths")] = 0.0
    """shift of the picture upwards"""
    canvas: Annotated[float, Traced(low=0, unit="m")] = 0.0
    """half-width of the canvas; 0 takes what just holds the pendulum"""
    margin: Annotated[float, Bounded(low=0, unit="canvas half-widths")] = 0.0
    """room around the canvas for offsets; the suite's random canvas has 0.4"""
    radius: tuple[float, float] = (1.3, 2.3)
    """smallest and largest distance of the initial (q, p) from the origin"""
    area_uniform: bool = False
    """draw (q, p) uniformly in area; otherwise its distance is uniform"""
    image_size: Annotated[int, Bounded(low=2, unit="pixels")] = 32
    """width and height of a frame"""
    colour: Literal["binary", "rgb"] = "binary"
    """one channel of 0 and 255, or a soft red disc on grey"""
    substeps: Annotated[int, Bounded(low=1)] = 1
    """integration steps a frame"""
    discount: Annotated[float, Traced(low=0, high=1)] = 1.0
    """discount factor of returns (there are no rewards)"""
    max_episode_len: EpisodeLen = 0
    """steps after which an episode is cut off; 0 for never"""

    def __check_init__(self) -> None:
        super().__check_init__()
        check_radius(type(self), self.radius)

    @property
    def num_coordinates(self) -> int:
        """One angle."""
        return 1

    def start(self, key: Key[Array, ""]) -> Phase:
        """``(q, p)`` from the annulus, not scaled by mass or length."""
        return annulus(key, self.radius, self.area_uniform)

    def energy(self, state: Phase) -> Float[Array, ""]:
        """``m g l (1 - cos q) + p^2 / (2 m l^2)``, in joules."""
        q, p = state
        lift = self.mass * self.gravity * self.length * (1 - jnp.cos(q))
        return lift + p**2 / (2 * self.mass * self.length**2)

    def discs(self, state: Phase) -> Discs:
        """The bob."""
        q = state[0]
        centre = self.length * jnp.stack([jnp.sin(q), -jnp.cos(q)])
        return Discs(centre[None], jnp.asarray(disc_radius(self.mass))[None])

    def extent(self) -> Float[Array, ""] | float:
        """Rod and bob: ``l + sqrt(m / pi)``."""
        return self.length + disc_radius(self.mass)
