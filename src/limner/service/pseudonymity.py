"""Pseudonyms at the door: ids go out as keyed hashes, and come in as either."""

import re
from collections.abc import Callable, Collection, Iterable
from typing import Any, final
from urllib.parse import quote

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from limner.events.evidence import KINDS
from limner.profiles.database.pseudonyms import PseudonymIndex
from limner.profiles.pseudonyms import PATTERN
from limner.service.problems import Problem, problem_response
from limner.service.wire import addresses

__all__ = ["Pseudonymity"]

_IDS = frozenset({"customer_id", "customer", "user_id", "userId", "anonymous_id", "anonymousId"})
"""Under these names an answer tells an id."""
_LISTS = frozenset(
    {"ids", "unknown", "denied", "members", "customers", "identities", "customer_ids"}
)
"""Under these names it tells a list of ids."""
_NAMES = frozenset({"identities", "between", "blocked"})
"""Under these names it tells names of somebody, each with its ``type`` and ``value``."""
_ATTRIBUTES = "attributes"
"""Under this name it tells what somebody told of themselves, an e-mail address perhaps."""
_UNDONE = "undone"
"""Under this name it tells pairs of names, each written ``type:value``."""
_EXPORT = "export"
"""Under this name stands all that is held on somebody, whose id is then looked for everywhere."""
_TOLD = _IDS | _LISTS | {"cursor", "subject", _EXPORT}
_ROW = "row"
"""Under this name stands what somebody sent, as text."""
_IN_ADDRESS = re.compile(rf"(?<![0-9A-Za-z_])({PATTERN})(?![0-9A-Za-z_])")
_IN_BODY = re.compile(rb'"(' + PATTERN.encode() + rb')"')


@final
class Pseudonymity:
    """Puts pseudonyms in the place of customer ids, in whatever is answered.

    In requests a pseudonym may stand wherever an id may: in the address, in the query, in a body.
    An event that names its customer by one is stored under the id; one whose pseudonym names
    nobody is refused with its whole body, since whoever was erased would return under it.

    Parameters
    ----------
    app
        To whom requests are passed.
    index
        Who knows whose a pseudonym is.
    purposes
        For which readings; none: for all.
    body_bytes
        Up to which size bodies of requests are looked through.
    """

    def __init__(
        self,
        app: ASGIApp,
        index: PseudonymIndex,
        *,
        purposes: Collection[str] | None,
        body_bytes: int,
    ) -> None:
        self.app, self.index = app, index
        self.purposes, self.body_bytes = purposes, body_bytes
        self._sending = addresses()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with ids in it, and its answer back without."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        purpose = Headers(scope=scope).get("x-purpose", "")
        if self.purposes is not None and purpose not in self.purposes:
            await self.app(scope, receive, send)
            return
        body, whole = await _read(scope, receive, self.body_bytes)
        query = scope["query_string"].decode("latin-1")
        named = {*_IN_ADDRESS.findall(scope["path"]), *_IN_ADDRESS.findall(query)}
        named |= {each.decode() for each in _IN_BODY.findall(body)}
        known = await run_in_threadpool(self.index.resolve, sorted(named)) if named else {}
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if named - known.keys() and self._sending.fullmatch(path):
            lost = min(named - known.keys())
            problem = Problem(
                422,
                "unknown_pseudonym",
                f"{lost} names nobody, or is of a rotation that is not known any more",
                hint="read the customer's profile again by the id",
            )
            await problem_response(problem)(scope, receive, send)
            return
        if known:
            scope = _with_ids(scope, known)
            body = _IN_BODY.sub(lambda found: _said(found[1].decode(), known), body)
        answer = _Answer(send, self.index.names.of, known.values())
        await self.app(scope, _again(body, receive, whole=whole), answer)


@final
class _Answer:
    """Holds an answer of JSON back until it is whole, and passes it on with pseudonyms."""

    def __init__(self, send: Send, name: Callable[[str], str], asked: Iterable[str]) -> None:
        self._send, self._name, self._asked = send, name, frozenset(asked)
        self._start: Message | None = None
        self._kind = ""
        self._body = bytearray()

    async def __call__(self, message: Message) -> None:
        """Take a part of the answer."""
        if message["type"] == "http.response.start":
            self._kind = Headers(raw=message["headers"]).get("content-type", "")
            if "json" in self._kind:
                self._start = message
                return
        elif message["type"] == "http.response.body":
            body = message.get("body", b"")
            if self._start is not None:
                self._body += body
                if message.get("more_body"):
                    return
                body = self._renamed(bytes(self._body))
                MutableHeaders(scope=self._start)["content-length"] = str(len(body))
                await self._send(self._start)
            elif self._kind.startswith("text/event-stream"):
                lines = body.split(b"\n")
                body = b"\n".join(
                    b"data: " + self._renamed(line[5:].strip()) if line[:5] == b"data:" else line
                    for line in lines
                )
            message = {**message, "body": body}
        await self._send(message)

    def _renamed(self, body: bytes) -> bytes:
        try:
            told = orjson.loads(body)
        except orjson.JSONDecodeError:
            return body
        ids = set(self._asked)
        _gather(told, ids)
        return orjson.dumps(self._walk(told, ids), option=orjson.OPT_NON_STR_KEYS)

    def _walk(self, told: Any, ids: set[str], key: str = "") -> Any:  # noqa: ANN401 - JSON
        if isinstance(told, dict):
            return self._object(told, ids, key)
        if isinstance(told, list):
            return [self._walk(each, ids, key) for each in told]
        if not isinstance(told, str) or re.fullmatch(PATTERN, told):
            return told
        return self._text(told, ids, key)

    def _text(self, told: str, ids: set[str], key: str) -> str:
        if key == _ROW:
            return self._row(told)
        if key == _UNDONE:
            kind, colon, value = told.partition(":")
            return f"{kind}{colon}{self._name(value)}"
        if told in ids and key in _TOLD:
            return self._name(told)
        if key == "detail":
            for each in self._asked:
                told = told.replace(each, self._name(each))
        return told

    def _object(self, told: dict[str, Any], ids: set[str], key: str) -> dict[str, Any]:
        names = key in _NAMES or (key == _ATTRIBUTES and told.get("name") in KINDS)
        if names and isinstance(told.get("value"), str):
            told = told | {"value": self._name(told["value"])}
        return {
            name: self._walk(each, ids, key if key == _EXPORT else name)
            for name, each in told.items()
        }

    def _row(self, told: str) -> str:
        """Return what somebody sent with pseudonyms, nothing if it cannot be read."""
        try:
            sent = orjson.loads(told)
        except orjson.JSONDecodeError:
            return ""
        ids: set[str] = set()
        _gather(sent, ids)
        return orjson.dumps(self._walk(sent, ids)).decode()


def _gather(told: Any, ids: set[str], key: str = "") -> None:  # noqa: ANN401 - JSON
    """Find the ids that an answer tells."""
    if isinstance(told, dict):
        for name, each in told.items():
            _gather(each, ids, name)
    elif isinstance(told, list):
        for each in told:
            _gather(each, ids, key)
    elif isinstance(told, str) and told and (key in _IDS or key in _LISTS):
        ids.add(told)


async def _read(scope: Scope, receive: Receive, limit: int) -> tuple[bytes, bool]:
    """Return a body, and whether it is whole; what is packed or too large is not looked at."""
    if scope["method"] in {"GET", "HEAD", "OPTIONS"}:
        return b"", False
    body, more = bytearray(), True
    while more and len(body) <= limit:
        message = await receive()
        if message["type"] != "http.request":
            break
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(body), not more


def _again(body: bytes, receive: Receive, *, whole: bool) -> Receive:
    """Hand on a body that was read, then whatever comes."""
    left: list[bytes] = [body] if body or whole else []

    async def hand() -> Message:
        if left:
            return {"type": "http.request", "body": left.pop(), "more_body": not whole}
        return await receive()

    return hand


def _with_ids(scope: Scope, known: dict[str, str]) -> Scope:
    """Return a request with ids in its address, where pseudonyms stood."""

    def put(text: str, *, quoted: bool) -> str:
        def one(found: re.Match[str]) -> str:
            who = known.get(found[1], found[1])
            return quote(who, safe="") if quoted else who

        return _IN_ADDRESS.sub(one, text)

    kept = [(name, value) for name, value in scope["headers"] if name != b"content-length"]
    return {
        **scope,
        "path": put(scope["path"], quoted=False),
        "raw_path": put(scope["raw_path"].decode("latin-1"), quoted=True).encode("latin-1"),
        "query_string": put(scope["query_string"].decode("latin-1"), quoted=True).encode("latin-1"),
        "headers": kept,
    }


def _said(name: str, known: dict[str, str]) -> bytes:
    return orjson.dumps(known.get(name, name))
