"""What the mouse can grab in a world, and what can be read off its state.

All is open: register a function for a world's class.
"""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Num

from foreworld.core.parts.partition import Leaves, Static, combine, partition
from foreworld.worlds.base import AbstractWorld, State
from foreworld.worlds.dynamics._hamiltonian import AbstractHamiltonian
from foreworld.worlds.dynamics._quantities import quantities_of
from foreworld.worlds.dynamics._replicator import AbstractReplicator
from foreworld.worlds.dynamics._series import AbstractSeries
from foreworld.worlds.dynamics.base import AbstractDynamics
from foreworld.worlds.dynamics.bouncing_ball import BallState, BouncingBall

_TRIES = (0.0, 1.2, -1.2, 2.4, -2.4)
"""Changes of the coordinates from which the way to the mouse is looked for."""
_NUM_STEPS = 30
_NEAR = 1e-3
"""How much being near to where it was counts beside being near to the mouse."""
_LEAST = 1e-6
"""Least weight of a strategy."""


@functools.singledispatch
def grab(
    world: AbstractWorld, state: State, x: float, y: float, held: int | None = None
) -> State:
    """The state when the mouse holds the picture at a point.

    Parameters
    ----------
    world
        Holding plain numbers.
    state
        As it is.
    x, y
        The point, from the left and from the top, as shares of the picture.
    held
        What is held, of several things: see :func:`nearest`; ``None`` for that.
    """
    return state


@grab.register
def _(
    world: AbstractHamiltonian,
    state: State,
    x: float,
    y: float,
    held: int | None = None,
) -> State:
    """Put the held disc as near to the mouse as the others let it, at rest."""
    static, traced, data = partition(world)
    which = nearest(world, state, x, y) if held is None else held
    place = _place(world, state, x, y)
    return _reach(static, {**traced, **data}, state, jnp.int32(which), place)


@grab.register
def _(
    world: BouncingBall, state: State, x: float, y: float, held: int | None = None
) -> State:
    del held
    room = world.inset + world.radius
    place = np.clip([x * world.box, (1 - y) * world.box], room, world.box - room)
    motion = jnp.asarray([*place, 0.0, 0.0], state.motion.dtype)
    return BallState(motion, jnp.zeros_like(state.push))


@functools.singledispatch
def throw(world: AbstractWorld, state: State, right: float, down: float) -> State:
    """The state when the mouse lets go while it moves.

    Parameters
    ----------
    world
        Holding plain numbers.
    state
        As the mouse held it.
    right, down
        Speed of the mouse, in widths of the picture per unit of the world's time.
    """
    return state


@throw.register
def _(world: BouncingBall, state: State, right: float, down: float) -> State:
    velocity = jnp.asarray([right, -down], state.motion.dtype) * world.box
    return BallState(state.motion.at[2:].set(velocity), state.push)


@functools.singledispatch
def settle(world: AbstractWorld, state: State) -> State:
    """The state nearest to one in which some numbers were changed by hand."""
    return state


@settle.register
def _(world: AbstractReplicator, state: State) -> State:
    """Weights of strategies are positive and sum to 1 for each player."""
    num = world.payoff().shape[0]
    players = jnp.split(jnp.maximum(state, _LEAST), [num])
    return jnp.concatenate([player / jnp.sum(player) for player in players])


@settle.register
def _(world: AbstractSeries, state: State) -> State:
    """The newest place of the picture's trail is where the point is."""
    if not len(state.trail):
        return state
    newest = state.latent.astype(state.trail.dtype)
    return state._replace(trail=state.trail.at[0].set(newest))


def nearest(world: AbstractWorld, state: State, x: float, y: float) -> int:
    """Which disc is nearest to the mouse; 0 where there are none."""
    if not isinstance(world, AbstractHamiltonian):
        return 0
    apart = world.discs(state).centres - _place(world, state, x, y)
    return int(jnp.argmin(jnp.sum(apart**2, axis=1)))


def draggable(world: AbstractWorld) -> bool:
    """Whether the mouse can grab anything."""
    return grab.dispatch(type(world)) is not grab.dispatch(object)


@functools.singledispatch
def readings(world: Any, state: State) -> dict[str, Num[Array, ""]]:
    """Numbers to show with a world, by name with unit; runs inside a program."""
    return {}


@readings.register
def _(world: AbstractDynamics, state: State) -> dict[str, Num[Array, ""]]:
    """The energy, and the modes."""
    found, energy = {}, world.energy(state)
    if energy is not None:
        space: Any = world.observation_space
        found[quantities_of(world, space.shape[0]).energy.label] = energy
    for name, value in world.extras(state).items():
        if value.ndim == 0 and jnp.issubdtype(value.dtype, jnp.integer):
            found[name] = value
    return found


def _place(world: AbstractHamiltonian, state: State, x: float, y: float) -> Any:
    """A point of the picture in world units."""
    half = world.half_width()
    limit = half * (1 + world.margin)
    shift = world.discs(state).shift or (world.offset_x, world.offset_y)
    right = (2 * x - 1) * limit - shift[0] * half
    up = (1 - 2 * y) * limit - shift[1] * half
    return jnp.stack([right, up]).astype(state.dtype)


@functools.partial(jax.jit, static_argnums=0)
def _reach(
    static: Static,
    leaves: Leaves,
    state: Float[Array, " phase"],
    held: Int[Array, ""],
    place: Float[Array, "2"],
) -> Float[Array, " phase"]:
    """Coordinates that bring a disc to a place, by damped Gauss-Newton steps."""
    world = combine(static, leaves, {})
    first, momenta = jnp.split(state, 2)

    def apart(q: Float[Array, " q"]) -> Float[Array, "2"]:
        return world.discs(jnp.concatenate([q, momenta])).centres[held] - place

    def cost(q: Float[Array, " q"]) -> Float[Array, ""]:
        return jnp.sum(apart(q) ** 2)

    def improve(_: Int[Array, ""], at: tuple[Array, Array]) -> tuple[Array, Array]:
        q, damping = at
        slopes = jax.jacfwd(apart)(q)
        square = slopes.T @ slopes + damping * jnp.eye(q.size, dtype=q.dtype)
        new = q - jnp.linalg.solve(square, slopes.T @ apart(q))
        better = cost(new) < cost(q)
        damping = jnp.where(better, damping / 4, damping * 4)
        return jnp.where(better, new, q), jnp.maximum(damping, 1e-6)

    moves = jnp.any(jax.jacfwd(apart)(first) != 0, axis=0)

    def attempt(change: Float[Array, ""]) -> tuple[Array, Array]:
        begin = first + jnp.where(moves, change, 0)
        q, _ = jax.lax.fori_loop(
            0, _NUM_STEPS, improve, (begin, jnp.asarray(0.01, state.dtype))
        )
        return q, cost(q) + _NEAR * jnp.sum((q - first) ** 2)

    found, costs = jax.vmap(attempt)(jnp.asarray(_TRIES, state.dtype))
    q = found[jnp.argmin(costs)]
    return jnp.concatenate([q, jnp.where(moves, 0, momenta)])
