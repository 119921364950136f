"""Runs Hamiltonian worlds for tests: one small program a class, at float64.

Parameters are arguments of the programs, so that worlds of one class share them.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import diffrax
import jax
import jax.numpy as jnp
import numpy as np

from foreworld.core.keys import named_key, root_key
from foreworld.core.parts.partition import Static, combine, partition
from foreworld.worlds.base import AbstractWorld, Family, as_family
from foreworld.worlds.dynamics._hamiltonian import AbstractHamiltonian


@functools.partial(jax.jit, static_argnums=(0, 3))
def _states(static: Static, leaves: Any, state: jax.Array, num: int) -> jax.Array:
    world = combine(static, leaves, {})

    def advance(state: jax.Array, _: None) -> tuple[jax.Array, jax.Array]:
        new = world.advance(state)
        return new, new

    return jnp.concatenate([state[None], jax.lax.scan(advance, state, None, num)[1]])


def states_of(
    world: AbstractHamiltonian, start: Any, num: int, backwards: bool = False
) -> np.ndarray:
    """States after 0 .. num frames."""
    with jax.enable_x64(True):
        static, traced, *_ = partition(world)
        leaves = {n: np.float64(v) for n, v in traced.items()}
        if backwards:
            leaves["dt"] = -leaves["dt"]
        return np.asarray(_states(static, leaves, jnp.asarray(start, float), num))


@functools.partial(jax.jit, static_argnums=0)
def _along(static: Static, leaves: Any, states: jax.Array) -> Any:
    world = combine(static, leaves, {})

    def one(state: jax.Array) -> Any:
        rate = world.derivative(state)
        return (*jax.jvp(world.energy, (state,), (rate,)), rate)

    return jax.vmap(one)(states)


class Along(NamedTuple):
    """What there is to know along a motion."""

    energy: np.ndarray
    power: np.ndarray
    """rate of the energy"""
    rate: np.ndarray
    """time derivative of the state"""


def along(world: AbstractHamiltonian, states: np.ndarray) -> Along:
    """Energy, its rate, and the time derivative, at each state."""
    with jax.enable_x64(True):
        static, traced, *_ = partition(world)
        leaves = {n: np.float64(v) for n, v in traced.items()}
        return Along(*map(np.asarray, _along(static, leaves, jnp.asarray(states))))


def solved(world: AbstractHamiltonian, start: Any, num: int) -> np.ndarray:
    """The same states as :func:`states_of` by an adaptive solver, to about 1e-12."""
    with jax.enable_x64(True):
        end = num * world.dt
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(lambda t, y, args: args.derivative(y)),
            diffrax.Dopri8(),
            0.0,
            end,
            world.dt / 10,
            jnp.asarray(start, float),
            args=world,
            saveat=diffrax.SaveAt(ts=jnp.linspace(0, end, num + 1)),
            stepsize_controller=diffrax.PIDController(rtol=1e-13, atol=1e-13),
            max_steps=100_000,
        )
        return np.asarray(solution.ys)


class Energy(NamedTuple):
    """Energy over sequences of a family."""

    drift: np.ndarray
    """largest change relative to the first energy, or 0.1 if that is larger"""
    kept: np.ndarray
    """whether all states of a sequence stay on the canvas"""


@functools.partial(jax.jit, static_argnums=(0, 3))
def _energy(static: Static, leaves: Any, index: jax.Array, num: int) -> Any:
    family = combine(static, leaves, {})

    def one(index: jax.Array) -> Any:
        key = named_key(root_key(0), index)
        world = family.sample(named_key(key, "world"))
        first, _ = world.reset(named_key(key, "reset"))
        begin = world.energy(first)

        def advance(carry: Any, _: None) -> Any:
            state, drift, kept = carry
            state = world.step(state, None, key).state
            drift = jnp.maximum(drift, jnp.abs(world.energy(state) - begin))
            return (state, drift, kept & world.keeps(state)), None

        carry = (first, jnp.zeros_like(begin), world.keeps(first))
        _, drift, kept = jax.lax.scan(advance, carry, None, num)[0]
        return drift / jnp.maximum(jnp.abs(begin), 0.1), kept

    return jax.vmap(one)(index)


def energy_over(family: Family, num_frames: int, num: int) -> Energy:
    """Energy over ``num`` sequences."""
    with jax.enable_x64(True):
        static, traced, *_ = partition(family)
        index = jnp.arange(num)
        return Energy(*map(np.asarray, _energy(static, traced, index, num_frames - 1)))


def first_frames(what: AbstractWorld | Family, num: int, seed: int = 3) -> np.ndarray:
    """First frames of sequences."""
    family = as_family(what)

    def one(index: jax.Array) -> jax.Array:
        key = named_key(root_key(seed), index)
        world = family.sample(named_key(key, "world"))
        state, _ = world.reset(named_key(key, "reset"))
        return world.render(state)

    return np.asarray(jax.jit(jax.vmap(one))(jnp.arange(num)))


def check_lit(
    frames: np.ndarray,
    low: int,
    high: int,
    share: float,
    beyond: tuple[int, int] = (4, 7),
) -> None:
    """Stated ranges of lit pixels were seen in a few sequences.

    They hold at least ``share`` of all frames and are reached at both ends; what lies
    outside (the lightest and heaviest masses) is less than ``beyond`` pixels away.
    """
    counts = (frames[..., 0] > 0).sum((1, 2))
    inside = (counts >= low) & (counts <= high)
    assert inside.mean() >= share
    assert counts[inside].min() <= low + 2
    assert counts[inside].max() >= high - 2
    less, more = beyond
    assert low - less < counts.min() and counts.max() < high + more


def mirror(states: np.ndarray, flips: list[int]) -> np.ndarray:
    """States with the sign of some numbers changed."""
    signs = np.ones(states.shape[-1])
    signs[flips] = -1
    return states * signs
