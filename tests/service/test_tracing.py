"""Requests and transactions are traced, and no span holds anybody's data."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from limner.cli.serving import _traces_to
from limner.errors import BadConfig
from limner.service.tracing import Traces
from serving import a_server, bought

sdk = pytest.importorskip(
    "opentelemetry.sdk.trace", reason="OpenTelemetry is missing: pip install 'limner[otel]'"
)
CANARY = "zqcanary"


@pytest.fixture
def spans():
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    kept = InMemorySpanExporter()
    provider = sdk.TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    yield provider, kept
    provider.shutdown()


def test_requests_and_transactions_are_traced_without_personal_data(tmp_path, spans):
    provider, kept = spans
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with a_server(tmp_path, traces=Traces(provider)) as served:
        sent = served.send(bought(f"{CANARY}-who", f"{CANARY}-m", order=f"{CANARY}-o"),
                           headers={"traceparent": parent})  # fmt: skip
        assert sent.json()["accepted"] == 1
        token = {"consistency_token": sent.json()["consistency_token"]}
        for _ in range(600):
            told = served.client.get(f"/v1/profiles/{CANARY}-who", params=token).json()
            if not told["freshness"]["stale"]:
                break
            time.sleep(0.02)
        served.client.get(f"/v1/profiles/{CANARY}-nobody", params={"fresh": CANARY})
        served.client.request("PROPFIND", f"/{CANARY}")
        served.client.post("/v1/batch", content=f'{{"{CANARY}":')
    found = {}
    for each in kept.get_finished_spans():
        found.setdefault(each.name, each)
        assert CANARY not in json.dumps(json.loads(each.to_json())).lower()
    request, write = found["POST /v1/batch"], found["limner.write"]
    assert request.attributes["http.response.status_code"] == 200
    assert f"{request.context.trace_id:032x}" == parent.split("-")[1]
    assert [each.context.span_id for each in write.links] == [request.context.span_id]
    assert write.attributes["limner.accepted"] == 1
    told = found["GET /v1/profiles/{customer_id}"]
    assert told.attributes["http.route"] == "/v1/profiles/{customer_id}"
    assert found["limner.draw"].attributes["limner.customers"] == 1
    assert "_OTHER" in found


def test_an_error_is_told_by_its_class_alone(spans):
    provider, kept = spans
    traces = Traces(provider)
    with pytest.raises(ValueError, match=CANARY), traces.span("odd"):
        raise ValueError(CANARY)
    (span,) = kept.get_finished_spans()
    assert span.attributes["error.type"] == "ValueError"
    assert CANARY not in span.to_json()
    assert span.events == ()


def test_without_a_provider_there_are_none():
    traces = Traces()
    with traces.span("x") as note:
        note({"a": 1})
    assert (traces.on, traces.here()) == (False, None)
    traces.close()


def test_they_are_sent_where_the_settings_say():
    heard = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self):
            heard.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        traces = _traces_to(f"http://127.0.0.1:{server.server_port}/v1/traces")
        with traces.span("limner.write") as note:
            note({"limner.accepted": 3})
        traces.close()
        server.shutdown()
    assert [path for path, _ in heard] == ["/v1/traces"]
    assert b"limner.write" in heard[0][1]
    with pytest.raises(BadConfig, match="address of HTTP"):
        _traces_to("localhost")
