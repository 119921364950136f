"""A trained agent as a policy."""

from __future__ import annotations

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from foreworld.core.spaces import Space
from foreworld.networks.base import AbstractNetwork, Memory, Outputs, Parameters
from foreworld.nn.distributions import (
    AbstractDistribution,
    Categorical,
    Joint,
    distribution,
)
from foreworld.worlds.base import Action, Observation
from foreworld.worlds.policy import AbstractPolicy


class Thought(NamedTuple):
    """What a policy makes of an observation, for showing beside a live episode.

    Attributes
    ----------
    probabilities
        Of the actions; by field for a record, and ``None`` for a box.
    value
        Discounted return that it expects from here.
    """

    probabilities: Any
    value: Float[Array, ""]


class ActorPolicy(AbstractPolicy):
    """A trained actor as a policy: samples from its distribution.

    Its memory is that of the network, of one lane.

    Attributes
    ----------
    parameters
        Of the network.
    network
        What they are parameters of.
    action_space
        What it can do.
    unit
        What its values are to be multiplied by; ``None`` where they are returns.
    """

    parameters: Parameters
    network: AbstractNetwork = eqx.field(static=True)
    action_space: Space = eqx.field(static=True)
    unit: Float[Array, ""] | None = None

    def init_memory(self) -> Memory:
        """Nothing remembered."""
        return self.network.init_memory(1)

    def act(
        self, memory: Memory, obs: Observation, key: Key[Array, ""], turn: Any = None
    ) -> tuple[Memory, Action]:
        """Sample an action out of those that are allowed."""
        memory, outputs = self._step(memory, obs)
        return memory, self._actions(outputs, turn).sample(key)

    def think(self, memory: Memory, obs: Observation, turn: Any = None) -> Thought:
        """Probabilities and value for an observation; changes nothing.

        Parameters
        ----------
        memory
            As in :meth:`act`.
        obs
            One observation.
        turn
            Says what is allowed.
        """
        _, outputs = self._step(memory, obs)
        actions = self._actions(outputs, turn)
        value = outputs.values[0]
        value = value if self.unit is None else value * self.unit
        return Thought(_probabilities(actions), value)

    def _actions(self, outputs: Outputs, turn: Any) -> AbstractDistribution:
        allowed = None if turn is None else turn.allowed
        return distribution(self.action_space, outputs.policy, allowed)

    def _step(self, memory: Memory, obs: Observation) -> tuple[Memory, Outputs]:
        obs = jax.tree.map(lambda x: jnp.asarray(x)[None], obs)
        going_on = jnp.zeros(1, bool)
        memory, outputs = self.network.step(self.parameters, memory, obs, going_on)
        return memory, jax.tree.map(lambda x: x[0], outputs)


def _probabilities(actions: AbstractDistribution) -> Any:
    """Of each choice, by field for a record; ``None`` for a box."""
    if isinstance(actions, Joint):
        return {name: _probabilities(one) for name, one in actions.fields.items()}
    return actions.probabilities if isinstance(actions, Categorical) else None
