"""Ids in addresses, whatever they hold: a slash within one (``%2F``) parts no steps."""

from typing import Annotated, ClassVar
from urllib.parse import unquote

from fastapi import Path
from starlette.convertors import Convertor, register_url_convertor
from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["CustomerId", "WholeSteps"]

CustomerId = Annotated[str, Path(min_length=1, max_length=512)]
"""An id in an address, there written ``{customer_id:id}``."""


class WholeSteps:
    """Keeps slashes and per cent signs that were written as ``%2F`` and ``%25`` within their step.

    Servers take an address apart only after they decoded it, so ``u42%2Ftimeline`` would be the
    timeline of u42. A route that takes an id says ``{customer_id:id}`` and gets it as it was meant.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on, its path decoded step by step where that makes a difference."""
        raw = scope.get("raw_path") or b""
        if b"%" in raw and (b"%2f" in raw.lower() or b"%25" in raw):
            steps = raw.partition(b"?")[0].decode("ascii", "replace").split("/")
            scope = {**scope, "path": "/".join(_escaped(unquote(step)) for step in steps)}
        await self.app(scope, receive, send)


def _escaped(step: str) -> str:
    return step.replace("%", "%25").replace("/", "%2F")


class _IdConvertor(Convertor[str]):
    """One step of an address, which may hold slashes."""

    regex: ClassVar[str] = "[^/]+"

    def convert(self, value: str) -> str:
        """Return the id that a step stands for."""
        return value.replace("%2F", "/").replace("%25", "%")

    def to_string(self, value: str) -> str:
        """Return the step for an id."""
        return _escaped(value)


register_url_convertor("id", _IdConvertor())
