"""Every system by hand: frames arrive, numbers are nudged, discs and balls dragged."""

from __future__ import annotations

import json
import math

import jax.numpy as jnp
import numpy as np
import pytest
from starlette.testclient import TestClient

import foreworld as fw
from foreworld.compat.worlds.pymunk_ball import PymunkBall
from foreworld.core import registry
from foreworld.core.keys import root_key
from foreworld.play.hands import hands
from foreworld.play.stage.world import WorldStage
from foreworld.play.web.messages import Grab, Nudge, Release
from foreworld.play.web.server import application
from foreworld.play.web.wire import decode_frame
from foreworld.worlds import Picture
from foreworld.worlds.dynamics.base import AbstractDynamics
from foreworld.worlds.dynamics.bouncing_ball import BouncingBall
from foreworld.worlds.dynamics.double_pendulum import DoublePendulum
from foreworld.worlds.dynamics.matching_pennies import MatchingPennies
from foreworld.worlds.dynamics.two_body import TwoBody

DYNAMICS = [
    name
    for name, entry in registry.entries("worlds").items()
    if ".dynamics." in entry.module
]
FAST = {"lennard_jones": {"thermalisation": 0.0}}
"""Fields that make a world begin sooner."""


def drawn(world, state):
    """The picture of a state."""
    return np.asarray(world.render(state))


@pytest.mark.parametrize("name", DYNAMICS)
def test_frames_of_every_system_arrive_and_nudges_move_them(name):
    world = fw.make(name, **FAST.get(name, {}))
    assert isinstance(world, AbstractDynamics)
    client = TestClient(application(WorldStage(world)))
    with client.websocket_connect("/socket") as ws:
        page = json.loads(ws.receive_text())
        size = len(page["axes"])
        assert page["nudges"] and len(page["plane"]) == 2

        def frame():
            header, pictures = decode_frame(ws.receive_bytes())
            ws.send_json({"type": "ack", "frame": header["frame"]})
            return header, pictures

        def after(**message):
            ws.send_json(message)
            return frame()

        first, pictures = frame()
        assert len(first["state"]) == size
        assert pictures[0].any()
        ws.send_json({"type": "play", "on": False})
        while frame()[0]["playing"]:
            pass
        stepped, _ = after(type="tick")
        assert stepped["numbers"][0]["value"] >= 1
        for column in (0, size - 1):
            before = stepped["state"]
            stepped, _ = after(type="nudge", column=column, amount=0.05)
            assert stepped["state"][column] != before[column]
            assert np.isfinite(stepped["state"]).all()
            assert stepped["notice"] == ""
        again, pictures = after(type="tick")
        assert np.isfinite(again["state"]).all()
        assert pictures[0].any()


def test_a_nudge_adds_to_one_number_and_moves_the_picture():
    session = WorldStage(DoublePendulum(picture=Picture(image_size=64))).session(1)
    first = session.frame()
    session.handle(Nudge(1, 0.5))
    second = session.frame()
    moved = np.subtract(second.state, first.state)
    np.testing.assert_allclose(moved, [0, 0.5, 0, 0], atol=1e-6)
    assert (first.pictures[0] != second.pictures[0]).any()
    session.handle(Nudge(4, 0.5))
    assert session.frame().state == second.state


def test_nudged_strategies_stay_strategies():
    session = WorldStage(MatchingPennies()).session(1)
    for amount in (0.4, -5.0):
        session.handle(Nudge(0, amount))
        row = np.asarray(session.frame().state[:2])
        assert row.sum() == pytest.approx(1, abs=1e-6)
        assert (row > 0).all()


def test_what_is_observed_in_another_form_cannot_be_nudged():
    session = WorldStage(PymunkBall()).session(1)
    session.handle(Nudge(0, 1.0))
    assert session.frame().notice == (
        "PymunkBall keeps its state in another form than it is observed in: it "
        "cannot be nudged."
    )


@pytest.mark.parametrize("point", [(0.75, 0.6), (0.35, 0.4)])
def test_the_lower_bob_is_dragged_where_the_rods_reach(point):
    world = DoublePendulum()
    state = jnp.asarray([0.3, -0.4, 1.0, 1.0], jnp.float32)
    put = world.grab(state, *point, held=1)
    limit = float(world.half_width())
    place = [(2 * point[0] - 1) * limit, (1 - 2 * point[1]) * limit]
    np.testing.assert_allclose(world.discs(put).centres[1], place, atol=0.02)
    np.testing.assert_array_equal(put[2:], 0)


def test_dragging_the_upper_bob_leaves_the_lower_rod():
    world = DoublePendulum()
    state = jnp.asarray([0.3, -0.4, 1.0, 1.0], jnp.float32)
    put = world.grab(state, 0.9, 0.5, held=0)
    assert float(put[0]) == pytest.approx(math.pi / 2, abs=0.01)
    assert float(put[1]) == pytest.approx(-0.4)
    assert (float(put[2]), float(put[3])) == (0.0, 1.0)


def test_only_the_nearest_body_is_dragged():
    world = TwoBody()
    state, _ = world.reset(root_key(0))
    right = float(state[0]) > 0
    point = (0.9 if right else 0.1, 0.5)
    assert world.nearest(state, *point) == 0
    put = world.grab(state, *point)
    expected = (2 * point[0] - 1) * float(world.half_width())
    np.testing.assert_allclose(put[:2], [expected, 0], atol=1e-3)
    np.testing.assert_array_equal(put[2:4], state[2:4])
    np.testing.assert_array_equal(put[4:6], 0)
    np.testing.assert_array_equal(put[6:], state[6:])


def test_a_ball_is_thrown_as_fast_as_the_mouse_goes(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(hands.time, "monotonic", lambda: now[0])
    world = BouncingBall()
    session = WorldStage(world).session(1)
    for step in range(4):
        now[0] = step * 0.05
        session.handle(Grab(0.3 + 0.02 * step, 0.5))
    session.handle(Release())
    x, y, vx, vy = session.frame().state
    assert (x, y) == pytest.approx((0.36 * 32, 16.0))
    # Steps run in real time: widths of the picture per second are those of the world.
    assert (vx, vy) == pytest.approx((0.06 / 0.15 * 32, 0.0))


def test_a_mouse_that_rested_throws_nothing(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(hands.time, "monotonic", lambda: now[0])
    session = WorldStage(BouncingBall()).session(1)
    session.handle(Grab(0.3, 0.5))
    now[0] = 0.1
    session.handle(Grab(0.4, 0.5))
    now[0] = 2.0
    session.handle(Release())
    assert session.frame().state[2:] == (0.0, 0.0)


def test_a_ball_cannot_be_dragged_through_a_wall():
    session = WorldStage(BouncingBall()).session(1)
    session.handle(Grab(5.0, -3.0))
    assert session.frame().state[:2] == (27.0, 27.0)


def test_a_lorenz_nudge_moves_the_dot_at_once():
    world = fw.make("lorenz", image_size=64)
    session = WorldStage(world).session(1)
    first = session.frame().pictures[0]
    session.handle(Nudge(0, 8.0))
    assert (session.frame().pictures[0] != first).any()
