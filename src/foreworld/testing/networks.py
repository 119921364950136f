"""Public contract check of networks: ``check_network(MyNetwork())``."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Key

from foreworld.core.keys import named_key, root_key
from foreworld.core.spaces import AbstractSpace, Box, Discrete, Record, Space
from foreworld.networks.base import AbstractNetwork, Outputs
from foreworld.nn.distributions import num_outputs
from foreworld.testing.checks import (
    check_configuration,
    require,
    require_equal,
    require_finite,
)

_OBSERVATIONS = Record({"row": Box(-1.0, 1.0, (3,)), "choice": Discrete(4)})
_ACTIONS = Record({"go": Discrete(3), "how": Box(-1.0, 1.0, (2,))})
_NUM_STEPS, _NUM_LANES, _NUM_CRITICS, _START = 7, 2, 2, 3
_TOLERANCE = 1e-5


def check_network(
    network: AbstractNetwork,
    observation_space: AbstractSpace = _OBSERVATIONS,
    action_space: Space = _ACTIONS,
    key: Key[Array, ""] | None = None,
) -> None:
    """Check that a network keeps the contract that learners rely on.

    It is the same after a round trip through JSON; outputs have the shapes that actions
    and critics ask for, and each critic its own weights; steps one by one give what
    whole sequences give; nothing of before the start of an episode reaches what comes
    after it; everything compiles, and gradients are finite.

    Parameters
    ----------
    network
        Any network, of this package or a person's own.
    observation_space, action_space
        What is seen and done; by default records of choices and numbers.
    key
        Weights and observations are drawn from it; the same ones where it is left out.

    Raises
    ------
    CheckError
        Names the rule that is broken.
    """
    name = type(network).__name__
    require(isinstance(network, AbstractNetwork), f"{name} is no AbstractNetwork.")
    check_configuration(network, "network")
    key = root_key(0) if key is None else key
    init = functools.partial(
        network.init,
        observation_space=observation_space,
        action_space=action_space,
        num_critics=_NUM_CRITICS,
    )
    parameters = jax.jit(init)(named_key(key, "init"))
    for leaf in jax.tree.leaves(network.init_memory(_NUM_LANES)):
        require(
            leaf.shape[:1] == (_NUM_LANES,),
            f"{name}.init_memory({_NUM_LANES}): arrays begin with an axis of lanes, "
            f"got the shape {leaf.shape}.",
        )
    shape = _NUM_STEPS, _NUM_LANES
    draws = jax.random.split(named_key(key, "obs"), shape)
    obs = jax.vmap(jax.vmap(observation_space.sample))(draws)
    starts = jnp.zeros(shape, bool).at[_START, 1].set(True)
    steps, whole = jax.jit(functools.partial(_both, network))(parameters, obs, starts)
    for field, size in zip(
        Outputs._fields, (num_outputs(action_space), _NUM_CRITICS), strict=True
    ):
        found = getattr(whole, field)
        require(
            found.shape == (*shape, size) and found.dtype == jnp.float32,
            f"{name}: {field} must be float32{[*shape, size]} (time, lane, ...), got "
            f"{found.dtype}{list(found.shape)}.",
        )
    require(
        jnp.abs(whole.values[..., 0] - whole.values[..., 1]).max() > 0,
        f"{name}: two critics give the same values; each has weights of its own.",
    )
    require_equal(steps, whole, f"{name}: step by step and unroll", _TOLERANCE)
    later = jax.tree.map(lambda x: x[_START:, 1:], (obs, starts))
    alone = network.unroll(parameters, network.init_memory(1), *later)
    after = jax.tree.map(lambda x: x[_START:, 1:], whole)
    what = f"{name}: outputs after the start of an episode, with and without the past"
    require_equal(after, alone, what, _TOLERANCE)
    _check_gradient(name, network, parameters, obs, starts)


def _both(
    network: AbstractNetwork, parameters: Any, obs: Any, starts: Any
) -> tuple[Outputs, Outputs]:
    """What steps give one by one, and what the whole sequence gives."""
    memory, rows = network.init_memory(_NUM_LANES), []
    for t in range(_NUM_STEPS):
        now = jax.tree.map(lambda x, t=t: x[t], (obs, starts))
        memory, outputs = network.step(parameters, memory, *now)
        rows.append(outputs)
    whole = network.unroll(parameters, network.init_memory(_NUM_LANES), obs, starts)
    return jax.tree.map(lambda *x: jnp.stack(x), *rows), whole


def _check_gradient(
    name: str, network: AbstractNetwork, parameters: Any, obs: Any, starts: Any
) -> None:
    def total(parameters: Any) -> Array:
        memory = network.init_memory(_NUM_LANES)
        outputs = network.unroll(parameters, memory, obs, starts)
        return jnp.sum(outputs.policy) + jnp.sum(outputs.values)

    gradient = jax.jit(jax.grad(total, allow_int=True))(parameters)
    require_finite(gradient, f"{name}: gradient of unroll")
