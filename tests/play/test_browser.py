"""Live play in a real browser: keys, mouse, sliders, agents, models, two at once."""

from __future__ import annotations

import time

import jax
import numpy as np
import pytest

from foreworld.core.keys import root_key
from foreworld.learners.ppo.ppo import PPO
from foreworld.networks.gru import GRU
from foreworld.play.stage.agent import AgentStage
from foreworld.play.stage.world import WorldStage
from foreworld.worlds import Picture
from foreworld.worlds.dynamics.bouncing_ball import BouncingBall
from foreworld.worlds.dynamics.double_pendulum import DoublePendulum
from foreworld.worlds.dynamics.lorenz import Lorenz
from foreworld.worlds.dynamics.pendulum import Pendulum
from foreworld.worlds.pomdp.tmaze import TMaze
from tests.play.conftest import PHONE

AGENT = (40, 90, 220)


@pytest.fixture(scope="module")
def tmaze() -> WorldStage:
    return WorldStage(TMaze(length=4))


@pytest.fixture(scope="module")
def pendulum() -> WorldStage:
    return WorldStage(Pendulum())


@pytest.fixture(scope="module")
def agent() -> AgentStage:
    world = TMaze(length=4)
    learner = PPO(network=GRU(hidden_size=8))
    state = jax.jit(lambda key: learner.init(key, world))(root_key(0))
    return AgentStage(world, learner.policy(state, world), "PPO")


def agent_column(pixels: np.ndarray) -> float:
    """Where the blue square is, in cells."""
    columns = np.nonzero(np.all(pixels == AGENT, axis=-1))[1]
    return float(columns.mean() // 8)


def bob(pixels: np.ndarray) -> np.ndarray:
    """Middle of the lit pixels as (x, y), shares of the picture."""
    rows, columns = np.nonzero(pixels[..., 0] > 127)
    return (np.array([columns.mean(), rows.mean()]) + 0.5) / len(pixels)


def test_a_key_press_moves_the_agent_in_the_next_frame(serve, open_tab, tmaze):
    tab = open_tab(serve(tmaze))
    assert tab.page.title() == "TMaze · Foreworld"
    assert agent_column(tab.pixels()) == 1
    first = tab.frame_number()
    tab.press("ArrowRight")
    assert tab.frame_number() == first + 1
    assert agent_column(tab.pixels()) == 2
    tab.press("ArrowLeft")
    assert agent_column(tab.pixels()) == 1
    tab.page.click("#key-2")
    tab.wait_until("step", 3)
    assert agent_column(tab.pixels()) == 2
    tab.shoot("tmaze_by_hand")


def test_an_episode_ends_stays_in_sight_and_begins_again(serve, open_tab, tmaze):
    tab = open_tab(serve(tmaze))
    goal_above = np.all(tab.pixels()[8:16] == (40, 160, 70), axis=-1).any()
    for _ in range(5):
        tab.press("ArrowRight")
    tab.press("ArrowUp" if goal_above else "ArrowDown")
    assert tab.page.inner_text("#banner") == (
        "Episode over: return 4 after 6 steps. Press a key for the next."
    )
    assert tab.number("discounted return") == pytest.approx(4 * 0.99**5, abs=1e-3)
    tab.shoot("tmaze_end")
    tab.press("ArrowRight")
    assert tab.number("step") == 0
    assert agent_column(tab.pixels()) == 1


def test_running_time_repeats_the_key_that_is_held(serve, open_tab, tmaze):
    tab = open_tab(serve(tmaze))
    tab.page.click("#play")
    tab.page.wait_for_function(
        "() => document.getElementById('play').innerText == 'Pause'"
    )
    tab.page.keyboard.down("ArrowRight")
    tab.wait_until("step", 3)
    tab.page.keyboard.up("ArrowRight")
    assert agent_column(tab.pixels()) >= 4


def test_two_browsers_have_a_session_each(serve, open_tab, tmaze):
    address = serve(tmaze)
    one, two = open_tab(address), open_tab(address)
    one.press("ArrowRight")
    one.press("ArrowRight")
    two.press("ArrowRight")
    assert agent_column(one.pixels()) == 3
    assert agent_column(two.pixels()) == 2


def test_a_lost_connection_is_said_and_mended(serve, open_tab, tmaze):
    tab = open_tab(serve(tmaze))
    tab.press("ArrowRight")
    tab.page.evaluate("socket.close()")
    tab.page.wait_for_selector("#status[data-state='lost']")
    tab.page.wait_for_selector("#status[data-state='live']")
    tab.page.wait_for_function(
        "() => document.querySelector(\".number[data-name='step'] b\").innerText == '0'"
    )


def test_an_agent_shows_its_thoughts_and_can_be_taken_over(serve, open_tab, agent):
    tab = open_tab(serve(agent))
    tab.wait_until("step", 2)
    shares = [
        float(text.rstrip("%")) for text in tab.page.locator(".share").all_inner_texts()
    ]
    assert len(shares) == 4
    assert sum(shares) == pytest.approx(100, abs=0.3)
    assert np.isfinite(tab.number("value"))
    tab.shoot("agent")
    tab.page.click("#play")
    tab.page.wait_for_function(
        "() => document.getElementById('play').innerText == 'Play'"
    )
    tab.click("#restart")
    tab.press("ArrowRight")
    assert tab.page.inner_text("#agent") == "Let the agent act"
    assert agent_column(tab.pixels()) == 2
    steps = tab.number("step")
    tab.click("#agent")
    assert tab.page.inner_text("#agent") == "The agent acts"
    tab.page.click("#step")
    tab.wait_until("step", steps + 1)


def test_the_mouse_drags_the_pendulum(serve, open_tab, pendulum):
    tab = open_tab(serve(pendulum))
    box = tab.page.locator("#picture-0").bounding_box()
    x, y = box["x"] + 0.9 * box["width"], box["y"] + 0.5 * box["height"]
    tab.page.mouse.move(box["x"] + 5, box["y"] + 5)
    tab.page.mouse.down()
    tab.page.mouse.move(x, y)
    tab.page.wait_for_function(
        """() => {
            const text = document.querySelector(".number[data-name='energy'] b");
            return Math.abs(parseFloat(text.textContent) - 1.5) < 0.02;
        }"""
    )
    held = bob(tab.pixels())
    assert held == pytest.approx([0.86, 0.5], abs=0.03)
    tab.shoot("pendulum_held")
    tab.page.mouse.up()
    steps = tab.number("step")
    tab.wait_until("step", steps + 6)
    # Let go at rest, it falls, and no friction takes its energy.
    assert bob(tab.pixels())[1] > 0.55
    assert tab.number("energy") == pytest.approx(1.5, abs=0.02)


def test_sliders_change_the_motion_while_it_runs(serve, open_tab, pendulum):
    tab = open_tab(serve(pendulum))
    tab.wait_until("step", 2)
    set_field(tab, "friction", 1.0)
    set_field(tab, "gravity", 12.0)
    tab.wait_until("step", tab.number("step") + 30)
    assert tab.number("energy") < 0.2
    assert bob(tab.pixels()) == pytest.approx([0.5, 0.86], abs=0.06)
    set_field(tab, "gravity", 0.0)
    assert tab.number("energy") < 0.2


def test_a_value_that_the_world_refuses_is_explained(serve, open_tab, pendulum):
    tab = open_tab(serve(pendulum))
    box = tab.page.locator("#sliders input[type=number][aria-label=mass]")
    box.fill("-1")
    box.press("Enter")
    tab.page.wait_for_selector("#notice:not(:empty)")
    assert tab.page.inner_text("#notice") == "Pendulum.mass=-1.0 must be above 0."
    tab.page.wait_for_function(
        "() => document.querySelector('#sliders input[aria-label=mass]').value == '0.5'"
    )


def test_pause_step_and_speed(serve, open_tab, pendulum):
    tab = open_tab(serve(pendulum))
    tab.wait_until("step", 2)
    tab.page.click("#play")
    tab.page.wait_for_function(
        "() => document.getElementById('play').innerText == 'Play'"
    )
    steps = tab.number("step")
    tab.click("#step")
    assert tab.number("step") == steps + 1
    tab.page.evaluate(
        """() => { const r = document.getElementById('rate'); r.value = 1;
                   r.dispatchEvent(new Event('input')); }"""
    )
    tab.page.wait_for_function(
        "() => document.getElementById('rate-value').innerText == '60 steps/s'"
    )


def test_the_page_fits_a_phone_and_the_dark(serve, open_tab, pendulum, agent):
    for name, stage in (("pendulum", pendulum), ("agent", agent)):
        tab = open_tab(serve(stage), size=PHONE, scheme="dark")
        tab.wait_until("step", 3)
        wide = tab.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= PHONE[0]
        tab.shoot(f"{name}_phone_dark")


def test_a_sleeping_tab_stops_its_simulation(serve, open_tab, pendulum):
    tab = open_tab(serve(pendulum))
    tab.wait_until("step", 2)
    tab.page.evaluate(
        """() => { window.real = window.requestAnimationFrame;
                   window.requestAnimationFrame = (f) => { window.later = f; }; }"""
    )
    tab.page.wait_for_function("() => window.later !== undefined")
    steps = tab.number("step")
    time.sleep(1)
    tab.page.evaluate("window.requestAnimationFrame = real; later()")
    tab.wait_until("step", steps + 1)
    # Ten steps would have passed; it goes on where it slept.
    assert tab.number("step") <= steps + 4


def set_field(tab, name: str, value: float) -> None:
    """Move a slider as a person does, and wait until the world has it."""
    tab.page.evaluate(
        """([name, value]) => {
            const range = document.getElementById(`field-${name}`);
            range.value = value;
            range.dispatchEvent(new Event('input'));
        }""",
        [name, value],
    )
    before = tab.frame_number()
    tab.next_frame(before)


@pytest.mark.parametrize(
    ("world", "column"),
    [
        (DoublePendulum(picture=Picture(image_size=64)), 0),
        (BouncingBall(image_size=64), 0),
        (Lorenz(image_size=64), 2),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_nudge_changes_state_picture_and_trace(serve, open_tab, world, column):
    tab = open_tab(serve(WorldStage(world)))
    tab.wait_until("step", 4)
    tab.page.click("#play")
    tab.page.wait_for_function(
        "() => document.getElementById('play').innerText == 'Play'"
    )
    before, trace = tab.pixels(), tab.plane()
    value = tab.state(column)
    for _ in range(6):
        tab.click(f"#nudge-{column}-more")
    assert tab.state(column) > value
    assert (tab.pixels() != before).any()
    assert tab.plane() != trace
    tab.shoot(f"{type(world).__name__.lower()}_nudged")


def test_the_trace_draws_the_numbers_that_are_chosen(serve, open_tab):
    tab = open_tab(serve(WorldStage(DoublePendulum())))
    tab.wait_until("step", 5)
    tab.page.click("#play")
    tab.page.wait_for_function(
        "() => document.getElementById('play').innerText == 'Play'"
    )
    before = tab.plane()
    tab.page.select_option("#across", label="q2")
    assert tab.plane() != before
    tab.page.select_option("#across", label="q1")
    assert tab.plane() == before


def test_a_ball_is_thrown(serve, open_tab):
    tab = open_tab(serve(WorldStage(BouncingBall(image_size=64))))
    box = tab.page.locator("#picture-0").bounding_box()
    tab.page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.5 * box["height"])
    tab.page.mouse.down()
    for share in (0.25, 0.35, 0.45, 0.5):
        tab.page.mouse.move(
            box["x"] + share * box["width"], box["y"] + 0.5 * box["height"]
        )
        tab.page.wait_for_timeout(30)
    tab.page.mouse.up()
    tab.page.wait_for_function(
        """() => parseFloat(
            document.querySelectorAll('.nudge b')[2].textContent) > 5"""
    )
