"""Serves a page to browsers on this machine only, and only to those given the address.

The socket is bound to 127.0.0.1, and everything goes through the guard. The address,
which holds the token, is printed and put in a file that only the person can read.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import secrets
import socket
import webbrowser
from collections.abc import Callable, Iterator

import uvicorn
from starlette.types import ASGIApp

from foreworld.core.disk.folder import private_folder, remove, write_bytes
from foreworld.core.disk.refusals import StorageError
from foreworld.core.errors import ConfigError, ForeworldError
from foreworld.core.plain import say
from foreworld.play.web.guard import HOST, Guard

DEFAULT_PORT = 8750
NUM_PORTS = 50
"""Ports that are tried, from the default on, when none was asked for."""
MAX_MESSAGE = 65536
"""Bytes of a message from a browser; longer ones end the connection."""

_REDIRECT = """\
<!doctype html>
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0;url={0}">
<title>Foreworld</title>
<a href="{0}">Go on to the page</a>
"""


class PortTakenError(ForeworldError, OSError):
    """Another program listens on the port."""


def bind(port: int | None = None) -> socket.socket:
    """A listening socket on this machine's loopback.

    Parameters
    ----------
    port
        The port; ``None`` for the first free one from 8750 on.

    Raises
    ------
    ConfigError
        No such port.
    PortTakenError
        Another program has it, or this user may not have it.
    """
    if port is not None and not 1 <= port <= 65535:
        raise ConfigError(f"--port={port} must be at least 1 and at most 65535.")
    choices = [port] if port else range(DEFAULT_PORT, DEFAULT_PORT + NUM_PORTS)
    for choice in choices:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            # A port that was closed a moment ago can be bound again at once; one on
            # which a process listens cannot.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((HOST, choice))
            listener.listen(64)
        except OSError as error:
            listener.close()
            if port is not None:
                raise _cannot_bind(port, error) from error
            continue
        return listener
    raise PortTakenError(
        f"ports {DEFAULT_PORT} to {DEFAULT_PORT + NUM_PORTS - 1} are all taken. Choose "
        f"another with --port."
    )


class Page:
    """An application on the loopback, behind a guard.

    Attributes
    ----------
    address
        What to open in a browser; carries the token.

    Parameters
    ----------
    app
        The ASGI application.
    port
        As for :func:`bind`.
    inline_scripts
        Whether the application's pages need scripts that are inline or evaluated.
    """

    def __init__(
        self, app: ASGIApp, port: int | None = None, inline_scripts: bool = False
    ) -> None:
        self._socket = bind(port)
        number = self._socket.getsockname()[1]
        token = secrets.token_urlsafe(16)
        self.address = f"http://{HOST}:{number}/?token={token}"
        config = uvicorn.Config(
            Guard(app, number, token, inline_scripts),
            # Waits while the browser's end is full, so that nothing piles up.
            ws="websockets-sansio",
            ws_max_size=MAX_MESSAGE,
            ws_per_message_deflate=False,
            lifespan="off",
            log_config=None,
            log_level=logging.ERROR,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)

    def run(self) -> None:
        """Serve until :meth:`stop`, or until the person presses Ctrl-C."""
        try:
            # uvicorn raises the Ctrl-C again that it has already obeyed.
            with contextlib.suppress(KeyboardInterrupt):
                self._server.run(sockets=[self._socket])
        finally:
            self._socket.close()

    def stop(self) -> None:
        """End :meth:`run`; may be called from another thread."""
        self._server.should_exit = True

    def close(self) -> None:
        """Give the port back without having run."""
        self._socket.close()


def serve(
    app: ASGIApp,
    port: int | None,
    open_browser: bool,
    prepare: Callable[[], None] = lambda: None,
    inline_scripts: bool = False,
) -> None:
    """Print the address, prepare, open a browser, and serve until Ctrl-C.

    Parameters
    ----------
    app
        The application, in the ASGI form.
    port
        Port to listen at; ``None`` for the first free one.
    open_browser
        Whether to open the person's browser at the address.
    prepare
        What takes a while; browsers that come meanwhile wait.
    inline_scripts
        Whether the application's pages need scripts that are inline or evaluated.

    Raises
    ------
    PortTakenError
        The port that was asked for is taken.
    """
    page = Page(app, port, inline_scripts)
    print(f"{page.address}\nServed on this machine only. Stop with Ctrl-C.", flush=True)
    try:
        prepare()
    except BaseException:
        page.close()
        raise
    with contextlib.ExitStack() as stack:
        if open_browser:
            try:
                webbrowser.open(stack.enter_context(_leading_to(page.address)))
            except StorageError as error:
                say(f"No browser is opened: {error} Open the address yourself.")
        page.run()


@contextlib.contextmanager
def _leading_to(address: str) -> Iterator[str]:
    """Address of a file of the person's own that leads a browser on to ``address``.

    A browser's command line, which all users of a machine can list, then holds no
    token; Jupyter does the same.
    """
    folder = private_folder()
    try:
        write_bytes(folder / "open.html", _REDIRECT.format(address).encode())
        yield (folder / "open.html").as_uri()
    finally:
        remove(folder)


def _cannot_bind(port: int, error: OSError) -> PortTakenError:
    if error.errno == errno.EADDRINUSE:
        return PortTakenError(
            f"port {port} is taken by another program. Choose another with --port, or "
            f"leave --port out to get the first free one from {DEFAULT_PORT} on."
        )
    return PortTakenError(
        f"port {port} cannot be used: {error.strerror}. Choose one above 1023."
    )
