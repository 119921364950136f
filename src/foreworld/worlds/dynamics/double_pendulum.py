"""Planar double pendulum with friction, seen as two discs.

Source: Botev et al., "Which priors matter? Benchmarking models for learning latent
dynamics" (2021), double pendulum and double pendulum with colours and friction.
"""

from __future__ import annotations

from typing import Annotated

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from foreworld.core.parts.part import Traced
from foreworld.worlds.dynamics._hamiltonian import AbstractHamiltonian, Phase, annulus
from foreworld.worlds.dynamics._picture import Discs, disc_radius, larger
from foreworld.worlds.dynamics.base import Substeps, integrate
from foreworld.worlds.quantities import Quantities, Quantity

LAW = (
    "H = (m2 l2^2 p1^2 + (m1 + m2) l1^2 p2^2 - 2 m2 l1 l2 p1 p2 cos(q1 - q2)) / (2 m2 "
    "l1^2 l2^2 (m1 + m2 sin^2(q1 - q2))) - (m1 + m2) g l1 cos q1 - m2 g l2 cos q2"
)


class DoublePendulum(AbstractHamiltonian):
    """Two masses on two rods, one below the other; chaotic.

    ``q1`` and ``q2`` are the angles of the rods from hanging, counter-clockwise, ``p1``
    and ``p2`` their momenta. Bob 1 is at ``(l1 sin q1, -l1 cos q1)``, and bob 2 at
    ``(l2 sin q2, -l2 cos q2)`` from there. The observation is ``(q1, q2, p1, p2)``;
    angles are not wrapped.
    """

    mass_1: Annotated[float, Traced(above=0, unit="kg")] = 0.5
    """mass of the upper bob, whose disc has this area"""
    mass_2: Annotated[float, Traced(above=0, unit="kg")] = 0.5
    """mass of the lower bob, whose disc has this area"""
    length_1: Annotated[float, Traced(above=0, unit="m")] = 1.0
    """length of the upper rod"""
    length_2: Annotated[float, Traced(above=0, unit="m")] = 1.0
    """length of the lower rod"""
    gravity: Annotated[float, Traced(low=0, unit="m/s^2")] = 3.0
    """gravitational acceleration, downwards"""
    radius: tuple[float, float] = (1.3, 2.3)
    """smallest and largest distance of each initial (q, p) from the origin"""
    area_uniform: bool = False
    """draw each (q, p) uniformly in area; otherwise its distance is uniform"""
    # Relative energy drift, largest of 8000 sequences. 31 frames at dt 0.1: masses
    # 0.4..0.6, lengths 0.75..1: 1.5e-7 with 10 steps a frame, 1.5e-6 with 8; masses
    # 5..8, lengths 2.5..3: 8.5e-8 with 4. 256 frames at dt 0.05, masses 0.4..0.6,
    # gravity 2.5..4: 4.1e-7 with 6, 1.8e-6 with 5.
    substeps: Substeps = 10

    def __check_init__(self) -> None:
        super().__check_init__()
        self.check_ends("radius", 0.0)
        # On the square's diagonal a bob needs least room.
        self.check_canvas(self.length_1 / 2**0.5, "length_1")

    @property
    def quantities(self) -> Quantities:
        """Angles and their momenta."""
        angles = [Quantity(name, "rad") for name in ("q1", "q2")]
        momenta = [Quantity(name, "kg m^2/s") for name in ("p1", "p2")]
        return Quantities((*angles, *momenta), LAW)

    @property
    def num_discs(self) -> int:
        """Two bobs."""
        return 2

    def start(self, key: Key[Array, ""]) -> Phase:
        """``(q1, p1)`` and ``(q2, p2)``, each from the annulus."""
        keys = jax.random.split(key)
        upper, lower = (annulus(k, self.radius, self.area_uniform) for k in keys)
        return jnp.stack([upper, lower], axis=1).reshape(4)

    def energy(self, state: Phase) -> Float[Array, ""]:
        """Kinetic energy, and height energy that is 0 at the pivot, in joules."""
        q1, q2, p1, p2 = state
        m1, m2, l1, l2 = self.mass_1, self.mass_2, self.length_1, self.length_2
        total = m1 + m2
        moving = m2 * l2**2 * p1**2 + total * l1**2 * p2**2
        moving -= 2 * m2 * l1 * l2 * p1 * p2 * jnp.cos(q1 - q2)
        inertia = 2 * m2 * (l1 * l2) ** 2 * (m1 + m2 * jnp.sin(q1 - q2) ** 2)
        upper = total * self.gravity * l1 * jnp.cos(q1)
        lower = m2 * self.gravity * l2 * jnp.cos(q2)
        return moving / inertia - upper - lower

    def advance(self, state: Phase) -> Phase:
        """The state one frame later.

        Sines and cosines of the angles are carried along as four more numbers: their
        rates need no trigonometry, which makes steps in bulk ten times as fast.
        """
        turned = [state, jnp.sin(state[:2]), jnp.cos(state[:2])]
        lifted = jnp.concatenate(turned)
        return integrate(self._rates, lifted, self.dt, self.substeps)[:4]

    def discs(self, state: Phase) -> Discs:
        """The upper and the lower bob."""
        q1, q2 = state[0], state[1]
        upper = self.length_1 * jnp.stack([jnp.sin(q1), -jnp.cos(q1)])
        lower = upper + self.length_2 * jnp.stack([jnp.sin(q2), -jnp.cos(q2)])
        radii = [disc_radius(mass) for mass in (self.mass_1, self.mass_2)]
        return Discs(jnp.stack([upper, lower]), jnp.asarray(radii))

    def extent(self) -> Float[Array, ""] | float:
        """Both rods at full reach and the lower bob, or the upper one if larger."""
        lower = self.length_2 + disc_radius(self.mass_2)
        return self.length_1 + larger(disc_radius(self.mass_1), lower)

    def _rates(self, lifted: Float[Array, "8"]) -> Float[Array, "8"]:
        """Rates of the state and of the sines and cosines of both angles."""
        _, _, p1, p2, s1, s2, c1, c2 = lifted
        m1, m2, l1, l2 = self.mass_1, self.mass_2, self.length_1, self.length_2
        total = m1 + m2
        cosine, sine = c1 * c2 + s1 * s2, s1 * c2 - c1 * s2
        scale = 1 / (m2 * (l1 * l2) ** 2 * (m1 + m2 * sine**2))
        v1 = scale * m2 * l2 * (l2 * p1 - l1 * p2 * cosine)
        v2 = scale * l1 * (total * l1 * p2 - m2 * l2 * p1 * cosine)
        # -dH/dq at fixed p is dL/dq at fixed velocities, which is shorter.
        swing = m2 * l1 * l2 * v1 * v2 * sine
        force_1 = -swing - total * self.gravity * l1 * s1 - self.friction * v1
        force_2 = swing - m2 * self.gravity * l2 * s2 - self.friction * v2
        turning = [c1 * v1, c2 * v2, -s1 * v1, -s2 * v2]
        return jnp.stack([v1, v2, force_1, force_2, *turning])
