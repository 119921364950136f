"""What strangers may send to live play, and where its token is."""

from __future__ import annotations

import json
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx
import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed

from foreworld.core import registry
from foreworld.core.errors import ConfigError
from foreworld.play.stage.base import AbstractSession
from foreworld.play.stage.world import WorldStage
from foreworld.play.web import loopback, messages
from foreworld.play.web.loopback import serve as serve_page
from foreworld.play.web.server import MAX_BROWSERS, application, warm_up
from foreworld.play.web.wire import encode_frame
from foreworld.worlds.pomdp.tmaze import TMaze
from tests.play.conftest import served
from tests.play.test_server import client, frame, parts, say, step_of

EMOJI = "\N{PILE OF POO}"


@pytest.fixture(scope="module")
def tmaze() -> Iterator[str]:
    stage = WorldStage(TMaze(length=4))
    warm_up(stage)
    with served(application(stage)) as address:
        yield address


def every_wrong_field() -> Iterator[str]:
    """Each message with each of its fields of each wrong type."""
    right = {
        "ack": {"frame": 1},
        "play": {"on": True},
        "rate": {"value": 5.0},
        "act": {"action": 1},
        "hold": {"action": 1},
        "agent": {"on": True},
        "set": {"name": "x", "value": 1.0},
        "grab": {"x": 0.5, "y": 0.5},
        "nudge": {"column": 0, "amount": 1.0},
        "choose": {"field": "x", "action": 1},
        "enter": {"field": "x", "numbers": [1.0]},
    }
    wrong = (None, EMOJI, [], {}, [[1]], "1", True, 1.5, 7)
    for kind, fields in right.items():
        for name, good in fields.items():
            for value in wrong:
                number = isinstance(good, float) and type(value) in (int, float)
                if type(value) is not type(good) and not number:
                    yield json.dumps({"type": kind, **fields, name: value})


BAD = {
    "deep lists": '{"type": "act", "action": ' + "[" * 2000 + "]" * 2000 + "}",
    "deep objects": '{"a":' * 600 + "1" + "}" * 600,
    "never closed": "[" * 4000,
    "400 digits": '{"type": "rate", "value": ' + "9" * 400 + "}",
    "400 digits, whole": '{"type": "act", "action": ' + "9" * 400 + "}",
    "beyond floats": '{"type": "rate", "value": 1e999}',
    "not a number": '{"type": "set", "name": "x", "value": NaN}',
    "infinite": '{"type": "grab", "x": Infinity, "y": -Infinity}',
    "an emoji": json.dumps({"type": EMOJI * 60}, ensure_ascii=False),
    "half a character": '{"type": "\\ud83d"}',
    "a list for a type": '{"type": ["act"]}',
    "escape sequences": json.dumps({"type": "\x1b[2J" * 40}),
    "a name of escapes": json.dumps({"type": "play", "\x1b]0;x\x07": 1}),
    "a far hand": '{"type": "grab", "x": 1e9, "y": 0.5}',
    "beyond 32 bits": '{"type": "nudge", "column": 0, "amount": 1e308}',
    "bytes": b"\x00\xff" * 50,
    "no bytes": b"",
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_bad_message_is_a_protocol_error_and_the_next_session_works(tmaze, bad):
    with client(tmaze) as ws:
        ws.recv(timeout=10)
        ws.send(bad)
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                ws.recv(timeout=10)
        assert closed.value.rcvd.code == 1008
        assert closed.value.rcvd.reason.isprintable()
    with client(tmaze) as ws:
        ws.recv(timeout=10)
        frame(ws)
        say(ws, "act", action=2)
        assert step_of(frame(ws)) == 1


def test_bad_messages_leave_no_session_behind(tmaze):
    for _ in range(2 * MAX_BROWSERS):
        with client(tmaze) as ws:
            ws.recv(timeout=10)
            ws.send("[" * 4000)
            with pytest.raises(ConnectionClosed):
                while True:
                    ws.recv(timeout=10)
    with client(tmaze) as ws:
        assert json.loads(ws.recv(timeout=10))["title"] == "TMaze"


@pytest.mark.parametrize("text", tuple(every_wrong_field()))
def test_a_field_of_a_wrong_type_is_refused(text):
    with pytest.raises(messages.MessageError, match="expected"):
        messages.parse(text)


@pytest.mark.parametrize(
    "name", ["pendulum", "bouncing_ball", "double_pendulum", "lorenz", "tmaze"]
)
def test_extreme_numbers_leave_a_session_usable(name):
    session = WorldStage(registry.find("worlds", name)()).session(0)
    extremes = (3.4e38, -3.4e38, 1e20, 1e-320, 0.0, -1.0)
    fields = [*session.frame().fields, "no_such", EMOJI, "", "a" * 4000]
    for value in extremes:
        far = float(np.clip(value, -messages.FARTHEST, messages.FARTHEST))
        whole = 2**63 if value > 0 else -(2**63)
        for said in (
            messages.Act(whole),
            messages.Hold(whole),
            messages.Nudge(whole, 1.0),
            messages.Nudge(0, value),
            messages.Grab(far, -far),
            messages.Grab(0.5, far),
            messages.Release(),
            *(messages.Set(field, value) for field in fields),
        ):
            session.handle(said)
            session.advance()
            encode_frame(session.frame(), 1, True, 10.0)
    session.handle(messages.Hold(-1))
    session.handle(messages.Restart())
    assert next(n.value for n in session.frame().numbers if n.name == "step") == 0


class _Broken(AbstractSession):
    def advance(self) -> bool:
        raise RuntimeError("a world that fails")

    def handle(self, message: messages.Message) -> None:
        raise RuntimeError("a world that fails")

    def frame(self):
        return WorldStage(TMaze(length=4)).session(0).frame()


class _Stage(WorldStage):
    def session(self, index: int) -> AbstractSession:
        if index % 2:
            raise ConfigError("a world that cannot begin")
        return _Broken()


def test_a_session_that_fails_ends_and_says_where_to_look():
    with served(application(_Stage(TMaze(length=4)))) as address:
        for _ in range(MAX_BROWSERS + 2):
            with client(address) as ws, pytest.raises(ConnectionClosed) as closed:
                while True:
                    if isinstance(ws.recv(timeout=10), bytes):
                        say(ws, "restart")
            assert closed.value.rcvd.code == 1011
            assert closed.value.rcvd.reason == "a fault: see the server's terminal"


def test_no_cookie_is_the_token(tmaze):
    origin, token = parts(tmaze)
    with httpx.Client() as http:
        assert token not in http.get(tmaze).headers["set-cookie"]
        (name,) = http.cookies
        # Neither serves as the other.
        cookie = http.cookies[name]
    assert httpx.get(f"{origin}/?token={cookie}").status_code == 403
    assert httpx.get(f"{origin}/", headers={"cookie": f"{name}={token}"}).is_error
    assert httpx.get(f"{origin}/", headers={"cookie": f"{name}={cookie}"}).is_success


def test_a_browser_is_started_with_a_private_file_that_leads_on(monkeypatch, capsys):
    seen = []

    def browser(address: str) -> None:
        path = Path(unquote(urlsplit(address).path))
        mode = stat.S_IMODE(path.parent.stat().st_mode)
        seen.append((address, mode, path, path.read_text("utf-8")))

    monkeypatch.setattr(loopback.webbrowser, "open", browser)
    monkeypatch.setattr(loopback.Page, "run", loopback.Page.close)
    serve_page(application(WorldStage(TMaze(length=4))), None, True)
    (address, mode, path, text), printed = seen[0], capsys.readouterr().out
    token = printed.partition("token=")[2].splitlines()[0]
    assert len(token) > 20
    assert address.startswith("file://")
    assert token not in address
    assert mode == 0o700
    assert printed.splitlines()[0] in text
    assert not path.parent.exists()


def test_the_file_leads_a_browser_to_the_page(chromium, monkeypatch):
    found: list[str] = []
    server: list[loopback.Page] = []
    run = loopback.Page.run
    monkeypatch.setattr(loopback.webbrowser, "open", found.append)
    monkeypatch.setattr(
        loopback.Page, "run", lambda page: (server.append(page), run(page))
    )
    app = application(WorldStage(TMaze(length=4)))
    thread = threading.Thread(target=serve_page, args=(app, None, True))
    thread.start()
    try:
        while not server:
            time.sleep(0.01)
        tab = chromium.new_context().new_page()
        tab.goto(found[0])
        tab.wait_for_selector("#stage[data-frame]", timeout=20_000)
        assert tab.title() == "TMaze · Foreworld"
    finally:
        server[0].stop()
        thread.join(10)
    assert not thread.is_alive()
