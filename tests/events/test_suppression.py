"""Who was erased is known by a keyed hash, wherever the id stands, and never by the id."""

import json
from concurrent.futures import ThreadPoolExecutor

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.errors import BadConfig
from limner.events.refusals import REFUSED_SCHEMA
from limner.events.suppression import (
    Suppression,
    add_suppressed,
    hushed,
    lift_suppressed,
    names_in,
)

PEPPER = b"sixteen bytes or more"
KEY = Suppression(PEPPER)
ids = st.text(min_size=1, max_size=20).filter(lambda each: each.strip() == each)


def of(*names):
    return Suppression(PEPPER, [KEY.digest(name) for name in names])


def refused(*rows):
    told = [("time_missing", "said", "f.csv", at, row) for at, row in enumerate(rows)]
    return pl.DataFrame(told, schema=REFUSED_SCHEMA, orient="row")


def test_a_hash_depends_on_the_key_and_hides_the_id():
    assert KEY.digest("ann") != Suppression(b"another secret here").digest("ann")
    assert of("ann").holds("ann")
    assert not of("ann").holds("Ann")
    assert not Suppression(PEPPER).holds("ann")
    mask = of("ann").mask(pl.Series(["ann", "ben", None, "ann"]))
    assert mask.to_list() == [True, False, False, True]
    assert Suppression(PEPPER).mask(pl.Series(["ann"])).to_list() == [False]


@given(ids, st.sampled_from(["userId", "customer_id", "id"]), st.booleans())
def test_an_id_is_found_in_json_however_deep_and_escaped(name, key, escaped):
    plain = {"type": "track", "context": {"traits": [{key: name}]}, "n": 1}
    assert name in names_in(json.dumps(plain, ensure_ascii=escaped))
    within = {"properties": json.dumps({key: name})}
    assert name in names_in(json.dumps(within, ensure_ascii=escaped))


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ('ann b;2024-05-01;"x', "ann b"),
        ("a\tann\tb", "ann"),
        ('{"userId": "ann", "cut', "ann"),
        ('{"userId": 17850.0}', "17850"),
        ('{"userId": 17850}', "17850"),
        ('" 17850.0 ",x', "17850"),
    ],
)
def test_an_id_is_found_in_rows_that_are_no_json(row, name):
    assert name in names_in(row)


def test_parts_of_words_are_no_ids():
    assert "ann" not in names_in('{"name": "annabel", "note": "said ann"}')
    assert names_in(None) == set()


def test_rows_that_name_somebody_keep_their_place_alone():
    rows = refused('{"userId": "ann", "x": "secret"}', '{"userId": "ben"}')
    quiet = of("ann").hush(rows)
    assert quiet["row"].to_list() == [None, '{"userId": "ben"}']
    assert quiet["detail"].to_list() == [None, "said"]
    assert quiet["reason"].to_list() == ["erased", "time_missing"]
    assert quiet["line"].to_list() == [0, 1]
    kept = hushed(rows, pl.Series([True, False]))
    assert kept["reason"].to_list() == ["time_missing"] * 2
    assert Suppression(PEPPER).hush(rows).equals(rows)


def test_items_that_came_with_erased_people_alone_are_known():
    events = pl.DataFrame({"customer_id": ["ann", "ann", "ben"], "item_id": ["ring", "tea", "tea"]})
    rows = refused('{"userId": "ann", "sku": "cup"}')
    found = of("ann").items_alone(events, rows)
    assert "ring" in found
    assert "cup" in found
    assert "tea" not in found


def test_a_list_comes_back_from_its_file(tmp_path):
    path = tmp_path / "suppressed.txt"
    assert not Suppression.read(path, PEPPER).digests
    add_suppressed(path, PEPPER, [KEY.digest("ann")])
    add_suppressed(path, PEPPER, [KEY.digest("ben")])
    assert Suppression.read(path, PEPPER).holds("ann")
    assert "ann" not in path.read_text("utf-8")
    lift_suppressed(path, PEPPER, [KEY.digest("ann")])
    assert not Suppression.read(path, PEPPER).holds("ann")
    assert Suppression.read(path, PEPPER).holds("ben")


def test_a_list_of_another_key_or_a_broken_one_is_refused(tmp_path):
    path = tmp_path / "suppressed.txt"
    of("ann").write(path)
    with pytest.raises(BadConfig, match="this workspace's key"):
        Suppression.read(path, b"another secret here")
    path.write_text(path.read_text("utf-8") + "nonsense\n", encoding="utf-8")
    with pytest.raises(BadConfig, match="a hash a line"):
        Suppression.read(path, PEPPER)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(BadConfig):
        Suppression.read(path, PEPPER)


def test_of_several_who_are_listed_at_once_none_is_lost(tmp_path):
    path, digests = tmp_path / "suppressed.txt", [bytes([at]) * 32 for at in range(60)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda each: add_suppressed(path, PEPPER, [each]), digests))
    assert Suppression.read(path, PEPPER).digests == set(digests)
