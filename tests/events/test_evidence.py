"""Evidence is a set: neither order nor repetition makes a difference."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.events.evidence import (
    EVIDENCE_SCHEMA,
    ids_in,
    means_nobody,
    name_of,
    no_evidence,
    of_id,
    once,
    value_of,
    without,
)

T0 = datetime(2026, 5, 1, tzinfo=UTC)


def rows(*told):
    return pl.DataFrame(told, schema=EVIDENCE_SCHEMA, orient="row")


def test_of_one_pair_and_rule_the_earliest_stays_and_of_decisions_the_latest():
    later = T0 + timedelta(days=1)
    told = rows(
        ("a", "b", "identify", later, "m2"),
        ("a", "b", "identify", T0, "m1"),
        ("a", "b", "merge", later, "k2"),
        ("a", "b", "merge", T0, "k1"),
    )
    assert once(told)["call"].to_list() == ["m1", "k2"]


one = st.tuples(
    st.sampled_from("ab"),
    st.sampled_from("cd"),
    st.sampled_from(["identify", "merge"]),
    st.integers(0, 2).map(lambda day: T0 + timedelta(days=day)),
    st.sampled_from(["m1", "m2"]),
)


@given(st.lists(one, max_size=8), st.integers(0, 8), st.randoms())
def test_bit_by_bit_it_is_as_at_once(told, cut, chance):
    whole = once(rows(*told))
    shuffled = [*told, *told]
    chance.shuffle(shuffled)
    first = once(rows(*shuffled[:cut]))
    assert once([first, rows(*shuffled[cut:])]).equals(whole)


def test_names_are_tidied_as_the_log_tidies_ids():
    assert name_of("user_id", " 1042.0 ") == "user_id:1042"
    assert value_of("device:a:b") == "a:b"
    assert [of_id(each) for each in ("user_id:a", "id:a", "email:a")] == [True, True, False]


@pytest.mark.parametrize("value", ["", "NULL", "-1", "000", "0000-00", "n/a", "游客"])
def test_values_that_mean_nobody(value):
    assert means_nobody(value)
    assert not means_nobody("1042")
    assert means_nobody("Kiosk", {"kiosk"})


def test_what_names_somebody_is_left_out():
    told = rows(("email:e", "user_id:u", "identify", T0, ""), ("id:u", "id:w", "merge", T0, ""))
    assert ids_in(told) == {"u", "w"}
    assert len(without(told, ["w"])) == 1
    assert without(told, ["u"]).equals(no_evidence())
