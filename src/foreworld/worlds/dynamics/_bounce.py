"""How a ball moves between walls, exactly."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

Scalar = Float[Array, ""] | float
Axes = Float[Array, " axis"]
"""One number for each axis; the axes do not know of each other."""
_NOTHING = 1e-30
"""Accelerations below this move nothing, and their squares leave float32."""


class Walls(NamedTuple):
    """Where something ends, along each axis alike."""

    low: Scalar
    high: Scalar


def fly(
    position: Axes, velocity: Axes, acceleration: Axes, walls: Walls, duration: Scalar
) -> tuple[Axes, Axes]:
    """Position and velocity of a bouncing point after a time, in closed form.

    Along one axis a point between elastic walls falls to a floor (the wall to which it
    is pulled) and rises again to the same height or to the ceiling, over and over. The
    time since it last left the floor, modulo the time between two such moments, says
    all, however many bounces there are.

    Parameters
    ----------
    position, velocity
        At the beginning; a position beyond a wall counts as on it.
    acceleration
        Constant pull, of either sign or none.
    walls
        Bounds of the position.
    duration
        Time to advance; negative goes backwards.
    """
    down = jnp.where(acceleration > 0, -1.0, 1.0).astype(position.dtype)
    pull = jnp.abs(acceleration)
    pull = jnp.where(pull < _NOTHING, 0.0, pull).astype(position.dtype)
    room = jnp.asarray(walls.high - walls.low, position.dtype)
    floor = jnp.where(down < 0, walls.high, walls.low)
    height = jnp.clip(down * (position - floor), 0, room)
    rising = down * velocity
    at_floor = _root(rising**2 + 2 * pull * height)
    moving = at_floor > 0
    at_floor_safe = jnp.where(moving, at_floor, 1)
    beyond = rising**2 - 2 * pull * (room - height)
    hits = beyond >= 0
    at_ceiling = _root(beyond)
    top = height + rising**2 / jnp.where(hits, 1, 2 * pull)
    # Written as a height over a mean speed: exact for weak pulls and for none.
    half = 2 * jnp.where(hits, room, top) / (at_floor_safe + at_ceiling)
    since = 2 * height / (at_floor_safe + jnp.abs(rising))
    since = jnp.where(rising < 0, 2 * half - since, since)
    phase = jnp.mod(since + duration, jnp.where(moving, 2 * half, 1))
    up = phase <= half
    time = jnp.where(up, phase, 2 * half - phase)
    height_after = jnp.clip(at_floor * time - pull * time**2 / 2, 0, room)
    speed_after = at_floor - pull * time
    after = floor + down * height_after, down * jnp.where(up, speed_after, -speed_after)
    return jnp.where(moving, after[0], position), jnp.where(moving, after[1], velocity)


def _root(value: Axes) -> Axes:
    """Square root, 0 below 0, with a finite derivative everywhere."""
    positive = value > 0
    return jnp.where(positive, jnp.sqrt(jnp.where(positive, value, 1)), 0)
