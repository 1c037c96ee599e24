"""The card of a profile for notebooks: one piece of HTML, both languages, no script, no network."""

# ruff: noqa: RUF001 - Chinese punctuation is meant

from html import escape
from typing import TYPE_CHECKING

from limner.profiles.chart import bars, spark
from limner.profiles.sheet import SHEET
from limner.profiles.words import (
    BANDS,
    GROUPS,
    KINDS,
    STAGES,
    TRAITS,
    WEEKDAYS,
    day,
    days,
    days_ago,
    expects,
    label,
    money,
    number,
    percent,
    question_title,
    trait_value,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from limner.profiles.record import (
        EventReference,
        Favourite,
        Language,
        Prediction,
        Profile,
    )

__all__ = ["card_html"]

_TONES = {
    **dict.fromkeys(("CHAMPIONS", "LOYAL", "active", "returned"), "good"),
    **dict.fromkeys(("ACTIVE", "NEW", "PROMISING", "new"), "calm"),
    **dict.fromkeys(("NEEDS_ATTENTION", "PREVIOUSLY_LOYAL", "slowing"), "warn"),
    **dict.fromkeys(("AT_RISK", "ALMOST_LOST", "lapsed"), "bad"),
}


def card_html(profile: "Profile", language: "Language" = "en") -> str:
    """Return the card. It holds both languages; a button, of CSS alone, changes between them.

    Whatever comes from data is escaped.

    Parameters
    ----------
    profile
        Of whom.
    language
        Which language it opens in.
    """
    parts = (
        _header(profile, language),
        _story(profile),
        _tiles(profile),
        _predictions(profile),
        _weeks(profile),
        _rhythm(profile),
        _favourites(profile),
        _recommendations(profile),
        _traits(profile),
        _footer(profile),
    )
    return f'<style>{SHEET}</style><article class="limner-card">{"".join(parts)}</article>'


def _both(english: str, chinese: str) -> str:
    """Return a text in both languages; only one is shown."""
    return (
        f'<span class="en" lang="en">{escape(english)}</span>'
        f'<span class="zh" lang="zh">{escape(chinese)}</span>'
    )


def _labels(table: dict[str, tuple[str, str]], name: str) -> str:
    return _both(label(table, name, "en"), label(table, name, "zh"))


def _section(title: str, *parts: str) -> str:
    return f"<section><h4>{title}</h4>{''.join(parts)}</section>"


def _header(profile: "Profile", language: "Language") -> str:
    group, stage = profile.lifecycle.rfm_group, profile.lifecycle.stage
    scores = [
        str(score.quintile or "-")
        for score in (
            profile.lifecycle.recency,
            profile.lifecycle.frequency,
            profile.lifecycle.monetary,
        )
    ]
    checked = " checked" if language == "zh" else ""
    aliases = "".join(
        f'<span class="chip">{escape(each)}</span>' for each in profile.identity.aliases
    )
    return (
        f'<header><span class="who">{escape(profile.customer_id)}</span>'
        f'<span class="chip {_TONES.get(group, "")}">{_labels(GROUPS, group)}</span>'
        f'<span class="chip {_TONES.get(stage, "")}">{_labels(STAGES, stage)}</span>'
        f'<span class="chip" title="recency, frequency, monetary: 5 best">RFM {" ".join(scores)}'
        f"</span>{aliases}"
        f'<label class="limner-tongue"><input type="checkbox" class="limner-zh"{checked}'
        ' aria-label="中文"><span class="en">中文</span><span class="zh">English</span></label>'
        "</header>"
    )


def _seen(events: "Iterable[EventReference]") -> str:
    """Name the events behind a figure, for a tooltip."""
    return "; ".join(
        f"{event.kind} {event.time:%Y-%m-%d %H:%M}"
        + (f", order {event.order_id}" if event.order_id else "")
        for event in events
    )


def _story(profile: "Profile") -> str:
    if not profile.summary:
        return ""
    told = []
    for clause in profile.summary:
        events = _seen(clause.events)
        hint = ", ".join(clause.evidence) + (f" | {events}" if events else "")
        told.append(
            f'<span title="{escape(hint)}">{_both(clause.text_en + " ", clause.text_zh)}</span>'
        )
    return f'<p class="story">{"".join(told)}</p>'


def _tiles(profile: "Profile") -> str:
    value, currency = profile.value, profile.currency
    recency = profile.trait("recency_days")
    tiles: list[tuple[str, str, str]] = []
    if value.historic_clv is not None:
        note = _both("spent so far", "累计消费")
        if value.total_clv is not None and value.predicted_clv is not None:
            more = money(value.predicted_clv, None)
            note = _both(f"spent, {more} more expected", f"累计消费，预计再消费{more}")
        tiles.append((_both("Value", "价值"), escape(money(value.historic_clv, currency)), note))
    if value.historic_number_of_orders is not None:
        note = _both("so far", "累计")
        if value.predicted_number_of_orders is not None:
            more = number(value.predicted_number_of_orders)
            within = f" in {value.prediction_days} days" if value.prediction_days else ""
            note = _both(f"{more} more expected{within}", f"预计再下{more}单")
        tiles.append((_both("Orders", "订单"), number(value.historic_number_of_orders), note))
    if value.average_order_value is not None:
        gap = value.average_days_between_orders
        note = _both("", "")
        if gap is not None:
            note = _both(f"one every {days(gap)} days", f"每{days(gap)}天一单")
        shown = escape(money(value.average_order_value, currency))
        tiles.append((_both("Average order", "客单价"), shown, note))
    if recency is not None and isinstance(recency.value, float):
        since = recency.value
        note = _both("", "")
        if value.expected_date_of_next_order is not None:
            due = value.expected_date_of_next_order
            zone = profile.rhythm.time_zone
            note = _both(f"next about {day(due, 'en', zone)}", f"预计{day(due, 'zh', zone)}再购")
        tiles.append(
            (_both("Last order", "最近下单"), _both(days_ago(since), f"{days(since)}天前"), note)
        )
    if value.churn_probability is not None:
        churn = next((each for each in profile.predictions if each.question == "churn"), None)
        within = f" within {churn.horizon_days} days" if churn else ""
        note = _both(f"no purchase{within}", "流失概率")
        tiles.append((_both("Churn", "流失"), percent(value.churn_probability), note))
    inside = "".join(
        f'<div class="tile"><small>{name}</small><b>{shown}</b><small>{note}</small></div>'
        for name, shown, note in tiles
    )
    return f'<section><div class="tiles">{inside}</div></section>' if tiles else ""


def _predictions(profile: "Profile") -> str:
    if not profile.predictions and profile.described is None:
        return ""
    rows = "".join(_prediction(each) for each in profile.predictions)
    table = f'<table class="answers"><tbody>{rows}</tbody></table>' if rows else ""
    if profile.described is not None:
        said = _both(expects(profile.described, "en"), expects(profile.described, "zh"))
        table += f'<p class="note">{said}</p>'
    return _section(_both("Predictions", "预测"), table)


def _prediction(prediction: "Prediction") -> str:
    title = _both(question_title(prediction, "en"), question_title(prediction, "zh"))
    horizon = ""
    if prediction.horizon_days:
        ahead = prediction.horizon_days
        within = _both(f"within {ahead} days", f"{ahead}天内")
        horizon = f'<br><span class="note">{within}</span>'
    if prediction.shape == "which":
        shown = "<br>".join(
            f"{escape(each.name)} <span class='note'>{percent(each.probability)}</span>"
            for each in prediction.classes[:3]
        )
        where = ""
    else:
        shown = escape(_amount(prediction))
        where = _standing(prediction)
    factors = "".join(
        f'<span class="factor">{"▲" if each.effect >= 0 else "▼"} {_labels(TRAITS, each.name)}'
        + (f" <b>{number(each.value)}</b>" if each.value is not None else "")
        + "</span>"
        for each in prediction.factors[:4]
    )
    if prediction.shape == "which":
        return f'<tr><td>{title}{horizon}</td><td colspan="2">{shown}</td><td>{factors}</td></tr>'
    return (
        f'<tr><td>{title}{horizon}</td><td class="num"><b>{shown}</b></td><td>{where}</td>'
        f"<td>{factors}</td></tr>"
    )


def _amount(prediction: "Prediction") -> str:
    if prediction.shape == "whether":
        return percent(prediction.value)
    if prediction.shape == "how_much":
        return money(prediction.value, prediction.unit)
    return number(prediction.value)


def _standing(prediction: "Prediction") -> str:
    """Show the percentile as a meter and the band as a chip, with its bounds as a tooltip."""
    if prediction.percentile is None:
        return ""
    meter = (
        f'<span class="meter"><i style="width:{min(100.0, prediction.percentile):.0f}%"></i></span>'
    )
    text = f"{prediction.percentile:.0f} %"
    note = _both(f"above {text} of customers", f"高于{text}的客户")
    chip = ""
    if prediction.band and prediction.medium_from is not None and prediction.high_from is not None:
        bounds = f"medium from {number(prediction.medium_from)}, high from"
        bounds = f"{bounds} {number(prediction.high_from)}"
        chip = f' <span class="chip" title="{bounds}">{_labels(BANDS, prediction.band)}</span>'
    return f'<span class="stand">{meter}{chip}</span><span class="note">{note}</span>'


def _weeks(profile: "Profile") -> str:
    weeks = profile.rhythm.weekly_spend
    if not any(weeks):
        return ""
    title = _both(
        f"Spend a week, the last {len(weeks)} weeks; most {money(max(weeks), profile.currency)}",
        f"近{len(weeks)}周每周消费，最高{money(max(weeks), profile.currency)}",
    )
    return _section(title, spark(weeks, title="weekly spend", width=860))


def _rhythm(profile: "Profile") -> str:
    rhythm = profile.rhythm
    what = _both("Orders", "订单") if rhythm.basis == "orders" else _both("Events", "事件")
    zone = escape(rhythm.time_zone)
    parts = []
    if rhythm.hours:
        marks = [(str(hour),) * 2 if hour % 6 == 0 else ("", "") for hour in range(24)]
        hours = _both("by hour", "按小时")
        parts.append(_section(f"{what} {hours} ({zone})", bars(rhythm.hours, marks, title="hours")))
    marks = [(english[:2], chinese[-1]) for english, chinese in WEEKDAYS]
    weekdays = _both("by weekday", "按星期")
    parts.append(_section(f"{what} {weekdays}", bars(rhythm.weekdays, marks, title="weekdays")))
    return f'<div class="pair">{"".join(parts)}</div>'


def _favourites(profile: "Profile") -> str:
    groups = (
        (_both("Categories", "品类"), profile.categories),
        (_both("Brands", "品牌"), profile.brands),
        (_both("Items", "商品"), profile.items),
    )
    return (
        f'<div class="pair three">{"".join(_shares(*group) for group in groups if group[1])}</div>'
    )


def _shares(title: str, favourites: "Sequence[Favourite]") -> str:
    most = max(each.share for each in favourites) or 1.0
    rows = "".join(
        f'<div class="share" title="{escape(each.key)} | {escape(_seen([each.last]))}">'
        f"<span>{escape(each.name)}</span><b>{percent(each.share)}</b><small>{each.count}x</small>"
        f'<span class="meter"><i style="width:{100 * each.share / most:.0f}%"></i></span></div>'
        for each in favourites
    )
    basis = {
        "spend": ("share of spend", "消费占比"),
        "purchases": ("share of purchases", "购买占比"),
        "events": ("share of events", "事件占比"),
    }[favourites[0].basis]
    return _section(f"{title}, {_both(*basis)}", rows)


def _recommendations(profile: "Profile") -> str:
    if not profile.recommendations:
        return ""
    rows = "".join(
        f'<tr title="{escape(each.item_id)} | {escape(each.source)} {each.score:.4g}">'
        f"<td class='num note'>{place}</td><td>{escape(each.title)}</td>"
        f'<td class="note">{_both(each.reason_en, each.reason_zh)}</td></tr>'
        for place, each in enumerate(profile.recommendations[:8], start=1)
    )
    return _section(_both("To offer next", "推荐"), f"<table><tbody>{rows}</tbody></table>")


def _traits(profile: "Profile") -> str:
    rows = "".join(
        f'<div title="{escape(_seen(each.evidence))}"><span>{_labels(TRAITS, each.name)}</span>'
        f"<b>{_both(trait_value(each, 'en'), trait_value(each, 'zh'))}</b></div>"
        for each in profile.traits
    )
    rows += "".join(
        f"<div><span>{_labels(KINDS, each.kind)}</span><b>{each.count}</b></div>"
        for each in profile.kinds
    )
    rows += "".join(
        f"<div><span>{escape(each.name)}</span><b>{escape(each.value)}</b></div>"
        for each in profile.identity.attributes
    )
    title = _both("All traits and attributes", "全部特征与属性")
    return (
        f'<section><details><summary>{title}</summary><div class="traits">{rows}</div></details>'
        "</section>"
    )


def _footer(profile: "Profile") -> str:
    model = f", {escape(profile.model_version)}" if profile.model_version else ""
    as_of, computed = f"{profile.as_of:%Y-%m-%d %H:%M %Z}", f"{profile.computed_at:%Y-%m-%d %H:%M}"
    told = _both(
        f"As of {as_of}: nothing later is in it. Computed {computed}",
        f"截至{as_of}，不含其后数据。计算于{computed}",
    )
    return f"<footer>{told}{model}</footer>"
