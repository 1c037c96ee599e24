"""One paragraph about a customer: every sentence names the figures and events it rests on."""

# ruff: noqa: RUF001 - Chinese punctuation is meant

from collections.abc import Iterator, Mapping

from limner.profiles.record import (
    Clause,
    EventReference,
    Favourite,
    Language,
    Prediction,
    Profile,
    Trait,
)
from limner.profiles.words import (
    BANDS,
    GROUPS,
    STAGES,
    TIERS,
    TRAITS,
    UNITS,
    WEEKDAYS,
    day,
    days,
    days_ago,
    label,
    money,
    number,
    percent,
    question_title,
)

__all__ = ["summarise"]

Known = Mapping[str, Trait]

_ENOUGH_ORDERS = 4
"""From how many orders on a habit is one."""
_CLEAR_SHARE = 0.3
"""From which share on a weekday is preferred."""
_TOLD = 4
"""How many predictions are told of; the record has them all."""


def summarise(profile: Profile) -> tuple[Clause, ...]:
    """Return the sentences that tell most of a profile, in the order they are read.

    Parameters
    ----------
    profile
        All of the record but its summary, which is not looked at.

    Returns
    -------
    Clauses; each path in ``evidence`` can be followed by :meth:`Profile.resolve`.
    """
    known = {trait.name: trait for trait in profile.traits}
    return tuple(
        clause
        for part in (_who, _habit, _taste, _prices, _pause, _trend, _outlook, _next)
        for clause in part(profile, known)
    )


def _witnesses(known: Known, *names: str) -> tuple[EventReference, ...]:
    """Return the events behind some traits, each once."""
    traits = [known[name] for name in names if name in known]
    return tuple(dict.fromkeys(event for trait in traits for event in trait.evidence))


def _amount(known: Known, name: str) -> float | None:
    trait = known.get(name)
    return float(trait.value) if trait and isinstance(trait.value, int | float) else None


def _who(profile: Profile, known: Known) -> Iterator[Clause]:
    lifecycle, identity = profile.lifecycle, profile.identity
    zone = profile.rhythm.time_zone
    since_zh = day(identity.first_seen, "zh", zone)
    orders, recency = _amount(known, "orders"), _amount(known, "recency_days")
    group = [label(GROUPS, lifecycle.rfm_group, language) for language in ("en", "zh")]
    phase = [label(STAGES, lifecycle.stage, language) for language in ("en", "zh")]
    if not orders or recency is None:
        yield Clause(
            "who",
            f"{group[0]}: {phase[0]}, known since {day(identity.first_seen, 'en', zone)},"
            f" last seen on {day(identity.last_seen, 'en', zone)}.",
            f"{group[1]}：{phase[1]}，{since_zh}首次出现，"
            f"最近出现于{day(identity.last_seen, 'zh', zone)}。",
            (
                *("lifecycle.rfm_group", "lifecycle.stage"),
                *("identity.first_seen", "identity.last_seen"),
            ),
            _witnesses(known, "tenure_days", "events"),
        )
        return
    spend = _amount(known, "spend")
    worth_en = f" worth {money(spend, profile.currency)}" if spend else ""
    worth_zh = f"，共{money(spend, profile.currency)}" if spend else ""
    plural = "order" if orders == 1 else "orders"
    yield Clause(
        "who",
        f"{group[0]} ({phase[0]}): {number(orders)} {plural}{worth_en}, known since"
        f" {day(identity.first_seen, 'en', zone)}, last order {days_ago(recency)}.",
        f"{group[1]}（{phase[1]}）：{number(orders)}单{worth_zh}，{since_zh}"
        f"首次出现，{days(recency)}天前最近下单。",
        ("lifecycle.rfm_group", "lifecycle.stage", "traits.orders", "identity.first_seen")
        + (("traits.spend",) if spend else ())
        + ("traits.recency_days",),
        _witnesses(known, "orders", "recency_days", "tenure_days"),
    )


def _habit(profile: Profile, known: Known) -> Iterator[Clause]:
    orders, gap = _amount(known, "orders"), _amount(known, "usual_gap_days")
    if gap is None or (orders or 0) < _ENOUGH_ORDERS:
        return
    evidence = ["traits.usual_gap_days"]
    english, chinese = f"Usually orders every {days(gap)} days", f"通常每{days(gap)}天下单一次"
    rhythm = profile.rhythm
    if rhythm.preferred_weekday is not None and rhythm.basis == "orders":
        share = rhythm.weekdays[rhythm.preferred_weekday] / sum(rhythm.weekdays)
        if share >= _CLEAR_SHARE:
            weekday = WEEKDAYS[rhythm.preferred_weekday]
            english += f", {percent(share)} of the time on a {weekday[0]}"
            chinese += f"，{percent(share)}在{weekday[1]}"
            evidence += ["rhythm.preferred_weekday", "rhythm.weekdays"]
    if rhythm.preferred_hour is not None and rhythm.basis == "orders":
        english += f", most often around {rhythm.preferred_hour}:00"
        chinese += f"，多在{rhythm.preferred_hour}点左右"
        evidence.append("rhythm.preferred_hour")
    average = _amount(known, "average_order_value")
    if average:
        english += f"; an average order is worth {money(average, profile.currency)}"
        chinese += f"；平均每单{money(average, profile.currency)}"
        evidence.append("traits.average_order_value")
    events = _witnesses(known, "usual_gap_days", "average_order_value")
    yield Clause("habit", f"{english}.", f"{chinese}。", tuple(evidence), events)


def _taste(profile: Profile, _: Known) -> Iterator[Clause]:
    places = {"categories": profile.categories[:2], "brands": profile.brands[:1]}
    places["items"] = profile.items[:1]
    chosen = [(place, each) for place, found in places.items() for each in found]
    if not chosen:
        return
    basis = chosen[0][1].basis
    verb_en, verb_zh = {
        "spend": ("Spends most on", "消费集中于"),
        "purchases": ("Buys mostly", "购买集中于"),
        "events": ("Looks mostly at", "关注集中于"),
    }[basis]
    parts_en = {
        "categories": "{}",
        "brands": "the brand {}",
        "items": "the item {}",
    }
    parts_zh = {"categories": "{}", "brands": "品牌{}", "items": "商品{}"}

    def told(place: str, each: Favourite, template: str) -> str:
        name = each.name if place != "items" else f"“{each.name}”"
        return f"{template.format(name)} ({percent(each.share)})"

    english = [told(place, each, parts_en[place]) for place, each in chosen]
    chinese = [told(place, each, parts_zh[place]) for place, each in chosen]
    head = ", ".join(english[:-1])
    yield Clause(
        "taste",
        f"{verb_en} {f'{head} and ' if head else ''}{english[-1]}.",
        f"{verb_zh}{'、'.join(chinese)}。",
        tuple(f"{place}.{each.key}" for place, each in chosen),
        tuple(dict.fromkeys(each.last for _, each in chosen)),
    )


def _prices(_: Profile, known: Known) -> Iterator[Clause]:
    tier, position = known.get("price_tier"), _amount(known, "price_position")
    discount = _amount(known, "discount_share")
    returns = _amount(known, "return_share")
    english, chinese, names = [], [], []
    if tier and position is not None:
        word_en, word_zh = (label(TIERS, str(tier.value), each) for each in ("en", "zh"))
        english.append(f"{word_en} prices within their categories (position {position:.2f} of 1)")
        chinese.append(f"在同品类中偏好{word_zh}（位置{position:.2f}）")
        names += ["price_tier", "price_position"]
    if discount is not None and discount >= 0.005:
        english.append(f"{percent(discount)} off by discounts")
        chinese.append(f"折扣占{percent(discount)}")
        names.append("discount_share")
    if returns:
        english.append(f"{percent(returns)} of the money returned")
        chinese.append(f"退货占{percent(returns)}")
        names.append("return_share")
    if names:
        yield Clause(
            "prices",
            f"Chooses {', '.join(english)}."
            if tier
            else f"Of what was bought: {', '.join(english)}.",
            f"{'，'.join(chinese)}。",
            tuple(f"traits.{name}" for name in names),
            _witnesses(known, *names),
        )


def _pause(profile: Profile, known: Known) -> Iterator[Clause]:
    times = _amount(known, "recency_in_usual_gaps")
    if profile.lifecycle.stage not in {"slowing", "lapsed"} or times is None:
        return
    yield Clause(
        "pause",
        f"The pause since the last order is {number(times)} times the usual gap.",
        f"距上次下单已是常规间隔的{number(times)}倍。",
        ("traits.recency_in_usual_gaps", "lifecycle.stage"),
        _witnesses(known, "recency_in_usual_gaps"),
    )


def _trend(profile: Profile, known: Known) -> Iterator[Clause]:
    now, then = (_amount(known, f"spend_{when}") for when in ("last_30_days", "30_days_before"))
    if not now or not then or abs(now / then - 1) < 0.25:
        return
    change = now / then - 1
    yield Clause(
        "trend",
        f"Spend {'rose' if change > 0 else 'fell'} by {percent(abs(change))} in the last 30 days,"
        f" to {money(now, profile.currency)} from {money(then, profile.currency)}.",
        f"近30天消费较此前30天{'上升' if change > 0 else '下降'}{percent(abs(change))}，"
        f"为{money(now, profile.currency)}。",
        ("traits.spend_last_30_days", "traits.spend_30_days_before"),
        _witnesses(known, "spend_last_30_days"),
    )


def _outlook(profile: Profile, _: Known) -> Iterator[Clause]:
    for prediction in profile.predictions[:_TOLD]:
        within = prediction.horizon_days
        title_en, title_zh = (question_title(prediction, each) for each in ("en", "zh"))
        if prediction.shape == "which":
            chances = prediction.classes[:2]
            value_en = " or ".join(f"{each.name} ({percent(each.probability)})" for each in chances)
            value_zh = "或".join(f"{each.name}（{percent(each.probability)}）" for each in chances)
            if not chances:
                continue
        else:
            value_en, value_zh = (_value(prediction, each) for each in ("en", "zh"))
        when_en = f" within {within} days" if within else ""
        when_zh = f"未来{within}天" if within else ""
        place_en, place_zh = _place(prediction)
        why_en, why_zh = _why(prediction)
        yield Clause(
            f"prediction_{prediction.question}",
            f"Predicted {title_en}{when_en}: {value_en}{place_en}{why_en}.",
            f"预测{when_zh}{title_zh}：{value_zh}{place_zh}{why_zh}。",
            (f"predictions.{prediction.question}",),
        )


def _value(prediction: Prediction, language: Language) -> str:
    if prediction.shape == "whether":
        return percent(prediction.value)
    if prediction.shape == "how_much":
        return money(prediction.value, prediction.unit)
    unit = label(UNITS, prediction.unit, language)
    return f"{number(prediction.value)} {unit}"


def _place(prediction: Prediction) -> tuple[str, str]:
    if prediction.band is None or prediction.percentile is None:
        return "", ""
    above = f"{prediction.percentile:.0f} %"
    return (
        f" ({BANDS[prediction.band][0]}, above {above} of customers)",
        f"（{BANDS[prediction.band][1]}，高于{above}的客户）",
    )


def _why(prediction: Prediction) -> tuple[str, str]:
    """Name the strongest factor, its raw value and which way it pushes."""
    strongest = prediction.factors[:1]
    if not strongest:
        return "", ""

    each = strongest[0]
    shown = "" if each.value is None else f" = {number(each.value)}"
    name_en, name_zh = label(TRAITS, each.name, "en").lower(), label(TRAITS, each.name, "zh")
    way_en, way_zh = ("raised", "推高") if each.effect >= 0 else ("lowered", "拉低")
    return f", {way_en} by {name_en}{shown}", f"，被{name_zh}{shown}{way_zh}"


def _next(profile: Profile, _: Known) -> Iterator[Clause]:
    chosen = profile.recommendations[:3]
    if not chosen:
        return
    titles = [f"“{each.title}”" for each in chosen]
    yield Clause(
        "next",
        f"Offer next: {', '.join(titles)}.",
        f"推荐：{'、'.join(titles)}。",
        tuple(f"recommendations.{each.item_id}" for each in chosen),
        tuple(dict.fromkeys(event for each in chosen for event in each.evidence)),
    )
