"""The page of live play: one static page, and a websocket for each browser.

Every browser has a session of its own: what one does, no other sees, except in a game,
which all browsers share.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from foreworld.play.stage.base import AbstractStage
from foreworld.play.web.loopback import serve
from foreworld.play.web.pump import close, converse

STATIC = Path(__file__).parent / "static"
_FILES = (
    *("play.css", "icon.svg"),
    *("play.js", "state.js", "fields.js", "seats.js"),
)
MAX_BROWSERS = 8
"""Sessions at once; more browsers are asked to come back later."""
TOO_MANY = 1013
"""Close code for these."""
FAULT = 1011
"""Close code where a session failed."""


def play(
    stage: AbstractStage, port: int | None = None, open_browser: bool = True
) -> None:
    """Serve a stage on this machine until Ctrl-C; prints the address first.

    Parameters
    ----------
    stage
        What is played; see :mod:`foreworld.play.stage.open`.
    port
        Port; ``None`` for the first free one from 8750 on.
    open_browser
        Open the person's browser at the address.

    Raises
    ------
    PortTakenError
        The port that was asked for is taken.
    """
    serve(application(stage), port, open_browser, lambda: warm_up(stage))


def warm_up(stage: AbstractStage) -> None:
    """Compile the stage's programs and run them once."""
    session = stage.session(0)
    session.frame()
    session.advance()
    session.frame()


def application(stage: AbstractStage) -> Starlette:
    """The ASGI application of a stage, without guard."""
    sessions = itertools.count(1)
    present: set[int] = set()

    async def socket(websocket: WebSocket) -> None:
        await websocket.accept()
        if len(present) >= MAX_BROWSERS:
            await close(
                websocket, TOO_MANY, f"{MAX_BROWSERS} browsers are here already"
            )
            return
        index = next(sessions)
        present.add(index)
        try:
            session = await asyncio.to_thread(stage.session, index)
            try:
                await converse(websocket, stage.page(), session)
            finally:
                await asyncio.to_thread(session.leave)
        except Exception:
            await close(websocket, FAULT, "a fault: see the server's terminal")
            raise
        finally:
            present.discard(index)

    files = [Route("/", _file("index.html"))]
    for name in _FILES:
        files.append(Route(f"/{name}", _file(name)))
    return Starlette(routes=[*files, WebSocketRoute("/socket", socket)])


def _file(name: str) -> Callable[[Request], Awaitable[Response]]:
    async def send(request: Request) -> Response:
        return FileResponse(STATIC / name)

    return send
