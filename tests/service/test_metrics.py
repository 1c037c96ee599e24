"""The figures of one application are its own, and Prometheus can read them."""

from concurrent.futures import ThreadPoolExecutor

from prometheus_client.parser import text_string_to_metric_families

from limner.service.crew import Place
from limner.service.metrics import Metrics


def test_two_applications_do_not_mix():
    one, other = Metrics(), Metrics()
    one.accepted.inc(3)
    one.rejected.labels("time_missing").inc()
    told = {each.name: each for each in text_string_to_metric_families(one.text().decode())}
    assert told["limner_events_accepted"].samples[0].value == 3
    assert told["limner_events_rejected"].samples[0].labels == {"reason": "time_missing"}
    assert other.accepted._value.get() == 0


def test_figures_are_shared_by_several_threads_at_once(tmp_path):
    told = Metrics(Place(0, 1, tmp_path))
    told.accepted.inc(3)

    def ask():
        return {b"limner_events_accepted_total 3.0" in told.text() for _ in range(50)}

    with ThreadPoolExecutor(4) as threads:
        answers = [each.result() for each in [threads.submit(ask) for _ in range(4)]]
    assert answers == [{True}] * 4
