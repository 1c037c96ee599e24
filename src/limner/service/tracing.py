"""Traces by OpenTelemetry: requests, transactions and drawing, without anybody's data."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from limner.errors import MissingExtra

__all__ = ["Traced", "Traces"]

_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
Note = Callable[[Mapping[str, str | int]], None]


@final
class Traces:
    """Makes spans; without a provider it makes none.

    What stands in a span is a method, the pattern of an address, a status and counts: never an
    id, a query, a body or what an error says, since any of them may name a customer.

    Parameters
    ----------
    provider
        A tracer provider of OpenTelemetry's, as the SDK makes it; none: no traces.

    Raises
    ------
    MissingExtra
        If there is a provider and OpenTelemetry is not installed.
    """

    def __init__(self, provider: Any = None) -> None:  # noqa: ANN401 - OpenTelemetry's own
        self._provider = provider
        self._tracer: Any = None
        if provider is not None:
            try:
                from opentelemetry import trace  # noqa: PLC0415 - of an extra
                from opentelemetry.trace.propagation import tracecontext  # noqa: PLC0415
            except ModuleNotFoundError:
                raise MissingExtra("tracing", "opentelemetry-sdk", "otel") from None
            self._trace = trace
            self._parents = tracecontext.TraceContextTextMapPropagator()
            self._tracer = provider.get_tracer("limner")

    @property
    def on(self) -> bool:
        """Whether spans are made."""
        return self._tracer is not None

    def here(self) -> Any:  # noqa: ANN401 - OpenTelemetry's own
        """Return what links a later span to the one that is open now; none where none is."""
        if self._tracer is None:
            return None
        context = self._trace.get_current_span().get_span_context()
        return context if context.is_valid else None

    @contextmanager
    def span(self, name: str, links: Sequence[Any] = ()) -> Iterator[Note]:
        """Open a span; yields who takes down what is known of it. An error is told by its class."""
        if self._tracer is None:
            yield lambda _: None
            return
        tied = [self._trace.Link(each) for each in links if each is not None]
        with self._tracer.start_as_current_span(
            name, links=tied, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield lambda told: span.set_attributes(dict(told))
            except BaseException as error:
                span.set_attribute("error.type", type(error).__name__)
                span.set_status(self._trace.StatusCode.ERROR)
                raise

    @contextmanager
    def request(self, method: str, headers: Mapping[str, str]) -> Iterator[Any]:
        """Open the span of a request, below the one that its ``traceparent`` names."""
        known = {name: headers[name] for name in ("traceparent",) if name in headers}
        with self._tracer.start_as_current_span(
            method,
            context=self._parents.extract(known),
            kind=self._trace.SpanKind.SERVER,
            attributes={"http.request.method": method},
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            yield span

    def close(self) -> None:
        """Send what waits to be sent."""
        if self._provider is not None:
            self._provider.shutdown()


@final
class Traced:
    """An application whose requests are traced.

    Parameters
    ----------
    app
        The application.
    traces
        Who makes the spans.
    """

    def __init__(self, app: ASGIApp, traces: Traces) -> None:
        self.app, self.traces = app, traces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request within its span."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        method = scope["method"] if scope["method"] in _METHODS else "_OTHER"
        headers = {
            name.decode("latin-1"): each.decode("latin-1") for name, each in scope["headers"]
        }
        with self.traces.request(method, headers) as span:

            async def answered(message: Message) -> None:
                if message["type"] == "http.response.start":
                    status = int(message["status"])
                    span.set_attribute("http.response.status_code", status)
                    route = getattr(scope.get("route"), "path_format", None)
                    if route is not None:
                        span.update_name(f"{method} {route}")
                        span.set_attribute("http.route", route)
                    if status >= 500:
                        span.set_attribute("error.type", str(status))
                await send(message)

            await self.app(scope, receive, answered)
