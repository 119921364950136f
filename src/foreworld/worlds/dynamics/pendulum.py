"""Planar pendulum with friction, seen as a disc.

Source: Botev et al., "Which priors matter? Benchmarking models for learning latent
dynamics" (2021), pendulum and pendulum with friction.
"""

from __future__ import annotations

from typing import Annotated

import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from foreworld.core.parts.part import Traced
from foreworld.worlds.dynamics._hamiltonian import AbstractHamiltonian, Phase, annulus
from foreworld.worlds.dynamics._picture import Discs, disc_radius
from foreworld.worlds.quantities import Quantities, Quantity


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
    radius: tuple[float, float] = (1.3, 2.3)
    """smallest and largest distance of the initial (q, p) from the origin"""
    area_uniform: bool = False
    """draw (q, p) uniformly in area; otherwise its distance is uniform"""

    def __check_init__(self) -> None:
        super().__check_init__()
        self.check_ends("radius", 0.0)
        # On the square's diagonal a bob needs least room.
        self.check_canvas(self.length / 2**0.5, "length")

    @property
    def quantities(self) -> Quantities:
        """Angle and angular momentum."""
        state = Quantity("q", "rad"), Quantity("p", "kg m^2/s")
        return Quantities(state, "H = m g l (1 - cos q) + p^2 / (2 m l^2)")

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
