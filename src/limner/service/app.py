"""The application: what it is made of, put together."""

import os
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.responses import Response

from limner import __version__, plugins
from limner.apps.segments.rule import rule_schemas
from limner.profiles.database.history import History
from limner.profiles.database.jobs import Jobs
from limner.profiles.database.leases import Leases
from limner.profiles.database.pseudonyms import PseudonymIndex
from limner.profiles.database.segments import SegmentBook
from limner.profiles.live import Receipt
from limner.profiles.past import Past
from limner.service import routes
from limner.service.crew import Mate
from limner.service.doors import Headed, Origins
from limner.service.earlier import Turns
from limner.service.guard import Rates
from limner.service.health import Health
from limner.service.importer import Importer
from limner.service.keys import Keyring
from limner.service.listeners import Listeners
from limner.service.metrics import Metrics
from limner.service.neighbours import Neighbours
from limner.service.parts import Parts
from limner.service.paths import WholeSteps
from limner.service.problems import say_problems
from limner.service.pseudonymity import Pseudonymity
from limner.service.receiving import SENT
from limner.service.recording import Recorder
from limner.service.renewal import Renewer
from limner.service.requests import Archivist
from limner.service.studio import Desk
from limner.service.telling import Teller
from limner.service.tracing import Traced
from limner.service.writer import Writer

__all__ = ["create_app"]

_BUSY_EVENTS = 200
"""Where more wait to be written, they come faster than they are."""
_ABOUT = """Living profiles of a shop's customers: events in, profiles out.

Send events as Segment's libraries do (`/v1/batch`), as GA4's Measurement Protocol
(`/v1/ga4/collect`), as Snowplow's trackers (`/v1/snowplow`), as CloudEvents (`/v1/cloudevents`) or
in plain JSON (`/v1/events`). An event
that was acknowledged is durable and counted once. Errors are problem details (RFC 9457)."""


def create_app(parts: Parts) -> FastAPI:
    """Return the service over some parts; its threads run as long as it does."""
    tenants = {name: create_app(each) for name, each in parts.tenants.items()}

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        state = app.state
        with _at_work(state, parts):
            state.ready = True
            async with AsyncExitStack() as others:
                for tenant in tenants.values():
                    await others.enter_async_context(tenant.router.lifespan_context(tenant))
                yield
            state.ready = False

    app = FastAPI(
        title="Limner",
        version=__version__,
        description=_ABOUT,
        lifespan=life,
        default_response_class=Response,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # trackers do not follow, and what is asked may be no text
    )
    _assemble(app.state, parts)
    say_problems(app)
    _put_doors(app, parts)
    # what is asked most is looked for first
    routers = dict(plugins.load_all(routes))
    for name in sorted(routers, key=lambda each: (each != "profiles", each)):
        app.include_router(routers[name])
    for name, tenant in tenants.items():
        app.mount(f"/tenants/{name}", tenant)
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]
    return app


@contextmanager
def _at_work(state: Any, parts: Parts) -> Iterator[None]:  # noqa: ANN401 - starlette's own
    """Let the threads run; what waits is written before they end."""
    work = [state.importer, state.writer, state.archivist, state.renewer, state.recorder]
    work += [each for each in (state.item_reader, state.mate) if each is not None]
    for each in work:
        each.start()
    yield
    if isinstance(parts.drawer, Desk):
        parts.drawer.leave()
    for each in work:  # who brings something in stops before whoever takes it
        each.close()
    parts.eraser.book.close()
    parts.store.close()
    parts.traces.close()


def _assemble(state: Any, parts: Parts) -> None:  # noqa: ANN401 - starlette's own
    """Put together what the routes ask."""
    metrics = Metrics(parts.place)
    mate = None
    if parts.place is not None:
        name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        mate = Mate(Leases(parts.store.engine), name, share=metrics.share)
    leads = None if mate is None else mate.leads
    renewer = Renewer(
        parts.store,
        parts.drawer or parts.painter,
        config=parts.config,
        clock=parts.clock,
        busy=lambda: bool(state.writer.waiting > _BUSY_EVENTS),
        leads=leads,
        here=parts.painter,
        traces=parts.traces,
    )

    def told(receipt: Receipt) -> None:
        metrics.accepted.inc(receipt.accepted)
        metrics.duplicates.inc(len(receipt.duplicates))
        renewer.wake()

    state.parts, state.ready, state.metrics, state.renewer = parts, False, metrics, renewer
    state.mate = mate
    state.past = Past(parts.painter, History(parts.eraser.book.engine))
    state.turns = Turns()
    state.listeners = Listeners(parts.config.streams_per_key, parts.config.streams)
    state.recorder = Recorder(parts.eraser.book.audit)
    state.jobs = Jobs(parts.eraser.book.engine)
    state.importer = _importer(parts, state.jobs, told=told, leads=leads)
    state.archivist = Archivist(
        parts.eraser,
        leads=leads,
        held_up=lambda: bool(state.importer.holds_files),
        apart=parts.erases,
    )
    # who draws in a process of its own reads items there
    state.item_reader = None if parts.drawer is not None else parts.item_reader(leads)
    state.neighbours = Neighbours(parts)
    state.segments = SegmentBook(parts.eraser.book.engine)
    state.keyring = Keyring(parts.store, parts.pepper, tenant=parts.config.tenant)
    state.rates = Rates(parts.config.requests_per_second, parts.config.burst)
    state.writer = Writer(
        parts.store,
        parts.rules,
        config=parts.config,
        clock=parts.clock,
        told=told,
        traces=parts.traces,
    )
    state.health = Health(parts.probes, {"writes": state.writer, "portraits": renewer})
    state.teller = Teller(parts.store, clock=parts.clock, degraded=state.health.lacking)


def _put_doors(app: FastAPI, parts: Parts) -> None:
    """Put before the routes what every request passes."""
    asked = parts.config.pseudonymise
    if asked:
        rotation = parts.config.pseudonym_rotation
        app.add_middleware(
            Pseudonymity,
            index=PseudonymIndex(parts.eraser.book.engine, parts.pepper, rotation=rotation),
            purposes=None if isinstance(asked, bool) else frozenset(asked),
            body_bytes=parts.config.body_bytes,
        )
    if parts.config.allowed_origins:
        app.add_middleware(Origins, allowed=parts.config.allowed_origins)
    app.add_middleware(Headed)
    app.add_middleware(WholeSteps)
    if parts.traces.on:
        app.add_middleware(Traced, traces=parts.traces)


def _importer(
    parts: Parts,
    jobs: Jobs,
    *,
    told: Callable[[Receipt], None],
    leads: Callable[[], bool] | None,
) -> Importer:
    """Return who reads files that are sent."""
    folder = parts.eraser.folder
    return Importer(
        parts.store,
        jobs,
        folder=None if folder is None else folder / SENT,
        cleaning=parts.rules.cleaning,
        clock=parts.clock,
        currency=parts.rules.currency,
        rows=parts.config.import_rows,
        leads=leads or (lambda: True),
        told=told,
    )


def _document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document, with the ways in which keys are given."""
    if not app.openapi_schema:
        found = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            openapi_version="3.1.0",
            servers=app.servers or None,
        )
        parts = found.setdefault("components", {})
        parts.setdefault("schemas", {}).update(rule_schemas())
        parts["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer"},
            "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            "basic": {"type": "http", "scheme": "basic"},
        }
        app.openapi_schema = orjson.loads(orjson.dumps(found))
    return app.openapi_schema
