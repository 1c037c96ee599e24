"""The card of a profile for a terminal, and for wherever HTML does not go."""

from io import StringIO
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from limner.profiles.words import (
    BANDS,
    GROUPS,
    STAGES,
    TRAITS,
    WEEKDAYS,
    day,
    expects,
    label,
    money,
    number,
    percent,
    question_title,
    trait_value,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from limner.profiles.record import Favourite, Language, Prediction, Profile

__all__ = ["card_text", "card_view"]

_STEPS = " ▁▂▃▄▅▆▇█"
_TONES = {"CHAMPIONS": "green", "LOYAL": "green", "AT_RISK": "red", "ALMOST_LOST": "red"}
_SHOWN = (
    *("spend", "orders", "average_order_value", "recency_days", "usual_gap_days"),
    *("orders_last_30_days", "spend_last_30_days", "discount_share", "return_share"),
    *("repeat_share", "price_tier", "written_sentiment", "written_likes", "written_blames"),
)


def card_text(profile: "Profile", language: "Language" = "en", *, width: int = 96) -> str:
    """Return the card as plain text, without colours, at most ``width`` columns wide."""
    page = StringIO()
    console = Console(file=page, width=width, color_system=None, force_terminal=False)
    console.print(card_view(profile, language))
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines())


def card_view(profile: "Profile", language: "Language" = "en") -> RenderableType:
    """Return the card for a rich console; what comes from data is neither markup nor control."""
    group, zh = profile.lifecycle.rfm_group, language == "zh"
    scores = (
        profile.lifecycle.recency,
        profile.lifecycle.frequency,
        profile.lifecycle.monetary,
    )
    head = Text(_plain(profile.customer_id), style="bold")
    head.append(f"  {label(GROUPS, group, language)}", style=_TONES.get(group, "cyan"))
    head.append(f"  {label(STAGES, profile.lifecycle.stage, language)}")
    head.append("  RFM " + " ".join(str(score.quintile or "-") for score in scores), style="dim")
    as_of = day(profile.as_of, language, profile.rhythm.time_zone)
    head.append(f"  {'截至' if zh else 'as of '}{as_of}", style="dim")
    parts: list[RenderableType] = [head, Text()]
    if profile.summary:
        parts += [Text(_plain(profile.summary_text(language))), Text()]
    if profile.predictions:
        parts.append(_predictions(profile.predictions, language))
    if profile.described:
        parts += [Text(_plain(expects(profile.described, language)), style="dim"), Text()]
    parts += [_sides(profile, language), _rhythm(profile, language)]
    if profile.recommendations:
        parts.append(_recommendations(profile, language))
    return Group(*parts)


def _plain(text: str) -> str:
    """Return the text with every control character made visible as one sign."""
    return "".join(sign if sign.isprintable() else "�" for sign in text)


def _table(title: str, *columns: str) -> Table:
    """Return an empty table; a column whose name begins with ``>`` is aligned to the right."""
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=None,
        pad_edge=False,
        show_header=False,
        padding=(0, 2, 0, 0),
    )
    for name in columns:
        table.add_column(justify="right" if name.startswith(">") else "left", overflow="fold")
    return table


def _predictions(predictions: "Sequence[Prediction]", language: "Language") -> RenderableType:
    zh = language == "zh"
    table = _table("预测" if zh else "Predictions", "what", ">value", "where", "why")
    for each in predictions:
        horizon = ""
        if each.horizon_days:
            horizon = f"{each.horizon_days}天内" if zh else f" in {each.horizon_days} days"
        title = question_title(each, language)
        what = f"{horizon}{title}" if zh else f"{title}{horizon}"
        value = {
            "whether": percent(each.value),
            "how_much": money(each.value, each.unit),
            "how_many": number(each.value),
            "which": percent(each.value),
        }[each.shape]
        where = ", ".join(chance.name for chance in each.classes[:2])
        if each.percentile is not None and each.band:
            rank = f"{each.percentile:.0f} %"
            where = f"{label(BANDS, each.band, language)}, "
            where += f"高于{rank}" if zh else f"above {rank}"
        why = ", ".join(
            f"{'▲' if factor.effect >= 0 else '▼'} {label(TRAITS, factor.name, language).lower()}"
            + (f" {number(factor.value)}" if factor.value is not None else "")
            for factor in each.factors[:2]
        )
        table.add_row(*(Text(_plain(cell)) for cell in (what, value, where, why)))
    return Padding(table, (0, 0, 1, 0))


def _sides(profile: "Profile", language: "Language") -> RenderableType:
    """Return the traits to the left and the favourites to the right."""
    zh = language == "zh"
    left = _table("特征" if zh else "Traits", "name", ">value")
    for name in _SHOWN:
        if (trait := profile.trait(name)) and (trait.value or name != "return_share"):
            shown = trait_value(trait, language)
            left.add_row(Text(label(TRAITS, name, language)), Text(_plain(shown)))
    right: list[RenderableType] = []
    for title, favourites in (
        ("品类" if zh else "Categories", profile.categories[:4]),
        ("品牌" if zh else "Brands", profile.brands[:3]),
        ("商品" if zh else "Items", profile.items[:3]),
    ):
        if favourites:
            right.append(_favourites(title, favourites))
    both = Table.grid(padding=(0, 4, 0, 0))
    both.add_row(left, Group(*right))
    return Padding(both, (0, 0, 1, 0))


def _favourites(title: str, favourites: "Sequence[Favourite]") -> Table:
    table = _table(title, "name", "bar", ">share", ">count")
    most = max(each.share for each in favourites) or 1.0
    for each in favourites:
        bar = "█" * max(1, round(10 * each.share / most))
        cells = (_plain(each.name), bar, percent(each.share), f"{each.count}x")
        table.add_row(*(Text(cell, style="blue" if cell is bar else "") for cell in cells))
    return table


def _rhythm(profile: "Profile", language: "Language") -> RenderableType:
    rhythm, zh = profile.rhythm, language == "zh"
    table = _table("节奏" if zh else "Rhythm", "what", "line", "note")
    if any(rhythm.weekly_spend):
        weeks = rhythm.weekly_spend
        note = f"{'最高' if zh else 'most '}{money(max(weeks), profile.currency)}"
        table.add_row("每周消费" if zh else "spend a week", _line(weeks), Text(_plain(note)))
    if rhythm.hours:
        table.add_row("小时" if zh else "hours 0-23", _line(rhythm.hours), rhythm.time_zone)
    weekday = rhythm.preferred_weekday
    note = "" if weekday is None else WEEKDAYS[weekday][1 if zh else 0]
    table.add_row("星期一至日" if zh else "Monday-Sunday", _line(rhythm.weekdays), note)
    return Padding(table, (0, 0, 1, 0))


def _line(values: "Sequence[float]") -> Text:
    """Return one block a value, a space for what is not above 0."""
    most = max([*values, 0.0]) or 1.0
    last = len(_STEPS) - 1
    steps = (0 if value <= 0 else max(1, round(last * value / most)) for value in values)
    return Text("".join(_STEPS[step] for step in steps), style="blue")


def _recommendations(profile: "Profile", language: "Language") -> RenderableType:
    zh = language == "zh"
    table = _table("推荐" if zh else "To offer next", ">rank", "title", "why")
    for place, each in enumerate(profile.recommendations[:5], start=1):
        reason = each.reason_zh if zh else each.reason_en
        table.add_row(str(place), Text(_plain(each.title)), Text(_plain(reason), style="dim"))
    return table
