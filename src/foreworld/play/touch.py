"""What the mouse can grab in a world, and what can be read off its state.

Both are open: register a function for a world's class.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from foreworld.worlds.base import AbstractWorld, State
from foreworld.worlds.dynamics._hamiltonian import AbstractHamiltonian
from foreworld.worlds.dynamics.pendulum import Pendulum


@functools.singledispatch
def grab(world: AbstractWorld, state: State, x: float, y: float) -> State:
    """The state when the mouse holds the picture at a point.

    Parameters
    ----------
    world
        Holding plain numbers.
    state
        As it is.
    x, y
        The point, from the left and from the top, as shares of the picture.
    """
    return state


@grab.register
def _(world: Pendulum, state: State, x: float, y: float) -> State:
    half = float(world.half_width())
    limit = half * (1 + world.margin)
    right = (2 * x - 1) * limit - world.offset_x * half
    up = (1 - 2 * y) * limit - world.offset_y * half
    angle = math.atan2(right, -up)
    # The angle is not wrapped: take the one nearest to where it is.
    turns = round((float(state[0]) - angle) / (2 * math.pi))
    return jnp.asarray([angle + 2 * math.pi * turns, 0.0], state.dtype)


def draggable(world: AbstractWorld) -> bool:
    """Whether the mouse can grab anything."""
    return grab.dispatch(type(world)) is not grab.dispatch(object)


@functools.singledispatch
def readings(world: Any, state: State) -> dict[str, Float[Array, ""]]:
    """Numbers to show with a world, by name with unit; runs inside a program."""
    return {}


@readings.register
def _(world: AbstractHamiltonian, state: State) -> dict[str, Float[Array, ""]]:
    return {"energy (J)": world.energy(state)}
