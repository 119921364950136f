"""Actor and critic on one trunk, with or without a recurrent memory.

Source: sizes, gains and activations of Tao et al. 2025, "POBAX", arXiv 2508.00046.
"""

from __future__ import annotations

import math
from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Key

from foreworld.core.keys import named_key
from foreworld.nn.gru import GRU
from foreworld.nn.mlp import Dense

Memory = Float[Array, "*batch hidden"] | None
"""The recurrent memory, ``None`` for a network without."""
MemoryKind = Literal["gru", "none"]


class ActorCritic(eqx.Module):
    """Parameters of the trunk (embedding, memory) and the two heads.

    The features that the trunk gives are its memory, where it has one.

    Attributes
    ----------
    embedding
        Dense layers before the memory.
    gru
        The memory; ``None`` without.
    actor, critic
        Two dense layers each, from the features to logits and to the value.
    """

    embedding: tuple[Dense, ...]
    gru: GRU | None
    actor: tuple[Dense, Dense]
    critic: tuple[Dense, Dense]

    @staticmethod
    def init(
        key: Key[Array, ""],
        memory: MemoryKind,
        input_size: int,
        hidden_size: int,
        num_actions: int,
    ) -> ActorCritic:
        """Orthogonal weights, zero biases. Not to be vmapped.

        Parameters
        ----------
        key
            Draws the weights.
        memory
            Whether there is a recurrent memory.
        input_size
            Width of the inputs.
        hidden_size
            Width of all layers and of the memory.
        num_actions
            Number of choices.
        """
        # Without a memory there are three more layers, with small weights.
        gains = (math.sqrt(2.0),) if memory == "gru" else (2.0, 0.01, 0.01, 0.01)
        widths = (input_size,) + (hidden_size,) * (len(gains) - 1)
        embedding = tuple(
            Dense.init(named_key(key, "embedding", i), width, hidden_size, gain)
            for i, (width, gain) in enumerate(zip(widths, gains, strict=True))
        )

        def head(name: str, size: int, gain: float) -> tuple[Dense, Dense]:
            keys = named_key(key, name, 0), named_key(key, name, 1)
            first = Dense.init(keys[0], hidden_size, hidden_size, 2.0)
            return first, Dense.init(keys[1], hidden_size, size, gain)

        gru = GRU.init(named_key(key, "gru"), hidden_size, hidden_size)
        return ActorCritic(
            embedding=embedding,
            gru=gru if memory == "gru" else None,
            actor=head("actor", num_actions, 0.01),
            critic=head("critic", 1, 1.0),
        )

    def init_memory(self, num_lanes: int) -> Memory:
        """Empty memories."""
        if self.gru is None:
            return None
        return jnp.zeros((num_lanes, self.gru.hidden_size), jnp.float32)

    def step(
        self, x: Float[Array, "*batch input"], memory: Memory
    ) -> tuple[Float[Array, "*batch hidden"], Memory]:
        """Features of one step and the memory after it.

        Parameters
        ----------
        x
            Inputs of the step.
        memory
            Memory before the step; ``None`` for a network without.
        """
        embedded = self._embed(x)
        if self.gru is None or memory is None:
            return embedded, None
        features = self.gru.step(embedded, memory)
        return features, features

    def unroll(
        self,
        x: Float[Array, "time batch input"],
        starts: Bool[Array, "time batch"],
        memory: Memory,
    ) -> Float[Array, "time batch hidden"]:
        """Features of whole sequences; the memory is emptied at starts.

        Parameters
        ----------
        x
            Inputs of all steps, time first.
        starts
            Where an episode starts.
        memory
            Memory before the first step; ``None`` for a network without.
        """
        embedded = self._embed(x)
        if self.gru is None or memory is None:
            return embedded
        return self.gru.sequence(embedded, starts, memory)

    def logits(
        self, features: Float[Array, "*batch hidden"]
    ) -> Float[Array, "*batch num_actions"]:
        """Unnormalised log-probabilities of the actions."""
        return self.actor[1](jax.nn.relu(self.actor[0](features)))

    def value(self, features: Float[Array, "*batch hidden"]) -> Float[Array, "*batch"]:
        """Discounted return expected from here."""
        return self.critic[1](jax.nn.relu(self.critic[0](features)))[..., 0]

    def _embed(self, x: Float[Array, "*batch input"]) -> Float[Array, "*batch hidden"]:
        if self.gru is not None:
            return jax.nn.relu(self.embedding[0](x))
        for layer in self.embedding[:-1]:
            x = jax.nn.relu(layer(x))
        return self.embedding[-1](x)


def forget(starts: Bool[Array, " lane"], memory: Memory) -> Memory:
    """Memories emptied in lanes where an episode starts.

    Parameters
    ----------
    starts
        Lanes whose episode starts with the coming step.
    memory
        Memory of each lane; ``None`` for a network without.
    """
    return None if memory is None else jnp.where(starts[:, None], 0.0, memory)
