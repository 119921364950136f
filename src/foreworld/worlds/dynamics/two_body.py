"""Two bodies under their own gravity in a plane, seen as two discs.

Source: Botev et al., "Which priors matter? Benchmarking models for learning latent
dynamics" (2021), two body and two body with colours.
"""

from __future__ import annotations

from typing import Annotated

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from foreworld.core.errors import ConfigError
from foreworld.core.parts.part import Traced
from foreworld.worlds.dynamics._hamiltonian import AbstractHamiltonian, Phase
from foreworld.worlds.dynamics._picture import Discs, Picture, disc_radius, larger
from foreworld.worlds.dynamics.base import Substeps, integrate
from foreworld.worlds.quantities import Quantities, Quantity
from foreworld.worlds.ranges import Uniform


class TwoBody(AbstractHamiltonian):
    """Two masses: ``H = |p1|^2 / (2 m1) + |p2|^2 / (2 m2) - g m1 m2 / |q1 - q2|``.

    Both start opposite each other with opposite momenta, clockwise. Masses and gravity
    of 1 give circular orbits; more of either, ellipses that begin at their far end;
    less, wide orbits that may leave the canvas. The observation is
    ``(x1, y1, x2, y2, px1, py1, px2, py2)``.
    """

    mass_1: Annotated[float, Traced(above=0, unit="kg")] = 1.0
    """mass of the first body, whose disc has this area"""
    mass_2: Annotated[float, Traced(above=0, unit="kg")] = 1.0
    """mass of the second body, whose disc has this area"""
    gravity: Annotated[float, Traced(low=0, unit="m^3/(kg s^2)")] = 1.0
    """gravitational constant"""
    picture: Picture = Picture(canvas=2.75)
    square: tuple[float, float] = (0.5, 1.5)
    """smallest and largest initial x and y of the first body, in metres; the second
    one starts opposite"""
    # Relative energy drift over 31 frames at dt 0.1, largest of 8000 sequences that
    # stay within 5 m: masses 0.5..1.5 and gravity up to 3, whose closest approach is a
    # twentieth of the start: 3.5e-7 with 24 steps a frame, 1.7e-6 with 20. Masses of 1
    # and gravity up to 3: 6.9e-8 with 4. Masses 0.5..1.5, gravity 1: 7.4e-9 with 3; the
    # same at dt 0.05, gravity 0.5..1.5, over 256 frames: 1.6e-7 with 3.
    substeps: Substeps = 24

    def __check_init__(self) -> None:
        super().__check_init__()
        low, high = self.square
        if not 0 < low <= high:
            raise ConfigError(
                f"{type(self).__name__}.square=({low}, {high}) must be two numbers "
                f"above 0, the smaller one first: the bodies must not start at one "
                f"place."
            )
        self.check_canvas(low, "square")

    @property
    def quantities(self) -> Quantities:
        """Places and momenta."""
        axes = ("x1", "y1", "x2", "y2")
        places = [Quantity(axis, "m") for axis in axes]
        momenta = [Quantity(f"p{axis}", "kg m/s") for axis in axes]
        law = "H = |p1|^2 / (2 m1) + |p2|^2 / (2 m2) - g m1 m2 / |q1 - q2|"
        return Quantities((*places, *momenta), law)

    @property
    def num_discs(self) -> int:
        """Two bodies."""
        return 2

    def start(self, key: Key[Array, ""]) -> Phase:
        """Body 1 at s from the square, with momentum ``(sy, -sx) / (2 |s|^1.5)``."""
        place = Uniform(*self.square)
        x, y = (place.sample(k) for k in jax.random.split(key))
        scale = 2 * (x**2 + y**2) ** jnp.float32(0.75)
        px, py = y / scale, -x / scale
        return jnp.stack([x, y, -x, -y, px, py, -px, -py])

    def energy(self, state: Phase) -> Float[Array, ""]:
        """Kinetic and gravitational energy, in joules."""
        q1, q2, p1, p2 = state.reshape(4, 2)
        kinetic = (p1 @ p1) / (2 * self.mass_1) + (p2 @ p2) / (2 * self.mass_2)
        apart = jnp.sqrt(jnp.sum((q1 - q2) ** 2))
        return kinetic - self.gravity * self.mass_1 * self.mass_2 / apart

    def advance(self, state: Phase) -> Phase:
        """The state one frame later."""
        return integrate(self._rates, state, self.dt, self.substeps)

    def discs(self, state: Phase) -> Discs:
        """The two bodies."""
        radii = [disc_radius(mass) for mass in (self.mass_1, self.mass_2)]
        return Discs(state[:4].reshape(2, 2), jnp.asarray(radii))

    def extent(self) -> Float[Array, ""] | float:
        """The farthest start and the larger disc: all of a bound, heavy pair."""
        larger_disc = larger(disc_radius(self.mass_1), disc_radius(self.mass_2))
        return self.square[1] * 2**0.5 + larger_disc

    def _rates(self, state: Phase) -> Phase:
        """:meth:`derivative`, worked out by hand."""
        x1, y1, x2, y2, px1, py1, px2, py2 = state
        x, y = x2 - x1, y2 - y1
        squared = x**2 + y**2
        pull = self.gravity * self.mass_1 * self.mass_2 / (squared * jnp.sqrt(squared))
        vx1, vy1 = px1 / self.mass_1, py1 / self.mass_1
        vx2, vy2 = px2 / self.mass_2, py2 / self.mass_2
        c = self.friction
        force_1 = [pull * x - c * vx1, pull * y - c * vy1]
        force_2 = [-pull * x - c * vx2, -pull * y - c * vy2]
        return jnp.stack([vx1, vy1, vx2, vy2, *force_1, *force_2])
