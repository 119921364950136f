"""Two-player zero-sum games whose mixed strategies follow the replicator dynamics.

Each player shifts weight to the strategies that pay more than its average, at a rate
equal to the difference. Source: Taylor and Jonker, "Evolutionary stable strategies and
game dynamics" (1978); as image sequences: Botev et al., "Which priors matter?
Benchmarking models for learning latent dynamics" (2021).
"""

from __future__ import annotations

import abc
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Key, UInt8

from foreworld.core.spaces import Box
from foreworld.worlds.base import EpisodeLen, Step
from foreworld.worlds.dynamics.base import (
    AbstractDynamics,
    Discount,
    FrameTime,
    ImageSize,
    Substeps,
    integrate,
    working_dtype,
)
from foreworld.worlds.quantities import Quantities, Quantity

Strategies = Float[Array, " strategies"]
"""Mixed strategies of the row player and of the column player, one after the other."""
Player = Float[Array, " strategy"]
"""Mixed strategy of one player."""

_LEAST = 1e-6
"""Least weight of a strategy before scaling: a corner of the simplex stands still."""


class AbstractReplicator(AbstractDynamics):
    """A game whose only equilibrium is to play all strategies alike.

    The row player's payoff is ``x A y``, the column player's the negative, so that
    ``dx_i/dt = x_i ((A y)_i - x A y)`` and ``dy_j/dt = y_j (x A y - (x A)_j)``.
    """

    dt: FrameTime = 0.1
    image_size: ImageSize = 32
    """width and height of a frame"""
    colour: Literal["grey", "rgb"] = "grey"
    """grey: one channel; rgb: the same three times"""
    substeps: Substeps = 1
    """integration steps a frame"""
    discount: Discount = 1.0
    max_episode_len: EpisodeLen = 0

    @abc.abstractmethod
    def payoff(self) -> Float[np.ndarray, "row column"]:
        """What the row player gets for each pair of strategies."""

    @property
    def quantities(self) -> Quantities:
        """Weights of the row player's and of the column player's strategies."""
        num_rows, num_columns = self.payoff().shape
        rows = [Quantity(f"row {i + 1}") for i in range(num_rows)]
        columns = [Quantity(f"column {i + 1}") for i in range(num_columns)]
        law = "x_i' = x_i ((A y)_i - x A y),  y_j' = y_j (x A y - (x A)_j)"
        return Quantities((*rows, *columns), law, Quantity("divergence", "nats"))

    @property
    def observation_space(self) -> Box:
        """Both mixed strategies."""
        return Box(0.0, 1.0, (sum(self.payoff().shape),))

    def reset(self, key: Key[Array, ""]) -> tuple[Strategies, Strategies]:
        """Strategies that are uniform on their simplices, drawn in float32."""
        draws = jax.random.exponential(key, self.observation_space.shape, jnp.float32)
        weights = jnp.maximum(draws, _LEAST).astype(working_dtype())
        players = [player / jnp.sum(player) for player in self._players(weights)]
        state = jnp.concatenate(players)
        return state, _observed(state)

    def step(self, state: Strategies, action: None, key: Key[Array, ""]) -> Step:
        """The state one frame later; the key is not used."""
        state = integrate(self.derivative, state, self.dt, self.substeps)
        no = jnp.asarray(False)
        return Step(state, _observed(state), jnp.float32(0), no, no)

    def derivative(self, state: Strategies) -> Strategies:
        """The replicator equations."""
        row, column = self._players(state)
        payoff = jnp.asarray(self.payoff(), state.dtype)
        # Sums of products fuse with what is around them; small matrix products do not.
        gains = jnp.sum(payoff * column, axis=1)
        losses = jnp.sum(payoff * row[:, None], axis=0)
        value = jnp.sum(row * gains)
        return jnp.concatenate([row * (gains - value), column * (value - losses)])

    def energy(self, state: Strategies) -> Float[Array, ""]:
        """Sum of both divergences from the equilibrium, which the motion conserves.

        ``KL(e | x) + KL(e | y)`` with ``e`` uniform, in nats.
        """
        row, column = self._players(state)
        of_row = -jnp.mean(jnp.log(row * row.shape[0]))
        return of_row - jnp.mean(jnp.log(column * column.shape[0]))

    def dissipates(self) -> Bool[Array, ""]:
        """Never."""
        return jnp.asarray(False)

    def keeps(self, state: Strategies) -> Bool[Array, ""]:
        """Whether all strategies still have some weight: a large step can end that."""
        return jnp.all(state > 0)

    def settle(self, state: Strategies) -> Strategies:
        """Weights of strategies are positive and sum to 1 for each player."""
        players = self._players(jnp.maximum(state, _LEAST))
        return jnp.concatenate([player / jnp.sum(player) for player in players])

    def render(self, state: Strategies) -> UInt8[Array, "height width channels"]:
        """Chances of all pairs of strategies as grey tiles: the outer product.

        The row player's first strategy is at the top, the column player's first one on
        the left; white is a chance of 1.
        """
        row, column = self._players(_observed(state))
        tile = -(-self.image_size // max(self.payoff().shape))
        picture = jnp.repeat(jnp.repeat(jnp.outer(row, column), tile, 0), tile, 1)
        grey = (picture * 255).astype(jnp.uint8)[: self.image_size, : self.image_size]
        return jnp.repeat(grey[:, :, None], 3 if self.colour == "rgb" else 1, 2)

    def _players(self, state: Strategies) -> tuple[Player, Player]:
        num = self.payoff().shape[0]
        return state[:num], state[num:]


def _observed(state: Strategies) -> Strategies:
    return jnp.clip(state, 0, 1).astype(jnp.float32)
