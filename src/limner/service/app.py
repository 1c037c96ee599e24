"""The application: what it is made of, put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.responses import Response

from limner import __version__, plugins
from limner.profiles.live import Receipt
from limner.service import routes
from limner.service.guard import Rates
from limner.service.keys import Keyring
from limner.service.metrics import Metrics
from limner.service.parts import Parts
from limner.service.paths import WholeSteps
from limner.service.problems import say_problems
from limner.service.recording import Recorder
from limner.service.renewal import Renewer
from limner.service.requests import Archivist
from limner.service.telling import Teller
from limner.service.writer import Writer

__all__ = ["create_app"]

_BUSY_EVENTS = 200
"""Where more wait to be written, they come faster than they are."""
_ABOUT = """Living profiles of a shop's customers: events in, profiles out.

Send events as Segment's libraries do (`/v1/batch`), as GA4's Measurement Protocol
(`/v1/ga4/collect`), as CloudEvents (`/v1/cloudevents`) or in plain JSON (`/v1/events`). An event
that was acknowledged is durable and counted once. Errors are problem details (RFC 9457)."""


def create_app(parts: Parts) -> FastAPI:
    """Return the service over some parts; its threads run as long as it does."""

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        state = app.state
        state.writer.start()
        state.renewer.start()
        state.recorder.start()
        state.archivist.start()
        state.ready = True
        yield
        state.ready = False
        state.writer.close()
        state.archivist.close()
        state.renewer.close()
        state.recorder.close()
        parts.eraser.book.close()
        parts.store.close()

    app = FastAPI(
        title="Limner",
        version=__version__,
        description=_ABOUT,
        lifespan=life,
        default_response_class=Response,
    )
    renewer = Renewer(
        parts.store,
        parts.painter,
        config=parts.config,
        clock=parts.clock,
        busy=lambda: bool(app.state.writer.waiting > _BUSY_EVENTS),
    )
    metrics = Metrics()

    def told(receipt: Receipt) -> None:
        metrics.accepted.inc(receipt.accepted)
        metrics.duplicates.inc(len(receipt.duplicates))
        renewer.wake()

    state: Any = app.state
    state.parts, state.ready, state.metrics, state.renewer = parts, False, metrics, renewer
    state.teller = Teller(
        parts.store,
        clock=parts.clock,
        degraded=lambda: ("portraits",) if renewer.failing else (),
    )
    state.recorder = Recorder(parts.eraser.book.audit)
    state.archivist = Archivist(parts.eraser)
    state.keyring = Keyring(parts.store, parts.pepper)
    state.rates = Rates(parts.config.requests_per_second, parts.config.burst)
    state.writer = Writer(
        parts.store,
        cleaning=parts.cleaning,
        mapping=parts.mapping,
        config=parts.config,
        currency=parts.currency,
        clock=parts.clock,
        told=told,
    )
    say_problems(app)
    app.add_middleware(WholeSteps)
    # what is asked most is looked for first
    routers = dict(plugins.load_all(routes))
    for name in sorted(routers, key=lambda each: (each != "profiles", each)):
        app.include_router(routers[name])
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]
    return app


def _document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document, with the ways in which keys are given."""
    if not app.openapi_schema:
        found = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            openapi_version="3.1.0",
        )
        found.setdefault("components", {})["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer"},
            "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            "basic": {"type": "http", "scheme": "basic"},
        }
        app.openapi_schema = orjson.loads(orjson.dumps(found))
    return app.openapi_schema
