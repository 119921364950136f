"""A small game over points that all runs share, for testing shared references."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key, UInt8

from foreworld.core.parts.part import Shared, Traced
from foreworld.core.parts.reference import AbstractRef
from foreworld.core.spaces import Box, Discrete
from foreworld.worlds.base import EpisodeLen, Step, Turn
from foreworld.worlds.game import AbstractGame

TELLER, GUESSER = "teller", "guesser"


class PointState(NamedTuple):
    """The point of an episode.

    Attributes
    ----------
    index
        Which point it is.
    done
        Whether both have acted.
    """

    index: Int[Array, ""]
    done: Int[Array, ""]


class PointsGame(AbstractGame):
    """An episode is one point: one agent guesses its side, the other gets its worth.

    The file or data set holds ``place`` ``(point, 2)``, ``side`` ``(point,)``, 0 or 1,
    and ``worth`` ``(point,)``. Whatever it does, the teller gets ``stake`` times the
    worth of the point, so its mean return tells which split the points came from. The
    guesser gets 1 for the right side and loses 1 for the wrong one.
    """

    points: Annotated[AbstractRef, Shared()]
    """where the points lie"""
    stake: Annotated[float, Traced()] = 1.0
    """points that the worth of a point counts"""
    discount: Annotated[float, Traced(low=0, high=1)] = 0.9
    """discount factor of returns"""
    max_episode_len: EpisodeLen = 2
    """steps after which an episode is cut off; 0 for never"""

    @property
    def agents(self) -> tuple[str, ...]:
        """Teller and guesser."""
        return (TELLER, GUESSER)

    @property
    def action_space(self) -> dict[str, Discrete]:
        """A side; of the teller it does not matter."""
        return {name: Discrete(2) for name in self.agents}

    @property
    def observation_space(self) -> dict[str, Box]:
        """Where the point lies."""
        width = self.points["place"].shape[1]
        return {name: Box(-10.0, 10.0, (width,)) for name in self.agents}

    def reset(
        self, key: Key[Array, ""]
    ) -> tuple[PointState, dict[str, Float[Array, " number"]]]:
        """Draw a point."""
        return self.reset_at(jax.random.randint(key, (), 0, self.num_starts), key)

    @property
    def num_starts(self) -> int:
        """The points."""
        return self.points["place"].shape[0]

    def reset_at(
        self, index: Int[Array, ""] | int, key: Key[Array, ""]
    ) -> tuple[PointState, dict[str, Float[Array, " number"]]]:
        """A chosen point."""
        state = PointState(jnp.asarray(index, jnp.int32), jnp.int32(0))
        return state, self._observe(state)

    def step(
        self,
        state: PointState,
        action: dict[str, Int[Array, ""]],
        key: Key[Array, ""],
    ) -> Step:
        """Compare the guess with the side."""
        right = action[GUESSER] == self.points["side"][state.index]
        worth = self.stake * self.points["worth"][state.index]
        reward = {
            TELLER: worth.astype(jnp.float32),
            GUESSER: jnp.where(right, 1.0, -1.0).astype(jnp.float32),
        }
        new = PointState(state.index, jnp.int32(1))
        ends = dict.fromkeys(self.agents, jnp.asarray(True))
        cuts = dict.fromkeys(self.agents, jnp.asarray(False))
        return Step(new, self._observe(new), reward, ends, cuts)

    def turns(self, state: PointState) -> dict[str, Turn]:
        """Both act once."""
        turn = Turn(state.done == 0, jnp.ones(2, bool))
        return dict.fromkeys(self.agents, turn)

    def render(self, state: PointState) -> UInt8[Array, "8 8 1"]:
        """White for side 1, grey for 0."""
        shade = jnp.where(self.points["side"][state.index] == 1, 255, 128)
        return jnp.broadcast_to(shade, (8, 8, 1)).astype(jnp.uint8)

    def render_for(self, state: PointState, agent: str) -> UInt8[Array, "8 8 1"]:
        """The guesser does not see the side."""
        whole = self.render(state)
        return jnp.zeros_like(whole) if agent == GUESSER else whole

    def _observe(self, state: PointState) -> dict[str, Float[Array, " number"]]:
        place = jnp.asarray(self.points["place"][state.index], jnp.float32)
        return dict.fromkeys(self.agents, place)
