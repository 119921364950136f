"""Noughts and crosses: a small game on a drawn board, for clicks on its cells."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key, UInt8

from foreworld.core.parts.part import Traced
from foreworld.core.spaces import Box, Discrete
from foreworld.worlds.base import EpisodeLen, Step, Turn
from foreworld.worlds.game import AbstractGame

CROSS, NOUGHT = "cross", "nought"
_BOARD = np.arange(9).reshape(3, 3)
_LINES = np.stack([*_BOARD, *_BOARD.T, np.diag(_BOARD), np.diag(_BOARD[:, ::-1])])
_CELL = 20
"""Pixels of a cell's side."""
_PAPER, _LINE = (246, 247, 249), (160, 168, 180)
_COLOURS = {CROSS: (37, 99, 235), NOUGHT: (217, 119, 6)}


class BoardState(NamedTuple):
    """Whose mark each cell bears, and moves made.

    Attributes
    ----------
    cells
        Row by row: 1 for a cross, -1 for a nought, 0 for none.
    num_moves
        Moves made.
    """

    cells: Int[Array, "9"]
    num_moves: Int[Array, ""]


class NoughtsAndCrosses(AbstractGame):
    """Two agents mark cells of a 3 x 3 board in turn; three in a line win.

    The winner gets 1 and the other loses 1; a full board without a line is worth
    nothing. Each observes its own marks as 1 and the other's as -1. A cell can be
    clicked on; the keys q w e, a s d, z x c lie as the cells do.
    """

    discount: Annotated[float, Traced(low=0, high=1)] = 1.0
    """discount factor of returns"""
    max_episode_len: EpisodeLen = 20
    """steps after which an episode is cut off; 0 for never"""

    @property
    def agents(self) -> tuple[str, ...]:
        """Cross begins."""
        return (CROSS, NOUGHT)

    @property
    def action_space(self) -> dict[str, Discrete]:
        """Which cell is marked."""
        down, across = ("top", "middle", "bottom"), ("left", "centre", "right")
        names = tuple(f"{row} {column}" for row in down for column in across)
        return dict.fromkeys(self.agents, Discrete(9, names))

    @property
    def observation_space(self) -> dict[str, Box]:
        """The board, own marks as 1."""
        return dict.fromkeys(self.agents, Box(-1.0, 1.0, (9,)))

    def keys(self, agent: str) -> tuple[str, ...]:
        """Keys that lie as the cells do."""
        return tuple("qweasdzxc")

    def targets(self, state: BoardState) -> dict[str, Float[np.ndarray, "9 4"]]:
        """The cells."""
        row, column = np.divmod(np.arange(9), 3)
        ends = np.stack([column, row, column + 1, row + 1], axis=1) / 3
        return dict.fromkeys(self.agents, ends)

    def reset(
        self, key: Key[Array, ""]
    ) -> tuple[BoardState, dict[str, Float[Array, "9"]]]:
        """An empty board."""
        state = BoardState(jnp.zeros(9, jnp.int32), jnp.int32(0))
        return state, self._observe(state)

    def turns(self, state: BoardState) -> dict[str, Turn]:
        """One after the other, on free cells."""
        going_on, free = ~self._over(state), state.cells == 0
        crosses = state.num_moves % 2 == 0
        return {
            CROSS: Turn(going_on & crosses, free),
            NOUGHT: Turn(going_on & ~crosses, free),
        }

    def step(
        self,
        state: BoardState,
        action: dict[str, Int[Array, ""]],
        key: Key[Array, ""],
    ) -> Step:
        """Mark a cell."""
        crosses = state.num_moves % 2 == 0
        place = jnp.where(crosses, action[CROSS], action[NOUGHT])
        mark = jnp.where(crosses, 1, -1).astype(jnp.int32)
        cells = jnp.where(jnp.arange(9) == place, mark, state.cells)
        cells = jnp.where(self._over(state), state.cells, cells)
        new = BoardState(cells, state.num_moves + 1)
        won = _winner(cells).astype(jnp.float32)
        return Step(
            new,
            self._observe(new),
            {CROSS: won, NOUGHT: -won},
            dict.fromkeys(self.agents, self._over(new)),
            dict.fromkeys(self.agents, jnp.asarray(False)),
        )

    def render(self, state: BoardState) -> UInt8[Array, "height width 3"]:
        """The board: blue crosses, orange rings."""
        place = (np.arange(_CELL) + 0.5) / _CELL * 2 - 1
        y, x = np.meshgrid(place, place, indexing="ij")
        cross = (np.abs(np.abs(x) - np.abs(y)) < 0.25) & (np.abs(x) < 0.6)
        ring = np.abs(np.hypot(x, y) - 0.55) < 0.15
        shown = state.cells.reshape(3, 1, 3, 1)
        picture = jnp.full((3 * _CELL, 3 * _CELL, 3), jnp.asarray(_PAPER))
        for mark, shape, agent in ((1, cross, CROSS), (-1, ring, NOUGHT)):
            lit = (shown == mark) & shape.reshape(1, _CELL, 1, _CELL)
            lit = lit.reshape(3 * _CELL, 3 * _CELL, 1)
            picture = jnp.where(lit, jnp.asarray(_COLOURS[agent]), picture)
        edge = np.isin(np.arange(3 * _CELL), (_CELL, 2 * _CELL))
        lines = (edge[:, None] | edge)[..., None]
        return jnp.where(lines, jnp.asarray(_LINE), picture).astype(jnp.uint8)

    def _over(self, state: BoardState) -> Bool[Array, ""]:
        return (_winner(state.cells) != 0) | jnp.all(state.cells != 0)

    def _observe(self, state: BoardState) -> dict[str, Float[Array, "9"]]:
        cells = state.cells.astype(jnp.float32)
        return {CROSS: cells, NOUGHT: -cells}


def _winner(cells: Int[Array, "9"]) -> Int[Array, ""]:
    """1 for crosses, -1 for noughts, 0 for none."""
    sums = cells[_LINES].sum(axis=1)
    return jnp.any(sums == 3).astype(jnp.int32) - jnp.any(sums == -3)
