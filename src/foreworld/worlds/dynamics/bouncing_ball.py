"""A disc that bounces in a box, with gravity in any direction or none.

The motion is exact; ``foreworld.compat.PymunkBall`` follows the engine with which the
published sets were made.

Source: the bouncing-ball and gravity image sequences of Fraccaro et al., "A
disentangled recognition and nonlinear dynamics model for unsupervised learning" (2017),
in the sizes that meta-learning of sequences uses.
"""

from __future__ import annotations

import abc
import math
from typing import Annotated, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Key, UInt8

from foreworld.core.errors import ConfigError
from foreworld.core.keys import named_key
from foreworld.core.parts.part import Traced
from foreworld.core.spaces import Box
from foreworld.worlds.base import EpisodeLen, Step
from foreworld.worlds.dynamics._bounce import Walls, fly
from foreworld.worlds.dynamics.base import (
    AbstractDynamics,
    Discount,
    FrameTime,
    ImageSize,
    working_dtype,
)
from foreworld.worlds.quantities import Quantities, Quantity
from foreworld.worlds.ranges import Uniform

_ROOM = 1.0
"""Least distance between disc and wall at the start."""
Ball = Float[Array, " state"]
"""Place, velocity, and what else a ball keeps."""
Pull = Annotated[float, Traced(unit="box units/s^2")]
"""Type of ``gravity_x`` and ``gravity_y``."""
Inset = Annotated[float, Traced(low=0, unit="box units")]
"""Type of ``inset`` fields."""
Radius = Annotated[float, Traced(above=0, unit="box units")]
"""Type of ``radius`` fields."""
Side = Annotated[float, Traced(above=0)]
"""Type of ``box`` fields."""


class AbstractBall(AbstractDynamics):
    """A disc of mass 1 between walls, observed as ``(x, y, vx, vy)``.

    The state begins with these four numbers. A ball adds how it moves, what is seen of
    it and its picture, which shows the whole box, x to the right and y up.
    """

    gravity_x: Pull = 0.0
    """acceleration to the right"""
    gravity_y: Pull = 0.0
    """acceleration towards larger y, which is up"""
    inset: Inset = 2.0
    """distance of the walls from the edges of the picture"""
    angle: tuple[float, float] = (0.0, 360.0)
    """smallest and largest direction of the first velocity in degrees; 90 is towards
    larger y"""
    speed: tuple[float, float] = (5.0, 10.0)
    """smallest and largest first speed"""
    radius: Radius = 3.0
    """radius of the disc"""
    box: Side = 32.0
    """side of the picture in units of length; the others' units are their pixels"""
    dt: FrameTime = 0.25
    image_size: ImageSize = 32
    """width and height of a frame"""
    discount: Discount = 1.0
    max_episode_len: EpisodeLen = 0

    def __check_init__(self) -> None:
        super().__check_init__()
        self.check_ends("angle", -math.inf)
        self.check_ends("speed", 0.0)
        room = self.box - 2 * (self.inset + self.radius + _ROOM)
        if room < 0:
            raise ConfigError(
                f"{type(self).__name__}.radius={self.radius} does not fit: a box of "
                f"{self.box} whose walls are inset by {self.inset} holds a radius of "
                f"at most {self.box / 2 - self.inset - _ROOM:g} with {_ROOM:g} "
                f"to spare on each side. Take a larger box, a smaller inset or a "
                f"smaller radius."
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

    @abc.abstractmethod
    def advance(self, state: Ball) -> Ball:
        """The state one frame later.

        Parameters
        ----------
        state
            Place and velocity, and what else a ball keeps.
        """

    @abc.abstractmethod
    def observe(self, state: Ball) -> Float[Array, "4"]:
        """Place and velocity as they are seen, in float32.

        Parameters
        ----------
        state
            Place and velocity, and what else a ball keeps.
        """

    def launch(self, key: Key[Array, ""]) -> Float[Array, "4"]:
        """A random place and velocity, drawn in float32."""
        angle = Uniform(*self.angle).sample(named_key(key, "angle")) * (math.pi / 180)
        speed = Uniform(*self.speed).sample(named_key(key, "speed"))
        spread = jax.random.normal(named_key(key, "position"), (2,), jnp.float32)
        margin = self.inset + self.radius + _ROOM
        place = self.box / 2 + self.box / 4 * spread
        place = jnp.clip(place, margin, self.box - margin)
        velocity = speed * jnp.stack([jnp.cos(angle), jnp.sin(angle)])
        return jnp.concatenate([place, velocity]).astype(working_dtype())

    def step(self, state: Ball, action: None, key: Key[Array, ""]) -> Step:
        """The state one frame later; the key is not used."""
        state = self.advance(state)
        no = jnp.asarray(False)
        return Step(state, self.observe(state), jnp.float32(0), no, no)

    def total(self, state: Ball) -> Float[Array, ""]:
        """``v^2 / 2 - g . x`` of a state, whichever way it came about."""
        place, velocity = state[:2], state[2:4]
        return jnp.sum(velocity**2) / 2 - jnp.sum(self.pull * place)

    def keeps(self, state: Ball) -> Bool[Array, ""]:
        """Whether the centre is between the walls: engine steps can jump over them.

        The others drop a sequence in which the disc has left the picture or whose
        picture is broken by that. A centre beyond a wall never comes back, so this
        finds the same escapes, a few frames earlier.
        """
        place = state[:2]
        return jnp.all((place >= self.inset) & (place <= self.box - self.inset))

    @property
    def boundary(self) -> Literal["wall"]:
        """Walls all around."""
        return "wall"

    @property
    def can_grab(self) -> bool:
        """The disc."""
        return True

    def grab(self, state: Ball, x: float, y: float, held: int = 0) -> Ball:
        """The disc at rest under the mouse, as far as the walls allow."""
        room = self.inset + self.radius
        place = np.clip([x * self.box, (1 - y) * self.box], room, self.box - room)
        return jnp.zeros_like(state).at[:2].set(place)

    def throw(self, state: Ball, right: float, down: float) -> Ball:
        """The disc with the velocity of the mouse."""
        velocity = jnp.asarray([right, -down], state.dtype) * self.box
        return state.at[2:4].set(velocity)

    @property
    def pull(self) -> Float[Array, "2"]:
        """Gravity along both axes."""
        return jnp.stack([jnp.asarray(self.gravity_x), jnp.asarray(self.gravity_y)])


class BouncingBall(AbstractBall):
    """A disc of mass 1 between elastic walls, observed as ``(x, y, vx, vy)``.

    The picture shows the whole box, x to the right and y up. Between bounces the motion
    is a parabola, and its energy stays as it is.
    """

    def reset(self, key: Key[Array, ""]) -> tuple[Ball, Float[Array, "4"]]:
        """A random place and velocity."""
        state = self.launch(key)
        return state, self.observe(state)

    def advance(self, state: Ball) -> Ball:
        """Parabolas between mirror bounces, in closed form."""
        place, velocity = jnp.split(state, 2)
        walls = Walls(self.inset + self.radius, self.box - self.inset - self.radius)
        pull = self.pull.astype(state.dtype)
        return jnp.concatenate(fly(place, velocity, pull, walls, self.dt))

    def observe(self, state: Ball) -> Float[Array, "4"]:
        """The state itself."""
        return state.astype(jnp.float32)

    def derivative(self, state: Ball) -> Float[Array, "4"]:
        """Velocity and gravity, bounces left out."""
        return jnp.concatenate([state[2:], self.pull.astype(state.dtype)])

    def energy(self, state: Ball) -> Float[Array, ""]:
        """``v^2 / 2 - g . x``."""
        return self.total(state)

    def dissipates(self) -> Bool[Array, ""]:
        """Never."""
        return jnp.asarray(False)

    def render(self, state: Ball) -> UInt8[Array, "height width 1"]:
        """The disc, upright; pixels are cells of the box, lit by their centres."""
        centre, size = state[:2].astype(jnp.float32), self.image_size
        cells = jnp.asarray((np.arange(size) + 0.5) / size, jnp.float32) * self.box
        across = jnp.square(cells - centre[0])
        room = jnp.float32(self.radius) ** 2 - jnp.square(cells[::-1] - centre[1])
        lit = across <= room[:, None]
        return jnp.where(lit, jnp.uint8(255), jnp.uint8(0))[:, :, None]
