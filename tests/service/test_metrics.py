"""The figures of one application are its own, and Prometheus can read them."""

from prometheus_client.parser import text_string_to_metric_families

from limner.service.metrics import Metrics


def test_two_applications_do_not_mix():
    one, other = Metrics(), Metrics()
    one.accepted.inc(3)
    one.rejected.labels("time_missing").inc()
    told = {each.name: each for each in text_string_to_metric_families(one.text().decode())}
    assert told["limner_events_accepted"].samples[0].value == 3
    assert told["limner_events_rejected"].samples[0].labels == {"reason": "time_missing"}
    assert other.accepted._value.get() == 0
