"""Evidence that comes bit by bit gives the persons that all of it gives at once."""

from dataclasses import replace
from datetime import timedelta

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from arrivals import NOW_US, T0, arrival, buy, view
from limner.events.evidence import EVIDENCE_SCHEMA
from limner.profiles.counters import Counters
from limner.profiles.database.linking import all_links
from limner.profiles.database.store import DatabaseStore
from limner.profiles.identity import IdentityConfig, resolve


def evidence(*rows):
    """Rows of two names, and then rule, day and call if they matter."""
    told = []
    for one, other, *more in rows:
        rule, day, call = [*more, *["identify", 0, "m"][len(more) :]]
        told.append((*sorted((one, other)), rule, T0 + timedelta(days=day), call))
    return pl.DataFrame(told, schema=EVIDENCE_SCHEMA, orient="row")


def accept(store, *events, linked=()):
    whole = replace(arrival(*events), evidence=evidence(*linked) if linked else None)
    return store.accept(whole, received_us=NOW_US)


PAIR = ("anonymous_id:a1", "user_id:u42")


def test_a_merge_is_told_under_every_id_and_is_stale(store):
    accept(store, buy("a1", "e1"), buy("u42", "e2", order="o2"))
    receipt = accept(store, linked=[PAIR])
    assert receipt.token == store.token() == 3
    page = store.page("a1")
    assert (page.customer_id, page.identities, page.stale) == ("u42", ("a1", "u42"), True)
    assert Counters.from_json(page.counters).orders == 2
    for name in ("u42", "user_id:u42", "anonymous_id:a1"):
        assert store.page(name) == page
        assert store.state(name, "service") == (3, 0, 0, None)
    assert store.pages() == store.pages_of(["u42", "a1"]) == [page]
    (stale,) = store.stale(limit=10)
    assert (stale.customer_id, [who for _, who in stale.others]) == ("u42", ["a1"])
    assert [each.event["customer_id"] for each in store.timeline("a1", before=None, limit=5)] == [
        "u42",
        "a1",
    ]


def test_the_same_evidence_again_changes_nothing(store):
    accept(store, linked=[PAIR])
    token = store.token()
    assert accept(store, linked=[PAIR, (*PAIR, "identify", 3)]).token == token
    with store.engine.connect() as connection:
        assert len(all_links(connection)) == 1


def test_who_only_identified_is_known_under_the_user_id_once_two_ids_are_one(store):
    accept(store, view("a1"))
    accept(store, linked=[PAIR, ("user_id:u42", "email:x@y.z")])
    assert store.page("email:X@y.z").customer_id == "u42"
    accept(store, view("u42", day=1))
    assert Counters.from_json(store.page("a1").counters).events == 2


def test_what_becomes_shared_takes_its_person_apart_again(store):
    accept(store, view("a1"), view("u1"), view("u2"), linked=[("anonymous_id:a1", "user_id:u1")])
    assert store.page("a1").customer_id == "u1"
    accept(store, linked=[("anonymous_id:a1", "user_id:u2")])
    assert [page.identities for page in store.pages()] == [("a1",), ("u1",), ("u2",)]
    assert all(page.stale for page in store.pages() if page.customer_id != "u2")


def test_other_limits_are_heeded_when_a_store_is_opened(address):
    rows = [(f"anonymous_id:a{n}", "device:d") for n in range(4)]
    with DatabaseStore(address) as store:
        accept(store, *(view(f"a{n}") for n in range(4)), linked=rows)
        assert len(store.pages()) == 1
    with DatabaseStore(address, identity=IdentityConfig(shared=3)) as store:
        store.identities.heed_limits()
        assert len(store.pages()) == 4
        token = store.token()
        store.identities.heed_limits()
        assert store.token() == token


def test_what_joins_too_many_parts_others_that_it_led_to(address):
    """Until x joins too many it leads from 1a to q, as d does from 2b: q is nobody's."""
    rows = [
        *[("anonymous_id:x", "user_id:1a"), ("anonymous_id:x", "anonymous_id:q")],
        *[("device:d", "anonymous_id:q"), ("device:d", "user_id:2b")],
    ]
    with DatabaseStore(address, identity=IdentityConfig(shared=2)) as store:
        accept(store, *(view(who) for who in ("1a", "2b", "q", "x", "r")), linked=rows)
        assert store.page("q").customer_id == "q"
        accept(store, linked=[("anonymous_id:x", "anonymous_id:r")])
        assert store.page("q").customer_id == "2b"
        assert store.page("x").customer_id == "x"


def test_visitors_who_are_told_to_be_one_stay_so_where_two_users_share_them(address):
    rows = [("anonymous_id:p", "user_id:1a"), ("anonymous_id:p", "user_id:2b")]
    alias = ("anonymous_id:p", "anonymous_id:q", "alias", 0)
    with DatabaseStore(address) as store:
        accept(store, *(view(who) for who in ("1a", "2b", "p", "q")), linked=[*rows, alias])
        assert store.page("q").identities == ("p", "q")
        assert store.page("q").customer_id == store.page("p").customer_id == "p"


def test_a_device_that_is_told_to_be_a_visitors_names_them_though_two_users_share_both(address):
    rows = [
        *[("anonymous_id:p", "user_id:1a"), ("anonymous_id:p", "user_id:2b")],
        ("anonymous_id:p", "device:d", "alias", 0),
    ]
    with DatabaseStore(address) as store:
        accept(store, *(view(who) for who in ("1a", "2b", "p")), linked=rows)
        assert store.page("device:d") == store.page("p")
        assert store.page("p").identities == ("p",)


names = st.sampled_from(
    [
        *("user_id:1a", "user_id:2b", "user_id:3c", "anonymous_id:p", "anonymous_id:q"),
        *("anonymous_id:r", "device:d", "email:a@b.c", "anonymous_id:null", "anonymous_id:1a"),
    ]
)
rules = st.sampled_from(["identify", "identify", "identify", "alias", "merge", "unmerge"])
rows = st.lists(st.tuples(names, names, rules, st.integers(0, 3)), max_size=9)
limits = st.builds(
    IdentityConfig,
    emails=st.integers(1, 2),
    anonymous_ids=st.integers(1, 3),
    aliases=st.integers(1, 2),
    shared=st.integers(2, 3),
    links=st.integers(2, 4),
)


@given(rows, limits, st.randoms())
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_bit_by_bit_it_is_as_all_at_once(tmp_path_factory, told, config, chance):
    """In any order, twice, between events: the persons are those of the whole set."""
    told = [row for row in told if row[0] != row[1]]
    whole = [*told, *told]
    chance.shuffle(whole)
    ids = ["1a", "2b", "3c", "p", "q", "r"]
    path = tmp_path_factory.mktemp("store") / "profiles.db"
    with DatabaseStore(path, identity=config) as store:
        accept(store, *(view(who) for who in ids[:3]))
        while whole:
            some = whole[: chance.randint(1, 4)]
            whole = whole[len(some) :]
            accept(store, linked=some)
        accept(store, *(view(who) for who in ids[3:]))
        with store.engine.connect() as connection:
            wanted = resolve(all_links(connection), config).person
        for who in ids:
            assert store.page(who).customer_id == wanted.get(f"id:{who}", who)
        for name in ("device:d", "email:a@b.c"):
            if name in wanted:
                assert store.page(name).customer_id == wanted[name]
