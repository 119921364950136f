"""Equal bodies under their own gravity in a plane, seen as discs; three by default.

Source: the three-body system of the suite of Botev et al., "Which priors matter?
Benchmarking models for learning latent dynamics" (2021), for any number of bodies.
"""

from __future__ import annotations

import math
from typing import Annotated

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from foreworld.core.errors import ConfigError
from foreworld.core.parts.part import Bounded, Traced
from foreworld.worlds.dynamics._hamiltonian import AbstractHamiltonian, Phase, annulus
from foreworld.worlds.dynamics._picture import Discs, disc_radius
from foreworld.worlds.dynamics.base import Substeps
from foreworld.worlds.quantities import Quantities, Quantity
from foreworld.worlds.ranges import Uniform


class NBody(AbstractHamiltonian):
    """Equal masses: ``H = sum |p|^2 / (2 m) - sum over pairs of g m^2 / distance``.

    The bodies start at the corners of a regular polygon about the origin, with the
    speed of the circular orbit, counter-clockwise, changed by ``spread``. The
    observation is all positions ``(x1, y1, x2, ...)``, then all momenta.
    """

    num_bodies: Annotated[int, Bounded(low=2)] = 3
    """number of bodies"""
    mass: Annotated[float, Traced(above=0, unit="kg")] = 1.0
    """mass of each body, whose disc has this area"""
    gravity: Annotated[float, Traced(low=0, unit="m^3/(kg s^2)")] = 1.0
    """gravitational constant"""
    softening: Annotated[float, Traced(low=0, unit="m")] = 0.0
    """length s in the potential -g m^2 / sqrt(d^2 + s^2), which makes it finite
    where two bodies meet"""
    spread: Annotated[float, Traced(low=0, high=1)] = 0.0
    """largest random change of each initial velocity, as a share of the circular
    orbit's; the mean velocity stays 0"""
    radius: tuple[float, float] = (0.9, 1.2)
    """smallest and largest initial distance from the origin, in metres"""
    # Circular orbits need one step a frame (drift 2e-15). With spread 0.2, relative
    # energy drift over 31 frames at dt 0.1, largest of 8000 sequences: 3e-7 with 12
    # steps, 5e-6 with 8, 6e-4 with 4; longer ones have close encounters without bound.
    substeps: Substeps = 12

    def __check_init__(self) -> None:
        super().__check_init__()
        self.check_ends("radius", 0.0)
        if self.radius[0] == 0:
            raise ConfigError(
                f"{type(self).__name__}.radius={self.radius}: the bodies must not "
                f"start at one place. Let the first number be above 0."
            )
        self.check_canvas(self.radius[0] / 2**0.5, "radius")

    @property
    def quantities(self) -> Quantities:
        """Places and momenta."""
        axes = [f"{axis}{i + 1}" for i in range(self.num_bodies) for axis in "xy"]
        places = [Quantity(axis, "m") for axis in axes]
        momenta = [Quantity(f"p{axis}", "kg m/s") for axis in axes]
        law = "H = sum_i |p_i|^2 / (2 m) - sum_(i<j) g m^2 / |q_i - q_j|"
        return Quantities((*places, *momenta), law)

    @property
    def num_discs(self) -> int:
        """One a body."""
        return self.num_bodies

    def start(self, key: Key[Array, ""]) -> Phase:
        """Regular polygon, turned and sized at random, and its orbital velocities."""
        size_key, turn_key, spread_key = jax.random.split(key, 3)
        size = Uniform(*self.radius).sample(size_key)
        turn = jax.random.uniform(turn_key, (), jnp.float32) * (2 * math.pi)
        corners = np.arange(self.num_bodies, dtype=np.float32) * np.float32(
            2 * math.pi / self.num_bodies
        )
        x, y = jnp.cos(turn + corners), jnp.sin(turn + corners)
        keys = jax.random.split(spread_key, self.num_bodies)
        change = jax.vmap(lambda k: annulus(k, (0.0, 1.0), True))(keys)
        change = jnp.float32(self.spread) * (change - change.mean(0))
        velocities = self._orbital_speed(size) * (jnp.stack([-y, x], axis=1) + change)
        positions = size * jnp.stack([x, y], axis=1)
        momenta = jnp.float32(self.mass) * velocities
        return jnp.concatenate([positions.reshape(-1), momenta.reshape(-1)])

    def energy(self, state: Phase) -> Float[Array, ""]:
        """Kinetic and gravitational energy, in joules."""
        q, p = state.reshape(2, self.num_bodies, 2)
        same = np.eye(self.num_bodies, dtype=bool)
        squared = jnp.sum((q[:, None] - q[None, :]) ** 2, axis=-1)
        # A body and itself: any number but 0, so that the slope is one as well.
        squared = jnp.where(same, 1, squared + self.softening**2)
        pairs = jnp.sum(jnp.where(same, 0, 1 / jnp.sqrt(squared))) / 2
        kinetic = jnp.sum(p**2) / (2 * self.mass)
        return kinetic - self.gravity * self.mass**2 * pairs

    def discs(self, state: Phase) -> Discs:
        """All bodies."""
        centres = state[: 2 * self.num_bodies].reshape(-1, 2)
        radius = jnp.asarray(disc_radius(self.mass))
        return Discs(centres, jnp.broadcast_to(radius, (self.num_bodies,)))

    def extent(self) -> Float[Array, ""] | float:
        """The largest polygon and a disc, with room for what ``spread`` makes of it.

        There is no bound once velocities are spread.
        """
        return self.radius[1] * (1 + 4 * self.spread) + disc_radius(self.mass)

    def _orbital_speed(self, radius: Float[Array, ""]) -> Float[Array, ""]:
        """Speed at which the polygon turns without changing its size."""
        sines = np.sin(np.pi * np.arange(1, self.num_bodies) / self.num_bodies)
        sines = sines.astype(np.float32)
        distances = jnp.sqrt((2 * radius * sines) ** 2 + self.softening**2)
        pull = jnp.sum(2 * radius * sines**2 / distances**3)
        squared = self.gravity * self.mass * radius * pull
        return jnp.sqrt(squared).astype(jnp.float32)
