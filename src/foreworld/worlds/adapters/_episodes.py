"""Episodes of one world stepped from outside, one compiled call a step."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, UInt8, UInt32

from foreworld.core.errors import ConfigError
from foreworld.core.keys import named_key, pinned, root_key
from foreworld.core.parts.opening import opened
from foreworld.core.parts.partition import Leaves, Static, combine, partition
from foreworld.core.spaces import Allowed
from foreworld.worlds.base import AbstractWorld, Observation, State
from foreworld.worlds.episode import Running, advance, begin, choose

Seeds = UInt32[np.ndarray, " lane"]


class _Carry(NamedTuple):
    running: Running
    seeds: UInt32[Array, " lane"]


class Outcome(NamedTuple):
    """What one step of all lanes gave, as NumPy arrays.

    Attributes
    ----------
    obs
        An array, or a dictionary of them.
    reward, terminated, truncated
        One number a lane.
    allowed
        Mask of the next action; ``None`` in a world without masks.
    """

    obs: Any
    reward: Float[np.ndarray, " lane"]
    terminated: Bool[np.ndarray, " lane"]
    truncated: Bool[np.ndarray, " lane"]
    allowed: Allowed


class Episodes:
    """Lanes whose episodes each follow from a seed and the actions alone.

    Parameters
    ----------
    world
        A world of one agent, or a passive one.
        Worlds that differ in traced fields only share their compiled program.
    """

    def __init__(self, world: AbstractWorld) -> None:
        self._static, *self._leaves = partition(opened(world))
        self._passive = world.action_space is None
        self._carry: _Carry | None = None

    def start(self, seeds: Seeds) -> tuple[Any, Allowed]:
        """Begin an episode in every lane; the observations and the masks."""
        self._carry, *begun = _start(self._static, self._leaves, seeds)
        return jax.tree.map(np.asarray, tuple(begun))

    def step(self, actions: Any, restart: Any = None, seeds: Any = None) -> Outcome:
        """Step every lane once.

        Parameters
        ----------
        actions
            One a lane; ignored in a passive world.
        restart
            Which lanes begin a new episode instead; ``None`` for no lane.
        seeds
            Seeds of new episodes, one a lane, read where ``restart`` is true.
        """
        self._started()
        fresh = None if restart is None else (restart, seeds)
        actions = None if self._passive else actions
        self._carry, outcome = _advance(
            self._static, self._leaves, self._carry, actions, fresh
        )
        return Outcome(*jax.tree.map(np.asarray, outcome))

    def frames(self) -> UInt8[np.ndarray, "lane height width 3"]:
        """Draw every lane in RGB."""
        state = self._started().running.state
        frames = np.asarray(_draw(self._static, self._leaves, state))
        return np.repeat(frames, 3, axis=-1) if frames.shape[-1] == 1 else frames

    def _started(self) -> _Carry:
        if self._carry is None:
            raise ConfigError("no episode has begun: call reset() first.")
        return self._carry


@pinned()
@functools.partial(jax.jit, static_argnums=0)
def _start(
    static: Static, leaves: Sequence[Leaves], seeds: UInt32[Array, " lane"]
) -> tuple[_Carry, Observation, Allowed]:
    world = combine(static, *leaves)

    def one(seed: UInt32[Array, ""]) -> Running:
        return begin(world, named_key(root_key(seed), "reset"))

    running = jax.vmap(one)(seeds)
    allowed = jax.vmap(world.allowed)(running.state)
    return _Carry(running, seeds), running.obs, allowed


@pinned()
@functools.partial(jax.jit, static_argnums=0)
def _advance(
    static: Static,
    leaves: Sequence[Leaves],
    carry: _Carry,
    actions: Any,
    fresh: tuple[Bool[Array, " lane"], UInt32[Array, " lane"]] | None,
) -> tuple[_Carry, tuple[Any, ...]]:
    world = combine(static, *leaves)

    def one(running: Running, seed: Array, action: Any) -> Any:
        key = named_key(root_key(seed), "step", running.num_steps)
        return advance(world, running, action, key)

    running, step = jax.vmap(one)(carry.running, carry.seeds, actions)
    moved = _Carry(running, carry.seeds)
    ends = (step.reward, step.terminated, step.truncated)
    outcome = (step.obs, *ends, jax.vmap(world.allowed)(running.state))
    if fresh is None:
        return moved, outcome
    restart, seeds = fresh
    begun, obs, allowed = _start(static, leaves, seeds)
    zeros = tuple(jnp.zeros_like(x) for x in ends)
    return choose(restart, (begun, (obs, *zeros, allowed)), (moved, outcome))


@pinned()
@functools.partial(jax.jit, static_argnums=0)
def _draw(
    static: Static, leaves: Sequence[Leaves], state: State
) -> UInt8[Array, "lane height width channels"]:
    return jax.vmap(combine(static, *leaves).render)(state)
