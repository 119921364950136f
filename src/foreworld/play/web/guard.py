"""Lets only this machine's own browser pages through to an application.

The address carries a random token, which the first visit exchanges for a cookie with
another random text. Requests that name another host (DNS rebinding), that come from
another page (their origin), or that bring neither token nor cookie are refused.
"""

from __future__ import annotations

import contextlib
import hmac
import secrets
from collections.abc import Iterator
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOST = "127.0.0.1"
"""Where pages are served."""


class Guard:
    """An ASGI application behind checks of host, origin and token.

    Parameters
    ----------
    app
        What is guarded.
    port, token
        What its address holds.
    inline_scripts
        Whether its pages need scripts that are inline or evaluated.
    """

    def __init__(
        self, app: ASGIApp, port: int, token: str, inline_scripts: bool = False
    ) -> None:
        self._app, self._token = app, token
        # Not the token: cookies of this host reach servers at all its ports.
        self._pass = secrets.token_urlsafe(16)
        self._cookie = f"foreworld_{port}"
        hosts = [f"{name}:{port}" for name in (HOST, "localhost")]
        # As lists of one: what a request's headers must be, whole.
        self._hosts = [[host] for host in hosts]
        self._origins = [[f"http://{host}"] for host in hosts]
        sockets = " ".join(f"ws://{host}" for host in hosts)
        scripts = " 'unsafe-inline' 'unsafe-eval'" if inline_scripts else ""
        self._headers = {
            "content-security-policy": (
                f"default-src 'self' data: blob:; script-src 'self'{scripts}; "
                "style-src 'self' 'unsafe-inline'; "
                f"connect-src 'self' {sockets}; base-uri 'none'; form-action 'self'; "
                "frame-ancestors 'none'; object-src 'none'"
            ),
            "referrer-policy": "no-referrer",
            "x-content-type-options": "nosniff",
            "cache-control": "no-store",
            "cross-origin-resource-policy": "same-origin",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 403."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        why = self._refusal(scope, headers)
        if why is None:
            await self._app(scope, receive, self._sender(scope, send))
        elif scope["type"] == "http":
            await PlainTextResponse(f"{why}\n", 403)(scope, receive, send)
        else:
            # Closing before accepting answers the handshake with 403.
            await send({"type": "websocket.close", "code": 1008, "reason": why})

    def _refusal(self, scope: Scope, headers: Headers) -> str | None:
        """Why a request is refused; ``None`` if it is not."""
        # Sent twice, a header could mean one thing here and another elsewhere.
        if headers.getlist("host") not in self._hosts:
            return "Refused: open the address that foreworld printed, as it is."
        origins = headers.getlist("origin")
        # Browsers always send the origin of a websocket.
        if (origins or scope["type"] == "websocket") and origins not in self._origins:
            return "Refused: another page asked for this one."
        passes = _cookies(headers, self._cookie)
        if not (
            _same(_query_token(scope) or "", self._token)
            or any(_same(given, self._pass) for given in passes)
        ):
            return (
                "Refused: the address lacks the token, or the server was started "
                "again. Open the address that foreworld printed, as it is."
            )
        return None

    def _sender(self, scope: Scope, send: Send) -> Send:
        if scope["type"] != "http":
            return send
        arrived_by_token = _query_token(scope) is not None

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
                if arrived_by_token:
                    headers.append(
                        "set-cookie",
                        f"{self._cookie}={self._pass}; HttpOnly; SameSite=Strict; "
                        f"Path=/",
                    )
            await send(message)

        return with_headers


def _query_token(scope: Scope) -> str | None:
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    return query.get("token", [None])[0]


def _cookies(headers: Headers, name: str) -> Iterator[str]:
    for text in headers.getlist("cookie"):
        with contextlib.suppress(CookieError):
            jar = SimpleCookie(text)
            if name in jar:
                yield jar[name].value


def _same(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode(), token.encode())
