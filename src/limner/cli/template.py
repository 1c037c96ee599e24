"""The text of a new ``limner.toml``: what a shop may change, and what it means."""

import json
from collections.abc import Mapping, Sequence

from limner.cli.settings import Shop

__all__ = ["DEMO_QUESTIONS", "QUESTIONS", "render_settings"]

QUESTIONS: Mapping[str, str] = {
    "churn": "will this customer stay away for 14 days?",
    "purchase": "will this customer buy within 30 days?",
    "orders": "how many orders within 30 days?",
    "spend": "how much money within 30 days?",
    "category": "from which categories within 30 days?",
    "brand": "which brands within 30 days?",
    "next_item": "which items within 30 days?",
}
"""The questions that any log of purchases can answer; a new workspace asks them."""

DEMO_QUESTIONS: Mapping[str, str] = {
    **QUESTIONS,
    "coupon": "will this household redeem a coupon within 30 days?",
    "age": "which age group, as the demographics table tells?",
    "income": "which income group?",
    "kids": "how many children?",
}
"""What the demo asks of the Complete Journey, which also holds coupons and demographics."""

_EXAMPLE = """
# A question of your own: its shape, the event, how far ahead, among whom, and narrowed to what.
# [questions.fish_soon]
# shape = "whether"            # whether, how_many, how_much, which, what_next
# event = ["purchase"]
# horizon_days = 7
# among_days = 90              # asked of customers who did something in so many days before
# where = { department = ["SEAFOOD"] }
"""


def render_settings(
    shop: Shop,
    *,
    questions: Mapping[str, str] = QUESTIONS,
    sources: Sequence[str] = (),
    cuts: Sequence[str] = (),
    workers: int = 1,
    tried: Sequence[str] = (),
) -> str:
    """Return the text of a ``limner.toml``.

    Parameters
    ----------
    shop
        Its name, currency and time zone.
    questions
        Names of built-in questions, each with a remark.
    sources
        What ``limner ingest`` reads when it is given no file.
    cuts
        The dates at which ``limner evaluate`` asks when it is given none.
    workers
        How many processes learn and examine.
    tried
        What every report says of what was tried.
    """
    parts = [
        "# What Limner knows of this shop. Every setting: docs/reference/config.md",
        "",
        "[shop]",
        f"name = {_text(shop.name)}",
        *([f"about = {_text(shop.about)}"] if shop.about else []),
        f"currency = {_text(shop.currency)}"
        if shop.currency
        else '# currency = "EUR"            # of prices that name none',
        f"time_zone = {_text(shop.time_zone)}",
        "",
    ]
    if sources:
        for source in sources:
            parts += ["[[sources]]", f"files = [{_text(source)}]", ""]
    else:
        parts += [
            "# Where `limner ingest` finds events when it is given no file.",
            "# [[sources]]",
            '# files = ["exports/*.csv"]',
            '# map = "mapping.toml"         # limner doctor FILE --write mapping.toml',
            "",
        ]
    parts += [
        "[log]",
        "buckets = 16                  # of customers; memory holds one bucket",
        "",
        "# What is asked. A built-in question keeps its own settings unless they are named here.",
    ]
    for name, remark in questions.items():
        parts += [f"[questions.{name}]".ljust(30) + f"# {remark}"]
    parts += [_EXAMPLE.rstrip(), ""]
    parts += [
        "[fit]",
        "# cut = 2017-12-01            # as of when; by default the day after the newest event",
        "",
        "[evaluate]",
        f"cuts = [{', '.join(cuts)}]"
        if cuts
        else "# cuts = [2017-12-01]         # by default one longest horizon before the end",
    ]
    if tried:
        parts += ["tried = [", *(f"    {_text(each)}," for each in tried), "]"]
    parts += ["", "[engine]", f"workers = {workers}".ljust(30) + "# processes that learn", ""]
    return "\n".join(parts)


def _text(text: str | None) -> str:
    # JSON's strings are TOML's too, but for the character DEL.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
