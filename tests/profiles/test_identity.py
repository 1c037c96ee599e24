"""Who is who: the same set of evidence says the same, in whatever order it came."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limner.profiles.identity import IdentityConfig, Link, key_of, resolve


def link(one, other, rule="identify", at=0, call="m"):
    return Link(*sorted((one, other)), rule, at, call)


def user(name):
    return f"user_id:{name}"


def visitor(name):
    return f"anonymous_id:{name}"


def people(*links, **limits):
    return dict(resolve(links, IdentityConfig(**limits)).person)


def test_a_visitor_who_becomes_known_is_one_person_with_the_user():
    assert people(link(visitor("a1"), user("u42"))) == {"id:a1": "u42", "id:u42": "u42"}


def test_without_a_known_user_the_name_is_that_seen_first_then_the_smallest():
    first = people(link(visitor("b"), "device:d", at=1), link(visitor("a"), "device:d", at=2))
    assert set(first.values()) == {"b"}
    alike = people(link(visitor("b"), "device:d"), link(visitor("a"), "device:d"))
    assert set(alike.values()) == {"a"}


@pytest.mark.parametrize("shared", [visitor("a1"), "device:d1", "email:a@b.c"])
def test_what_two_known_users_share_links_neither(shared):
    found = resolve([link(shared, user("u1")), link(shared, user("u2"), at=9)])
    assert (found.person["id:u1"], found.person["id:u2"]) == ("u1", "u2")
    assert found.blocked[key_of(shared)] == "several_known_users"
    assert {bond.why for bond in found.bonds.values()} == {"several_known_users"}


def test_a_device_shared_through_visitors_links_nobody_either():
    found = resolve(
        [
            link(visitor("a1"), user("u1")),
            link("device:d", user("u1")),
            link(visitor("a2"), user("u2")),
            link(visitor("a2"), "device:d"),
            link(visitor("a3"), "device:d"),
        ]
    )
    assert found.blocked == {"device:d": "several_known_users"}
    assert found.person == {
        "id:a1": "u1",
        "id:u1": "u1",
        "id:a2": "u2",
        "id:u2": "u2",
        "id:a3": "a3",
    }


@pytest.mark.parametrize("rule", ["alias", "merge"])
def test_two_known_users_are_one_where_that_is_said_outright(rule):
    found = people(link(user("u1"), user("u2"), rule, at=5), link(visitor("a"), user("u2"), at=1))
    assert set(found.values()) == {"u2"}


NOBODY = ["null", "-1", "anonymous", "unknown", "0", "undefined", "NaN", "None", " Null "]
NOBODY += ["00000000-0000-0000-0000-000000000000", "匿名", "未知"]


@pytest.mark.parametrize("value", NOBODY)
def test_values_that_mean_nobody_never_link(value):
    found = resolve([link(visitor(value), user("u1")), link(visitor(value), "device:d")])
    assert found.person["id:u1"] == "u1"
    assert found.person[f"id:{value}"] == value
    assert found.blocked[f"id:{value}"] == "blocked_value"
    mail = resolve([link("email:test@test.com", user("u1"))])
    assert "email:test@test.com" not in mail.person


def test_a_shop_may_block_more_values():
    assert people(link(visitor("Kiosk"), user("u1")), blocked=("kiosk",))["id:Kiosk"] == "Kiosk"


def test_a_value_that_would_join_too_many_joins_none():
    links = [link(visitor(f"a{n}"), "device:d") for n in range(4)]
    assert len(set(people(*links, shared=4).values())) == 1
    found = resolve(links, IdentityConfig(shared=3))
    assert len(set(found.person.values())) == 4
    assert found.blocked == {"device:d": "joins_too_many"}


def test_a_person_has_so_many_addresses_and_those_seen_first_stay():
    links = [link(f"email:{n}@b.c", user("u1"), at=n) for n in range(4)]
    found = resolve(links, IdentityConfig(emails=2))
    assert {"email:0@b.c", "email:1@b.c"} <= set(found.person)
    assert found.blocked == {"email:2@b.c": "limit", "email:3@b.c": "limit"}


def test_an_id_that_is_an_alias_of_too_many_joins_none_of_them():
    links = [link(user("guest-1"), user(f"u{n}"), "alias") for n in range(4)]
    assert len(set(people(*links, aliases=3).values())) == 5


def test_what_was_undone_stays_undone_until_it_is_merged_again():
    seen = link(visitor("a"), user("u"), at=1)
    undone = link("id:a", "id:u", "unmerge", at=5)
    again = link(visitor("a"), user("u"), "track", at=9)
    assert people(seen, undone, again) == {"id:a": "a", "id:u": "u"}
    merged = link("id:a", "id:u", "merge", at=6)
    assert set(people(seen, undone, again, merged).values()) == {"u"}
    assert people(seen, undone, again, merged, link("id:a", "id:u", "unmerge", at=7))["id:a"] == "a"


def test_a_visitor_and_a_user_of_one_id_are_one():
    assert people(link(visitor("x"), user("x"))) == {"id:x": "x"}


names = st.sampled_from(
    [
        *(user("1a"), user("2b"), user("3c"), visitor("p"), visitor("q"), visitor("r")),
        *("device:d", "email:a@b.c", "email:e@f.g", visitor("null"), visitor("1a")),
    ]
)
rules = st.sampled_from(["identify", "identify", "identify", "alias", "merge", "unmerge"])
evidence = st.builds(link, names, names, rules, st.integers(0, 3))
limits = st.builds(
    IdentityConfig,
    emails=st.integers(1, 2),
    anonymous_ids=st.integers(1, 3),
    aliases=st.integers(1, 3),
    shared=st.integers(2, 4),
    links=st.integers(3, 6),
)


@given(st.lists(evidence, max_size=4), limits)
@settings(max_examples=60, deadline=None)
def test_every_permutation_says_the_same(links, config):
    whole = resolve(links, config)
    for order in itertools.permutations(links):
        assert resolve(order, config) == whole


@given(st.lists(evidence, max_size=14), limits, st.randoms())
@settings(max_examples=150, deadline=None)
def test_neither_order_nor_repetition_makes_a_difference(links, config, chance):
    again = [*links, *links]
    chance.shuffle(again)
    found = resolve(again, config)
    assert found == resolve(links, config)
    users = {}
    for key, person in found.person.items():
        if key in found.users:
            users.setdefault(person, set()).add(key)
    told = any(each.rule in {"alias", "merge"} for each in links)
    assert told or all(len(known) == 1 for known in users.values())
