"""One browser's conversation: a frame is made only when the last one was drawn.

The browser acknowledges a frame after drawing it. Until then nothing is computed and
nothing is queued, so a slow browser gets fewer frames and a sleeping tab, which draws
nothing, stops its simulation. While time stands still the conversation only waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import time

from starlette.websockets import WebSocket, WebSocketDisconnect

from foreworld.play.stage.base import AbstractSession, Page
from foreworld.play.web import messages
from foreworld.play.web.wire import encode_frame, encode_page

_Letter = messages.Message | messages.MessageError | None
INBOX = 32
"""Messages that wait at most; then the connection is not read any further."""
NOT_UNDERSTOOD = 1008
"""Close code for what our page never sends."""
MAX_REASON = 123
"""Bytes of a reason, at most: the protocol's limit."""


class Inbox:
    """What waits for a conversation: messages, and whether there are news to see."""

    def __init__(self) -> None:
        self._letters: asyncio.Queue[_Letter] = asyncio.Queue(INBOX)
        self._there, self.news = asyncio.Event(), False

    async def put(self, letter: _Letter) -> None:
        """Add a message; waits while there are too many."""
        await self._letters.put(letter)
        self._there.set()

    def wake(self) -> None:
        """Others changed what is seen."""
        self.news = True
        self._there.set()

    async def wait(self) -> list[_Letter]:
        """The next message; none where there are news alone."""
        await self._there.wait()
        letters = [] if self._letters.empty() else [self._letters.get_nowait()]
        if self._letters.empty():
            self._there.clear()
        return letters


class Clock:
    """When the next step is due.

    Parameters
    ----------
    playing
        Whether time runs at first.
    rate
        Steps a second, above 0.

    Attributes
    ----------
    playing
        Whether time runs.
    rate
        Steps a second.
    """

    def __init__(self, playing: bool, rate: float) -> None:
        self.playing, self.rate = playing, rate
        self._due = time.monotonic()

    def wait(self) -> float | None:
        """Seconds until the next step; ``None`` while time stands still."""
        return max(0.0, self._due - time.monotonic()) if self.playing else None

    def ticked(self) -> None:
        """A step was made. Missed ones are not made up for."""
        self._due = max(time.monotonic(), self._due + 1 / self.rate)

    def change(self, playing: bool, rate: float) -> None:
        """Stop, go on, or run at another rate.

        Parameters
        ----------
        playing
            Whether time runs.
        rate
            Steps a second, above 0.
        """
        self.playing, self.rate = playing, rate
        self._due = time.monotonic() + 1 / rate


async def converse(socket: WebSocket, page: Page, session: AbstractSession) -> None:
    """Serve one browser until it leaves.

    Parameters
    ----------
    socket
        A connection that was accepted.
    page
        What the browser is told first: controls, axes, rate.
    session
        What this browser plays, stepped and drawn for it alone.
    """
    inbox, loop = Inbox(), asyncio.get_running_loop()

    def wake() -> None:
        loop.call_soon_threadsafe(inbox.wake)

    session.join(wake)
    try:
        # Whichever ends, ends the other: nothing waits for messages that nobody reads.
        async with asyncio.TaskGroup() as both:
            reader = both.create_task(_read(socket, inbox))
            await socket.send_text(encode_page(page))
            await _run(socket, session, inbox, Clock(page.playing, page.rate))
            reader.cancel()
    except* messages.MessageError as errors:
        await close(socket, NOT_UNDERSTOOD, str(errors.exceptions[0]))
    except* WebSocketDisconnect:
        pass


async def close(socket: WebSocket, code: int, reason: str) -> None:
    """Close a connection, which a browser may have left meanwhile.

    Parameters
    ----------
    socket
        A connection that was accepted.
    code, reason
        What the browser is told; of the reason what fits into the protocol's bytes.
    """
    text = reason.encode("ascii", "backslashreplace")[:MAX_REASON].decode()
    with contextlib.suppress(WebSocketDisconnect):
        await socket.close(code, text)


async def _read(socket: WebSocket, inbox: Inbox) -> None:
    while True:
        event = await socket.receive()
        if event["type"] == "websocket.disconnect":
            await inbox.put(None)
            return
        try:
            message = messages.parse(event.get("text") or "")
        except messages.MessageError as error:
            await inbox.put(error)
            return
        await inbox.put(message)


async def _run(
    socket: WebSocket, session: AbstractSession, inbox: Inbox, clock: Clock
) -> None:
    sent = drawn = 0
    new = True
    while True:
        new, inbox.news = new or inbox.news, False
        if new and drawn == sent:
            frame = await asyncio.to_thread(session.frame)
            sent, new = sent + 1, False
            data = encode_frame(frame, sent, clock.playing, clock.rate)
            await socket.send_bytes(data)
        due = clock.wait() if drawn == sent else None
        try:
            # What has arrived goes first, even where the step is due already, or a late
            # clock would never let it in.
            async with asyncio.timeout(due):
                letters = await inbox.wait()
        except TimeoutError:
            new = await asyncio.to_thread(session.advance)
            clock.ticked()
            continue
        if not letters:
            continue
        message = letters[0]
        if message is None:
            return
        if isinstance(message, messages.MessageError):
            raise message
        if isinstance(message, messages.Ack):
            drawn = sent if message.frame == sent else drawn
            continue
        if isinstance(message, messages.Play):
            clock.change(message.on, clock.rate)
        elif isinstance(message, messages.Rate):
            clock.change(clock.playing, message.value)
        else:
            if isinstance(message, messages.Tick):
                clock.change(False, clock.rate)
            await asyncio.to_thread(session.handle, message)
        new = True
