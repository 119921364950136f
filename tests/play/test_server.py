"""Who gets in, what a client may do, and what happens to those who misbehave."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from foreworld.core.errors import ConfigError
from foreworld.play.stage.world import WorldStage
from foreworld.play.web import loopback
from foreworld.play.web.loopback import PortTakenError, bind
from foreworld.play.web.server import MAX_BROWSERS, application, warm_up
from foreworld.play.web.wire import decode_frame
from foreworld.worlds.dynamics.pendulum import Pendulum
from foreworld.worlds.pomdp.tmaze import TMaze
from tests.play.conftest import served


@pytest.fixture(scope="module")
def tmaze() -> Iterator[str]:
    stage = WorldStage(TMaze(length=4))
    warm_up(stage)
    with served(application(stage)) as address:
        yield address


@pytest.fixture(scope="module")
def pendulum() -> Iterator[str]:
    stage = WorldStage(Pendulum())
    warm_up(stage)
    with served(application(stage)) as address:
        yield address


def parts(address: str) -> tuple[str, str]:
    """``http://127.0.0.1:port`` and the token."""
    origin, _, token = address.partition("/?token=")
    return origin, token


@contextlib.contextmanager
def client(address: str, **settings: Any) -> Iterator[Any]:
    """A websocket of the page."""
    origin, token = parts(address)
    where = f"{origin.replace('http', 'ws')}/socket?token={token}"
    with connect(where, **{"origin": origin, **settings}) as ws:
        yield ws


def say(ws: Any, kind: str, **rest: Any) -> None:
    ws.send(json.dumps({"type": kind, **rest}))


def frame(ws: Any) -> dict[str, Any]:
    """The next frame's header, acknowledged."""
    header, _ = decode_frame(ws.recv(timeout=10))
    say(ws, "ack", frame=header["frame"])
    return header


def step_of(header: dict[str, Any]) -> float:
    return next(n["value"] for n in header["numbers"] if n["name"] == "step")


def test_the_address_opens_the_page_and_sets_a_cookie(tmaze):
    origin, _ = parts(tmaze)
    with httpx.Client() as http:
        page = http.get(tmaze)
        assert page.status_code == 200
        assert "play.js" in page.text
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        assert page.headers["referrer-policy"] == "no-referrer"
        cookie = page.headers["set-cookie"]
        assert "HttpOnly; SameSite=Strict" in cookie
        # The cookie serves for what the page loads.
        assert http.get(f"{origin}/play.js").status_code == 200
        assert http.get(f"{origin}/state.js").status_code == 200


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/", {}),
        ("/?token=", {}),
        ("/?token=wrong", {}),
        ("/play.js", {}),
        ("/state.js", {}),
        ("/nothing", {}),
        ("/", {"cookie": "foreworld_1=x"}),
    ],
)
def test_without_the_token_nothing_is_shown(tmaze, path, headers):
    answer = httpx.get(parts(tmaze)[0] + path, headers=headers)
    assert answer.status_code == 403
    assert "the address lacks the token" in answer.text


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8750", "127.0.0.1:1"])
def test_another_host_is_refused(tmaze, host):
    answer = httpx.get(tmaze, headers={"host": host})
    assert answer.status_code == 403
    assert "as it is" in answer.text


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:1"]
)
def test_another_origin_is_refused(tmaze, origin):
    assert httpx.get(tmaze, headers={"origin": origin}).status_code == 403
    with pytest.raises(InvalidStatus) as refused, client(tmaze, origin=origin):
        pass
    assert refused.value.response.status_code == 403


def test_a_websocket_needs_token_and_origin(tmaze):
    origin, token = parts(tmaze)
    where = origin.replace("http", "ws") + "/socket"
    for address, given in (
        (where, {"origin": origin}),
        (f"{where}?token=wrong", {"origin": origin}),
        (f"{where}?token={token}", {}),
        (f"{where}?token={token}", {"origin": origin, "host": "evil.example"}),
    ):
        extra = {"Host": given.pop("host")} if "host" in given else None
        with (
            pytest.raises(InvalidStatus) as refused,
            connect(address, additional_headers=extra, **given),
        ):
            pass
        assert refused.value.response.status_code == 403


def test_only_the_loopback_listens():
    with contextlib.closing(bind()) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"


def test_the_page_comes_first_then_frames(tmaze):
    with client(tmaze) as ws:
        page = json.loads(ws.recv(timeout=10))
        assert [key["code"] for key in page["keys"]] == [
            "ArrowUp",
            "ArrowDown",
            "ArrowRight",
            "ArrowLeft",
        ]
        assert step_of(frame(ws)) == 0
        say(ws, "act", action=2)
        assert step_of(frame(ws)) == 1


def test_an_action_that_does_not_exist_does_nothing(tmaze):
    with client(tmaze) as ws:
        ws.recv(timeout=10)
        frame(ws)
        for action in (-1, 4, 10**9):
            say(ws, "act", action=action)
            assert step_of(frame(ws)) == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "[]",
        '{"type": "explode"}',
        '{"type": "act"}',
        '{"type": "act", "action": "2"}',
        '{"type": "act", "action": true}',
        '{"type": "act", "action": 2, "more": 1}',
        '{"type": "rate", "value": NaN}',
        '{"type": "rate", "value": 1e9}',
        '{"type": "play", "on": 1}',
        '{"type": "set", "name": "x", "value": 1' + " " * 5000 + "}",
    ],
)
def test_what_the_page_never_sends_ends_the_connection(tmaze, text):
    with client(tmaze) as ws:
        ws.recv(timeout=10)
        ws.send(text)
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                ws.recv(timeout=10)
        assert closed.value.rcvd.code == 1008


def test_a_huge_message_ends_the_connection(tmaze):
    with client(tmaze) as ws:
        ws.recv(timeout=10)
        with pytest.raises(ConnectionClosed):
            ws.send("x" * 200_000)
            while True:
                ws.recv(timeout=10)


def test_who_does_not_acknowledge_gets_one_frame_and_no_simulation(pendulum):
    with client(pendulum) as ws:
        ws.recv(timeout=10)
        first, _ = decode_frame(ws.recv(timeout=10))
        for _ in range(20):
            say(ws, "play", on=True)
        with pytest.raises(TimeoutError):
            ws.recv(timeout=1)
        # A wrong number is no acknowledgement.
        say(ws, "ack", frame=7)
        with pytest.raises(TimeoutError):
            ws.recv(timeout=0.3)
        say(ws, "ack", frame=first["frame"])
        assert step_of(frame(ws)) == step_of(first)
        assert step_of(frame(ws)) == step_of(first) + 1


def test_time_runs_at_the_rate_that_is_asked_for(pendulum):
    with client(pendulum) as ws:
        ws.recv(timeout=10)
        frame(ws)
        say(ws, "rate", value=50.0)
        begun = time.monotonic()
        while step_of(frame(ws)) < 25:
            pass
        # Not faster than asked; how much slower is the machine's affair.
        assert time.monotonic() - begun > 0.4


def test_nothing_is_computed_while_time_stands_still(pendulum):
    with client(pendulum) as ws:
        ws.recv(timeout=10)
        frame(ws)
        say(ws, "play", on=False)
        while frame(ws)["playing"]:
            pass
        begun = time.process_time()
        with pytest.raises(TimeoutError):
            ws.recv(timeout=2)
        assert time.process_time() - begun < 0.2


def test_too_many_browsers_are_asked_to_come_later(tmaze):
    with contextlib.ExitStack() as stack:
        for _ in range(MAX_BROWSERS):
            stack.enter_context(client(tmaze)).recv(timeout=10)
        with client(tmaze) as ws, pytest.raises(ConnectionClosed) as closed:
            ws.recv(timeout=10)
        assert closed.value.rcvd.code == 1013
    # Those who left have made room, as soon as the server has noticed.
    for _ in range(100):
        with client(tmaze) as ws, contextlib.suppress(ConnectionClosed):
            assert json.loads(ws.recv(timeout=10))["title"] == "TMaze"
            return
        time.sleep(0.05)
    pytest.fail("there is still no room")


def test_a_browser_that_vanishes_leaves_the_others_alone(pendulum):
    with client(pendulum) as ws:
        ws.recv(timeout=10)
        frame(ws)
        with client(pendulum) as other:
            other.recv(timeout=10)
            other.socket.shutdown(socket.SHUT_RDWR)
        before = step_of(frame(ws))
        assert step_of(frame(ws)) == before + 1


def test_a_taken_port_is_said_and_a_free_one_found(monkeypatch):
    with contextlib.closing(bind()) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(PortTakenError) as taken:
            bind(port)
        assert str(taken.value) == (
            f"port {port} is taken by another program. Choose another with --port, or "
            f"leave --port out to get the first free one from 8750 on."
        )
        with contextlib.closing(bind()) as second:
            assert second.getsockname()[1] != port
        monkeypatch.setattr(loopback, "DEFAULT_PORT", port)
        monkeypatch.setattr(loopback, "NUM_PORTS", 1)
        with pytest.raises(PortTakenError, match="are all taken"):
            bind()


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_port_that_cannot_be(port):
    with pytest.raises(ConfigError) as error:
        bind(port)
    assert str(error.value) == f"--port={port} must be at least 1 and at most 65535."


def test_no_thread_is_left(tmaze):
    names = [thread.name for thread in threading.enumerate()]
    with served(application(WorldStage(TMaze(length=4)))):
        pass
    assert len(threading.enumerate()) <= len(names)
