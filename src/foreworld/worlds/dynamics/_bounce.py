"""How a ball moves between walls: exactly, and by the step rule of a physics engine."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

Scalar = Float[Array, ""] | float
Axes = Float[Array, " axis"]
"""One number for each axis; the axes do not know of each other."""
_NOTHING = 1e-30
"""Accelerations below this move nothing, and their squares leave float32."""
_SLOP = 0.1
"""Depth of a contact that the engine leaves as it is."""
_LEFT_PER_SECOND = 0.9**60
"""Share of an overlap that the engine leaves after one second."""
PICTURE_RADIUS = 3.0
"""The only radius whose pixels :func:`engine_picture` knows."""


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


def engine_step(
    position: Axes,
    velocity: Axes,
    push: Axes,
    acceleration: Axes,
    walls: Walls,
    radius: Scalar,
    duration: Scalar,
) -> tuple[Axes, Axes, Axes]:
    """One step of the engine.

    The position moves with the old velocity and by the push-out of the contacts that
    the step before found; a contact then turns the velocity that was there before the
    pull around, unless the pull alone already leads away faster.

    Parameters
    ----------
    position, velocity
        At the beginning of the step.
    push
        Displacement that the step before scheduled.
    acceleration
        Constant pull.
    walls
        Where the walls themselves are.
    radius
        Radius of the ball.
    duration
        Length of the step.

    Returns
    -------
    tuple
        Position, velocity, and the displacement scheduled for the next step.
    """
    position = position + duration * velocity + push
    bias = 1 - _LEFT_PER_SECOND ** jnp.asarray(duration, position.dtype)
    after = velocity + duration * acceleration
    push = jnp.zeros_like(position)
    pulled = after
    for wall, inward in ((walls.low, 1.0), (walls.high, -1.0)):
        offset = position - wall
        # A centre that jumped over a wall is pushed further out: it escapes.
        side = jnp.where(offset == 0, inward, jnp.sign(offset))
        depth = radius - jnp.abs(offset)
        turned = side * jnp.maximum(side * pulled, -side * velocity)
        after = jnp.where(depth > 0, turned, after)
        push = push + side * bias * jnp.maximum(depth - _SLOP, 0)
    return position, after, push


def engine_picture(
    centre: Float[Array, "2"], radius: float, size: int
) -> Bool[Array, "height width"]:
    """Pixels that the engine's debugging picture lights, row 0 at the smallest y.

    A disc of 24 pixels around the rounded centre and the line to its right edge that
    shows its orientation; halves are rounded to the even neighbour, as Python does.
    """
    pixels = jnp.arange(size, dtype=jnp.float32)
    x, y = centre.astype(jnp.float32)
    column, row = jnp.round(x), jnp.round(y)
    across, down = pixels - column, pixels - row
    near = jnp.abs(across + 0.5) <= radius - jnp.abs(down + 0.5)[:, None]
    line = (across >= 0) & (pixels <= jnp.round(x + radius))
    return near | (line & (down == 0)[:, None])


def _root(value: Axes) -> Axes:
    """Square root, 0 below 0, with a finite derivative everywhere."""
    positive = value > 0
    return jnp.where(positive, jnp.sqrt(jnp.where(positive, value, 1)), 0)
