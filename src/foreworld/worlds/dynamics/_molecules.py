"""Particles with Lennard-Jones forces in a periodic box: forces, flight, thermal bath.

All in reduced units: lengths in sigma, energies in epsilon, masses 1. Sources: Swope et
al., "A computer simulation method for the calculation of equilibrium constants" (1982)
for velocity Verlet; Leimkuhler and Matthews, "Rational construction of stochastic
numerical methods for molecular sampling" (2013) for the order of a bath's half-steps.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Key

Points = Float[Array, "particle 2"]
Scalar = Float[Array, ""]


class Pairs(NamedTuple):
    """Squared distances of all pairs' nearest images, and differences along axes."""

    squared: Float[Array, "particle particle"]
    along_x: Float[Array, "particle particle"]
    along_y: Float[Array, "particle particle"]
    near: Bool[Array, "particle particle"]


def forces(points: Points, box: Scalar) -> Points:
    """Force on each particle by the nearest images within half the box."""
    pairs = _pairs(points, box)
    inverse = 1 / jnp.where(pairs.near, pairs.squared, 1)
    sixth = inverse**3
    strength = jnp.where(pairs.near, 24 * (2 * sixth**2 - sixth) * inverse, 0)
    along = jnp.sum(strength * pairs.along_x, 1), jnp.sum(strength * pairs.along_y, 1)
    return jnp.stack(along, axis=1)


def potential(points: Points, box: Scalar) -> Scalar:
    """Energy of all pairs, 0 at the cut-off: the energy that the forces conserve."""
    pairs = _pairs(points, box)
    sixth = 1 / jnp.where(pairs.near, pairs.squared, 1) ** 3
    cut = (2 / box) ** 6
    energy = 4 * (sixth**2 - sixth) - 4 * (cut**2 - cut)
    return jnp.sum(jnp.where(pairs.near, energy, 0)) / 2


def fly(
    points: Points, velocities: Points, box: Scalar, step: Scalar, num_steps: int
) -> tuple[Points, Points]:
    """Velocity Verlet at constant energy; positions come back within the box."""

    def advance(carry: tuple[Points, Points, Points], _: None) -> tuple:
        points, velocities, pull = carry
        velocities = velocities + step / 2 * pull
        points = points + step * velocities
        pull = forces(points, box)
        return (points, velocities + step / 2 * pull, pull), None

    begin = points, velocities, forces(points, box)
    (points, velocities, _), _ = jax.lax.scan(advance, begin, None, num_steps)
    return jnp.mod(points, box), velocities


class Bath(NamedTuple):
    """A Langevin bath: friction and random kicks that keep a temperature."""

    temperature: Scalar
    damping: Scalar
    """time in which a velocity is forgotten"""


def warm(
    key: Key[Array, ""],
    points: Points,
    velocities: Points,
    box: Scalar,
    bath: Bath,
    step: float,
    num_steps: int,
) -> tuple[Points, Points]:
    """Langevin dynamics: kick, half a drift, bath, half a drift, kick."""
    kept = jnp.exp(-step / bath.damping)
    spread = jnp.sqrt(bath.temperature * (1 - kept**2))

    def advance(carry: tuple[Points, Points, Points], index: Array) -> tuple:
        points, velocities, pull = carry
        velocities = velocities + step / 2 * pull
        points = points + step / 2 * velocities
        own = jax.random.fold_in(key, index)
        draw = jax.random.normal(own, points.shape, jnp.float32)
        velocities = kept * velocities + spread * draw
        points = points + step / 2 * velocities
        pull = forces(points, box)
        return (points, velocities + step / 2 * pull, pull), None

    begin = points, velocities, forces(points, box)
    steps = jnp.arange(num_steps, dtype=jnp.uint32)
    (points, velocities, _), _ = jax.lax.scan(advance, begin, steps)
    return jnp.mod(points, box), velocities


def lattice(num: int) -> Float[np.ndarray, "particle 2"]:
    """The first points of a square lattice that fills a box of side 1."""
    side = lattice_side(num)
    places = np.stack(np.divmod(np.arange(num), side), axis=1)
    return (places[:, ::-1] + 0.5) / side


def lattice_side(num: int) -> int:
    """Points along one side of the smallest square lattice that holds so many."""
    return int(np.ceil(np.sqrt(num)))


def _pairs(points: Points, box: Scalar) -> Pairs:
    gaps = []
    for axis in range(2):
        gap = points[:, None, axis] - points[None, :, axis]
        gaps.append(gap - box * jnp.round(gap / box))
    squared = gaps[0] ** 2 + gaps[1] ** 2
    others = ~np.eye(points.shape[0], dtype=bool)
    return Pairs(squared, gaps[0], gaps[1], (squared < (box / 2) ** 2) & others)
