"""A gated recurrent unit between dense layers: remembers what it has seen.

Source: Cho et al. 2014, arXiv 1406.1078; the layers around it of Tao et al. 2025,
"POBAX", arXiv 2508.00046, with gains of Andrychowicz et al. 2021, arXiv 2006.05990.
"""

from __future__ import annotations

from typing import Annotated, Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Key

from foreworld.core.keys import named_key
from foreworld.core.parts.part import Bounded
from foreworld.core.spaces import AbstractSpace, Space
from foreworld.networks._heads import (
    POLICY_GAIN,
    VALUE_GAIN,
    Activation,
    Layers,
    activated,
    init_layers,
    through,
)
from foreworld.networks.base import AbstractNetwork, Outputs
from foreworld.nn.distributions import num_outputs
from foreworld.nn.encoders import Encoder
from foreworld.nn.gru import GRUCell


class GRUParameters(eqx.Module):
    """Parameters of :class:`GRU`.

    Attributes
    ----------
    encoder
        From observations to rows.
    embedding
        A dense layer before the memory.
    cell
        The memory.
    actor, critic
        Two dense layers each, from the memory to the policy and to the values.
    """

    encoder: Encoder
    embedding: Layers
    cell: GRUCell
    actor: Layers
    critic: Layers


class GRU(AbstractNetwork):
    """A dense layer, a gated recurrent unit, and two dense layers for each output.

    Weights are orthogonal with gain sqrt 2, the last layer's with 0.01 for the policy
    and 1 for the values.
    """

    hidden_size: Annotated[int, Bounded(low=1)] = 128
    """width of all layers and of the memory"""
    activation: Activation = "relu"
    """of the dense layers but the last ones"""

    def init(
        self,
        key: Key[Array, ""],
        observation_space: AbstractSpace,
        action_space: Space,
        num_critics: int = 1,
    ) -> GRUParameters:
        """Fresh parameters."""
        encoder = Encoder.init(named_key(key, "encoder"), observation_space)
        size, outputs = self.hidden_size, num_outputs(action_space)
        return GRUParameters(
            encoder=encoder,
            embedding=init_layers(key, "embedding", (encoder.size, size)),
            cell=GRUCell.init(named_key(key, "gru"), size, size),
            actor=init_layers(key, "actor", (size, size, outputs), POLICY_GAIN),
            critic=init_layers(key, "critic", (size, size, num_critics), VALUE_GAIN),
        )

    def init_memory(self, num_lanes: int) -> Float[Array, "lane hidden"]:
        """Zeros."""
        return jnp.zeros((num_lanes, self.hidden_size), jnp.float32)

    def step(
        self,
        parameters: GRUParameters,
        memory: Float[Array, "lane hidden"],
        obs: Any,
        starts: Bool[Array, " lane"],
    ) -> tuple[Float[Array, "lane hidden"], Outputs]:
        """One step; the memory is also what the outputs are made of."""
        memory = jnp.where(starts[:, None], 0.0, memory)
        memory = parameters.cell.step(self._embedded(parameters, obs), memory)
        return memory, self._outputs(parameters, memory)

    def unroll(
        self,
        parameters: GRUParameters,
        memory: Float[Array, "lane hidden"],
        obs: Any,
        starts: Bool[Array, "time lane"],
    ) -> Outputs:
        """All layers but the memory work on all steps at once."""
        embedded = self._embedded(parameters, obs)
        features = parameters.cell.sequence(embedded, starts, memory)
        return self._outputs(parameters, features)

    def _embedded(self, parameters: GRUParameters, obs: Any) -> Array:
        act = activated(self.activation)
        return act(through(parameters.embedding, parameters.encoder(obs), act))

    def _outputs(self, parameters: GRUParameters, features: Array) -> Outputs:
        act = activated(self.activation)
        return Outputs(
            through(parameters.actor, features, act),
            through(parameters.critic, features, act),
        )
