"""What stands before the addresses: HEAD, and pages of other origins that send events."""

import re
from collections.abc import Sequence
from typing import final

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from limner.service.wire import addresses

__all__ = ["Headed", "Origins"]

_ALLOWED = "authorization, content-type, content-encoding, x-api-key, sp-anonymous"
_KNOWN_S = "600"
"""So many seconds a browser need not ask again."""


@final
class Headed:
    """Answers HEAD with the headers of GET, wherever there is a GET."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; of an answer to HEAD let only the headers pass."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return
        told = False

        async def heads(message: Message) -> None:
            nonlocal told
            if message["type"] == "http.response.start":
                told = True
                await send(message)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            elif message.get("more_body"):
                raise ClientDisconnect

        async def heard() -> Message:
            # an answer that would never end is over once its headers are told
            return {"type": "http.disconnect"} if told else await receive()

        try:
            await self.app({**scope, "method": "GET"}, heard, heads)
        except ClientDisconnect:
            if not told:
                raise


@final
class Origins:
    """Lets pages of some origins send events from a browser (CORS), and ask nothing else.

    An origin that is named may send cookies along, as Snowplow's trackers do by habit; none is
    read. ``*`` never may.

    Parameters
    ----------
    app
        To whom requests are passed.
    allowed
        The origins, or ``*``.
    """

    def __init__(self, app: ASGIApp, allowed: Sequence[str]) -> None:
        self.app, self.allowed = app, frozenset(allowed)
        self._places = re.compile(f"{addresses().pattern}|/v1/m")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and tell a browser whether its page may see the answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if origin is None or not self._places.fullmatch(path):
            await self.app(scope, receive, send)
            return
        granted = self._granted(origin)
        if scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            if granted:
                granted |= {
                    "access-control-allow-methods": "POST",
                    "access-control-allow-headers": _ALLOWED,
                    "access-control-max-age": _KNOWN_S,
                }
            await _say_nothing(granted | {"vary": "Origin"}, send)
            return

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                told = MutableHeaders(scope=message)
                told.update(granted)
                told.add_vary_header("Origin")
            await send(message)

        await self.app(scope, receive, marked)

    def _granted(self, origin: str) -> dict[str, str]:
        """Return the headers by which an origin is let in, none if it is not."""
        if origin in self.allowed:
            named = {"access-control-allow-origin": origin}
            return named | {"access-control-allow-credentials": "true"}
        return {"access-control-allow-origin": "*"} if "*" in self.allowed else {}


async def _say_nothing(headers: dict[str, str], send: Send) -> None:
    plain = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": 204, "headers": plain})
    await send({"type": "http.response.body", "body": b""})
