"""Why an item is offered: the strongest thing that is true of it and this customer."""

# ruff: noqa: RUF001 - Chinese punctuation is meant

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from limner.profiles.record import EventReference, Profile, Recommendation
from limner.profiles.words import day, percent

__all__ = ["popular_reason", "recommend_items"]

Row = Mapping[str, Any]


def recommend_items(
    profile: Profile,
    ranked: Sequence[Row],
    titles: Mapping[str, str | None],
    popular: Collection[str],
) -> tuple[Recommendation, ...]:
    """Return the ranked items with titles and reasons, best first.

    A reason is, in this order: it was bought before, it goes with something bought, it is of a
    favourite category or brand, it is popular in the shop, or the model alone says so.

    Parameters
    ----------
    profile
        Whom it is for; its favourites give reasons.
    ranked
        One row an item: item_id, score, source, because, category, brand, bought (orders),
        last_bought, last_order_id.
    titles
        What the items are called.
    popular
        Item ids that are popular in the shop.
    """
    return tuple(_recommend(profile, row, titles, popular) for row in ranked)


def popular_reason(share: float) -> tuple[str, str]:
    """Return what is said of an item that is popular, in both languages."""
    return (
        f"popular: bought by {percent(share)} of recent buyers",
        f"热门：近期{percent(share)}的买家购买过",
    )


def _recommend(
    profile: Profile, row: Row, titles: Mapping[str, str | None], popular: Collection[str]
) -> Recommendation:
    item = row["item_id"]
    made = {
        "item_id": item,
        "title": titles.get(item) or item,
        "score": row["score"],
        "source": row["source"],
        "is_new": row["bought"] == 0,
    }
    if row["bought"]:
        times, last = row["bought"], row["last_bought"]
        event = EventReference("purchase", last, row["last_order_id"], item)
        return Recommendation(
            **made,
            reason="bought_before",
            reason_en=f"bought {times} {'time' if times == 1 else 'times'},"
            f" last on {day(last, 'en', profile.rhythm.time_zone)}",
            reason_zh=f"买过{times}次，最近{day(last, 'zh', profile.rhythm.time_zone)}",
            evidence=(event,),
        )
    if row["because"] is not None:
        other = titles.get(row["because"]) or row["because"]
        return Recommendation(
            **made,
            reason="bought_with",
            reason_en=f"goes with “{other}”",
            reason_zh=f"常与“{other}”一起购买",
        )
    for each in profile.categories:
        if each.key == row["category"]:
            return Recommendation(
                **made,
                reason="same_category",
                reason_en=f"new to them, from {each.name}, {percent(each.share)} of their"
                f" {each.basis}",
                reason_zh=f"未买过，来自常购品类{each.name}（{percent(each.share)}）",
                evidence=(each.last,),
            )
    for each in profile.brands:
        if each.key == row["brand"]:
            return Recommendation(
                **made,
                reason="same_brand",
                reason_en=f"new to them, of the brand {each.name}, {percent(each.share)} of their"
                f" {each.basis}",
                reason_zh=f"未买过，来自常购品牌{each.name}（{percent(each.share)}）",
                evidence=(each.last,),
            )
    if item in popular:
        return Recommendation(
            **made,
            reason="popular",
            reason_en="new to them, popular in the shop",
            reason_zh="未买过，店内热门",
        )
    return Recommendation(
        **made,
        reason="model",
        reason_en="new to them, ranked high for what they did",
        reason_zh="未买过，按其行为排序靠前",
    )
