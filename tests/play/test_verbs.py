"""``foreworld play`` and ``foreworld dashboard`` as processes of their own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from foreworld.cli.main import main
from foreworld.play.web.loopback import bind

OFFLINE = """
import socket, sys

def refuse(*args, **settings):
    sys.stderr.write("the network was used\\n")
    sys.exit(9)

socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
from foreworld.cli.main import main
sys.exit(main(sys.argv[1:]))
"""
TRACK = """
from foreworld.track._open import make_tracker, open_run

for run in ("p0-s0", "p0-s1"):
    trace = open_run(make_tracker("trackio"), "maze", run, {"seed": 1}, False)
    trace.log([10, 20, 30], {"return": [1.0, 2.0, 4.0]})
    trace.finish()
"""


@contextlib.contextmanager
def running(*words: str) -> Iterator[str]:
    """A command that serves; gives its address, and stops it like a person does."""
    environment = {
        **os.environ,
        # What would make trackio look elsewhere.
        "TRACKIO_SPACE_ID": "somebody/space",
        "GRADIO_SHARE": "true",
        "HF_TOKEN": "hf_nothing",
    }
    process = subprocess.Popen(
        [sys.executable, "-c", OFFLINE, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert process.stdout.readline() == (
            "Served on this machine only. Stop with Ctrl-C.\n"
        )
        yield address
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=20)
        assert process.returncode == 0, error
        assert (out, error) == ("", "")
    finally:
        process.kill()
        process.communicate()


def patient_get(address: str) -> httpx.Response:
    """A page that may be asked for before it is ready: it waits."""
    return httpx.get(address, timeout=60)


def test_play_prints_its_address_first_and_stops_cleanly():
    with contextlib.closing(bind()) as listener:
        free = listener.getsockname()[1]
    with running(
        "play", "tmaze", "--length", "3", "--no-open", "--port", str(free)
    ) as address:
        assert address.startswith(f"http://127.0.0.1:{free}/?token=")
        assert patient_get(address).status_code == 200


def test_the_dashboard_shows_local_runs_and_asks_nobody(chromium: Any):
    subprocess.run([sys.executable, "-c", TRACK], check=True, timeout=60)
    with running("dashboard", "--no-open") as address:
        origin = address.partition("/?")[0]
        assert patient_get(address).status_code == 200
        assert httpx.get(origin).status_code == 403
        foreign: list[str] = []
        context = chromium.new_context(viewport={"width": 1200, "height": 800})
        with contextlib.closing(context):
            page = context.new_page()
            page.on(
                "request",
                lambda request: (
                    None
                    if request.url.startswith((origin, "data:", "blob:"))
                    else foreign.append(request.url)
                ),
            )
            page.goto(address)
            page.wait_for_selector("text=p0-s1", timeout=20_000)
            time.sleep(1)
            folder = Path(os.environ.get("FOREWORLD_SCREENSHOTS") or "screenshots")
            page.screenshot(path=folder / "dashboard.png")
        assert not foreign


def test_a_dashboard_without_runs_says_where_they_would_be(capsys, own_folder):
    assert main(["dashboard", "--no-open"]) == 2
    assert capsys.readouterr().err == (
        f"foreworld: nothing was tracked here: {own_folder}/runs/.trackio holds no "
        f"runs. 'foreworld train' and 'foreworld sweep' track theirs there; or go to "
        f"the folder in which you trained, or set FOREWORLD_HOME to it.\n"
    )


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (
            ["tmazze"],
            2,
            "unknown folder, world, set or study 'tmazze'. Did you mean 'tmaze'",
        ),
        (["tmaze", "--lenght", "3"], 2, "Did you mean 'length'"),
        (
            ["tmaze", "--port", "99999"],
            2,
            "--port=99999 must be at least 1 and at most",
        ),
        (
            ["tmaze", "--seat", "even"],
            2,
            "--seat=even: TMaze is no game of several agents, so it has no seats. "
            "Leave --seat out.",
        ),
        (
            ["foreworld.testing:Nim", "--seat", "frist"],
            2,
            "unknown seat of Nim 'frist'. Did you mean 'first'",
        ),
        (["nowhere/at/all"], 2, "unknown folder or study 'nowhere/at/all'"),
    ],
)
def test_mistakes_of_play(words, code, said, capsys):
    assert main(["play", *words, "--no-open"]) == code
    shown = capsys.readouterr()
    assert said in shown.err
    assert shown.out == ""


def test_a_taken_port_of_play(capsys):
    with contextlib.closing(bind()) as listener:
        port = listener.getsockname()[1]
        assert main(["play", "tmaze", "--no-open", "--port", str(port)]) == 1
    assert f"port {port} is taken by another program" in capsys.readouterr().err
