"""Noughts and crosses: keeps the contract, and three in a line win."""

from __future__ import annotations

import jax.numpy as jnp
import pytest

from foreworld.core.keys import root_key
from foreworld.testing.board import NoughtsAndCrosses
from foreworld.testing.worlds import check_world


def test_it_keeps_the_contract():
    check_world(NoughtsAndCrosses())


@pytest.mark.parametrize(
    ("moves", "won"), [("03142", 1), ("031482", 0), ("304182", -1), ("042135768", 0)]
)
def test_three_in_a_line_win(moves, won):
    game = NoughtsAndCrosses()
    state, _ = game.reset(root_key(0))
    for number, move in enumerate(moves):
        mover = game.agents[number % 2]
        assert [a for a, turn in game.turns(state).items() if turn.acting] == [mover]
        step = game.step(
            state, dict.fromkeys(game.agents, jnp.int32(move)), root_key(0)
        )
        state = step.state
    assert float(step.reward["cross"]) == won == -float(step.reward["nought"])
    over = won != 0 or len(moves) == 9
    assert bool(step.terminated["cross"]) == over
