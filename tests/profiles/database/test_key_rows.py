"""Keys come back as they were kept, and hold until the earliest moment that was said."""

from dataclasses import replace

from arrivals import NOW_US
from limner.profiles.live import Key

ONE = Key("a", "site", ("ingest", "score"), b"d" * 32, NOW_US, purposes=("risk",))


def test_a_key_comes_back_as_it_was_kept(store):
    store.add_key(ONE)
    assert store.key("a") == ONE
    assert store.keys() == [ONE]


def test_a_key_holds_until_the_earliest_moment(store):
    store.add_key(ONE)
    assert store.revoke_key("a", at_us=NOW_US + 9)
    assert not store.revoke_key("a", at_us=NOW_US + 10)
    assert store.revoke_key("a", at_us=NOW_US + 8)
    assert store.key("a").revoked_us == NOW_US + 8


def test_a_key_is_replaced_as_a_whole_or_not_at_all(store):
    store.add_key(ONE)
    new = replace(ONE, id="b")
    assert not store.replace_key("none", new, at_us=NOW_US)
    assert store.key("b") is None
    assert store.replace_key("a", new, at_us=NOW_US + 5)
    assert store.key("b") == new
    assert store.key("a").revoked_us == NOW_US + 5
