"""A headless Chromium, a page served for a test, and stages with shared programs."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from foreworld.core.keys import root_key
from foreworld.learners.ppo.ppo import PPO
from foreworld.networks.mlp import MLP
from foreworld.play.web.loopback import Page
from foreworld.play.web.server import application
from foreworld.worlds.policy import AbstractPolicy
from tests.play.whisper import Whisper

CHROMIUM = os.environ.get("FOREWORLD_CHROMIUM") or shutil.which("chromium") or ""
PHONE, LAPTOP = (390, 844), (1100, 820)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A browser; skips where there is none, unless FOREWORLD_REQUIRE says otherwise."""
    if not CHROMIUM:
        message = (
            "no chromium here: apt-get install chromium, or set FOREWORLD_CHROMIUM"
        )
        if "browser" in os.environ.get("FOREWORLD_REQUIRE", "").split(","):
            pytest.fail(message)
        pytest.skip(message)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        yield browser
        browser.close()


@contextlib.contextmanager
def served(app: Any) -> Iterator[str]:
    """The address of an application that is served while the block runs."""
    page = Page(app)
    thread = threading.Thread(target=page.run)
    thread.start()
    try:
        yield page.address
    finally:
        page.stop()
        thread.join(10)
        assert not thread.is_alive()


@pytest.fixture
def serve() -> Iterator[Callable[[Any], str]]:
    """Serves a stage and returns its address."""
    with contextlib.ExitStack() as stack:
        yield lambda stage: stack.enter_context(served(application(stage)))


class Tab:
    """One browser tab on a page of live play."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.errors: list[str] = []
        self.foreign: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._console)
        page.on("request", self._request)

    def open(self, address: str) -> None:
        """Go there and wait for the first frame."""
        self.origin = address.partition("/?")[0]
        self.page.goto(address)
        self.page.wait_for_selector("#stage[data-frame]")

    def frame_number(self) -> int:
        """Number of the newest frame that is drawn."""
        return int(self.page.get_attribute("#stage", "data-frame"))

    def next_frame(self, than: int) -> None:
        """Wait until a frame after that number is drawn."""
        self.page.wait_for_function(
            "n => Number(document.getElementById('stage').dataset.frame) > n", arg=than
        )

    def pixels(self, index: int = 0) -> np.ndarray:
        """What a canvas shows, ``(height, width, 3)``."""
        flat, width, height = self.page.evaluate(
            """index => {
                const c = document.getElementById(`picture-${index}`);
                const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
                return [Array.from(d), c.width, c.height];
            }""",
            index,
        )
        return np.asarray(flat, np.uint8).reshape(height, width, 4)[..., :3]

    def plane(self) -> str:
        """What the phase trace shows, as a data address."""
        return self.page.evaluate("document.getElementById('plane').toDataURL()")

    def state(self, column: int) -> float:
        """A number of the system's state."""
        text = self.page.locator(".nudge b").nth(column).inner_text()
        return float(text)

    def number(self, name: str) -> float:
        """A number on the page, without its unit."""
        text = self.page.inner_text(f".number[data-name='{name}'] b")
        return float(text.split()[0])

    def press(self, key: str) -> None:
        """Press a key and wait for what comes of it."""
        before = self.frame_number()
        self.page.keyboard.press(key)
        self.next_frame(before)

    def click(self, selector: str) -> None:
        """Click something while time stands still, and wait for what comes of it."""
        before = self.frame_number()
        self.page.click(selector)
        self.next_frame(before)

    def wait_until(self, name: str, least: float) -> None:
        """Wait until a number has come up to a value."""
        self.page.wait_for_function(
            """([name, least]) => parseFloat(document.querySelector(
                `.number[data-name='${name}'] b`).textContent) >= least""",
            arg=[name, least],
        )

    def shoot(self, name: str) -> None:
        """Keep a picture under ``FOREWORLD_SCREENSHOTS``, or in the test's folder."""
        folder = Path(os.environ.get("FOREWORLD_SCREENSHOTS") or "screenshots")
        self.page.screenshot(path=folder / f"{name}.png", full_page=True)

    def _console(self, message: Any) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def _request(self, request: Any) -> None:
        if not request.url.startswith(self.origin):
            self.foreign.append(request.url)


@pytest.fixture(scope="session")
def whisper_policy() -> AbstractPolicy:
    """A policy of a game with actions of several fields, which tells what it thinks."""
    game, learner = Whisper(), PPO(network=MLP(hidden_size=4, num_layers=1))
    state = jax.jit(lambda key: learner.init(key, game))(root_key(0))
    return learner.policy(state, game)


@pytest.fixture
def open_tab(chromium: Any) -> Iterator[Callable[..., Tab]]:
    """Opens browsers of their own; a page with errors or foreign requests fails."""
    contexts, tabs = [], []

    def open_one(
        address: str, size: tuple[int, int] = LAPTOP, scheme: str = "light"
    ) -> Tab:
        context = chromium.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme=scheme
        )
        context.set_default_timeout(20_000)
        contexts.append(context)
        tab = Tab(context.new_page())
        tabs.append(tab)
        tab.open(address)
        return tab

    yield open_one
    for context in contexts:
        context.close()
    for tab in tabs:
        assert not tab.errors
        assert not tab.foreign
