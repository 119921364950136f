"""Where a system must be for one of its discs to be under the mouse."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from foreworld.core.parts.partition import Leaves, Static, combine

_TRIES = (0.0, 1.2, -1.2, 2.4, -2.4)
"""Changes of the coordinates from which the way to the mouse is looked for."""
_NUM_STEPS = 30
_NEAR = 1e-3
"""How much being near to where it was counts beside being near to the mouse."""


@functools.partial(jax.jit, static_argnums=0)
def reach(
    static: Static,
    leaves: list[Leaves],
    state: Float[Array, " phase"],
    held: Int[Array, ""],
    place: Float[Array, "2"],
) -> Float[Array, " phase"]:
    """A state at rest whose coordinates bring a disc to a place, as near as can be.

    Damped Gauss-Newton steps from several starts; of those that come as near, the one
    nearest to where the system was.

    Parameters
    ----------
    static, leaves
        The world, taken apart; it has a method ``discs``.
    state
        Coordinates, then as many momenta.
    held
        Number of the disc.
    place
        Where it is to be, in world units.
    """
    world = combine(static, *leaves)
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
