"""What a living store promises, tried on SQLite and on a real PostgreSQL."""

import random
import threading
from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from arrivals import NOW_US, T0, arrival, buy, frame, view
from limner.errors import Overtaken, UnknownCustomer
from limner.events.refusals import REFUSED_SCHEMA
from limner.profiles.counters import Counters, count, first_of_orders
from limner.profiles.database.store import DatabaseStore
from limner.profiles.live import Drawn, Key, Step
from limner.profiles.store import About


def accept(store, *events, **more):
    return store.accept(arrival(*events, **more), received_us=NOW_US)


def test_an_event_is_counted_once_however_often_it_comes(store):
    receipt = accept(store, buy(), buy(event_id="e2"), buy())
    assert (receipt.accepted, receipt.duplicates, receipt.customers) == (2, (3,), ("ann",))
    again = accept(store, buy(event_id="e2"), buy("bob"))
    assert (again.accepted, again.duplicates) == (1, (1,))
    assert again.token == receipt.token + 1 == store.token() == 3
    told = Counters.from_json(store.page("ann").counters)
    assert (told.events, told.orders, told.bought) == (2, 1, 10_000_000)


def test_events_without_an_id_are_known_by_all_they_say(store):
    assert accept(store, view(), view(), view(day=1)).accepted == 2
    assert accept(store, view(), view(item_id="tea")).accepted == 1


def test_one_id_of_two_customers_is_two_events(store):
    assert accept(store, buy("ann", "e1"), buy("bob", "e1")).accepted == 2


def test_what_was_acknowledged_is_there_when_it_is_opened_anew(address):
    with DatabaseStore(address) as store:
        accept(store, buy())
        before = store.page("ann")
    with DatabaseStore(address) as store:
        assert store.page("ann") == before
        assert accept(store, buy()).accepted == 0


events_of_two = st.lists(
    st.builds(
        buy,
        st.sampled_from(["ann", "bob"]),
        st.sampled_from(["e1", "e2", "e3"]) | st.none(),
        order=st.sampled_from(["o1", "o2"]) | st.none(),
        day=st.integers(-200, 200),
        price=st.integers(0, 500).map(lambda cents: cents / 100),
    ),
    max_size=12,
    unique_by=lambda each: (each.customer_id, each.event_id or each),
)


@given(events_of_two, st.randoms())
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_late_repeated_and_shuffled_events_give_the_same_counters(tmp_path_factory, events, chance):
    whole = {who: one.to_json() for who, one in count(first_of_orders(frame(*events))).items()}
    sent = [*events, *events]
    chance.shuffle(sent)
    with DatabaseStore(tmp_path_factory.mktemp("store") / "profiles.db") as store:
        while sent:
            some = sent[: chance.randint(1, 5)]
            sent = sent[len(some) :]
            accept(store, *some)
        assert {page.customer_id: page.counters for page in store.pages()} == whole


def test_many_who_write_at_once_lose_and_double_nothing(store):
    events = [buy(f"c{at % 7}", f"e{at}", order=f"o{at % 11}") for at in range(120)]
    trouble = []

    def write(seed):
        chance = random.Random(seed)
        own = list(events)
        chance.shuffle(own)
        try:
            for at in range(0, len(own), 20):
                accept(store, *own[at : at + 20])
        except Exception as error:  # noqa: BLE001
            trouble.append(error)

    writers = [threading.Thread(target=write, args=(seed,)) for seed in range(4)]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    assert not trouble
    whole = count(first_of_orders(frame(*events)))
    told = {page.customer_id: page.counters for page in store.pages()}
    assert told == {who: one.to_json() for who, one in whole.items()}
    assert store.totals()["events"] == 120


def test_threads_that_come_and_go_use_up_nothing(store):
    accept(store, buy())
    told, together = [], threading.Barrier(20, timeout=60)

    def look(wait):
        told.append(store.token())
        wait()

    for _ in range(20):
        one = threading.Thread(target=look, args=(lambda: None,))
        one.start()
        one.join(timeout=20)
    at_once = [threading.Thread(target=look, args=(together.wait,)) for _ in range(20)]
    for each in at_once:
        each.start()
    for each in at_once:
        each.join(timeout=20)
    assert told == [1] * 40
    assert store.engine.pool.checkedout() <= 1


def test_nothing_is_kept_of_an_arrival_that_fails(store, monkeypatch):
    accept(store, buy())
    monkeypatch.setattr("limner.profiles.database.writing._keep_told", lambda *_: pytest.fail("no"))
    with pytest.raises(pytest.fail.Exception):
        accept(store, buy(event_id="e2"))
    monkeypatch.undo()
    assert store.totals()["events"] == 1
    assert accept(store, buy(event_id="e2")).accepted == 1


def test_a_portrait_is_stale_until_it_was_drawn(store, profiles):
    accept(store, buy("ann"), buy("ben"))
    assert store.page("ann").portrait is None
    stale = store.stale(limit=10)
    assert [each.customer_id for each in stale] == ["ann", "ben"]
    ann = profiles["ann"]
    seen = {"ann": stale[0].seq}
    about = About(ann.as_of, ann.computed_at, currency="USD")
    assert store.put_portraits(Drawn([ann], seen, about)) == 1
    page = store.page("ann")
    assert page.portrait == ann.to_json().decode()
    assert not page.stale
    assert [each.customer_id for each in store.stale(limit=10)] == ["ben"]
    accept(store, buy("ann", "e9"))
    assert store.page("ann").stale


def test_every_portrait_can_be_asked_for_anew(store, profiles):
    seq = accept(store, buy("ann")).token
    store.put_portraits(Drawn([profiles["ann"]], {"ann": seq}))
    assert store.stale(limit=1) == []
    store.mark_all_stale()
    assert [each.seq for each in store.stale(limit=9)] == [seq]
    store.put_portraits(Drawn([profiles["ann"]], {"ann": seq}))
    assert not store.page("ann").stale


def test_what_was_being_drawn_when_all_were_asked_for_stays_stale(store, profiles):
    seq = accept(store, buy("ann")).token
    edition = store.edition()
    store.mark_all_stale()
    store.put_portraits(Drawn([profiles["ann"]], {"ann": seq}, edition=edition))
    assert store.page("ann").stale
    assert store.page("ann").portrait is not None
    store.put_portraits(Drawn([profiles["ann"]], {"ann": seq}, edition=store.edition()))
    assert not store.page("ann").stale


def test_an_older_portrait_takes_the_place_of_no_newer_one(store, profiles):
    first = accept(store, buy("ann")).token
    second = accept(store, buy("ann", "e2")).token
    ann = profiles["ann"]
    newer = replace(ann, computed_at=ann.computed_at + timedelta(days=1))
    assert store.put_portraits(Drawn([newer], {"ann": second})) == 1
    assert store.put_portraits(Drawn([ann], {"ann": first})) == 0
    assert store.page("ann").portrait == newer.to_json().decode()
    stranger = replace(ann, customer_id="nobody")
    assert store.put_portraits(Drawn([stranger], {"nobody": 1})) == 0


def test_pages_are_in_the_order_of_ids(store):
    accept(store, buy("cat"), buy("ann"), buy("bob"))
    assert [page.customer_id for page in store.pages(limit=2)] == ["ann", "bob"]
    assert [page.customer_id for page in store.pages(after="bob")] == ["cat"]
    assert [page.customer_id for page in store.pages_of(["cat", "x", "ann", "cat"])] == [
        "ann",
        "cat",
    ]
    with pytest.raises(UnknownCustomer, match="'x'"):
        store.page("x")


def test_what_was_refused_is_kept_with_its_reason(store):
    bad = pl.DataFrame(
        [("time_missing", "time is empty", "segment", 1, '{"a":1}')],
        schema=REFUSED_SCHEMA,
        orient="row",
    )
    accept(store, refused=bad)
    (one,) = store.rejects()
    assert (one.reason, one.source, one.row, one.received_us) == (
        "time_missing",
        "segment",
        '{"a":1}',
        NOW_US,
    )
    assert store.rejects(after=one.no) == []


def test_counters_of_a_log_take_their_place_and_its_events_are_known(store):
    accept(store, buy("ann", "e1"))
    rows = frame(buy("ann", "e1"), buy("ann", "e2", order="o2"), buy("ben", "e3"))
    counted = count(first_of_orders(rows))
    from limner.profiles.marks import event_marks, order_marks

    marks = sorted({*event_marks(rows), *order_marks(rows)})
    assert store.seed(counted, marks, upto=0) == ["ann"], "did something since"
    assert store.seed(counted, marks, upto=store.token()) == []
    assert accept(store, buy("ben", "e3")).accepted == 0
    accept(store, buy("ann", "e4", order="o2"))
    told = Counters.from_json(store.page("ann").counters)
    assert (told.events, told.orders) == (3, 2)


def test_keys_are_kept_and_revoked(store):
    key = Key("k1", "site", ("ingest",), b"\x00\xff", 5, purposes=("service",))
    store.add_key(key)
    assert store.key("k1") == key
    assert store.key("k2") is None
    assert store.revoke_key("k1", at_us=9)
    assert not store.revoke_key("k1", at_us=10)
    assert store.keys() == [replace(key, revoked_us=9)]


def test_it_remembers_words(store):
    assert store.recall("seeded") is None
    store.remember("seeded", "abc")
    store.remember("seeded", "def")
    assert store.recall("seeded") == "def"
    assert store.newest() is None
    accept(store, buy(day=1), view(day=3))
    assert store.newest() == T0 + timedelta(days=3)
    store.close()
    store.close()


def test_a_stream_steps_on_with_what_was_read_of_it_or_not_at_all(store):
    def step(event, before, after):
        steps = {"follow:a": Step(before, after)}
        return store.accept(arrival(buy(event_id=event)), received_us=NOW_US, steps=steps)

    step("e1", None, "5")
    step("e2", "5", "9")
    with pytest.raises(Overtaken, match="must be read up to 5 in the store, but it is up to 9"):
        step("e3", "5", "9")
    assert store.offsets() == {"follow:a": "9"}
    assert store.totals()["events"] == 2


def test_a_refused_row_goes_when_it_was_replayed_and_only_once(store):
    refused = pl.DataFrame([("r", "d", "s", None, "{}")], schema=REFUSED_SCHEMA, orient="row")
    accept(store, refused=refused)
    (one,) = store.rejects()
    store.accept(arrival(buy()), received_us=NOW_US, replayed=[one.no])
    assert store.rejects() == []
    with pytest.raises(Overtaken, match="1 refused rows must be there to be replayed, but 0 are"):
        store.accept(arrival(buy(event_id="e2")), received_us=NOW_US, replayed=[one.no])
    assert store.totals()["events"] == 1
