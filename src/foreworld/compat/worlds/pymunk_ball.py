"""The ball of the published bouncing-ball sets: moved and drawn by a physics engine.

Its explicit Euler steps gain energy under gravity and let fast balls escape through the
walls, its picture has a line that shows the orientation of the disc, and states are one
frame ahead of frames. Ours moves exactly, keeps its energy and shows the disc.

Source: github.com/qu-gg/slvm-data-generation, and the step rule of the engine Chipmunk
2D that it uses through pymunk (version 6.9.0).
"""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Key, UInt8

from foreworld.core.errors import ConfigError
from foreworld.worlds.dynamics._bounce import Axes, Scalar, Walls
from foreworld.worlds.dynamics.bouncing_ball import AbstractBall, Ball

_SLOP = 0.1
"""Depth of a contact that the engine leaves as it is."""
_LEFT_PER_SECOND = 0.9**60
"""Share of an overlap that the engine leaves after one second."""
_PICTURE_RADIUS = 3.0
"""The only radius whose pixels are known."""


class PymunkBall(AbstractBall):
    """A disc as pymunk moves and draws it, observed as it is a frame later.

    The state has two numbers more: the push-out of contacts that the engine has
    scheduled for its next step.
    """

    def __check_init__(self) -> None:
        super().__check_init__()
        if self.radius != _PICTURE_RADIUS or self.box != self.image_size:
            raise ConfigError(
                f"PymunkBall knows only the picture of a disc of radius "
                f"{_PICTURE_RADIUS:g} in a box of one unit a pixel, got "
                f"radius={self.radius}, box={self.box} and "
                f"image_size={self.image_size}. Take a BouncingBall for others."
            )

    def reset(self, key: Key[Array, ""]) -> tuple[Ball, Float[Array, "4"]]:
        """A random place and velocity, and no push."""
        motion = self.launch(key)
        state = jnp.concatenate([motion, jnp.zeros(2, motion.dtype)])
        return state, self.observe(state)

    def advance(self, state: Ball) -> Ball:
        """One step of the engine."""
        walls = Walls(self.inset, self.box - self.inset)
        pull = self.pull.astype(state.dtype)
        place, velocity, push = jnp.split(state, 3)
        moved = _engine_step(place, velocity, push, pull, walls, self.radius, self.dt)
        return jnp.concatenate(moved)

    def observe(self, state: Ball) -> Float[Array, "4"]:
        """Place and velocity after the next step, one frame ahead of the picture."""
        return self.advance(state)[:4].astype(jnp.float32)

    def render(self, state: Ball) -> UInt8[Array, "height width 1"]:
        """24 pixels of the engine's picture and the line, upright."""
        lit = _engine_picture(state[:2], _PICTURE_RADIUS, self.image_size)[::-1]
        return jnp.where(lit, jnp.uint8(255), jnp.uint8(0))[:, :, None]


def _engine_step(
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


def _engine_picture(
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
