"""Small games of known returns: of a fixed order, and of agents that end alone."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key, UInt8

from foreworld.core.parts.part import Bounded, Traced
from foreworld.core.spaces import Box, Discrete
from foreworld.worlds.base import EpisodeLen, Step, Turn
from foreworld.worlds.game import AbstractGame

TELLER, GUESSER = "teller", "guesser"
STAYING, LEAVING = "staying", "leaving"


class RelayState(NamedTuple):
    """Where a relay stands.

    Attributes
    ----------
    cue
        What the teller is to tell, 0 or 1.
    word
        What it told last; -1 before.
    num_steps
        Steps taken.
    """

    cue: Int[Array, ""]
    word: Int[Array, ""]
    num_steps: Int[Array, ""]


class Relay(AbstractGame):
    """A teller sees a cue and says a word; a guesser hears it and guesses the cue.

    They act in turn, the teller first, ``num_rounds`` times each, with a new cue each
    time. Both get 1 for a right guess and lose 1 for a wrong one, so the best return is
    ``num_rounds``, and that of the first word alone ``discount``.
    """

    num_rounds: Annotated[int, Bounded(low=1, unit="rounds")] = 2
    """how often each acts"""
    states_period: bool = True
    """whether the game says its period"""
    discount: Annotated[float, Traced(low=0, high=1)] = 0.9
    """discount factor of returns"""
    max_episode_len: EpisodeLen = 100
    """steps after which an episode is cut off; 0 for never"""

    @property
    def agents(self) -> tuple[str, ...]:
        """In the order in which they act."""
        return (TELLER, GUESSER)

    @property
    def period(self) -> tuple[tuple[str, ...], ...]:
        """The teller, then the guesser."""
        return ((TELLER,), (GUESSER,)) if self.states_period else (self.agents,)

    @property
    def action_space(self) -> dict[str, Discrete]:
        """A word or a guess; the guesser may pass, which is never right."""
        return {TELLER: Discrete(2), GUESSER: Discrete(3)}

    @property
    def observation_space(self) -> dict[str, Box]:
        """Cue or word (one-hot, zero before the first word), and the share of steps."""
        return dict.fromkeys(self.agents, Box(0.0, 1.0, (3,)))

    def reset(
        self, key: Key[Array, ""]
    ) -> tuple[RelayState, dict[str, Float[Array, "3"]]]:
        """A cue, and no word yet."""
        state = RelayState(_cue(key), jnp.int32(-1), jnp.int32(0))
        return state, self._observe(state)

    def turns(self, state: RelayState) -> dict[str, Turn]:
        """In turn; a guesser may not pass in its first guess."""
        telling = state.num_steps % 2 == 0
        may_pass = jnp.asarray([True, True, False]).at[2].set(state.num_steps > 1)
        return {
            TELLER: Turn(telling, jnp.ones(2, bool)),
            GUESSER: Turn(~telling, may_pass),
        }

    def step(
        self,
        state: RelayState,
        action: dict[str, Int[Array, ""]],
        key: Key[Array, ""],
    ) -> Step:
        """Tell, or guess and get a new cue."""
        telling = state.num_steps % 2 == 0
        points = jnp.where(action[GUESSER] == state.cue, 1.0, -1.0)
        reward = jnp.where(telling, 0.0, points).astype(jnp.float32)
        word = jnp.where(telling, action[TELLER], state.word).astype(jnp.int32)
        cue = jnp.where(telling, state.cue, _cue(key))
        new = RelayState(cue, word, state.num_steps + 1)
        both = dict.fromkeys
        over = new.num_steps >= 2 * self.num_rounds
        return Step(
            new,
            self._observe(new),
            both(self.agents, reward),
            both(self.agents, over),
            both(self.agents, jnp.asarray(False)),
        )

    def render(self, state: RelayState) -> UInt8[Array, "8 16 1"]:
        """The cue on the left, the word on the right: white for 1, grey for 0."""
        shown = jnp.repeat(jnp.stack([state.cue, state.word]), 8)
        shade = jnp.where(shown < 0, 0, jnp.where(shown == 1, 255, 128))
        row = shade.astype(jnp.uint8)[None, :, None]
        return jnp.broadcast_to(row, (8, 16, 1))

    def render_for(self, state: RelayState, agent: str) -> UInt8[Array, "8 16 1"]:
        """The guesser does not see the cue."""
        hidden = state._replace(cue=jnp.int32(-1))
        return self.render(hidden if agent == GUESSER else state)

    def _observe(self, state: RelayState) -> dict[str, Float[Array, "3"]]:
        share = state.num_steps.astype(jnp.float32) / (2 * self.num_rounds)
        return {
            agent: jnp.append(jax.nn.one_hot(seen, 2, dtype=jnp.float32), share)
            for agent, seen in ((TELLER, state.cue), (GUESSER, state.word))
        }


class Departure(AbstractGame):
    """One agent leaves after ``num_steps`` steps, the other after ``length``.

    Each step is worth 1 to an agent as long as it is there, so its discounted return is
    ``(1 - discount**n) / (1 - discount)`` with its own ``n``. Of an agent that has left
    the game says nonsense on purpose: that it acts, gets 100 and does not end.
    """

    num_steps: Annotated[int, Bounded(low=1, unit="steps")] = 2
    """steps of the agent that leaves"""
    length: Annotated[int, Bounded(low=1, unit="steps")] = 5
    """steps of the agent that stays"""
    discount: Annotated[float, Traced(low=0, high=1)] = 0.5
    """discount factor of returns"""
    max_episode_len: EpisodeLen = 100
    """steps after which an episode is cut off; 0 for never"""

    @property
    def agents(self) -> tuple[str, ...]:
        """Who stays and who leaves."""
        return (STAYING, LEAVING)

    @property
    def action_space(self) -> dict[str, Discrete]:
        """What they do does not matter."""
        return dict.fromkeys(self.agents, Discrete(2))

    @property
    def observation_space(self) -> dict[str, Box]:
        """Steps taken."""
        return dict.fromkeys(self.agents, Box(0.0, float("inf"), (1,)))

    def reset(
        self, key: Key[Array, ""]
    ) -> tuple[Int[Array, ""], dict[str, Float[Array, "1"]]]:
        """Both are there."""
        return jnp.int32(0), self._observe(jnp.int32(0))

    def turns(self, state: Int[Array, ""]) -> dict[str, Turn]:
        """Both act, as far as the game knows."""
        return dict.fromkeys(self.agents, Turn(jnp.asarray(True)))

    def step(
        self,
        state: Int[Array, ""],
        action: dict[str, Int[Array, ""]],
        key: Key[Array, ""],
    ) -> Step:
        """Another step."""
        new, one = state + 1, jnp.float32(1)
        left = state >= self.num_steps
        reward = {STAYING: one, LEAVING: jnp.where(left, 100.0, one)}
        ends = {STAYING: new >= self.length, LEAVING: new == self.num_steps}
        cuts = dict.fromkeys(self.agents, jnp.asarray(False))
        return Step(new, self._observe(new), reward, ends, cuts)

    def render(self, state: Int[Array, ""]) -> UInt8[Array, "8 16 1"]:
        """A white half for each agent that is there."""
        there = jnp.stack([state < self.length, state < self.num_steps])
        row = jnp.repeat(jnp.where(there, 255, 0), 8).astype(jnp.uint8)
        return jnp.broadcast_to(row[None, :, None], (8, 16, 1))

    def _observe(self, state: Int[Array, ""]) -> dict[str, Float[Array, "1"]]:
        return dict.fromkeys(self.agents, state.astype(jnp.float32)[None])


def _cue(key: Key[Array, ""]) -> Int[Array, ""]:
    return jax.random.bernoulli(key, jnp.float32(0.5)).astype(jnp.int32)
