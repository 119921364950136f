"""A disc that bounces in a box, with gravity in any direction or none.

Source: the bouncing-ball and gravity image sequences of Fraccaro et al., "A
disentangled recognition and nonlinear dynamics model for unsupervised learning" (2017),
in the sizes that meta-learning of sequences uses. The motion is exact; ``pymunk``
follows the step rule of the engine with which those sets were made.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Key, UInt8

from foreworld.core.errors import ConfigError
from foreworld.core.keys import named_key
from foreworld.core.parts.part import Traced
from foreworld.core.spaces import Box
from foreworld.worlds.base import EpisodeLen, Step, Uniform
from foreworld.worlds.dynamics._bounce import (
    PICTURE_RADIUS,
    Walls,
    engine_picture,
    engine_step,
    fly,
)
from foreworld.worlds.dynamics.base import (
    AbstractDynamics,
    Discount,
    FrameTime,
    ImageSize,
    working_dtype,
)
from foreworld.worlds.quantities import Quantities, Quantity

_ROOM = 1.0
"""Least distance between disc and wall at the start."""


class BallState(NamedTuple):
    """Where the ball is; ``push`` is what the engine has scheduled for its next step.

    ``motion`` is ``(x, y, vx, vy)``; ``push`` stays 0 in exact flight.
    """

    motion: Float[Array, "4"]
    push: Float[Array, "2"]


class BouncingBall(AbstractDynamics):
    """A disc of mass 1 between elastic walls, observed as ``(x, y, vx, vy)``.

    The picture shows the whole box, x to the right and y up. Between bounces the motion
    is a parabola, and its energy stays as it is.
    """

    gravity_x: Annotated[float, Traced(unit="box units/s^2")] = 0.0
    """acceleration to the right"""
    gravity_y: Annotated[float, Traced(unit="box units/s^2")] = 0.0
    """acceleration towards larger y, which is up"""
    inset: Annotated[float, Traced(low=0, unit="box units")] = 2.0
    """distance of the walls from the edges of the picture"""
    angle: tuple[float, float] = (0.0, 360.0)
    """smallest and largest direction of the first velocity in degrees; 90 is towards
    larger y"""
    speed: tuple[float, float] = (5.0, 10.0)
    """smallest and largest first speed"""
    radius: Annotated[float, Traced(above=0, unit="box units")] = 3.0
    """radius of the disc"""
    box: Annotated[float, Traced(above=0)] = 32.0
    """side of the picture in units of length; the others' units are their pixels"""
    dt: FrameTime = 0.25
    image_size: ImageSize = 32
    integrator: Literal["exact", "pymunk"] = "exact"
    """exact: parabolas and mirror bounces; pymunk: the engine's explicit Euler steps,
    which gain energy under gravity and let fast balls escape"""
    artifacts: Literal["none", "pymunk"] = "none"
    """none: the disc; pymunk: its 24 pixels in the engine's picture and the line that
    shows its orientation"""
    legacy_lag: bool = False
    """observe the state after the next step, one frame ahead of the picture"""
    discount: Discount = 1.0
    max_episode_len: EpisodeLen = 0

    def __check_init__(self) -> None:
        super().__check_init__()
        for name, least in (("angle", -math.inf), ("speed", 0.0)):
            low, high = getattr(self, name)
            if not least <= low <= high:
                allowed = "" if math.isinf(least) else f" of at least {least:g}"
                raise ConfigError(
                    f"BouncingBall.{name}=({low}, {high}) must be two numbers"
                    f"{allowed}, the smaller one first."
                )
        room = self.box - 2 * (self.inset + self.radius + _ROOM)
        if room < 0:
            raise ConfigError(
                f"BouncingBall.radius={self.radius} does not fit: a box of {self.box} "
                f"whose walls are inset by {self.inset} holds a radius of at most "
                f"{self.box / 2 - self.inset - _ROOM:g} with {_ROOM:g} to spare on "
                f"each side. Take a larger box, a smaller inset or a smaller radius."
            )
        if self.artifacts == "pymunk" and (
            self.radius != PICTURE_RADIUS or self.box != self.image_size
        ):
            raise ConfigError(
                f"BouncingBall.artifacts='pymunk' knows only the disc of radius "
                f"{PICTURE_RADIUS:g} in a box of one unit a pixel, got "
                f"radius={self.radius}, box={self.box} and "
                f"image_size={self.image_size}. Take artifacts='none' for others."
            )

    @property
    def quantities(self) -> Quantities:
        """Place, velocity and energy of a unit mass."""
        places = [Quantity(axis, "box units") for axis in "xy"]
        velocities = [Quantity(f"v{axis}", "box units/s") for axis in "xy"]
        energy = Quantity("energy", "box units^2/s^2")
        law = "x'' = g between walls that reverse the velocity towards them"
        return Quantities((*places, *velocities), law, energy)

    @property
    def observation_space(self) -> Box:
        """Position and velocity, without limits."""
        return Box(-math.inf, math.inf, (4,))

    def reset(self, key: Key[Array, ""]) -> tuple[BallState, Float[Array, "4"]]:
        """A random place and velocity, drawn in float32."""
        angle = Uniform(*self.angle).sample(named_key(key, "angle")) * (math.pi / 180)
        speed = Uniform(*self.speed).sample(named_key(key, "speed"))
        spread = jax.random.normal(named_key(key, "position"), (2,), jnp.float32)
        margin = self.inset + self.radius + _ROOM
        place = self.box / 2 + self.box / 4 * spread
        place = jnp.clip(place, margin, self.box - margin)
        velocity = speed * jnp.stack([jnp.cos(angle), jnp.sin(angle)])
        motion = jnp.concatenate([place, velocity]).astype(working_dtype())
        state = BallState(motion, jnp.zeros(2, motion.dtype))
        return state, self._observe(state)

    def step(self, state: BallState, action: None, key: Key[Array, ""]) -> Step:
        """The state one frame later; the key is not used."""
        del action, key
        state = self._advance(state)
        no = jnp.asarray(False)
        return Step(state, self._observe(state), jnp.float32(0), no, no)

    def derivative(self, state: BallState) -> Float[Array, "4"] | None:
        """Velocity and gravity, bounces left out; ``None`` for the engine's steps."""
        if self.integrator == "pymunk":
            return None
        moved = self._seen(state)
        return jnp.concatenate([moved[2:], self._gravity().astype(moved.dtype)])

    def energy(self, state: BallState) -> Float[Array, ""] | None:
        """``v^2 / 2 - g . x``; ``None`` for the engine's steps, which gain energy."""
        return None if self.integrator == "pymunk" else self.total(state)

    def total(self, state: BallState) -> Float[Array, ""]:
        """``v^2 / 2 - g . x`` of a state, whichever way it came about."""
        place, velocity = jnp.split(state.motion, 2)
        return jnp.sum(velocity**2) / 2 - jnp.sum(self._gravity() * place)

    def keeps(self, state: BallState) -> Bool[Array, ""]:
        """Whether the centre is between the walls: engine steps can jump over them.

        The others drop a sequence in which the disc has left the picture or whose
        picture is broken by that. A centre beyond a wall never comes back, so this
        finds the same escapes, a few frames earlier.
        """
        place = state.motion[:2]
        return jnp.all((place >= self.inset) & (place <= self.box - self.inset))

    @property
    def boundary(self) -> Literal["wall"]:
        """Walls all around."""
        return "wall"

    @property
    def can_grab(self) -> bool:
        """The disc."""
        return True

    def grab(self, state: BallState, x: float, y: float, held: int = 0) -> BallState:
        """The disc at rest under the mouse, as far as the walls allow."""
        del held
        room = self.inset + self.radius
        place = np.clip([x * self.box, (1 - y) * self.box], room, self.box - room)
        motion = jnp.asarray([*place, 0.0, 0.0], state.motion.dtype)
        return BallState(motion, jnp.zeros_like(state.push))

    def throw(self, state: BallState, right: float, down: float) -> BallState:
        """The disc with the velocity of the mouse."""
        velocity = jnp.asarray([right, -down], state.motion.dtype) * self.box
        return BallState(state.motion.at[2:].set(velocity), state.push)

    def render(self, state: BallState) -> UInt8[Array, "height width 1"]:
        """The disc, upright; pixels are cells of the box, lit by their centres."""
        centre, size = state.motion[:2].astype(jnp.float32), self.image_size
        if self.artifacts == "pymunk":
            lit = engine_picture(centre, PICTURE_RADIUS, size)[::-1]
        else:
            cells = jnp.asarray((np.arange(size) + 0.5) / size, jnp.float32) * self.box
            across = jnp.square(cells - centre[0])
            room = jnp.float32(self.radius) ** 2 - jnp.square(cells[::-1] - centre[1])
            lit = across <= room[:, None]
        return jnp.where(lit, jnp.uint8(255), jnp.uint8(0))[:, :, None]

    def _gravity(self) -> Float[Array, "2"]:
        return jnp.stack([jnp.asarray(self.gravity_x), jnp.asarray(self.gravity_y)])

    def _advance(self, state: BallState) -> BallState:
        place, velocity = jnp.split(state.motion, 2)
        pull = self._gravity().astype(place.dtype)
        low, high = self.inset, self.box - self.inset
        if self.integrator == "exact":
            walls = Walls(low + self.radius, high - self.radius)
            place, velocity = fly(place, velocity, pull, walls, self.dt)
            return BallState(jnp.concatenate([place, velocity]), state.push)
        place, velocity, push = engine_step(
            place, velocity, state.push, pull, Walls(low, high), self.radius, self.dt
        )
        return BallState(jnp.concatenate([place, velocity]), push)

    def _seen(self, state: BallState) -> Float[Array, "4"]:
        """The motion that is observed, which may be the next one."""
        return (self._advance(state) if self.legacy_lag else state).motion

    def _observe(self, state: BallState) -> Float[Array, "4"]:
        return self._seen(state).astype(jnp.float32)
