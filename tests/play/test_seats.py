"""Games in a real browser: seats, moves that wait for each other, panels."""

from __future__ import annotations

import jax
import pytest

from foreworld.core.keys import root_key
from foreworld.learners.ppo.ppo import PPO
from foreworld.play.stage.game import GameStage
from foreworld.testing.board import NoughtsAndCrosses
from foreworld.testing.games import RepeatedMatchingPennies
from foreworld.testing.masked import Nim
from foreworld.testing.turns import Departure
from tests.play.conftest import PHONE
from tests.play.whisper import SIGNS, TELLER, Whisper

NOTHING = "\u2013"
"""Shown in the place of an action before there is one."""


def panel(tab, agent: str, what: str) -> str:
    """Something that is told of an agent."""
    return tab.page.inner_text(f"[data-agent='{agent}'] {what}")


def told(tab, agent: str, name: str) -> str:
    """A row of an agent's panel."""
    return panel(tab, agent, f".number[data-name='{name}'] b")


def wait_for(tab, selector: str, text: str) -> None:
    """Wait until something on the page says this."""
    tab.page.wait_for_function(
        "([where, text]) => document.querySelector(where)?.innerText === text",
        arg=[selector, text],
    )


def sit(tab, agent: str) -> None:
    tab.page.click(f"[data-agent='{agent}'] .seat-button")
    tab.page.wait_for_selector(f"[data-agent='{agent}'].mine")


def test_one_person_plays_nim_against_the_policy(serve, open_tab):
    tab = open_tab(serve(GameStage(Nim(num_matches=4), seed=1, seat="first")))
    # The seat that was asked for; four matches, of which three may be taken.
    wait_for(tab, "#turn", "Your move.")
    assert panel(tab, "second", ".seat-player") == "played by a random policy"
    tab.page.keyboard.press("3")
    tab.page.wait_for_function(
        "() => document.getElementById('banner').innerText.startsWith('Episode over')"
    )
    # One match was left, so the policy could only take that one.
    assert (told(tab, "first", "return"), told(tab, "second", "return")) == ("-1", "1")
    assert told(tab, "second", "last action") == "one"
    tab.shoot("nim_end")
    tab.click("#restart")
    wait_for(tab, "#turn", "Your move.")
    # A lost connection frees the seat; the page asks for it again.
    tab.page.evaluate("socket.close()")
    tab.page.wait_for_selector("#status[data-state='lost']")
    tab.page.wait_for_selector("#status[data-state='live']")
    # The page was built anew, so this is said of the seat that it got again.
    wait_for(tab, "#turn", "Your move.")
    tab.page.keyboard.press("1")
    tab.wait_until("step", 1)


def test_a_forbidden_move_is_shown_and_cannot_be_made(serve, open_tab):
    tab = open_tab(serve(GameStage(Nim(num_matches=4), seed=2, seat="second")))
    # The policy moves first and leaves some; more than are left may not be taken.
    wait_for(tab, "#turn", "Your move.")
    left = 4 - 1 - ["one", "two", "three"].index(told(tab, "first", "last action"))
    for action in range(3):
        button = tab.page.locator(f"#key-{action}")
        assert button.is_disabled() == (action >= left)
    before = tab.number("step")
    tab.page.keyboard.press("3")
    tab.page.evaluate("say('choose', { field: '', action: 2 })")
    wait_for(tab, "#notice", "this action is not allowed here")
    assert tab.number("step") == before
    tab.shoot("nim_forbidden")


def test_two_browsers_play_matching_pennies(serve, open_tab):
    address = serve(GameStage(RepeatedMatchingPennies(num_rounds=2)))
    one, two = open_tab(address), open_tab(address, PHONE)
    sit(one, "even")
    wait_for(two, "[data-agent='even'] .seat-player", "played by another person")
    assert not two.page.is_visible("[data-agent='even'] .seat-button")
    two.page.evaluate("say('sit', { seat: 'even' })")
    wait_for(two, "#notice", "even is taken. Choose a free seat, or watch.")
    sit(two, "odd")
    one.page.click("#restart")
    wait_for(two, "#turn", "Your move.")
    one.page.keyboard.press("2")
    wait_for(one, "#turn", "You have chosen. Waiting for odd.")
    wait_for(two, "[data-agent='even'] .seat-status", "has chosen")
    # What was chosen is nowhere in the other page before both have.
    assert told(two, "even", "last action") == NOTHING
    assert two.number("step") == 0
    before = two.pixels()
    assert not before.any()
    one.shoot("pennies_waiting")
    two.page.keyboard.press("1")
    two.wait_until("step", 1)
    one.wait_until("step", 1)
    for tab in (one, two):
        assert told(tab, "even", "last action") == "action 1"
        assert told(tab, "odd", "last action") == "action 0"
        assert told(tab, "odd", "return") == "1"
    assert two.page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    two.shoot("pennies_phone")
    # One leaves while the other waits: the policy takes over, and the game goes on.
    two.page.keyboard.press("1")
    wait_for(two, "#turn", "You have chosen. Waiting for even.")
    one.page.close()
    two.wait_until("step", 2)
    assert panel(two, "even", ".seat-player") == "played by a random policy"


def test_probabilities_are_those_of_the_last_step(serve, open_tab):
    game = RepeatedMatchingPennies()
    learner = PPO()
    state = jax.jit(lambda key: learner.init(key, game))(root_key(0))
    stage = GameStage(game, learner.policy(state, game), "PPO", seat="even")
    tab = open_tab(serve(stage))
    wait_for(tab, "#turn", "Your move.")
    assert tab.page.locator(".seat .share").count() == 0
    tab.press("1")
    shares = tab.page.locator("[data-agent='odd'] .share").all_inner_texts()
    assert sum(float(text.rstrip("%")) for text in shares) == pytest.approx(
        100, abs=0.2
    )
    # Of a person's seat nothing is told.
    assert tab.page.locator("[data-agent='even'] .share").count() == 0
    assert panel(tab, "odd", ".seat-player") == "played by PPO"
    tab.shoot("pennies_ppo")


def test_who_has_ended_acts_no_more_and_the_others_go_on(serve, open_tab):
    tab = open_tab(serve(GameStage(Departure(num_steps=1, length=3), seat="leaving")))
    wait_for(tab, "#turn", "Your move.")
    tab.page.keyboard.press("1")
    wait_for(tab, "[data-agent='leaving'] .seat-status", "ended")
    assert tab.page.locator("#key-0").is_disabled()
    tab.page.evaluate("say('choose', { field: '', action: 0 })")
    tab.wait_until("step", 3)
    assert (told(tab, "leaving", "return"), told(tab, "staying", "return")) == (
        "1",
        "3",
    )


def click(tab, row: int, column: int) -> None:
    """Click on the middle of a cell of the board."""
    box = tab.page.locator("#picture-0").bounding_box()
    x, y = (column + 0.5) / 3, (row + 0.5) / 3
    tab.page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])


def marks(tab) -> str:
    """The board as it is drawn, row by row: x, o, or a point for a free cell."""
    middles = tab.pixels().reshape(3, 20, 3, 20, 3).astype(int)
    signs = {True: "x", False: "o"}
    drawn = ""
    for row in range(3):
        for column in range(3):
            cell = middles[row, 3:17, column, 3:17].reshape(-1, 3)
            lit = cell[cell.max(axis=1) - cell.min(axis=1) > 60]
            drawn += signs[lit[0, 2] > lit[0, 0]] if len(lit) else "."
    return drawn


def test_clicks_on_the_board_and_keys_of_the_game(serve, open_tab):
    address = serve(GameStage(NoughtsAndCrosses(), seat="cross"))
    one, two = open_tab(address), open_tab(address, PHONE, "dark")
    sit(two, "nought")
    wait_for(two, "#turn", "Waiting for cross.")
    assert two.page.locator(".target").count() == 0
    assert one.page.locator(".target").count() == 9
    click(one, 1, 1)
    wait_for(two, "#turn", "Your move.")
    assert marks(two) == "....x...."
    # A cell that is taken is no target any more.
    assert two.page.locator(".target").count() == 8
    assert two.page.locator("#key-4").is_disabled()
    two.page.keyboard.press("s")
    click(two, 1, 1)
    two.page.keyboard.press("q")
    wait_for(one, "#turn", "Your move.")
    assert marks(one) == "o...x...."
    one.shoot("noughts_laptop")
    two.shoot("noughts_phone_dark")
    click(one, 0, 2)
    wait_for(two, "#turn", "Your move.")
    click(two, 0, 1)
    wait_for(one, "#turn", "Your move.")
    one.page.keyboard.press("z")
    wait_for(
        two, "#banner", "Episode over after 5 steps. 'New episode' begins the next."
    )
    assert marks(two) == "oox.x.x.."
    assert (told(two, "cross", "return"), told(two, "nought", "return")) == ("1", "-1")
    assert one.page.locator(".target").count() == 0


def test_fields_of_an_action_and_what_a_seat_observes(serve, open_tab, whisper_policy):
    address = serve(GameStage(Whisper(), whisper_policy, "PPO", seat=TELLER))
    one, two = open_tab(address), open_tab(address, PHONE)
    observed = "[data-agent='{}'] .sight"
    wait_for(one, "#turn", "Your move: choose word and how/loud.")
    secret = panel(one, "teller", ".sight[data-name='secret'] b")
    colour = one.page.evaluate(
        """() => Array.from(document.querySelector(".sight[data-name='card'] canvas")
            .getContext("2d").getImageData(1, 1, 1, 1).data)"""
    )
    assert colour[:3] == [200 * (sign == secret) for sign in SIGNS]
    # Who watches sees all, who plays its own alone; nothing else is in the page.
    assert one.page.locator(observed.format("guesser")).count() == 0
    assert two.page.locator(observed.format("teller")).count() == 2
    sit(two, "guesser")
    assert two.page.locator(observed.format("teller")).count() == 0
    assert two.page.locator(observed.format("guesser")).count() == 3
    secret = panel(one, "teller", ".sight[data-name='secret'] b")
    word = next(i for i, sign in enumerate(SIGNS) if sign != secret)
    assert one.page.locator(f"#key-word-{SIGNS.index(secret)}").is_disabled()
    one.page.click(f"#key-word-{word}")
    wait_for(one, "#turn", "Your move: choose how/loud.")
    wait_for(one, "[data-field='word'] .field-head span", SIGNS[word])
    one.shoot("whisper_teller")
    one.page.keyboard.press("5")
    wait_for(two, "#turn", "Your move: choose guess and aim.")
    assert panel(two, "guesser", ".sight[data-name='word'] b") == SIGNS[word]
    range_ = two.page.locator("[data-field='aim'] input").first
    range_.fill("0.5")
    two.page.click("[data-field='aim'] button")
    wait_for(two, "#turn", "Your move: choose guess.")
    two.shoot("whisper_guesser_phone")
    assert two.page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    two.page.keyboard.press("1")
    wait_for(one, "#turn", "Your move: choose word and how/loud.")
    assert told(one, "guesser", "return") == "0.5"
    assert told(one, "guesser", "last action") == "guess: sun, aim: 0.5, 0"
    # Where the policy plays, its probabilities are told by field.
    one.page.click("[data-agent='teller'] .seat-button")
    wait_for(two, "#turn", "Your move: choose guess and aim.")
    names = two.page.locator("[data-agent='teller'] .seat-bars .seat-field")
    assert names.all_inner_texts() == ["word", "how/loud"]
    two.shoot("whisper_bars_phone")
