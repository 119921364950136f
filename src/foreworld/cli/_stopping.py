"""Ctrl-C and SIGTERM end a command: cleanly, or at once where nothing else would."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import NoReturn

INTERRUPTED, TERMINATED = 130, 143
"""Exit codes."""
_SOON = 0.05
"""Seconds until a signal that was dropped is sent again."""
_PATIENCE = 3.0
"""Seconds in which Python must hear of a signal, or the process ends without it."""


class Terminated(KeyboardInterrupt):
    """SIGTERM reached this process: from a scheduler, a shutdown, ``kill``."""


def words(code: int) -> str:
    """What is said where a command was stopped.

    Parameters
    ----------
    code
        Its exit code.
    """
    how = "terminated" if code == TERMINATED else "interrupted"
    return (
        f"{how}. What is finished is kept: run the same command again to go on from "
        f"there."
    )


@contextlib.contextmanager
def stoppable(end: Callable[[int], NoReturn]) -> Iterator[None]:
    """Let either signal raise an exception, which says how to go on.

    It is sent again where Python dropped it: an exception cannot leave a destructor or
    a callback of the garbage collector, and JAX has one of these. And a program under
    way is not waited for: Python hears of signals between its own instructions only,
    and a program is one of these, however long. Whatever a kill may cost is kept safe
    by how files are written, so the process may end at any moment.

    Parameters
    ----------
    end
        Ends the process with an exit code, called in a thread of its own.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard = _Heard()

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        heard.at = time.monotonic()
        raise Terminated if number == signal.SIGTERM else KeyboardInterrupt

    def dropped(what: sys.UnraisableHookArgs) -> None:
        if not isinstance(what.exc_value, KeyboardInterrupt):
            hook(what)
            return
        asked = isinstance(what.exc_value, Terminated)
        number = signal.SIGTERM if asked else signal.SIGINT
        # Later: what is raised in here would be dropped too.
        again = threading.Timer(_SOON, signal.pthread_kill, (main_thread, number))
        again.daemon = True
        again.start()

    main_thread = threading.get_ident()
    before = {signal.SIGTERM: signal.signal(signal.SIGTERM, stop)}
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        # Where a shell or another program has it ignored, it stays so.
        before[signal.SIGINT] = signal.signal(signal.SIGINT, stop)
    hook, sys.unraisablehook = sys.unraisablehook, dropped
    reads, writes = os.pipe()
    os.set_blocking(writes, False)
    others = signal.set_wakeup_fd(writes, warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(reads, heard, end), daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(others)
        os.close(writes)
        sys.unraisablehook = hook
        for number, handler in before.items():
            signal.signal(number, handler)


class _Heard:
    """When Python last heard of a signal."""

    at = -1e9


def _watch(reads: int, heard: _Heard, end: Callable[[int], NoReturn]) -> None:
    """End the process where a signal came and Python does not hear of it."""
    while numbers := os.read(reads, 64):
        begun = time.monotonic()
        stopping = {signal.SIGINT, signal.SIGTERM}.intersection(numbers)
        while stopping and heard.at < begun - 1.0:
            if time.monotonic() > begun + _PATIENCE:
                end(TERMINATED if signal.SIGTERM in stopping else INTERRUPTED)
            time.sleep(_SOON)
    os.close(reads)
