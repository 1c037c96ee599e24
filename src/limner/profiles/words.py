"""The words of a profile in English and Chinese; labels only, the names in the data stay."""

# ruff: noqa: RUF001 - Chinese punctuation is meant

import math
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from limner.profiles.predictions import Described, Expected
    from limner.profiles.record import Language, Prediction, Trait

__all__ = [
    "BANDS",
    "GROUPS",
    "KINDS",
    "MONTHS",
    "STAGES",
    "TIERS",
    "TRAITS",
    "UNITS",
    "WEEKDAYS",
    "day",
    "days",
    "days_ago",
    "expects",
    "label",
    "money",
    "number",
    "percent",
    "question_title",
    "trait_value",
]

GROUPS = {
    "CHAMPIONS": ("Champions", "重要价值客户"),
    "LOYAL": ("Loyal", "忠诚客户"),
    "ACTIVE": ("Active", "活跃客户"),
    "NEW": ("New", "新客户"),
    "PROMISING": ("Promising", "潜力客户"),
    "NEEDS_ATTENTION": ("Needs attention", "需要关注客户"),
    "PREVIOUSLY_LOYAL": ("Previously loyal", "重要挽留客户"),
    "AT_RISK": ("At risk", "流失风险客户"),
    "ALMOST_LOST": ("Almost lost", "即将流失客户"),
    "DORMANT": ("Dormant", "沉睡客户"),
    "PROSPECTS": ("Prospects", "潜在客户"),
}
STAGES = {
    "prospect": ("not a buyer yet", "尚未购买"),
    "new": ("new", "新客期"),
    "active": ("active", "活跃期"),
    "returned": ("back again", "回归期"),
    "slowing": ("slowing", "放缓期"),
    "lapsed": ("lapsed", "流失期"),
}
BANDS = {"low": ("low", "低"), "medium": ("medium", "中"), "high": ("high", "高")}
TIERS = {"low": ("low", "低价位"), "medium": ("medium", "中价位"), "high": ("high", "高价位")}
WEEKDAYS = (
    ("Monday", "星期一"),
    ("Tuesday", "星期二"),
    ("Wednesday", "星期三"),
    ("Thursday", "星期四"),
    ("Friday", "星期五"),
    ("Saturday", "星期六"),
    ("Sunday", "星期日"),
)
MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
KINDS = {
    "view": ("views", "浏览"),
    "search": ("searches", "搜索"),
    "cart": ("into the basket", "加购"),
    "uncart": ("out of the basket", "移出购物车"),
    "wish": ("wishes", "收藏"),
    "purchase": ("purchases", "购买"),
    "return": ("returns", "退货"),
    "review": ("reviews", "评论"),
    "rate": ("ratings", "评分"),
    "redeem": ("redemptions", "核销"),
    "message": ("messages", "消息"),
}
UNITS = {
    "orders": ("orders", "单"),
    "days": ("days", "天"),
    "gaps": ("usual gaps", "倍常规间隔"),
    "pieces": ("pieces", "件"),
    "lines": ("lines", "行"),
    "items": ("items", "种商品"),
    "categories": ("categories", "个品类"),
    "brands": ("brands", "个品牌"),
    "events": ("events", "个事件"),
    "texts": ("texts", "段文字"),
}
TRAITS = {
    "orders": ("Orders", "订单数"),
    "spend": ("Net spend", "净消费额"),
    "average_order_value": ("Average order", "客单价"),
    "largest_order_value": ("Largest order", "最大订单"),
    "recency_days": ("Since last order", "距上次下单"),
    "usual_gap_days": ("Usual gap", "常规间隔"),
    "average_gap_days": ("Average gap", "平均间隔"),
    "recency_in_usual_gaps": ("Recency over usual gap", "距上次下单与常规间隔之比"),
    "tenure_days": ("Known for", "客龄"),
    "orders_last_30_days": ("Orders, last 30 days", "近30天订单"),
    "spend_last_30_days": ("Bought for, last 30 days", "近30天购买额"),
    "spend_30_days_before": ("Bought for, 30 days before", "此前30天购买额"),
    "pieces": ("Pieces bought", "购买件数"),
    "lines_per_order": ("Lines an order", "每单行数"),
    "pieces_per_order": ("Pieces an order", "每单件数"),
    "distinct_items": ("Different items", "不同商品"),
    "distinct_categories": ("Different categories", "不同品类"),
    "distinct_brands": ("Different brands", "不同品牌"),
    "repeat_share": ("Bought before", "复购占比"),
    "discount_share": ("Discount share", "折扣占比"),
    "return_share": ("Return share", "退货占比"),
    "price_position": ("Price position", "价格位置"),
    "price_tier": ("Price tier", "价格档位"),
    "events": ("Events", "事件数"),
    "mean_rating": ("Mean rating", "平均评分"),
    "texts_written": ("Texts written", "所写文字"),
    "written_sentiment": ("Tone of texts", "文字情感"),
    "written_language": ("Language of texts", "文字语言"),
    "written_topic": ("Writes about", "常谈话题"),
    "written_likes": ("Praises", "称赞"),
    "written_blames": ("Blames", "批评"),
}
_QUESTIONS = {
    "churn": ("no purchase", "不再购买"),
    "purchase": ("a purchase", "发生购买"),
    "orders": ("orders", "订单数"),
    "spend": ("spend", "消费额"),
    "category": ("category bought", "购买品类"),
    "brand": ("brand bought", "购买品牌"),
    "next_item": ("next item", "下一件商品"),
    "age": ("age group", "年龄段"),
    "income": ("income group", "收入段"),
    "kids": ("children at home", "家中儿童"),
    "coupon": ("redeeming a coupon", "使用优惠券"),
}


def label(table: Mapping[str, tuple[str, str]], name: str, language: "Language") -> str:
    """Return the label of a name, or the name itself where there is none.

    Examples
    --------
    >>> label(GROUPS, "AT_RISK", "en")
    'At risk'
    """
    english, chinese = table.get(name, (name.replace("_", " "), name))
    return chinese if language == "zh" else english


def question_title(prediction: "Prediction", language: "Language") -> str:
    """Return what was asked, in words: the question's own, ours, or its name."""
    own = prediction.title_zh if language == "zh" else prediction.title_en
    return own or label(_QUESTIONS, prediction.question, language)


def trait_value(trait: "Trait", language: "Language") -> str:
    """Return a trait's value with its unit, as people write it."""
    value, unit = trait.value, trait.unit
    if isinstance(value, str | bool):
        return label(TIERS, str(value), language) if unit == "tier" else str(value)
    if trait.name == "price_position" or unit == "stars":
        return f"{value:.2f}"
    if unit == "share":
        return percent(value)
    if unit in UNITS:
        shown = days(value) if unit == "days" else number(value)
        name = label(UNITS, unit, language)
        if language == "en" and shown == "1":
            name = f"{name[:-3]}y" if name.endswith("ies") else name.removesuffix("s")
        return f"{shown} {name}"
    return money(value, None if unit == "money" else unit)


def number(value: float) -> str:
    """Return a number as people write it: three figures that count, thousands apart.

    Examples
    --------
    >>> number(12345.6), number(3.70157), number(0.0123), number(4)
    ('12,346', '3.7', '0.0123', '4')
    """
    if value == 0:
        return "0"
    if float(value).is_integer() or abs(value) >= 100:
        return f"{value:,.0f}"
    decimals = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def money(value: float, currency: str | None) -> str:
    """Return an amount with two decimals and its currency, where that is known.

    Examples
    --------
    >>> money(1234.5, "USD")
    '1,234.50 USD'
    """
    return f"{value:,.2f} {currency}" if currency else f"{value:,.2f}"


def days(value: float) -> str:
    """Return a count of days: below ten with one decimal, then whole.

    Examples
    --------
    >>> days(3.05), days(3.5), days(41.7)
    ('3', '3.5', '42')
    """
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}".removesuffix(".0")


def days_ago(value: float) -> str:
    """Return how long ago something was, in English.

    Examples
    --------
    >>> days_ago(1.0), days_ago(1.2)
    ('1 day ago', '1.2 days ago')
    """
    text = days(value)
    return f"{text} day ago" if text == "1" else f"{text} days ago"


def percent(share: float) -> str:
    """Return a share in [0, 1] in hundredths; small ones keep a decimal.

    Examples
    --------
    >>> percent(0.314), percent(0.0042), percent(1.0)
    ('31 %', '0.4 %', '100 %')
    """
    value = 100 * share
    return f"{value:.1f} %" if 0 < abs(value) < 1 else f"{value:.0f} %"


def day(moment: datetime, language: "Language", time_zone: str) -> str:
    """Return the date in a time zone, as people write it.

    Examples
    --------
    >>> from datetime import UTC
    >>> late = datetime(2017, 11, 2, 23, 30, tzinfo=UTC)
    >>> day(late, "en", "UTC"), day(late, "zh", "Asia/Shanghai")
    ('2 November 2017', '2017年11月3日')
    """
    moment = moment.astimezone(ZoneInfo(time_zone))
    if language == "zh":
        return f"{moment.year}年{moment.month}月{moment.day}日"
    return f"{moment.day} {MONTHS[moment.month - 1]} {moment.year}"


_EXPECTED = {
    "purchase": ("an order {}", "{}下单概率"),
    "orders": ("orders {}", "{}订单数"),
    "spend": ("spend {}", "{}消费额"),
}
"""What the behaviour model's scores are called, with a place for the horizon."""


def expects(described: "Described", language: "Language" = "en") -> str:
    """Return what the behaviour model says as one sentence: each score at its longest horizon."""
    zh = language == "zh"
    longest: dict[str, Expected] = {}
    for each in described.scores:
        if not each.about and each.question in _EXPECTED:
            held = longest.get(each.question)
            if held is None or each.horizon_days > held.horizon_days:
                longest[each.question] = each
    told = []
    for question, each in longest.items():
        if each.statistic == "probability":
            shown = percent(each.value)
        else:
            shown = money(each.value, each.unit) if question == "spend" else number(each.value)
        horizon = f"{each.horizon_days:g}"
        within = f"{horizon}天内" if zh else f"within {horizon} days"
        told.append(f"{_EXPECTED[question][1 if zh else 0].format(within)} {shown}")
    likely = [f"{each.about} {percent(each.value)}" for each in described.scores if each.about][:3]
    if likely:
        told.append(
            ("最可能的品类：" if zh else "likeliest: ") + ("、" if zh else ", ").join(likely)
        )
    if zh:
        return "行为模型预计：" + "；".join(told) + "。"
    return "The behaviour model expects " + "; ".join(told) + "."
