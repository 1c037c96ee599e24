"""Those of whom it may be told, in SQLite and PostgreSQL: everybody once, nobody who said no."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from limner.apps.segments.counting import count_exactly, estimate, find
from limner.apps.segments.rule import parse_rule
from limner.profiles.counters import Counters
from limner.profiles.database import tables as t
from limner.profiles.database.population import DatabasePopulation
from rules import NOW, counters, plain_holds, profiles, rules

NEVER = lambda: False  # noqa: E731 - as short as it is
BOUGHT = {"field": "live.orders", "op": "ge", "value": 1}


def fill(store, people, said=()):
    """Put customers into the tables as they are: (profile or none, counters) by id."""
    with store.engine.begin() as connection:
        for table in (t.customers, t.profiles, t.consents):
            connection.execute(delete(table))
        for name, (profile, counted) in people.items():
            row = {"customer_id": name, "counters": counted.to_json()}
            row |= {"seq": 1, "drawn": 1, "changed_us": 0}
            connection.execute(t.customers.insert(), [row])
            if profile is not None:
                told = {"rfm_group": profile.lifecycle.rfm_group, "stage": profile.lifecycle.stage}
                whole = replace(profile, customer_id=name).to_json().decode()
                told |= {"customer_id": name, "as_of": "x", "profile": whole}
                connection.execute(t.profiles.insert(), [told])
        for name, granted in said:
            row = {"customer_id": name, "purpose": "risk", "granted": granted, "told_us": 0}
            connection.execute(t.consents.insert(), [row])


def ids(rule, population, *, limit=100):
    found, cursor = [], ""
    while cursor is not None:
        page = find(
            parse_rule(rule), population, after=cursor, limit=limit, as_of=NOW, enough=NEVER
        )
        found += [each.customer_id for each in page.pages]
        cursor = page.cursor
    return found


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    people=st.lists(st.tuples(st.none() | profiles(), counters()), min_size=1, max_size=6),
    asked=st.lists(rules(), min_size=1, max_size=5),
)
def test_members_are_those_of_whom_a_plain_reading_says_so(store, people, asked):
    known = {f"c{at}": each for at, each in enumerate(people)}
    fill(store, known)
    population = DatabasePopulation(store.engine, "service", unasked=True)
    for rule in asked:
        wanted = [name for name, each in known.items() if plain_holds(rule, *each)]
        assert ids(rule, population, limit=2) == wanted
        exactly = count_exactly(parse_rule(rule), population, as_of=NOW, enough=NEVER)
        told = estimate(parse_rule(rule), population, n=100, seed=1, as_of=NOW)
        assert exactly == told.members == told.low == told.high == len(wanted)


@pytest.mark.parametrize(("unasked", "wanted"), [(True, ["a", "c"]), (False, ["a"])])
def test_whoever_did_not_consent_is_not_even_looked_at(store, unasked, wanted):
    one = (None, Counters(orders=1))
    fill(store, {"a": one, "b": one, "c": one}, said=[("a", 1), ("b", 0)])
    risk = DatabasePopulation(store.engine, "risk", unasked=unasked)
    assert ids(BOUGHT, risk) == wanted
    assert ids({"not": BOUGHT}, risk) == []
    assert (risk.size(), risk.withheld()) == (len(wanted), 3 - len(wanted))
    assert [each.customer_id for each in risk.sample(10, seed=0)] == wanted
    assert risk.of("b") is None
    assert risk.of("a").customer_id == "a"
    assert ids(BOUGHT, DatabasePopulation(store.engine, "service", unasked=True)) == ["a", "b", "c"]


def test_a_sample_is_of_all_alike_also_where_many_numbers_are_free(store):
    one = (None, Counters(orders=1))
    fill(store, {f"c{at:03d}": one for at in range(60)})
    with store.engine.begin() as connection:
        gone = [f"c{at:03d}" for at in range(60) if at % 3]
        connection.execute(delete(t.customers).where(t.customers.c.customer_id.in_(gone)))
    people = DatabasePopulation(store.engine, "service", unasked=True)
    assert people.size() == 20
    times: dict[str, int] = {}
    for seed in range(200):
        drawn = [each.customer_id for each in people.sample(5, seed=seed)]
        assert len(set(drawn)) == 5
        for name in drawn:
            times[name] = times.get(name, 0) + 1
    assert len(times) == 20
    assert all(20 < each < 90 for each in times.values()), "each is drawn 50 times on average"
    assert people.sample(5, seed=3) == people.sample(5, seed=3)
    assert DatabasePopulation(store.engine, "service", unasked=False).sample(5, seed=0) == []
