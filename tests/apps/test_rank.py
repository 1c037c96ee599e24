"""Given items in an order: the fitted ranking first, then what many bought, then as given."""

from datetime import UTC, datetime

from limner.apps.rank import rank
from limner.profiles.record import Recommendation
from limner.profiles.store import About, PopularItem
from sitters import a_profile

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def offer(item, score):
    return Recommendation(item, item, score, "reranker", "model", is_new=True, reason_en="why")


ABOUT = About(NOW, NOW, popular=(PopularItem("tea", "Tea", 0.5), PopularItem("jam", "Jam", 0.6)))


def test_each_item_says_by_what_it_stands_there():
    profile = a_profile(recommendations=(offer("mug", 0.9), offer("tea", 0.4)))
    asked = ["spoon", "jam", "tea", "nothing", "mug", "tea"]
    found = rank(asked, profile, ABOUT, known={"spoon"})
    assert [(each.item_id, each.by) for each in found.items] == [
        ("mug", "ranking"),
        ("tea", "ranking"),
        ("jam", "popularity"),
        ("spoon", "given"),
    ]
    assert found.unknown == ("nothing",)
    assert [each.score for each in found.items] == [0.9, 0.4, 0.6, None]


def test_a_stranger_gets_what_many_bought_and_then_the_order_given():
    found = rank(["b", "tea", "a", "jam"], None, ABOUT, known={"a", "b"})
    assert [each.item_id for each in found.items] == ["jam", "tea", "b", "a"]
    assert rank(["x"], None, None, known=()).unknown == ("x",)
