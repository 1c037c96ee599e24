"""Segments of a workspace with portraits, held against data frames: exact, and how fast.

``python benchmarks/segments.py --workspace DIR`` makes random rules of the shop's own traits, their
quantiles, RFM groups and stages, and prints

* how many rules name other members than the same rule asked of one data frame by polars;
* in how many of the rules the 95 % interval of a sample of 500 holds the truth;
* customers a second that an exact count goes through, beside reading their profiles as records.

It changes nothing in the workspace but the counters, as ``limner segment`` does.
"""

import argparse
import random
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from limner.apps.segments.counting import count_exactly, estimate
from limner.apps.segments.judging import holds
from limner.apps.segments.rule import parse_rule
from limner.apps.segments.subject import Subject
from limner.cli.segments import desk_of
from limner.cli.workspace import Workspace
from limner.profiles.record import Profile

SAMPLE = 500
Json = dict[str, Any]


def frame_of(profiles: list[Profile]) -> pl.DataFrame:
    """Return a row a customer: numeric traits, stage and group."""
    rows = []
    for each in profiles:
        row: Json = {
            f"traits.{trait.name}": float(trait.value)
            for trait in each.traits
            if isinstance(trait.value, int | float) and not isinstance(trait.value, bool)
        }
        row |= {"lifecycle.stage": each.lifecycle.stage}
        row |= {"lifecycle.rfm_group": each.lifecycle.rfm_group, "id": each.customer_id}
        rows.append(row)
    return pl.DataFrame(rows, infer_schema_length=None)


def a_rule(frame: pl.DataFrame, chance: random.Random, depth: int = 3) -> Json:
    """Return a random rule of the frame's columns."""
    if depth and chance.random() < 0.6:
        kind = chance.choice(("all", "any", "not"))
        if kind == "not":
            return {"not": a_rule(frame, chance, depth - 1)}
        return {kind: [a_rule(frame, chance, depth - 1) for _ in range(chance.randint(1, 3))]}
    field = chance.choice([name for name in frame.columns if name != "id"])
    known = frame[field].drop_nulls()
    if field.startswith("lifecycle."):
        some = chance.sample(sorted(set(known.to_list())), 1 + chance.randrange(2))
        return {"field": field, "op": chance.choice(("in", "not_in")), "value": some}
    op = chance.choice(("lt", "le", "gt", "ge", "eq", "ne", "between", "exists"))
    if op == "exists":
        return {"field": field, "op": op}
    value, other = (known[chance.randrange(len(known))] for _ in range(2))
    return {"field": field, "op": op, "value": [value, other] if op == "between" else value}


def asked_of(plain: Json) -> pl.Expr:
    """Return a rule as an expression of polars."""
    for name, join in (("all", pl.all_horizontal), ("any", pl.any_horizontal)):
        if name in plain:
            return join([asked_of(each) for each in plain[name]])
    if "not" in plain:
        return ~asked_of(plain["not"])
    column, value = pl.col(plain["field"]), plain.get("value")
    found = {
        "lt": lambda: column < value,
        "le": lambda: column <= value,
        "gt": lambda: column > value,
        "ge": lambda: column >= value,
        "eq": lambda: column == value,
        "ne": lambda: column != value,
        "in": lambda: column.is_in(value),
        "not_in": lambda: ~column.is_in(value),
        "between": lambda: column.is_between(*value),
        "exists": column.is_not_null,
    }[plain["op"]]()
    return found.fill_null(value=False)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--rules", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0)
    told = parser.parse_args()
    chance, now = random.Random(told.seed), datetime.now(UTC)  # noqa: S311 - no secret
    with desk_of(Workspace(told.workspace), None) as desk:
        people = desk.people("analytics")
        pages = people.pages(limit=10**9)
        began = time.process_time()
        profiles = [Profile.from_json(page.portrait) for page in pages if page.portrait is not None]
        reading = time.process_time() - began
        frame = frame_of(profiles)
        subjects = {
            page.customer_id: Subject.of_page(page, as_of=now)
            for page in pages
            if page.portrait is not None
        }
        others = inside = narrow = 0
        for number in range(told.rules):
            plain = a_rule(frame, chance)
            rule = parse_rule(plain)
            wanted = set(frame.filter(asked_of(plain))["id"].to_list())
            found = {who for who, each in subjects.items() if holds(rule, each)}
            others += found != wanted
            if number % 20 == 0:
                size = estimate(rule, people, n=SAMPLE, seed=number, as_of=now)
                inside += size.low <= len(wanted) <= size.high
                narrow += 1
        one = parse_rule({"field": "traits.spend", "op": "ge", "value": 100})
        count_exactly(one, people, as_of=now, enough=lambda: False)
        began = time.process_time()
        count_exactly(one, people, as_of=now, enough=lambda: False)
        counting = time.process_time() - began
    print(f"customers with a portrait: {len(profiles):,}")
    print(f"rules with other members than the data frame says: {others} of {told.rules:,}")
    print(f"95 % intervals of {SAMPLE} that hold the truth: {inside} of {narrow}")
    print(
        f"exact count: {len(pages) / counting:,.0f} customers a second of one core,"
        f" {reading / counting:.1f} times as fast as reading the profiles into records"
    )


if __name__ == "__main__":
    main()
