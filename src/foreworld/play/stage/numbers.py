"""The numbers of a state, read and changed one by one while a system moves."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from foreworld.core.spaces import Box
from foreworld.play.stage.base import Axis
from foreworld.worlds.base import AbstractWorld, Observation, State
from foreworld.worlds.dynamics.base import AbstractDynamics
from foreworld.worlds.quantities import planes_of


def axes(world: AbstractWorld) -> tuple[Axis, ...]:
    """Names of the numbers that an observation of a system has."""
    space = world.observation_space
    if not isinstance(world, AbstractDynamics) or not isinstance(space, Box):
        return ()
    return tuple(Axis(q.name, q.unit) for q in world.quantities.state)


def plane(world: AbstractWorld) -> tuple[int, ...]:
    """Which two of them are drawn against each other at first."""
    pairs = planes_of(len(axes(world)))
    return pairs[0] if pairs else ()


class StateNumbers:
    """Where the numbers of an observation lie in a world's state.

    They are looked for among all floats of the state, one after the other; in a state
    that holds them in another form they can be read and not changed.

    Attributes
    ----------
    size
        How many numbers there are.

    Parameters
    ----------
    state, obs
        A state, and the observation of it.
    """

    def __init__(self, state: State, obs: Observation) -> None:
        values = np.asarray(obs).reshape(-1)
        self.size = values.size
        numbers = np.asarray(_flat(state))
        self._first: int | None = None
        for i in range(numbers.size - self.size + 1):
            if np.allclose(numbers[i : i + self.size], values, rtol=1e-5, atol=1e-6):
                self._first = i
                break

    @property
    def can_change(self) -> bool:
        """Whether the numbers were found."""
        return self._first is not None

    def observe(self, state: State, obs: Observation) -> Observation:
        """The observation of a changed state; ``obs`` where that is not known.

        Parameters
        ----------
        state
            A state in which numbers were changed.
        obs
            The observation before: says shape and dtype.
        """
        if self._first is None:
            return obs
        found = _flat(state)[self._first : self._first + self.size]
        return found.reshape(obs.shape).astype(obs.dtype)

    def add(
        self, world: AbstractWorld, state: State, column: int, amount: float
    ) -> State:
        """The state with a number changed, within what the world can be in.

        Parameters
        ----------
        world
            Says what its states can be.
        state
            The state to change.
        column
            Which number of the observation, from 0.
        amount
            What is added, in the number's unit.
        """
        if self._first is None:
            return state
        place, before = self._first + column, 0
        leaves, structure = jax.tree.flatten(state)
        for i, leaf in enumerate(leaves):
            if not _holds(leaf):
                continue
            if before <= place < before + leaf.size:
                flat = leaf.reshape(-1).at[place - before].add(amount)
                leaves[i] = flat.reshape(leaf.shape)
            before += leaf.size
        return world.settle(jax.tree.unflatten(structure, leaves))


def _holds(leaf: Array) -> bool:
    return jnp.issubdtype(leaf.dtype, jnp.floating)


def _flat(state: State) -> Float[Array, " number"]:
    leaves = [leaf.reshape(-1) for leaf in jax.tree.leaves(state) if _holds(leaf)]
    return jnp.concatenate([*leaves, jnp.zeros(0)])
