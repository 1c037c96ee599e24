"""Recommending from what the profiles hold."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from limner.apps.recommend import knows, recommend
from limner.errors import BadConfig, TooFew, UnknownCustomer
from limner.profiles.record import (
    CustomerValue,
    Identity,
    Lifecycle,
    Profile,
    Recommendation,
    Rhythm,
    Score,
)
from limner.profiles.store import About, PopularItem
from limner.profiles.stores.sqlite import SqliteStore

MOMENT = datetime(2024, 3, 1, tzinfo=UTC)


def an_item(name, score, *, is_new):
    reason = "model" if is_new else "bought_before"
    return Recommendation(name, name.title(), score, "ease", reason, is_new, "because", "因为")


@pytest.fixture
def profile():
    nothing = Score("days")
    return Profile(
        "ann",
        MOMENT,
        MOMENT,
        Identity(MOMENT, MOMENT),
        Lifecycle("prospect", "PROSPECTS", nothing, nothing, nothing),
        Rhythm("events", "UTC", (), (0,) * 7),
        CustomerValue(),
        recommendations=(
            an_item("milk", 0.9, is_new=False),
            an_item("soap", 0.5, is_new=True),
            an_item("tea", 0.4, is_new=True),
        ),
    )


@pytest.fixture
def store(tmp_path, profile):
    with SqliteStore(tmp_path / "profiles.db") as found:
        found.put([profile])
        yield found


def test_the_best_come_first_each_with_its_reason(store):
    found = recommend(store, "ann", k=2)
    assert [(each.item_id, each.reason, each.reason_en) for each in found] == [
        ("milk", "bought_before", "because"),
        ("soap", "model", "because"),
    ]


def test_items_can_be_left_out(store):
    assert [each.item_id for each in recommend(store, "ann", k=2, exclude=["soap"])] == [
        "milk",
        "tea",
    ]
    assert [each.item_id for each in recommend(store, "ann", k=2, new_only=True)] == ["soap", "tea"]


def test_as_many_as_there_are_come_if_more_are_asked_for(store):
    assert len(recommend(store, "ann", k=10)) == 3
    assert len(recommend(store, "ann", k=3, new_only=True)) == 2


def test_what_is_popular_fills_up_and_is_not_said_twice(store):
    popular = (PopularItem("milk", "Milk", 0.5), PopularItem("jam", "Jam", 0.25))
    store.put([], about=About(MOMENT, MOMENT, popular=popular))
    assert [each.item_id for each in recommend(store, "ann")] == ["milk", "soap", "tea", "jam"]
    found = recommend(store, "ann", new_only=True)
    assert [each.item_id for each in found] == ["soap", "tea", "jam"]


def test_a_profile_without_a_ranking_says_what_to_do(store, profile):
    store.put([replace(profile, customer_id="ben", recommendations=())])
    with pytest.raises(TooFew, match="no item to offer 'ben'") as caught:
        recommend(store, "ben", k=1)
    assert "limner fit" in caught.value.hint
    with pytest.raises(TooFew, match="all 3 were left out"):
        recommend(store, "ann", exclude=["milk", "soap", "tea"])


def test_who_is_known_is_known(store):
    assert knows(store, "ann")
    assert not knows(store, "anna")


def test_a_stranger_gets_what_is_popular_only_if_that_is_known(store):
    with pytest.raises(UnknownCustomer, match="'anna'"):
        recommend(store, "anna", k=1)
    popular = (PopularItem("milk", "Milk", 0.5), PopularItem("tea", "Tea", 0.25))
    store.put([], about=About(MOMENT, MOMENT, popular=popular))
    (found,) = recommend(store, "anna", k=1, exclude={"milk"})
    assert (found.item_id, found.reason, found.source) == ("tea", "popular", "popularity")
    assert found.reason_en == "popular: bought by 25 % of recent buyers"


def test_less_than_one_is_refused(store):
    with pytest.raises(BadConfig, match="k must be at least 1, got 0"):
        recommend(store, "ann", k=0)
