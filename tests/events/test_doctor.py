"""The doctor says what is wrong, by count and example, under codes that stay."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from limner.errors import BadSource
from limner.events.doctor import examine
from limner.events.findings import MESSAGES
from limner.events.mapping import Mapping, Options, read_mapping, write_mapping
from source_samples import CALLS, lines

NOW = datetime(2025, 1, 1, tzinfo=UTC)
SHARED = Path(__file__).parents[2].parent / "shared" / "data"


def found(source, mapping=None, **wishes):
    diagnosis = examine(source, mapping, now=NOW, **wishes)
    return {finding.code: finding for finding in diagnosis.findings}


def shop(rows: int = 4, **columns) -> pl.DataFrame:
    made = {
        "user_id": [f"u{at % 3}" for at in range(rows)],
        "time": [f"2024-05-{1 + at % 28:02d}T10:00:{at % 60:02d}Z" for at in range(rows)],
        "event": ["view"] * rows,
        "item_id": [f"i{at % 7}" for at in range(rows)],
    }
    return pl.DataFrame(made | columns, strict=False)


def test_a_healthy_source_has_only_a_note_that_it_was_recognised():
    diagnosis = examine(shop(), now=NOW)
    assert [finding.code for finding in diagnosis.findings] == ["recognised"]
    assert diagnosis.fit == 1.0
    assert diagnosis.rows == 4
    assert diagnosis.customers == 3
    assert diagnosis.kinds == {"view": 4}
    assert not diagnosis.sampled


@pytest.mark.parametrize(
    ("columns", "code", "count"),
    [
        ({"user_id": ["a", None, "", "b"]}, "customer_missing", 2),
        ({"time": ["2024-05-01", "soon", "2024-05-01", "2024-05-02"]}, "time_unreadable", 1),
        ({"time": ["2024-05-01", "2100-01-01", "2024-05-01", "2024-05-02"]}, "time_in_future", 1),
        ({"time": ["2024-05-01", "1901-01-01", "2024-05-01", "2024-05-02"]}, "time_too_early", 1),
        ({"price": [1.0, -2.0, 3.0, 4.0]}, "price_impossible", 1),
        ({"price": [1.0, 2.0, 3.0, None]}, "currency_missing", 3),
        ({"price": ["1", "EUR 2", "3", "4 €"]}, "price_is_text", 2),
        ({"message_id": ["a", "a", "a", "b"], "user_id": ["x", "x", "y", "y"]}, "repeated_id", 1),
        ({"event": ["view", "stroked the cat", "view", "view"]}, "kind_unknown", 1),
        (
            {"time": ["1714557600", "1714557600000", "1714557601", "1714557602"]},
            "times_mixed",
            1,
        ),
        (
            {"time": ["2024-05-01 10:00:00", "2024-05-01T10:00:00Z", "01.05.2024", "2024-05-01"]},
            "times_mixed",
            3,
        ),
        (
            {"time": ["2024-05-01T10:00:00+02:00", "2024-05-01T10:00:00Z"] * 2},
            "zones_mixed",
            2,
        ),
        ({"time": ["03/04/2024", "05/06/2024", "07/08/2024", "25/12/2024"]}, None, 0),
        ({"time": ["03/04/2024", "05/06/2024", "07/08/2024", "08/08/2024"]}, "time_ambiguous", 3),
    ],
)
def test_what_is_wrong_is_counted_with_an_example(columns, code, count):
    seen = found(shop(**columns))
    if code is None:
        assert "time_ambiguous" not in seen
        return
    assert seen[code].count == count
    assert seen[code].example
    assert 0 < seen[code].share <= 1
    assert code in MESSAGES


def test_rows_that_come_twice_are_counted():
    assert found(pl.concat([shop(), shop()]))["repeated_row"].count == 4


def test_a_customer_column_that_never_repeats_is_doubted():
    rows = 600
    ids = [f"o{at}" for at in range(rows)]
    assert "customers_all_new" in found(shop(rows, user_id=ids))


def test_columns_like_ids_and_like_noise_are_told(tmp_path):
    rows = 2000
    rng = np.random.default_rng(7)
    frame = shop(
        rows,
        stamp=rng.permutation(rows),
        dice=rng.uniform(size=rows),
        weight=rng.normal(size=rows),
        lane=rng.integers(0, 4, rows),
        token=[f"t{at}" for at in range(rows)],
    )
    diagnosis = examine(frame, now=NOW)
    told = {
        (finding.code, finding.example.split(":")[0])
        for finding in diagnosis.findings
        if finding.code.startswith("column_like")
    }
    assert told == {
        ("column_like_id", "stamp"),
        ("column_like_id", "token"),
        ("column_like_noise", "dice"),
    }
    frame.write_csv(tmp_path / "log.csv")
    again = found(tmp_path / "log.csv")
    assert {"column_like_id", "column_like_noise"} <= set(again)


def test_a_customer_faster_than_people_is_told():
    rows = 4000
    times = [datetime.fromtimestamp(1714557600 + at, tz=UTC) for at in range(rows)]
    seen = found(shop(rows, time=times, user_id=["robot"] * rows))
    assert seen["bot_like"].count == rows
    assert "robot" in seen["bot_like"].example


def test_broken_rows_of_a_file_are_told_with_their_line(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("user_id,time,item_id\nu1,2024-05-01,a\nu2,2024-05-01\n")
    broken = found(path)["broken_row"]
    assert (broken.severity, broken.count, broken.share) == ("warning", 1, 0.5)
    assert broken.example.startswith("line 3: a row must have 3 fields")


def test_an_encoding_that_was_converted_is_told(tmp_path):
    path = tmp_path / "log.csv"
    path.write_bytes("user_id,time\nJosé,2024-05-01\n".encode("latin-1"))
    assert "cp1252" in found(path)["encoding_converted"].message


def test_a_mapping_that_does_not_fit_is_an_error_with_the_nearest_column(tmp_path):
    path = tmp_path / "log.csv"
    shop().write_csv(path)
    wrong = Mapping(reader="csv", columns={"customer_id": "userid", "time": "time"})
    seen = found(path, wrong)
    assert seen["cannot_be_read"].severity == "error"
    assert "did you mean 'user_id'" in seen["cannot_be_read"].message
    assert seen["column_missing"].example == "userid"
    assert examine(path, wrong, now=NOW).fit == 0.0


@pytest.mark.parametrize("lacking", ["user_id", "time"])
def test_a_column_that_nobody_can_do_without_is_asked_for(lacking):
    seen = found(shop().drop(lacking))
    assert any(finding.severity == "error" for finding in seen.values())
    assert "no_customer_id_column" in seen or "cannot_be_read" in seen


def test_a_mapped_column_without_values_is_told():
    mapping = Mapping(
        reader="frame",
        columns={"customer_id": "user_id", "time": "time", "order_id": "order"},
        constants={"kind": "view"},
    )
    seen = found(shop(order=[None] * 4), mapping)
    assert seen["column_empty"].example == "order"


def test_no_rows_are_an_error(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("user_id,time,item_id\n")
    assert found(path)["no_rows"].severity == "error"
    path.write_text("")
    with pytest.raises(BadSource, match="is empty"):
        examine(path)


def test_a_long_source_is_sampled_and_says_so():
    diagnosis = examine(shop(50), now=NOW, most_rows=20)
    assert diagnosis.sampled
    assert diagnosis.rows == 20
    assert "sampled" in {finding.code for finding in diagnosis.findings}


def test_calls_are_examined_as_they_unfold(tmp_path):
    path = tmp_path / "calls.jsonl"
    path.write_text(lines(CALLS))
    diagnosis = examine(path, now=NOW)
    assert diagnosis.reader == "segment"
    assert diagnosis.others == (("json_lines", pytest.approx(0.6)),)
    assert diagnosis.rows == 11
    assert diagnosis.fit == pytest.approx(9 / 11, abs=1e-4)


def test_a_diagnosis_can_be_said_in_json_and_stands_above_its_mapping(tmp_path):
    diagnosis = examine(shop(price=["1", "EUR 2", "3", "4"]), now=NOW)
    told = json.loads(json.dumps(diagnosis.to_dict()))
    assert told["mapping"]["columns"]["customer_id"] == "user_id"
    assert {"code", "severity", "message", "count", "share", "example"} == set(told["findings"][0])
    path = tmp_path / "mapping.toml"
    write_mapping([diagnosis.mapping], path, notes=[diagnosis.notes()])
    assert read_mapping(path) == [diagnosis.mapping]
    assert "# warning price_is_text, 1 rows (25.00%)" in path.read_text()


def test_findings_stand_gravest_first():
    wrong = Mapping(reader="frame", columns={"time": "time"}, options=Options())
    severities = [finding.severity for finding in examine(shop(), wrong, now=NOW).findings]
    order = ["error", "warning", "note"]
    assert severities == sorted(severities, key=order.index)
    assert severities[0] == "error"


def test_online_retail_is_told_from_its_first_look():
    path = SHARED / "online_retail_uci" / "transactions.parquet"
    if not path.exists():
        pytest.skip(f"{path} is not here")
    diagnosis = examine(path, now=NOW)
    seen = {finding.code: finding.count for finding in diagnosis.findings}
    assert seen["customer_missing"] == 135_080
    assert seen["repeated_row"] == 5_227 or seen["repeated_row"] > 5_000
    assert diagnosis.rows == 541_909
