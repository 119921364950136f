"""Mass on a spring with friction, seen as a disc that moves up and down.

Source: Botev et al., "Which priors matter? Benchmarking models for learning latent
dynamics" (2021), mass spring and mass spring with colours and friction.
"""

from __future__ import annotations

from typing import Annotated

import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from foreworld.core.parts.part import Traced
from foreworld.worlds.dynamics._hamiltonian import AbstractHamiltonian, Phase, annulus
from foreworld.worlds.dynamics._picture import Discs, disc_radius, larger
from foreworld.worlds.quantities import Quantities, Quantity


class AbstractMassSpring(AbstractHamiltonian):
    """A mass on a spring: ``H = k q^2 / 2 + p^2 / (2 m)``.

    ``q`` is the height above rest; the disc is at ``(anchor_x, q)``. The observation is
    ``(q, p)``.
    """

    mass: Annotated[float, Traced(above=0, unit="kg")] = 0.5
    """mass, whose disc has this area"""
    stiffness: Annotated[float, Traced(above=0, unit="N/m")] = 2.0
    """force of the spring per metre"""
    anchor_x: Annotated[float, Traced(unit="m")] = 0.0
    """where the spring hangs, to the right of the middle"""
    radius: tuple[float, float] = (0.1, 1.0)
    """smallest and largest amplitude, in metres"""
    area_uniform: bool = False
    """draw position and scaled momentum uniformly in area; otherwise the amplitude is
    uniform"""
    # Relative energy drift over 31 frames at dt 0.1, largest of 8000 sequences with
    # stiffness / mass up to 15: 9.1e-11 with one step a frame.

    def __check_init__(self) -> None:
        super().__check_init__()
        self.check_ends("radius", 0.0)
        self.check_canvas(abs(self.anchor_x), "anchor_x")

    @property
    def quantities(self) -> Quantities:
        """Height and momentum."""
        state = Quantity("q", "m"), Quantity("p", "kg m/s")
        return Quantities(state, "H = k q^2 / 2 + p^2 / (2 m)")

    def start(self, key: Key[Array, ""]) -> Phase:
        """``(a, b sqrt(k m))`` with (a, b) from the annulus."""
        q, scaled = annulus(key, self.radius, self.area_uniform)
        scale = jnp.sqrt(jnp.float32(self.stiffness) * jnp.float32(self.mass))
        return jnp.stack([q, scaled * scale])

    def energy(self, state: Phase) -> Float[Array, ""]:
        """``k q^2 / 2 + p^2 / (2 m)``, in joules."""
        q, p = state
        return self.stiffness * q**2 / 2 + p**2 / (2 * self.mass)

    def discs(self, state: Phase) -> Discs:
        """The mass."""
        q = state[0]
        centre = jnp.stack([jnp.full_like(q, self.anchor_x), q])
        return Discs(centre[None], jnp.asarray(disc_radius(self.mass))[None])

    def extent(self) -> Float[Array, ""] | float:
        """Amplitude or anchor, whichever is farther out, and the disc."""
        return larger(self.radius[1], abs(self.anchor_x)) + disc_radius(self.mass)


class MassSpring(AbstractMassSpring):
    """A mass on a spring, shifted by both offsets of its picture."""
