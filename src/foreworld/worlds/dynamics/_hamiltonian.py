"""What all Hamiltonian systems share: motion with friction, and discs on a canvas.

A system adds its energy, its discs and its initial states; this module integrates
Hamilton's equations and draws. The integrator is the order-8 Runge-Kutta method of
Dormand and Prince with a fixed step (Hairer, Norsett and Wanner, "Solving Ordinary
Differential Equations I", 2nd ed., section II.5): exact enough in float64 to conserve
energy to 1e-7 with one step a frame, and several times faster in bulk than adaptive
solvers, whose slowest lane decides.
"""

from __future__ import annotations

import abc
import functools
import math
from collections.abc import Callable
from typing import Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key, UInt8

from foreworld.core.errors import ConfigError
from foreworld.core.spaces import Box
from foreworld.render.discs import draw_binary, draw_rgb, hues
from foreworld.worlds.base import AbstractCanvasWorld, Step, Uniform

Phase = Float[Array, " phase"]
"""State of a system: positions q, then as many momenta p."""


class Discs(NamedTuple):
    """What there is to draw, in world units (y up), the topmost disc first."""

    centres: Float[Array, "disc 2"]
    radii: Float[Array, " disc"]


class AbstractHamiltonian(AbstractCanvasWorld):
    """A passive system with an energy, observed by its state and drawn as discs.

    Attributes
    ----------
    friction
        Coefficient ``c`` in ``dp/dt = -dH/dq - c dq/dt``.
    dt
        Time between frames.
    offset_x, offset_y
        Shift of everything drawn, in canvas half-widths.
    margin
        Room for offsets: the canvas is enlarged by this fraction on each side.
    image_size
        Width and height of a frame in pixels.
    colour
        ``"binary"`` for one channel of 0 and 255, ``"rgb"`` for soft colour discs.
    substeps
        Integration steps a frame.
    """

    friction: eqx.AbstractVar[float]
    dt: eqx.AbstractVar[float]
    offset_x: eqx.AbstractVar[float]
    offset_y: eqx.AbstractVar[float]
    margin: eqx.AbstractVar[float]
    image_size: eqx.AbstractVar[int]
    colour: eqx.AbstractVar[Literal["binary", "rgb"]]
    substeps: eqx.AbstractVar[int]

    def __check_init__(self) -> None:
        # Equinox checks a subclass before its bases; limits must be known good here.
        super().__check_init__()
        for name in ("offset_x", "offset_y"):
            value = getattr(self, name)
            if abs(value) > self.margin * (1 + 1e-6):
                raise ConfigError(
                    f"{type(self).__name__}.{name}={value} leaves the canvas: it must "
                    f"lie within -margin and margin={self.margin}. Raise the margin."
                )

    @property
    @abc.abstractmethod
    def num_coordinates(self) -> int:
        """Number of positions q; the state holds twice as many numbers."""

    @abc.abstractmethod
    def start(self, key: Key[Array, ""]) -> Phase:
        """A random initial state, drawn in float32."""

    @abc.abstractmethod
    def energy(self, state: Phase) -> Float[Array, ""]:
        """The Hamiltonian."""

    @abc.abstractmethod
    def discs(self, state: Phase) -> Discs:
        """What there is to draw, without the offset."""

    @property
    def action_space(self) -> None:
        """Nobody acts."""
        return None

    @property
    def observation_space(self) -> Box:
        """The state: positions and momenta without limits."""
        return Box(-math.inf, math.inf, (2 * self.num_coordinates,))

    def reset(self, key: Key[Array, ""]) -> tuple[Phase, Float[Array, " phase"]]:
        """A random initial state, at the working precision (float64 under x64)."""
        state = self.start(key).astype(_working_dtype())
        return state, state.astype(jnp.float32)

    def step(self, state: Phase, action: None, key: Key[Array, ""]) -> Step:
        """The state one frame later; the key is not used."""
        del action, key
        state = integrate(self.derivative, state, self.dt, self.substeps)
        no = jnp.asarray(False)
        return Step(state, state.astype(jnp.float32), jnp.float32(0), no, no)

    def derivative(self, state: Phase) -> Phase:
        """Right-hand side: ``dq/dt = dH/dp``, ``dp/dt = -dH/dq - c dq/dt``."""
        slope = jax.grad(self.energy)(state)
        force, velocity = jnp.split(slope, 2)
        return jnp.concatenate([velocity, -force - self.friction * velocity])

    def render(self, state: Phase) -> UInt8[Array, "height width channels"]:
        """Draw the discs upright; 1 channel, or 3 with soft edges."""
        discs = self.discs(state)
        half = self.half_width()
        shift = jnp.stack([jnp.asarray(self.offset_x), jnp.asarray(self.offset_y)])
        limit = half * (1 + self.margin)
        centres = (discs.centres + shift * half + limit) / (2 * limit)
        radii = discs.radii / (2 * limit)
        if self.colour == "binary":
            return draw_binary(centres, radii, self.image_size)
        colours = jnp.broadcast_to(hues(1), (radii.shape[0], 3))
        return draw_rgb(centres, radii, colours, self.image_size)

    def half_width(self) -> Float[Array, ""]:
        """Half-width of the canvas without its margin, in world units."""
        own = jnp.asarray(self.extent())
        return jnp.where(jnp.asarray(self.canvas) > 0, self.canvas, own)


def integrate(
    derivative: Callable[[Phase], Phase],
    state: Phase,
    duration: float | Float[Array, ""],
    num_steps: int,
) -> Phase:
    """Advance an autonomous system by equal steps of order 8.

    Parameters
    ----------
    derivative
        Right-hand side.
    state
        Where to begin; its dtype is the precision of the result.
    duration
        Time to advance; negative goes backwards.
    num_steps
        Number of equal steps.
    """
    weights, final = _tableau()
    # Inside jit a Python float and an array must give the same float type.
    size = jnp.asarray(duration, state.dtype) / num_steps
    for _ in range(num_steps):
        slopes: list[Phase] = []
        for row in weights:
            slopes.append(derivative(_advance(state, size, row, slopes)))
        state = _advance(state, size, final, slopes)
    return state


def annulus(
    key: Key[Array, ""], radius: tuple[float, float], area_uniform: bool
) -> Float[Array, "2"]:
    """A random point whose distance from the origin lies between two radii.

    Parameters
    ----------
    key
        Random key.
    radius
        Smallest and largest distance.
    area_uniform
        Uniform in area; otherwise the distance itself is uniform.
    """
    direction_key, radius_key = jax.random.split(key)
    angle = jax.random.uniform(direction_key, (), jnp.float32) * (2 * math.pi)
    low, high = radius
    if area_uniform:
        distance = jnp.sqrt(Uniform(low**2, high**2).sample(radius_key))
    else:
        distance = Uniform(low, high).sample(radius_key)
    return distance * jnp.stack([jnp.cos(angle), jnp.sin(angle)])


def disc_radius(mass: Float[Array, ""] | float) -> Float[Array, ""] | float:
    """Radius of a disc whose area is its mass, ``sqrt(m / pi)``."""
    return (mass / math.pi) ** 0.5


def check_radius(cls: type, radius: tuple[float, float]) -> None:
    """Raise :class:`ConfigError` unless ``0 <= smallest <= largest``."""
    low, high = radius
    if not 0 <= low <= high:
        raise ConfigError(
            f"{cls.__name__}.radius=({low}, {high}) must be two numbers of at least "
            f"0, the smaller one first."
        )


def _advance(
    state: Phase, size: Float[Array, ""], row: np.ndarray, slopes: list[Phase]
) -> Phase:
    terms = [
        float(weight) * slope
        for weight, slope in zip(row, slopes, strict=False)
        if weight != 0
    ]
    return state + size * sum(terms[1:], terms[0]) if terms else state


@functools.cache
def _tableau() -> tuple[np.ndarray, np.ndarray]:
    # Imported late: half a second that listing and help need not spend.
    from scipy.integrate import DOP853

    return DOP853.A, DOP853.B


def _working_dtype() -> jnp.dtype:
    return jnp.result_type(float)
