"""What every store promises, tried on each of the folder."""

from dataclasses import replace
from datetime import UTC, datetime
from types import NoneType, UnionType
from typing import Literal, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import limner.profiles.stores
from limner import plugins
from limner.errors import UnknownCustomer
from limner.profiles.record import Profile
from limner.profiles.store import About, PopularItem

words = st.text(st.characters(codec="utf-8"), max_size=12)
moments = st.datetimes(datetime(1980, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
PLAIN = {
    str: words,
    int: st.integers(-(2**53), 2**53),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
    datetime: moments,
    NoneType: st.none(),
}


def made(hint):
    """Return a strategy for a type of the record, however nested."""
    if hint in PLAIN:
        return PLAIN[hint]
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Literal:
        return st.sampled_from(parts)
    if origin is tuple:
        return st.lists(made(parts[0]), max_size=2).map(tuple)
    if origin in {UnionType, Union}:
        return st.one_of(*map(made, parts))
    return st.builds(hint, **{name: made(part) for name, part in get_type_hints(hint).items()})


whole_profiles = st.builds(
    Profile,
    **{name: made(part) for name, part in get_type_hints(Profile).items()}
    | {"customer_id": words.filter(bool)},
)


@pytest.fixture(params=plugins.names(limner.profiles.stores))
def kind(request):
    return plugins.load(limner.profiles.stores, request.param)


@pytest.fixture
def store(kind, tmp_path):
    found = kind(tmp_path / "profiles.db")
    yield found
    found.close()


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
    max_examples=25,
)
@given(profile=whole_profiles)
def test_what_was_put_is_what_is_got(store, profile):
    store.put([profile])
    assert store.get(profile.customer_id) == profile


def test_profiles_come_in_the_order_of_their_ids(store, profiles):
    assert store.put(reversed(profiles.values())) == 3
    assert [each.customer_id for each in store] == ["ann", "ben", "eve"]
    assert len(store) == 3
    assert list(store) == list(profiles.values())


def test_the_younger_profile_takes_the_place_of_the_older(store, ann):
    store.put([ann])
    store.put([replace(ann, model_version="m1"), replace(ann, model_version="m2")])
    assert store.get("ann").model_version == "m2"
    assert len(store) == 1


def test_all_of_them_or_none(store, profiles, ann):
    store.put([ann], about=About(ann.as_of, ann.computed_at))

    def broken():
        yield replace(ann, model_version="later")
        yield profiles["ben"]
        raise RuntimeError("the stream broke")

    with pytest.raises(RuntimeError, match="the stream broke"):
        store.put(broken(), about=About(ann.as_of, ann.computed_at, "later"), replace=True)
    assert list(store) == [ann]
    assert store.about.model_version is None


def test_replacing_leaves_nothing_else(store, profiles):
    store.put(profiles.values())
    assert store.put([profiles["eve"]], replace=True) == 1
    assert [each.customer_id for each in store] == ["eve"]


def test_what_holds_for_all_is_kept(store, ann, kind):
    assert store.about is None
    popular = (PopularItem("p1", "Milk", 0.5), PopularItem("p2", "Seife ß 皂", 0.25))
    known = About(ann.as_of, ann.computed_at, "m1", "USD", popular)
    store.put([ann], about=known)
    store.put([])
    assert store.about == known
    with kind(store.path, read_only=True) as reader:
        assert reader.about == known


def test_an_unknown_customer_is_named_with_the_nearest(store, ann):
    with pytest.raises(UnknownCustomer, match="no profile has the customer id 'anna'"):
        store.get("anna")
    store.put([ann, replace(ann, customer_id="10234"), replace(ann, customer_id="zebra-77")])
    for wrong, near in [
        ("anna", "ann"),
        (" ANN ", "ann"),
        ("10243", "10234"),
        ("xebra-77", "zebra-77"),
    ]:
        with pytest.raises(UnknownCustomer) as caught:
            store.get(wrong)
        assert caught.value.hint == f"did you mean {near!r}?"


def test_a_store_can_be_opened_again(store, kind, profiles):
    store.put(profiles.values())
    store.close()
    store.close()
    with kind(store.path) as again:
        assert list(again) == list(profiles.values())


def test_a_reader_sees_one_state_while_another_writes(store, kind, profiles, ann):
    store.put(profiles.values())
    with kind(store.path) as writer:
        seen = iter(store)
        assert next(seen).customer_id == "ann"
        writer.put([replace(each, model_version="m2") for each in profiles.values()])
        assert [each.model_version for each in seen] == ["m1", "m1"]
    assert store.get("ann").model_version == "m2"


def test_a_slow_stream_holds_nobody_up(store, kind, profiles, ann):
    with kind(store.path) as other:

        def slow():
            yield ann
            other.put([profiles["eve"]])
            assert len(store) == 1
            yield profiles["ben"]

        store.put(slow())
    assert len(store) == 3
