"""Small games and worlds with known answers, for testing learners quickly."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key, UInt8

from foreworld.core.parts.part import Bounded, Traced
from foreworld.core.spaces import Box, Discrete
from foreworld.worlds.base import AbstractWorld, EpisodeLen, Step, Turn
from foreworld.worlds.game import AbstractGame

EVEN, ODD = "even", "odd"


class PenniesState(NamedTuple):
    """Rounds played and what was shown last (-1 before the first round).

    Attributes
    ----------
    rounds
        Rounds played.
    shown
        Last choice of each agent, 0 or 1; -1 before the first round.
    """

    rounds: Int[Array, ""]
    shown: dict[str, Int[Array, ""]]


class RepeatedMatchingPennies(AbstractGame):
    """Two agents show heads or tails, ``num_rounds`` times.

    ``even`` wins one point when both show the same, ``odd`` when they differ; the other
    loses it. Both observe what both showed last (one-hot, zero before the first round)
    and the share of rounds played. In the only equilibrium both are random, and every
    fixed preference of one can be exploited by the other.
    """

    num_rounds: Annotated[int, Bounded(low=1, unit="rounds")] = 8
    """length of an episode"""
    stake: Annotated[float, Traced()] = 1.0
    """points that a round is worth"""
    discount: Annotated[float, Traced(low=0, high=1)] = 0.9
    """discount factor of returns"""
    max_episode_len: EpisodeLen = 100
    """steps after which an episode is cut off; 0 for never"""

    @property
    def agents(self) -> tuple[str, ...]:
        """Even and odd."""
        return (EVEN, ODD)

    @property
    def action_space(self) -> dict[str, Discrete]:
        """Heads or tails."""
        return {name: Discrete(2) for name in self.agents}

    @property
    def observation_space(self) -> dict[str, Box]:
        """Both last choices and the share of rounds played."""
        return {name: Box(0.0, 1.0, (5,)) for name in self.agents}

    def reset(
        self, key: Key[Array, ""]
    ) -> tuple[PenniesState, dict[str, Float[Array, "5"]]]:
        """Nothing shown yet."""
        nothing = {name: jnp.int32(-1) for name in self.agents}
        state = PenniesState(jnp.int32(0), nothing)
        return state, self._observe(state)

    def step(
        self,
        state: PenniesState,
        action: dict[str, Int[Array, ""]],
        key: Key[Array, ""],
    ) -> Step:
        """Both show; compare."""
        gain = jnp.where(action[EVEN] == action[ODD], self.stake, -self.stake)
        gain = gain.astype(jnp.float32)
        shown = {name: action[name].astype(jnp.int32) for name in self.agents}
        new = PenniesState(state.rounds + 1, shown)
        over = new.rounds >= self.num_rounds
        reward, ends = {EVEN: gain, ODD: -gain}, dict.fromkeys(self.agents, over)
        cuts = dict.fromkeys(self.agents, jnp.asarray(False))
        return Step(new, self._observe(new), reward, ends, cuts)

    def turns(self, state: PenniesState) -> dict[str, Turn]:
        """Both act in every round, as they like."""
        turn = Turn(state.rounds < self.num_rounds, jnp.ones(2, bool))
        return dict.fromkeys(self.agents, turn)

    def render(self, state: PenniesState) -> UInt8[Array, "16 32 1"]:
        """Even's coin on the left, odd's on the right: white is heads, grey tails."""
        shown = jnp.stack([state.shown[EVEN], state.shown[ODD]])
        shade = jnp.where(shown < 0, 0, jnp.where(shown == 0, 255, 128))
        row = jnp.repeat(shade, 16).astype(jnp.uint8)
        return jnp.broadcast_to(row[None, :, None], (16, 32, 1))

    def _observe(self, state: PenniesState) -> dict[str, Float[Array, "5"]]:
        shown = jnp.stack([state.shown[EVEN], state.shown[ODD]])
        codes = jax.nn.one_hot(shown, 2, dtype=jnp.float32).ravel()
        share = state.rounds.astype(jnp.float32) / self.num_rounds
        obs = jnp.concatenate([codes, share[None]])
        return dict.fromkeys(self.agents, obs)


class ProbeState(NamedTuple):
    """The cue of an episode and the steps taken in it.

    Attributes
    ----------
    cue
        The cue of the episode, 0 or 1.
    num_steps
        Steps taken in it.
    """

    cue: Int[Array, ""]
    num_steps: Int[Array, ""]


class CueProbe(AbstractWorld):
    """Repeat a cue that was seen ``delay`` steps ago: +1 if right, -1 if wrong.

    The cue, 0 or 1, is shown at the start only; the reward comes for the action after
    ``delay`` further steps, and ends the episode. With delay 0 the best discounted
    return is 1 for any policy that looks; with a longer delay one without memory gets
    0, one with memory ``discount ** delay``.
    """

    delay: Annotated[int, Bounded(low=0, unit="steps")] = 0
    """steps between the cue and the action that counts"""
    discount: Annotated[float, Traced(low=0, high=1)] = 0.9
    """discount factor of returns"""
    max_episode_len: EpisodeLen = 20
    """steps after which an episode is cut off; 0 for never"""

    @property
    def action_space(self) -> Discrete:
        """Which cue it was."""
        return Discrete(2)

    @property
    def observation_space(self) -> Box:
        """Cue 0, cue 1, answer now."""
        return Box(0.0, 1.0, (3,))

    def reset(self, key: Key[Array, ""]) -> tuple[ProbeState, Float[Array, "3"]]:
        """Show a cue."""
        cue = jax.random.bernoulli(key, jnp.float32(0.5)).astype(jnp.int32)
        state = ProbeState(cue, jnp.int32(0))
        return state, self._observe(state)

    def step(
        self, state: ProbeState, action: Int[Array, ""], key: Key[Array, ""]
    ) -> Step:
        """Wait, or compare the answer with the cue."""
        answering = state.num_steps >= self.delay
        points = jnp.where(action == state.cue, 1.0, -1.0)
        reward = jnp.where(answering, points, 0.0).astype(jnp.float32)
        new = ProbeState(state.cue, state.num_steps + 1)
        return Step(new, self._observe(new), reward, answering, jnp.asarray(False))

    def render(self, state: ProbeState) -> UInt8[Array, "8 8 1"]:
        """The upper half is white for cue 0, the lower half for cue 1."""
        upper = jnp.arange(8)[:, None, None] < 4
        lit = upper == (state.cue == 0)
        return jnp.broadcast_to(jnp.where(lit, 255, 0), (8, 8, 1)).astype(jnp.uint8)

    def _observe(self, state: ProbeState) -> Float[Array, "3"]:
        shown = state.num_steps == 0
        cues = [shown & (state.cue == 0), shown & (state.cue == 1)]
        flags = [*cues, state.num_steps >= self.delay]
        return jnp.stack(flags).astype(jnp.float32)


class EndlessProbe(AbstractWorld):
    """Reward 1 at every step for ever; only the time limit ends an episode.

    Its value is ``1 / (1 - discount)`` everywhere, however short the time limit, as
    long as values bootstrap through truncation.
    """

    discount: Annotated[float, Traced(low=0, high=1)] = 0.5
    """discount factor of returns"""
    max_episode_len: EpisodeLen = 4
    """steps after which an episode is cut off; 0 for never"""

    @property
    def action_space(self) -> Discrete:
        """One choice."""
        return Discrete(1)

    @property
    def observation_space(self) -> Box:
        """A constant."""
        return Box(0.0, 1.0, (1,))

    def reset(self, key: Key[Array, ""]) -> tuple[Int[Array, ""], Float[Array, "1"]]:
        """Step 0."""
        return jnp.int32(0), jnp.ones(1, jnp.float32)

    def step(
        self, state: Int[Array, ""], action: Int[Array, ""], key: Key[Array, ""]
    ) -> Step:
        """One more step, one more point."""
        no = jnp.asarray(False)
        return Step(state + 1, jnp.ones(1, jnp.float32), jnp.float32(1.0), no, no)

    def render(self, state: Int[Array, ""]) -> UInt8[Array, "8 8 1"]:
        """Grey, brighter with time."""
        shade = jnp.minimum(state * 16, 255).astype(jnp.uint8)
        return jnp.broadcast_to(shade, (8, 8, 1))
