"""Random rules and customers, and a plain way to hold one against the other."""

import operator
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from limner.profiles.counters import Counters, Day
from limner.profiles.record import (
    Attribute,
    Chance,
    CustomerValue,
    EventReference,
    Favourite,
    Identity,
    Lifecycle,
    Prediction,
    Profile,
    Rhythm,
    Score,
    Trait,
)

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
STAGES = ("prospect", "new", "active", "returned", "slowing", "lapsed")
GROUPS = ("CHAMPIONS", "LOYAL", "AT_RISK", "DORMANT", "PROSPECTS")
WORDS = ("", "tea", "mug", "green tea", "Ö", "茶", "active", "1")
NUMBERS = (-1, 0, 1, 2, 2.5, 3, 10, 1e9)
MOMENTS = tuple(NOW - timedelta(days=days) for days in (-1, 0, 0.5, 7, 30, 400))
FIELDS = {
    "number": (
        "live.orders",
        "live.spend",
        "live.average_order_value",
        "live.kinds.view",
        "live.windows.7d.spend",
        "live.windows.90d.events",
        "lifecycle.recency",
        "value.predicted_clv",
        "predictions.churn",
        "percentiles.churn",
        "predictions.odd.name",
    ),
    "text": (
        "lifecycle.stage",
        "lifecycle.rfm_group",
        "attributes.city",
        "bands.churn",
        "classes.category",
    ),
    "moment": ("live.last_seen", "live.last_purchase", "identity.first_seen"),
    "set": ("categories", "brands", "items"),
    "some": ("traits.orders", "traits.tier", "traits.vip", "traits.unheard"),
}
CHOICES = {"lifecycle.stage": STAGES, "lifecycle.rfm_group": GROUPS}


@st.composite
def clauses(draw):
    """Return a clause that may be asked."""
    kind = draw(st.sampled_from(sorted(FIELDS)))
    field = draw(st.sampled_from(FIELDS[kind]))
    number, text = st.sampled_from(NUMBERS), st.sampled_from(CHOICES.get(field, WORDS))
    times = st.sampled_from([each.isoformat() for each in MOMENTS])
    values = {
        "number": number,
        "text": text,
        "moment": times,
        "some": number | text | st.booleans(),
    }.get(kind, text)
    ordered = {"moment": times}.get(kind, number)
    alike = ["eq", "ne", "exists"]
    ops = {
        "number": [*alike, "lt", "le", "gt", "ge", "between", "in", "not_in"],
        "text": [*alike, "in", "not_in", "contains", "starts_with"],
        "moment": [*alike, "lt", "ge", "between", "within_days", "before_days"],
        "set": ["contains", "exists"],
        "some": [*alike, "lt", "ge", "between", "in", "not_in", "contains", "starts_with"],
    }[kind]
    op = draw(st.sampled_from(ops))
    if op == "exists":
        return {"field": field, "op": op}
    if op in {"within_days", "before_days"}:
        value = draw(st.sampled_from((0, 0.5, 6.9, 7, 30, 365)))
    elif op == "between":
        value = draw(st.lists(ordered, min_size=2, max_size=2))
    elif op in {"in", "not_in"}:
        value = draw(st.lists(values, min_size=1, max_size=3))
    elif op in {"lt", "le", "gt", "ge"}:
        value = draw(ordered)
    elif op in {"contains", "starts_with"}:
        value = draw(text)
    else:
        value = draw(values)
    return {"field": field, "op": op, "value": value}


def rules():
    """Return rules, as JSON has them."""
    return st.recursive(
        clauses(),
        lambda inner: (
            st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=3))
            | st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3))
            | st.builds(lambda part: {"not": part}, inner)
        ),
        max_leaves=6,
    )


@st.composite
def profiles(draw, name="ann"):
    """Return a profile, some of which is not known."""
    maybe = lambda values: draw(st.none() | st.sampled_from(values))  # noqa: E731
    event = EventReference("purchase", NOW - timedelta(days=3))
    traits = [("orders", maybe(NUMBERS)), ("tier", maybe(WORDS)), ("vip", maybe((True, False)))]
    city, churn, odd, likely = (
        maybe(WORDS),
        maybe((0.0, 0.2, 1.0)),
        maybe(NUMBERS),
        maybe(("tea", "mug")),
    )
    asked = []
    if churn is not None:
        asked.append(
            Prediction(
                "churn",
                "whether",
                30,
                "probability",
                churn,
                "m1",
                maybe(NUMBERS),
                maybe(("low", "medium", "high")),
            )
        )
    if odd is not None:
        asked.append(Prediction("odd.name", "how_many", 30, "orders", float(odd), "m1"))
    if likely is not None:
        chances = (Chance(likely, 0.6), Chance("other", 0.1))
        asked.append(Prediction("category", "which", 30, "probability", 0.6, "m1", classes=chances))

    def liked(words):
        chosen = draw(st.lists(st.sampled_from(words), max_size=2, unique=True))
        return tuple(Favourite(each, each, 0.5, "spend", 1, 2.0, event) for each in chosen)

    return Profile(
        customer_id=name,
        as_of=NOW,
        computed_at=NOW,
        identity=Identity(
            draw(st.sampled_from(MOMENTS)),
            NOW,
            attributes=() if city is None else (Attribute("city", city),),
        ),
        lifecycle=Lifecycle(
            draw(st.sampled_from(STAGES)),
            draw(st.sampled_from(GROUPS)),
            Score("days", 3.0, maybe((1, 2, 3))),
            Score("orders"),
            Score("USD"),
        ),
        rhythm=Rhythm("orders", "UTC", (), ()),
        value=CustomerValue(predicted_clv=maybe((0.0, 2.5, 10.0))),
        traits=tuple(
            Trait(each, value, "x", NOW) for each, value in traits if value is not None
        ),
        categories=liked(WORDS),
        brands=liked(("tea", "mug")),
        items=liked(("tea", "1")),
        predictions=tuple(asked),
    )  # fmt: skip


@st.composite
def counters(draw):
    """Return counters."""
    us = [int(each.timestamp() * 1e6) for each in MOMENTS]
    today = int(NOW.timestamp()) // 86_400
    ago = draw(st.lists(st.sampled_from((0, 6, 7, 30, 89, 90)), max_size=3, unique=True))
    orders = draw(st.sampled_from((0, 1, 2, 3)))
    return Counters(
        events=orders + 1,
        orders=orders,
        bought=orders * draw(st.sampled_from((1_000_000, 2_500_000))),
        last=draw(st.none() | st.sampled_from(us)),
        last_purchase=draw(st.none() | st.sampled_from(us)),
        kinds=draw(st.sampled_from(({}, {"view": 1}, {"view": 10, "cart": 1}))),
        days={today - each: Day(each + 1, 1, each * 500_000) for each in sorted(ago, reverse=True)},
    )


def plain_look(profile, counted, field):  # noqa: C901, PLR0911 - plain, not short
    """Return what is known at a field, found in the plainest way; none: nothing."""
    head, _, rest = field.partition(".")
    if head == "live":
        told = counted.told(NOW)
        if rest.startswith("kinds."):
            return told["kinds"].get(rest[6:], 0)
        if rest.startswith("windows."):
            _, width, name = rest.split(".")
            return told["windows"][width][name]
        found = told[rest]
        return datetime.fromisoformat(found) if isinstance(found, str) else found
    if profile is None:
        return None
    if head == "traits":
        found = profile.trait(rest)
        return None if found is None else found.value
    if head == "attributes":
        told = [each.value for each in profile.identity.attributes if each.name == rest]
        return told[0] if told else None
    if head in {"predictions", "percentiles", "bands", "classes"}:
        found = profile.prediction(rest)
        if found is None:
            return None
        if head == "classes":
            return found.classes[0].name if found.classes else None
        return {
            "predictions": found.value,
            "percentiles": found.percentile,
            "bands": found.band,
        }[head]
    if head == "lifecycle":
        found = getattr(profile.lifecycle, rest)
        return found.quintile if isinstance(found, Score) else found
    if head in {"categories", "brands", "items"}:
        return {each.key for each in getattr(profile, head)}
    return getattr(getattr(profile, head), rest)


def plain_holds(plain, profile, counted):  # noqa: C901, PLR0911, PLR0912
    """Whether a rule, as JSON has it, holds: a direct reading, to hold the real one against."""
    if "all" in plain:
        return all(plain_holds(each, profile, counted) for each in plain["all"])
    if "any" in plain:
        return any(plain_holds(each, profile, counted) for each in plain["any"])
    if "not" in plain:
        return not plain_holds(plain["not"], profile, counted)
    found, op = plain_look(profile, counted, plain["field"]), plain["op"]
    value = plain.get("value")
    if found is None:
        return False
    if op == "exists":
        return True
    if isinstance(found, set):
        return value in found
    if op in {"within_days", "before_days"}:
        age = (NOW - found).total_seconds() / 86_400
        return 0 <= age <= value if op == "within_days" else age > value
    if isinstance(found, datetime):
        value = (
            [datetime.fromisoformat(each) for each in value]
            if isinstance(value, list)
            else datetime.fromisoformat(value)
        )

    def family(thing):
        if isinstance(thing, bool):
            return "truth"
        return "number" if isinstance(thing, (int, float)) else type(thing).__name__

    def same(other):
        return family(found) == family(other) and found == other

    if op in {"eq", "in"}:
        return any(same(each) for each in (value if op == "in" else [value]))
    if op in {"ne", "not_in"}:
        return not any(same(each) for each in (value if op == "not_in" else [value]))
    if op in {"contains", "starts_with"}:
        if not isinstance(found, str):
            return False
        return value in found if op == "contains" else found[: len(value)] == value
    if family(found) not in {"number", "datetime"}:
        return False
    if op == "between":
        return value[0] <= found <= value[1]
    return getattr(operator, op)(found, value)
