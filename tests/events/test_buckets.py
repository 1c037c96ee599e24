"""A customer's bucket is the same on every machine and for ever."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.events.buckets import bucket_of, hash_of

MASK = 2**64 - 1


def by_the_rule(text):
    """The documented rule, byte by byte, in whole numbers."""
    h = 0
    for place, byte in enumerate(text.encode(), start=1):
        h = (h + (byte + 1) * pow(0x9E3779B97F4A7C15, place, 2**64)) & MASK
    h = ((h ^ (h >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    h = ((h ^ (h >> 27)) * 0x94D049BB133111EB) & MASK
    return h ^ (h >> 31)


@pytest.mark.parametrize(
    ("text", "wanted"), [("c1", 15163527678705079634), ("é€", 12045334813724864706), ("", 0)]
)
def test_golden_hashes(text, wanted):
    assert int(hash_of(pl.Series([text]))[0]) == wanted == by_the_rule(text)


@given(st.lists(st.text(max_size=30), max_size=12), st.integers(0, 4))
def test_the_hash_follows_its_rule_wherever_the_id_stands(ids, start):
    series = pl.Series(["zz", *ids], dtype=pl.String)[start:]
    assert [int(one) for one in hash_of(series)] == [by_the_rule(one) for one in series]


@pytest.mark.parametrize("repeat", [1, 50])
def test_repeated_ids_have_the_bucket_of_each(repeat):
    ids = pl.Series([f"c{number}" for number in range(40)] * repeat)
    wanted = [by_the_rule(one) % 7 for one in ids]
    assert bucket_of(ids, buckets=7).to_list() == wanted


def test_one_bucket_or_no_ids_need_no_hash():
    assert bucket_of(pl.Series(["a", "b"]), buckets=1).to_list() == [0, 0]
    assert bucket_of(pl.Series([], dtype=pl.String), buckets=4).to_list() == []


def test_customers_are_dealt_evenly():
    ids = pl.Series([f"c{number}" for number in range(16_000)])
    counts = bucket_of(ids, buckets=16).value_counts()["count"]
    assert counts.min() > 880
    assert counts.max() < 1120
