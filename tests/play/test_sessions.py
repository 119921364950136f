"""Sessions without a browser: sliders, keys, hands, ends of episodes, the wire."""

from __future__ import annotations

import math
from typing import Annotated

import jax
import numpy as np
import pytest

from foreworld.core.errors import ConfigError
from foreworld.core.keys import root_key
from foreworld.core.parts.part import Bounded, Traced
from foreworld.core.spaces import Box, Discrete
from foreworld.play.hands.keys import keys
from foreworld.play.hands.sliders import Knobs, sliders
from foreworld.play.stage.base import Bar, Frame, Number
from foreworld.play.stage.episode import Episode
from foreworld.play.stage.world import WorldStage, natural_rate
from foreworld.play.web.messages import (
    Act,
    Agent,
    Grab,
    Hold,
    Release,
    Restart,
    Set,
    Tick,
    parse,
)
from foreworld.play.web.wire import decode_frame, encode_frame
from foreworld.testing.games import CueProbe
from foreworld.users.random_policy import RandomPolicy
from foreworld.worlds import Picture
from foreworld.worlds.base import AbstractWorld, Step
from foreworld.worlds.dynamics.pendulum import Pendulum
from foreworld.worlds.pomdp.tmaze import TMaze

TRACES: list[str] = []


class Counter(AbstractWorld):
    """Counts up by ``pace``; remembers how often it was traced."""

    pace: Annotated[float, Traced(above=0, below=2)] = 1.0
    """how fast"""
    offset: Annotated[float, Traced()] = 0.0
    """where it starts"""
    size: Annotated[int, Bounded(low=1)] = 4
    """pixels"""
    wide: bool = False
    """take numbers for actions, not choices"""
    discount: Annotated[float, Traced(low=0, high=1)] = 0.5
    """discount factor"""
    max_episode_len: int = 3
    """limit"""

    @property
    def action_space(self):
        return Box(-1.0, 1.0, (1,)) if self.wide else None

    @property
    def observation_space(self):
        return Box(-math.inf, math.inf, ())

    def reset(self, key):
        state = jax.numpy.float32(self.offset)
        return state, state

    def step(self, state, action, key):
        TRACES.append("step")
        state = state + self.pace
        no = jax.numpy.asarray(False)
        return Step(state, state, jax.numpy.float32(1), no, no)

    def render(self, state):
        grey = jax.numpy.clip(state, 0, 255).astype(jax.numpy.uint8)
        return jax.numpy.full((self.size, self.size, 1), grey)


def test_sliders_end_at_the_limits_and_stand_at_the_values():
    ends = {s.name: (s.low, s.value, s.high) for s in sliders(Counter(offset=-3.0))}
    assert ends["pace"] == pytest.approx((0.04, 1.0, 1.96))
    assert ends["offset"] == (-3.0, -3.0, 1.0)
    # The discount changes nothing that can be seen.
    assert list(ends) == ["pace", "offset"]


def test_sliders_of_the_pendulum_come_in_its_order_without_what_it_refuses():
    names = [s.name for s in sliders(Pendulum())]
    own = ["mass", "length", "gravity", "friction", "dt"]
    assert names == [*own, "picture.canvas", "picture.colouring"]
    roomy = [s.name for s in sliders(Pendulum(picture=Picture(margin=1.0)))]
    assert {"picture.offset_x", "picture.offset_y"} < set(roomy)


def test_moving_a_slider_compiles_nothing():
    episode = Episode(Counter(), root_key(0))
    episode.step()
    TRACES.clear()
    episode.knobs.set("pace", 1.5)
    episode.step()
    assert float(episode.view.scene.state) == 2.5
    assert TRACES == []


def test_only_sliders_can_be_set():
    knobs = Knobs(Counter())
    for name in ("size", "discount", "nothing"):
        with pytest.raises(ConfigError, match=f"'{name}' cannot be changed while"):
            knobs.set(name, 1.0)
    with pytest.raises(ConfigError, match="must be above 0 and below 2"):
        knobs.set("pace", 2.0)


def test_an_episode_ends_at_the_limit_and_the_next_step_begins_another():
    episode = Episode(Counter(), root_key(0))
    for _ in range(3):
        assert not episode.ended
        episode.step()
    assert episode.ended
    scene = episode.view.scene
    assert (float(scene.total), float(scene.discounted)) == (3.0, 1.75)
    episode.step()
    assert (episode.ended, int(episode.view.scene.num_steps)) == (False, 0)


def test_the_same_seed_plays_the_same_and_browsers_differ():
    stage = WorldStage(Pendulum(), seed=3)
    pictures = [stage.session(index).frame().pictures[0] for index in (1, 1, 2)]
    np.testing.assert_array_equal(pictures[0], pictures[1])
    assert (pictures[0] != pictures[2]).any()


def test_arrows_for_directions_and_numbers_for_others():
    assert [key.code for key in keys(TMaze())] == [
        "ArrowUp",
        "ArrowDown",
        "ArrowRight",
        "ArrowLeft",
    ]

    assert [(key.code, key.name) for key in keys(CueProbe())][:2] == [
        ("1", "action 0"),
        ("2", "action 1"),
    ]
    assert keys(Pendulum()) == ()


def test_a_world_that_keys_cannot_play_says_why():
    with pytest.raises(ConfigError) as error:
        WorldStage(Counter(wide=True))
    assert str(error.value) == (
        "Counter has actions Box(low=-1.0, high=1.0, shape=(1,), dtype='float32'), but "
        "keys choose among a number of them (Discrete). Choose another world: "
        "'foreworld list worlds'."
    )


class Choices(Counter):
    """Any number of choices."""

    num: int = 60
    """how many"""

    @property
    def action_space(self):
        return Discrete(self.num)


def test_actions_beyond_the_keys_have_buttons():
    codes = [key.code for key in keys(Choices())]
    assert codes[34:38] == ["y", "z", "", ""]
    session = WorldStage(Choices()).session(1)
    session.handle(Act(59))
    assert step_of(session) == 1
    with pytest.raises(ConfigError) as error:
        keys(Choices(num=5001))
    assert str(error.value) == (
        "Choices has 5001 actions, but a page shows at most 5000. Choose another "
        "world: 'foreworld list worlds'."
    )


def test_a_tap_between_two_steps_is_not_lost():
    session = WorldStage(TMaze(length=4)).session(1)
    assert not session.advance()
    session.handle(Hold(2))
    session.handle(Hold(-1))
    assert session.advance()
    assert not session.advance()
    assert step_of(session) == 1


def test_a_held_picture_stands_still_and_falls_when_let_go():
    session = WorldStage(Pendulum()).session(1)
    session.handle(Grab(0.9, 0.5))
    held = session.frame().pictures[0]
    assert not session.advance()
    np.testing.assert_array_equal(session.frame().pictures[0], held)
    session.handle(Release())
    for _ in range(4):
        assert session.advance()
    assert (session.frame().pictures[0] != held).any()


@pytest.mark.parametrize("turns", [-2, 0, 1])
def test_dragging_keeps_the_angle_unwrapped(turns):
    world = Pendulum(picture=Picture(margin=0.4, offset_x=0.2, offset_y=-0.1))
    angle = 2 * math.pi * turns + 0.7
    state = jax.numpy.asarray([angle, 1.3], jax.numpy.float32)
    # Where the bob is drawn, measured on a large picture.
    large = world.replace(picture=world.picture.replace(image_size=512))
    rows, columns = np.nonzero(np.asarray(large.render(state))[..., 0])
    x, y = (columns.mean() + 0.5) / 512, (rows.mean() + 0.5) / 512
    put = np.asarray(world.grab(state, float(x), float(y)))
    assert put[0] == pytest.approx(angle, abs=0.01)
    assert put[1] == 0


def test_worlds_without_a_handle_are_not_draggable():
    assert Pendulum().can_grab
    assert not TMaze().can_grab
    assert TMaze().grab("state", 0.5, 0.5) == "state"


def test_steps_run_in_real_time_where_they_have_a_duration():
    assert natural_rate(Pendulum(dt=0.1)) == 10
    assert natural_rate(Pendulum(dt=0.001)) == 30
    assert natural_rate(Pendulum(dt=20.0)) == 1
    assert natural_rate(TMaze()) == 5


def test_a_policy_without_thoughts_acts_all_the_same():
    from foreworld.play.stage.agent import AgentStage

    world = TMaze(length=4)
    session = AgentStage(world, RandomPolicy(world)).session(1)
    assert session.advance()
    assert session.frame().bars == ()
    session.handle(Agent(False))
    assert not session.advance()
    session.handle(Act(2))
    session.handle(Tick())
    assert step_of(session) == 2
    session.handle(Restart())
    session.handle(Set("nothing", 1.0))
    frame = session.frame()
    assert frame.notice == "'nothing' cannot be changed while playing."
    assert session.frame().notice == ""


def test_frames_survive_the_wire():
    pictures = (
        np.arange(24, dtype=np.uint8).reshape(2, 4, 3),
        np.arange(6, dtype=np.uint8).reshape(3, 2, 1),
    )
    frame = Frame(
        pictures,
        numbers=(Number("a", math.nan), Number("b", 1.5, "J")),
        bars=(Bar("up", 0.25),),
        banner="größer",
    )
    header, got = decode_frame(encode_frame(frame, 7, True, 10.0))
    assert (header["frame"], header["playing"], header["rate"]) == (7, True, 10.0)
    assert [n["value"] for n in header["numbers"]] == [None, 1.5]
    assert header["banner"] == "größer"
    for sent, came in zip(pictures, got, strict=True):
        np.testing.assert_array_equal(sent, came)


def test_messages_are_read():
    assert parse('{"type": "set", "name": "mass", "value": 2}') == Set("mass", 2.0)
    assert parse('{"type": "release"}') == Release()


def step_of(session) -> float:
    numbers = session.frame().numbers
    return next(n.value for n in numbers if n.name == "step")
