"""Actions and observations of several parts, without a browser."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from foreworld.core.errors import ConfigError
from foreworld.core.spaces import Box, Discrete, Record
from foreworld.play.hands.fields import element_of, part_of, parts_of, seat_of
from foreworld.play.stage.base import Slider
from foreworld.play.stage.game import GameSession, GameStage
from foreworld.play.stage.sights import sights_of
from foreworld.play.stage.table import bars_of
from foreworld.play.web.messages import Choose, Enter, MessageError, Sit, parse
from foreworld.play.web.wire import decode_frame, encode_frame
from tests.play.whisper import GUESSER, SIGNS, TELLER, Whisper


@pytest.fixture(scope="module")
def stage(whisper_policy) -> GameStage:
    return GameStage(Whisper(), whisper_policy, seed=3)


@pytest.fixture
def table(stage):
    """The teller, the guesser and one who watches."""
    laid = stage._laid(1)
    sessions = [GameSession(laid, "PPO") for _ in range(3)]
    for session in sessions:
        session.join(lambda: None)
    sessions[0].handle(Sit(TELLER))
    sessions[1].handle(Sit(GUESSER))
    return sessions


def notice_of(session, message) -> str:
    session.handle(message)
    return session.frame().notice


def sight(session, agent: str) -> dict[str, str]:
    """What a browser is shown of an agent's observation, as texts."""
    panel = next(one for one in session.frame().panels if one.name == agent)
    return {one.name: one.text for one in panel.sights}


def test_parts_of_an_action_are_taken_apart_and_put_together():
    space = Whisper().action_space[TELLER]
    assert list(parts_of(space)) == ["word", "how/loud"]
    made = element_of(space, {"word": 2, "how/loud": 1})
    assert bool(space.contains(jax.tree.map(jnp.asarray, made)))
    assert part_of(made, "how/loud") == 1
    assert part_of({"word": [True]}, "how/loud") is None
    box = Box(0.0, 1.0, (2, 1))
    assert element_of(box, {"": (0.5, 1.0)}).tolist() == [[0.5], [1.0]]


def test_keys_go_on_from_field_to_field():
    first, second = seat_of(Whisper(), TELLER).fields
    assert [key.code for key in first.keys + second.keys] == list("12345")
    assert [key.name for key in second.keys] == ["low", "high"]


def test_a_step_is_made_when_all_fields_are_chosen(table):
    teller, guesser, _ = table
    secret = SIGNS.index(sight(teller, TELLER)["secret"])
    free = tuple(i for i in range(3) if i != secret)
    frame = teller.frame()
    assert frame.choices == {"word": free, "how/loud": (0, 1)}
    assert frame.turn == "Your move: choose word and how/loud."
    assert (
        notice_of(teller, Choose("word", secret)) == "this action is not allowed here"
    )
    for unknown in (Choose("", 0), Choose("how", 0), Enter("word", (0.0,))):
        assert notice_of(teller, unknown) == "this action is not allowed here"
    # A part may be changed until the last one is there, and no one else sees it.
    teller.handle(Choose("word", free[0]))
    teller.handle(Choose("word", free[1]))
    assert teller.frame().turn == "Your move: choose how/loud."
    assert teller.frame().chosen == {"word": free[1]}
    assert guesser.frame().chosen == {}
    assert guesser.frame().panels[0].status == "to move"
    teller.handle(Choose("how/loud", 1))
    said = f"word: {SIGNS[free[1]]}, how: loud: high"
    assert guesser.frame().panels[0].action == said
    assert sight(guesser, GUESSER) == {
        "word": SIGNS[free[1]],
        "heard 0": str(free[1]),
        "heard 1": "1",
    }
    assert guesser.frame().turn == "Your move: choose guess and aim."
    for wrong in ((2.0, 0.0), (0.5,), (math.nan, 0.0)):
        answer = notice_of(guesser, Enter("aim", wrong))
        assert answer == "this action is not allowed here"
    guesser.handle(Enter("aim", (0.5, 0.25)))
    guesser.handle(Choose("guess", secret))
    totals = [panel.total for panel in guesser.frame().panels]
    assert totals == [1.0, 0.75]


def test_who_has_a_seat_is_shown_its_own_observation_alone(table):
    teller, guesser, watcher = table
    assert list(sight(teller, TELLER)) == ["secret", "card"]
    assert sight(teller, GUESSER) == {}
    assert list(sight(guesser, GUESSER)) == ["word", "heard 0", "heard 1"]
    assert sight(guesser, TELLER) == {}
    assert sight(watcher, TELLER) and sight(watcher, GUESSER)
    # The wire carries no picture that the page is not to show.
    header, pictures = decode_frame(encode_frame(guesser.frame(), 1, False, 5.0))
    assert [one.shape for one in pictures] == [(8, 8, 1)]
    header, pictures = decode_frame(encode_frame(teller.frame(), 1, False, 5.0))
    assert [one["picture"] for one in header["panels"][0]["sights"]] == [None, 1]
    secret = SIGNS.index(sight(teller, TELLER)["secret"])
    assert pictures[0][0, 0, 0] == 200 + secret
    assert guesser.frame().pictures[0][0, 0, 0] == 0
    assert pictures[1][0, 0].tolist() == [200 * (i == secret) for i in range(3)]


def test_what_an_image_is_drawn_as():
    (shown,) = sights_of(Box(0.0, 1.0, (3, 4, 1)), np.full((3, 4, 1), 0.5))
    assert shown.picture is not None and (shown.picture == 128).all()
    (free,) = sights_of(Box(-math.inf, math.inf, (3, 3, 3)), np.zeros((3, 3, 3)))
    assert free.picture is not None and not free.picture.any()
    planes = np.zeros((3, 4, 2), bool)
    planes[1, 2, 1] = True
    (beside,) = sights_of(Box(0, 1, (3, 4, 2), "bool"), planes)
    assert beside.picture is not None and beside.picture.shape == (3, 9, 1)
    assert beside.picture[1, 7] == 255
    assert (beside.picture[:, 4] == 255).all()


def test_numbers_and_choices_are_told_as_texts():
    space = Record({"at": Box(0.0, 9.0, ()), "side": Discrete(2)})
    told = sights_of(space, {"at": np.float32(0.25), "side": np.int32(1)})
    assert [(one.name, one.text) for one in told] == [("at", "0.25"), ("side", "1")]
    long = sights_of(Box(0.0, 1.0, (70,)), np.zeros(70, np.float32))
    assert len(long) == 65
    assert (long[-1].name, long[-1].text) == ("and", "6 more")


def test_a_box_without_ends_is_left_to_a_policy(whisper_policy):
    endless = Whisper(aim=0.0)
    seat = seat_of(endless, GUESSER)
    why = "the numbers of 'aim' lie in [-inf, inf], which has no end"
    assert (seat.fields, seat.refusal) == ((), why)
    with pytest.raises(ConfigError) as error:
        GameStage(endless, whisper_policy, seat=GUESSER)
    assert str(error.value) == (
        f"--seat=guesser: a person cannot play guesser in Whisper: {why}. Seats for "
        f"persons: teller."
    )


class Dials(Whisper):
    """Whole numbers for one agent, many choices for the other."""

    @property
    def action_space(self):
        names = ("up", *(f"card {i}" for i in range(39)))
        return {TELLER: Box(0, 9, (2,), "int32"), GUESSER: Discrete(40, names)}


class Countless(Dials):
    """More choices than a page has room for."""

    @property
    def action_space(self):
        return {TELLER: Box(0.0, 1.0, (65,)), GUESSER: Discrete(5001)}


def test_a_box_has_a_slider_for_each_entry():
    (field,) = seat_of(Dials(), TELLER).fields
    assert (field.name, field.keys) == ("", ())
    assert field.sliders == (
        Slider("0", 4.0, 0.0, 9.0, whole=True),
        Slider("1", 4.0, 0.0, 9.0, whole=True),
    )


def test_choices_beyond_the_keys_have_buttons():
    (field,) = seat_of(Dials(), GUESSER).fields
    codes = [key.code for key in field.keys]
    assert codes[:3] == ["ArrowUp", "2", "3"]
    assert (codes[35:], field.keys[39].name) == (["z", "", "", "", ""], "card 38")
    assert [key.action for key in field.keys] == list(range(40))


def test_too_many_choices_or_numbers_are_left_to_a_policy():
    assert [seat_of(Countless(), agent).refusal for agent in (TELLER, GUESSER)] == [
        "its actions are 65; a hand can give 1 to 64",
        "its actions are 5001; a page shows 5000",
    ]


def test_probabilities_are_told_by_field(stage):
    game, view = Whisper(), stage._laid(1).episode.view
    at, thoughts = view.scene.state, view.thought
    told = bars_of(game.action_space[TELLER], thoughts[TELLER])
    assert [(bar.field, bar.name) for bar in told] == [
        *(("word", name) for name in SIGNS),
        ("how/loud", "low"),
        ("how/loud", "high"),
    ]
    words = [bar.value for bar in told[:3]]
    assert words[int(at.secret)] == 0
    assert sum(words) == pytest.approx(1, abs=1e-5)
    # Of the numbers of a box there are none.
    assert {
        bar.field for bar in bars_of(game.action_space[GUESSER], thoughts[GUESSER])
    } == {"guess"}


def test_messages_of_seats_are_read():
    assert parse('{"type": "enter", "field": "aim", "numbers": [1, 0.5]}') == Enter(
        "aim", (1.0, 0.5)
    )
    for bad in ('["1"]', "[true]", "[[1]]", "1", "[1e39]"):
        with pytest.raises(MessageError, match="expected"):
            parse(f'{{"type": "enter", "field": "aim", "numbers": {bad}}}')
