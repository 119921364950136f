"""T-maze: a cue at the start says which way to turn at the end of a corridor.

Source: Bakker 2001, "Reinforcement learning with long short-term memory"; sizes and
rewards of Tao et al. 2025, "POBAX", arXiv 2508.00046.
"""

from __future__ import annotations

import abc
from typing import Annotated, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key, UInt8

from foreworld.core.parts.part import Bounded, Traced
from foreworld.core.spaces import Box, Discrete
from foreworld.worlds.base import AbstractWorld, EpisodeLen, Step

UP, DOWN, RIGHT, LEFT = range(4)
_CELL = 8
_FLOOR, _CUE, _GOAL, _AGENT = (
    (210, 210, 210),
    (240, 190, 30),
    (40, 160, 70),
    (40, 90, 220),
)


class TMazeState(NamedTuple):
    """Where the agent is and where the goal is."""

    position: Int[Array, ""]
    """0 at the start, ``length + 1`` at the junction, ``length + 2`` when ended"""
    goal: Int[Array, ""]
    """0 above the junction, 1 below it"""


Length = Annotated[int, Bounded(low=1, unit="cells")]
"""Type of ``length`` fields: cells between the start and the junction."""
Probability = Annotated[float, Traced(low=0, high=1)]
"""Type of ``slip_prob`` and ``discount`` fields."""


class AbstractTMaze(AbstractWorld):
    """A corridor of ``length`` cells between the start and a junction.

    Actions are 0 up, 1 down, 2 right, 3 left. Turning up or down at the junction ends
    the episode; elsewhere it does nothing. The goal is above or below with equal
    probability, and only the observation at the start says which. The best discounted
    return is ``good_reward * discount ** (length + 1)``.
    """

    length: eqx.AbstractVar[int]
    """cells between the start and the junction"""
    good_reward: eqx.AbstractVar[float]
    """reward of turning towards the goal"""
    bad_reward: eqx.AbstractVar[float]
    """reward of turning away from the goal"""
    slip_prob: eqx.AbstractVar[float]
    """probability that an action has no effect"""

    @abc.abstractmethod
    def observe(self, state: TMazeState) -> Float[Array, "4"]:
        """What the agent sees in a state: flags of 0 and 1.

        Parameters
        ----------
        state
            Where the agent and the goal are. An ended episode shows the junction in
            which it ended.
        """

    @property
    def action_space(self) -> Discrete:
        """Up, down, right, left."""
        return Discrete(4, ("up", "down", "right", "left"))

    @property
    def observation_space(self) -> Box:
        """Four flags."""
        return Box(0.0, 1.0, (4,))

    def reset(self, key: Key[Array, ""]) -> tuple[TMazeState, Float[Array, "4"]]:
        """Start of the corridor, goal drawn anew."""
        goal = jax.random.bernoulli(key, jnp.float32(0.5)).astype(jnp.int32)
        state = TMazeState(jnp.int32(0), goal)
        return state, self.observe(state)

    def step(
        self, state: TMazeState, action: Int[Array, ""], key: Key[Array, ""]
    ) -> Step:
        """Move, or turn at the junction."""
        slipped = jax.random.uniform(key, (), jnp.float32) < self.slip_prob
        junction = self.length + 1
        turning = (state.position == junction) & (action <= DOWN) & ~slipped
        moved = jnp.clip(
            state.position + (action == RIGHT) - (action == LEFT), 0, junction
        )
        moved = jnp.where(slipped, state.position, moved)
        position = jnp.where(turning, junction + 1, moved).astype(jnp.int32)
        prize = jnp.where(action == state.goal, self.good_reward, self.bad_reward)
        reward = jnp.where(turning, prize, 0.0).astype(jnp.float32)
        new = TMazeState(position, state.goal)
        return Step(new, self.observe(new), reward, turning, jnp.asarray(False))

    def render(self, state: TMazeState) -> UInt8[Array, "height width 3"]:
        """The maze from above, 40 pixels high and 8 a cell wide.

        Grey floor on black; the start cell carries a yellow bar on the side of the
        goal, the arm with the goal is green, the agent is a blue square. When the
        episode has ended the agent is no longer drawn.
        """
        columns = self.length + 4
        floor = np.zeros((5, columns), bool)
        floor[2, 1 : self.length + 3] = True
        floor[1:4, self.length + 2] = True
        large = np.repeat(np.repeat(floor, _CELL, 0), _CELL, 1)[..., None]
        frame = large * np.asarray(_FLOOR, np.uint8)
        canvas = jnp.asarray(frame, jnp.uint8)
        rows = jnp.arange(5 * _CELL)[:, None]
        cols = jnp.arange(columns * _CELL)[None, :]

        def paint(
            canvas: Array, where: Bool[Array, "height width"], colour: tuple
        ) -> Array:
            return jnp.where(where[..., None], jnp.asarray(colour, jnp.uint8), canvas)

        row, col = rows // _CELL, cols // _CELL
        arm = 1 + 2 * state.goal
        canvas = paint(canvas, (row == arm) & (col == self.length + 2), _GOAL)
        bar = jnp.where(state.goal == 0, rows % _CELL < 2, rows % _CELL >= _CELL - 2)
        canvas = paint(canvas, (row == 2) & (col == 1) & bar, _CUE)
        inner = (abs(rows % _CELL - 3.5) < 2) & (abs(cols % _CELL - 3.5) < 2)
        here = (row == 2) & (col == state.position + 1) & inner
        return paint(canvas, here & (state.position <= self.length + 1), _AGENT)


class TMaze(AbstractTMaze):
    """A corridor whose start alone shows which way to turn at its end.

    An observation is the one-hot code of start with goal above, start with goal below,
    corridor, junction. With ``perfect_memory`` the cue is shown at every step. See
    :class:`AbstractTMaze` for moves and rewards.
    """

    length: Length = 10
    perfect_memory: bool = False
    """show the cue at every step, which makes the task fully observed"""
    good_reward: Annotated[float, Traced()] = 4.0
    bad_reward: Annotated[float, Traced()] = -0.1
    slip_prob: Probability = 0.0
    discount: Probability = 0.99
    """discount factor of returns"""
    max_episode_len: EpisodeLen = 1000
    """steps after which an episode is cut off; 0 for never"""

    def observe(self, state: TMazeState) -> Float[Array, "4"]:
        """Start with goal above, with goal below, corridor, junction."""
        start, junction = state.position == 0, state.position >= self.length + 1
        shown, below = start | self.perfect_memory, state.goal == 1
        flags = [shown & ~below, shown & below, ~start & ~junction, junction]
        return jnp.stack(flags).astype(jnp.float32)
