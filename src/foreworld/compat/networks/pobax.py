"""The networks of POBAX: small gains, on one trunk, with or without a GRU.

Without a memory three layers with gain 0.01 follow the first one, so that at the start
of training features hardly depend on what is observed; ours are in
:mod:`foreworld.networks`.

Source: Tao et al. 2025, "POBAX", arXiv 2508.00046, and its code.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Key

from foreworld.core.keys import named_key
from foreworld.core.parts.part import Bounded
from foreworld.core.spaces import AbstractSpace, Space
from foreworld.networks.base import AbstractNetwork, Outputs
from foreworld.nn.distributions import num_outputs
from foreworld.nn.encoders import Encoder
from foreworld.nn.gru import GRUCell
from foreworld.nn.mlp import Dense


class PobaxParameters(eqx.Module):
    """Parameters of :class:`Pobax`.

    Attributes
    ----------
    encoder
        From observations to rows.
    embedding
        Dense layers before the memory.
    cell
        The memory; ``None`` without.
    actor, critic
        Two dense layers each, from the features to the outputs.
    """

    encoder: Encoder
    embedding: tuple[Dense, ...]
    cell: GRUCell | None
    actor: tuple[Dense, Dense]
    critic: tuple[Dense, Dense]


class Pobax(AbstractNetwork):
    """POBAX's discrete actor and critic on one trunk."""

    memory: Literal["gru", "none"] = "gru"
    """recurrent memory, or "none" for a policy of the present observation only"""
    hidden_size: Annotated[int, Bounded(low=1)] = 128
    """width of all layers and of the memory"""

    def init(
        self,
        key: Key[Array, ""],
        observation_space: AbstractSpace,
        action_space: Space,
        num_critics: int = 1,
    ) -> PobaxParameters:
        """Orthogonal weights with that code's gains, zero biases."""
        size, encoder = self.hidden_size, Encoder.init(key, observation_space)
        gains = (math.sqrt(2.0),) if self.memory == "gru" else (2.0, 0.01, 0.01, 0.01)
        widths = (encoder.size,) + (size,) * (len(gains) - 1)
        embedding = tuple(
            Dense.init(named_key(key, "embedding", i), width, size, gain)
            for i, (width, gain) in enumerate(zip(widths, gains, strict=True))
        )

        def head(name: str, outputs: int, gain: float) -> tuple[Dense, Dense]:
            keys = named_key(key, name, 0), named_key(key, name, 1)
            first = Dense.init(keys[0], size, size, 2.0)
            return first, Dense.init(keys[1], size, outputs, gain)

        cell = GRUCell.init(named_key(key, "gru"), size, size)
        return PobaxParameters(
            encoder=encoder,
            embedding=embedding,
            cell=cell if self.memory == "gru" else None,
            actor=head("actor", num_outputs(action_space), 0.01),
            critic=head("critic", num_critics, 1.0),
        )

    def init_memory(self, num_lanes: int) -> Float[Array, "lane hidden"] | None:
        """Zeros, or nothing."""
        if self.memory == "none":
            return None
        return jnp.zeros((num_lanes, self.hidden_size), jnp.float32)

    def step(
        self,
        parameters: PobaxParameters,
        memory: Float[Array, "lane hidden"] | None,
        obs: Any,
        starts: Bool[Array, " lane"],
    ) -> tuple[Float[Array, "lane hidden"] | None, Outputs]:
        """One step."""
        x = self._embedded(parameters, obs)
        if parameters.cell is not None and memory is not None:
            memory = jnp.where(starts[:, None], 0.0, memory)
            memory = x = parameters.cell.step(x, memory)
        return memory, self._outputs(parameters, x)

    def unroll(
        self,
        parameters: PobaxParameters,
        memory: Float[Array, "lane hidden"] | None,
        obs: Any,
        starts: Bool[Array, "time lane"],
    ) -> Outputs:
        """All steps at once but for the memory."""
        x = self._embedded(parameters, obs)
        if parameters.cell is not None and memory is not None:
            x = parameters.cell.sequence(x, starts, memory)
        return self._outputs(parameters, x)

    def _embedded(self, parameters: PobaxParameters, obs: Any) -> Array:
        x = parameters.encoder(obs)
        for layer in parameters.embedding[:-1]:
            x = jax.nn.relu(layer(x))
        x = parameters.embedding[-1](x)
        return x if parameters.cell is None else jax.nn.relu(x)

    def _outputs(self, parameters: PobaxParameters, features: Array) -> Outputs:
        policy, values = (
            last(jax.nn.relu(first(features)))
            for first, last in (parameters.actor, parameters.critic)
        )
        return Outputs(policy, values)
