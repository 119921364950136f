"""Seats, clocks and targets without a browser."""

from __future__ import annotations

import jax.numpy as jnp
import pytest

from foreworld.core.errors import ConfigError
from foreworld.core.keys import root_key
from foreworld.play.hands.fields import seat_of
from foreworld.play.hands.targets import check_targets
from foreworld.play.stage.game import GameStage
from foreworld.play.stage.world import WorldStage
from foreworld.play.web.messages import Act, Choose, Restart, Sit, Stand, Tick
from foreworld.testing.board import NoughtsAndCrosses
from foreworld.testing.games import RepeatedMatchingPennies
from foreworld.testing.masked import Cards, Nim


class Mistyped(NoughtsAndCrosses):
    """States too few keys, and regions of another shape."""

    def keys(self, agent):
        return ("a", "b")

    def targets(self, state):
        return {"cross": jnp.zeros((4, 9))}


class Misnamed(NoughtsAndCrosses):
    """States regions of nobody."""

    def targets(self, state):
        return {"someone": jnp.zeros((9, 4))}


class Cropped(RepeatedMatchingPennies):
    """Draws another size for who plays."""

    def render_for(self, state, agent):
        return self.render(state)[:-1]


@pytest.fixture
def guests():
    """Two browsers at a table, and whom it woke."""
    stage, woken = GameStage(RepeatedMatchingPennies(num_rounds=3)), []
    sessions = [stage.session(number) for number in (1, 2)]
    for number, session in enumerate(sessions):
        session.join(lambda number=number: woken.append(number))
    return *sessions, woken


def notice_of(session, message) -> str:
    session.handle(message)
    return session.frame().notice


def step_of(session) -> float:
    return next(n.value for n in session.frame().numbers if n.name == "step")


def test_two_clocks_make_no_more_steps_than_one(guests):
    one, two, _ = guests
    moved = [session.advance() for _ in range(3) for session in (one, two)]
    # The first clock drives; the other one's ticks come after a step that was made.
    assert moved == [True, False, True, False, True, False]
    assert step_of(two) == 3


def test_one_clock_goes_on_where_the_other_has_stopped(guests):
    one, two, _ = guests
    assert one.advance()
    assert [two.advance() for _ in range(2)] == [False, True]


def test_what_a_seat_may_do_is_said(guests):
    one, two, woken = guests
    assert notice_of(one, Choose("", 0)) == "you watch: take a free seat to play."
    one.advance()
    assert notice_of(one, Sit("even")) == ""
    # The first to sit begins anew; a watcher's clock drives nothing from then on.
    assert step_of(one) == 0
    assert [two.advance() for _ in range(2)] == [False, False]
    assert notice_of(two, Restart()) == "those who have a seat begin new episodes."
    assert notice_of(two, Tick()) == "the game waits for even."
    assert notice_of(two, Sit("even")) == (
        "even is taken. Choose a free seat, or watch."
    )
    assert notice_of(two, Sit("nobody")) == (
        "a person cannot play 'nobody': no such agent. Seats for persons: even, odd."
    )
    assert notice_of(two, Sit("odd")) == ""
    woken.clear()
    assert notice_of(one, Choose("", 1)) == ""
    assert woken == [1]
    # A choice may be changed before the step, and is in no frame of another.
    assert notice_of(one, Choose("", 0)) == ""
    assert (one.frame().chosen, two.frame().chosen) == ({"": 0}, {})
    assert notice_of(two, Choose("", 2)) == "this action is not allowed here"
    two.handle(Choose("", 0))
    assert [panel.total for panel in one.frame().panels] == [1.0, -1.0]
    # Who changes seats leaves the other one to the policy.
    one.handle(Stand())
    two.handle(Sit("even"))
    assert [p.player for p in two.frame().panels] == ["you", "a random policy"]
    for _ in range(2):
        two.handle(Choose("", 1))
    assert two.frame().banner == (
        "Episode over after 3 steps. 'New episode' begins the next."
    )
    assert notice_of(two, Choose("", 1)) == "the episode is over: begin a new one."
    assert not any(two.advance() for _ in range(3))
    assert notice_of(two, Restart()) == ""
    assert step_of(two) == 0


def test_out_of_turn_nothing_can_be_chosen():
    session = GameStage(Nim(), seat="second").session(1)
    session.join(lambda: None)
    assert notice_of(session, Choose("", 0)) == "it is not the turn of second."
    assert session.frame().turn == "Waiting for first."


def test_targets_are_those_of_allowed_actions():
    session = WorldStage(Cards()).session(1)
    held = [one.action for one in session.frame().targets]
    assert len(held) >= 2
    session.handle(Act(held[0]))
    after = session.frame().targets
    assert [one.action for one in after] == held[1:]
    left = after[0].action / 4
    assert (after[0].left, after[0].right) == (left, left + 0.25)
    assert (after[0].top, after[0].bottom) == (0, 1)


def test_keys_and_targets_that_do_not_fit_are_named():
    with pytest.raises(ConfigError) as error:
        seat_of(Mistyped(), "cross")
    assert str(error.value) == (
        "Mistyped.keys('cross') is ('a', 'b'); it must be one key for each of 9 "
        "actions, all different, or empty."
    )
    with pytest.raises(ConfigError) as error:
        check_targets(Mistyped())
    assert str(error.value) == (
        "Mistyped.targets of 'cross' must have the shape (9, 4), one row (left, top, "
        "right, bottom) for each action, got (4, 9)."
    )
    with pytest.raises(
        ConfigError, match=r"by agent \(cross, nought\), got \{'someone'"
    ):
        check_targets(Misnamed())


def test_a_picture_of_another_size_is_named():
    with pytest.raises(ConfigError) as error:
        GameStage(Cropped())
    size = Cropped().render(Cropped().reset(root_key(0))[0]).shape
    other = [size[0] - 1, *size[1:]]
    assert str(error.value) == (
        f"Cropped.render_for: for 'even' it must give uint8{list(size)} like render, "
        f"got uint8{other}."
    )
