"""Particles that attract and repel each other, in a periodic box of two dimensions.

Source: the molecular-dynamics sequences of Botev et al., "Which priors matter?
Benchmarking models for learning latent dynamics" (2021), made there with LAMMPS.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Key, UInt8

from foreworld.core.errors import ConfigError
from foreworld.core.keys import named_key, pinned
from foreworld.core.parts.part import Bounded, Traced
from foreworld.core.spaces import Box
from foreworld.render.discs import hues
from foreworld.render.torus import draw_torus_binary, draw_torus_rgb
from foreworld.worlds.base import EpisodeLen, Step
from foreworld.worlds.dynamics import _molecules
from foreworld.worlds.dynamics.base import (
    AbstractDynamics,
    Discount,
    ImageSize,
    Substeps,
    working_dtype,
)
from foreworld.worlds.quantities import Quantities, Quantity

Molecules = Float[Array, " phase"]
"""``(x1, y1, x2, y2, ...)``, then the velocities in the same order."""

_BATH_STEP = 0.005
"""Time step in the bath, which keeps no energy and so needs no smaller one."""
_JITTER = 0.05
"""First displacements, in spacings of the lattice: without them pairs sit exactly at
the cut-off and rounding decides what becomes of them."""
_CLOSEST = 0.85
"""Least spacing of the lattice: nearer particles push each other out of all bounds."""
_NARROWEST = 2 * 2 ** (1 / 6)
"""Least box: half of it, the cut-off, must reach the bottom of the potential."""


class LennardJones(AbstractDynamics):
    """Particles with Lennard-Jones forces, in reduced units.

    The default is the liquid of 16 particles; ``LennardJones(num_particles=4,
    density=0.04, temperature=1.0)`` is the gas of 4. The observation holds positions
    (within the box) and then velocities.
    """

    num_particles: Annotated[int, Bounded(low=2)] = 16
    """number of particles"""
    density: Annotated[float, Traced(above=0, unit="1/sigma^2")] = 0.77
    """particles per area; with their number it gives the box"""
    temperature: Annotated[float, Traced(above=0, unit="epsilon/k")] = 0.5
    """temperature of the bath and, in the mean, of the motion"""
    radius: Annotated[float, Traced(above=0, unit="sigma")] = 0.3
    """radius of the discs in the picture"""
    damping: Annotated[float, Traced(above=0, unit="time units")] = 0.2
    """time in which the bath makes a velocity forgotten"""
    thermalisation: Annotated[float, Bounded(low=0, unit="time units")] = 20.0
    """time in the bath before a sequence begins: the liquid's energy has settled after
    1 and its distances after 8, the gas takes 15 to 20"""
    dt: Annotated[float, Traced(above=0, unit="time units")] = 0.05
    image_size: ImageSize = 32
    """width and height of a frame"""
    colour: Literal["rgb", "binary"] = "rgb"
    """rgb: soft discs on grey, each particle in a hue of its own; binary: one channel
    of 0 and 255"""
    substeps: Substeps = 25
    """Verlet steps a frame; one should last 0.002"""
    discount: Discount = 1.0
    max_episode_len: EpisodeLen = 0

    def __check_init__(self) -> None:
        super().__check_init__()
        num = self.num_particles
        closest = num / (_CLOSEST * _molecules.lattice_side(num)) ** 2
        most = min(closest, num / _NARROWEST**2)
        if self.density > most:
            raise ConfigError(
                f"LennardJones.density={self.density} is too high for "
                f"num_particles={num}: it can be at most {most:.4g}, where the "
                f"particles touch or the cut-off, half the box, comes too close. Take "
                f"a lower density or another number of particles."
            )

    @property
    def quantities(self) -> Quantities:
        """Places and velocities, in reduced units."""
        axes = [f"{axis}{i + 1}" for i in range(self.num_particles) for axis in "xy"]
        places = [Quantity(axis, "sigma") for axis in axes]
        velocities = [Quantity(f"v{axis}", "sigma/time unit") for axis in axes]
        law = "H = sum_i |v_i|^2 / 2 + sum_(i<j) 4 (r_ij^-12 - r_ij^-6)"
        return Quantities((*places, *velocities), law, Quantity("energy", "epsilon"))

    @property
    def observation_space(self) -> Box:
        """Positions and velocities, without limits."""
        return Box(-math.inf, math.inf, (4 * self.num_particles,))

    def reset(self, key: Key[Array, ""]) -> tuple[Molecules, Molecules]:
        """A draw from the bath, then at rest as a whole and at the temperature.

        Always worked out in float64: the motion is chaotic, and a start should not
        depend on how it was compiled.
        """
        dtype = working_dtype()
        with pinned(wide=True):
            state = self._thermal(key)
        state = state.astype(dtype)
        return state, state.astype(jnp.float32)

    def step(self, state: Molecules, action: None, key: Key[Array, ""]) -> Step:
        """The state one frame later, at constant energy; the key is not used."""
        points, velocities = self._parts(state)
        size = jnp.asarray(self.dt, state.dtype) / self.substeps
        points, velocities = _molecules.fly(
            points, velocities, self._box(state.dtype), size, self.substeps
        )
        state = jnp.concatenate([points.ravel(), velocities.ravel()])
        no = jnp.asarray(False)
        return Step(state, state.astype(jnp.float32), jnp.float32(0), no, no)

    def derivative(self, state: Molecules) -> Molecules:
        """Velocities and forces."""
        points, velocities = self._parts(state)
        pull = _molecules.forces(points, self._box(state.dtype))
        return jnp.concatenate([velocities.ravel(), pull.ravel()])

    def energy(self, state: Molecules) -> Float[Array, ""]:
        """Kinetic and pair energy; pairs at the cut-off have none."""
        points, velocities = self._parts(state)
        kinetic = jnp.sum(velocities**2) / 2
        return kinetic + _molecules.potential(points, self._box(state.dtype))

    def dissipates(self) -> Bool[Array, ""]:
        """Never."""
        return jnp.asarray(False)

    @property
    def starts_slowly(self) -> bool:
        """Whether it begins in the bath."""
        return self.thermalisation > 0

    @property
    def step_error(self) -> float:
        """Verlet keeps the energy far better than the places.

        A step of 0.002 moves them by 3e-4 a frame and a step of 0.005, the usual one of
        the field, by 2e-3; from about 0.01 on the energy is lost as well.
        """
        return 1e-2

    def keeps(self, state: Molecules) -> Bool[Array, ""]:
        """Whether all is finite: steps that are too long throw particles away."""
        return jnp.all(jnp.isfinite(state))

    @property
    def boundary(self) -> Literal["periodic"]:
        """What leaves at one edge comes back at the other."""
        return "periodic"

    def render(self, state: Molecules) -> UInt8[Array, "height width channels"]:
        """The whole box, upright; a disc over an edge is seen at the other side too."""
        box = self._box(state.dtype)
        points = self._parts(state)[0] / box
        radius = jnp.asarray(self.radius / box)
        if self.colour == "binary":
            return draw_torus_binary(points, radius, self.image_size)
        colours = jnp.asarray(hues(self.num_particles))
        return draw_torus_rgb(points, radius, colours, self.image_size)

    def _box(self, dtype: jnp.dtype) -> Float[Array, ""]:
        """Side of the box."""
        return jnp.sqrt(self.num_particles / jnp.asarray(self.density, dtype))

    def _parts(self, state: Molecules) -> tuple[_molecules.Points, _molecules.Points]:
        points, velocities = jnp.split(state, 2)
        return points.reshape(-1, 2), velocities.reshape(-1, 2)

    def _thermal(self, key: Key[Array, ""]) -> Molecules:
        num, dtype = self.num_particles, working_dtype()
        box = self._box(dtype)
        temperature = jnp.asarray(self.temperature, dtype)

        def normal(name: str) -> _molecules.Points:
            draw = jax.random.normal(named_key(key, name), (num, 2), jnp.float32)
            return draw.astype(dtype)

        jitter = _JITTER / _molecules.lattice_side(num) * normal("place")
        points = (jnp.asarray(_molecules.lattice(num)) + jitter) * box
        velocities = jnp.sqrt(temperature) * normal("velocity")
        if num_steps := round(self.thermalisation / _BATH_STEP):
            bath = _molecules.Bath(temperature, jnp.asarray(self.damping, dtype))
            bath_key = named_key(key, "bath")
            points, velocities = _molecules.warm(
                bath_key, points, velocities, box, bath, _BATH_STEP, num_steps
            )
        velocities = velocities - jnp.mean(velocities, axis=0)
        # Twice the kinetic energy is the temperature times the freedoms left.
        found = jnp.sum(velocities**2) / (2 * num - 2)
        velocities = velocities * jnp.sqrt(temperature / found)
        return jnp.concatenate([points.ravel(), velocities.ravel()])
