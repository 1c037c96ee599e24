"""Evidence from elsewhere is kept beside the log once."""

from datetime import UTC, datetime

import polars as pl

from limner.events.erasing import erase_from_log, held_in_log
from limner.events.evidence import EVIDENCE_SCHEMA
from limner.events.keeping import keep_evidence
from limner.events.log import EventLog

T0 = datetime(2026, 5, 1, tzinfo=UTC)


def test_it_is_kept_once_and_goes_with_whom_it_names(tmp_path):
    log = EventLog.create(tmp_path / "log", buckets=2)
    told = pl.DataFrame(
        [
            ("anonymous_id:a", "user_id:u", "identify", T0, "m1"),
            ("anonymous_id:b", "user_id:w", "identify", T0, "m2"),
        ],
        schema=EVIDENCE_SCHEMA,
        orient="row",
    )
    assert keep_evidence(log, told[:1])
    assert keep_evidence(log, told)
    assert not keep_evidence(log, told)
    assert EventLog(tmp_path / "log").evidence().equals(told)
    assert held_in_log(log, ["u"]).evidence["customer_id"].to_list() == ["u"]
    erase_from_log(log, ["u"], mark="r")
    assert log.evidence().equals(told[1:])
