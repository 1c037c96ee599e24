"""Rules hold of whom a plain reading says they do, and every verdict says why."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from limner.apps.segments.judging import holds, judge, narrow
from limner.apps.segments.rule import parse_rule
from limner.apps.segments.subject import Subject
from limner.profiles.counters import Counters
from limner.profiles.live import Page
from rules import NOW, counters, plain_holds, profiles, rules


@settings(max_examples=400, deadline=None)
@given(rules(), st.none() | profiles(), counters())
def test_a_rule_holds_where_a_plain_reading_says_so(plain, profile, counted):
    rule = parse_rule(plain)
    subject = Subject.of(profile, counted, as_of=NOW)
    wanted = plain_holds(plain, profile, counted)
    assert holds(rule, subject) is wanted
    assert judge(rule, subject).holds is wanted
    portrait = None if profile is None else profile.to_json().decode()
    page = Page("ann", portrait, counted.to_json(), 1, 1, 0)
    assert holds(rule, Subject.of_page(page, as_of=NOW)) is wanted


@settings(max_examples=200, deadline=None)
@given(rules(), st.none() | profiles(), counters())
def test_nobody_of_whom_a_rule_holds_is_left_out_by_narrowing(plain, profile, counted):
    among = narrow(parse_rule(plain))
    if plain_holds(plain, profile, counted):
        stage = "" if profile is None else profile.lifecycle.stage
        group = "" if profile is None else profile.lifecycle.rfm_group
        assert among.stages is None or stage in among.stages
        assert among.groups is None or group in among.groups


def test_narrowing_is_as_narrow_as_the_rule_allows():
    lapsed = {"field": "lifecycle.stage", "op": "eq", "value": "lapsed"}
    rich = {"field": "traits.spend", "op": "ge", "value": 100}
    assert narrow(parse_rule({"all": [lapsed, rich]})).stages == ("lapsed",)
    assert narrow(parse_rule({"any": [lapsed, rich]})).stages is None
    assert "lapsed" not in narrow(parse_rule({"not": lapsed})).stages
    assert "" in narrow(parse_rule({"not": lapsed})).stages


def test_a_verdict_says_why_clause_by_clause():
    plain = {
        "all": [
            {"field": "live.orders", "op": "ge", "value": 2},
            {"not": {"field": "traits.vip", "op": "eq", "value": True}},
        ]
    }
    told = judge(parse_rule(plain), Subject.of(None, Counters(orders=1), as_of=NOW)).to_dict()
    assert told["holds"] is False
    orders, other = told["parts"]
    assert (orders["found"], orders["holds"], orders["known"]) == (1, False, True)
    assert orders["why"] == "live.orders ge 2: no, it is 1"
    assert other["holds"] is True
    assert other["parts"][0]["known"] is False
    assert other["parts"][0]["why"] == "traits.vip eq True: no, nothing is known there"
    assert told["why"] == "1 of 2 hold, and all must"


def test_days_count_back_from_the_present_and_not_ahead():
    def asked(**days):
        last = int((NOW - timedelta(**days)).timestamp() * 1e6)
        subject = Subject.of(None, Counters(last=last), as_of=NOW)
        rule = {"field": "live.last_seen", "op": "within_days", "value": 7}
        return holds(parse_rule(rule), subject)

    assert [asked(days=7), asked(days=7, seconds=1), asked(days=-1)] == [True, False, False]
