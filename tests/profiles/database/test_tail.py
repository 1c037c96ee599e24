"""Events are read in the order in which they came."""

from arrivals import NOW_US, arrival, buy, view
from limner.profiles.database.tail import Tail


def test_events_after_a_number_in_the_order_in_which_they_came(store):
    store.accept(arrival(buy("ann", "e1"), view("ben", "e2", day=-3)), received_us=NOW_US)
    store.accept(arrival(buy("ann", "e3", order="o3", day=-9)), received_us=NOW_US + 1)
    tail = Tail(store.engine)
    assert [each.event["event_id"] for each in tail.after(0, limit=9)] == ["e1", "e2", "e3"]
    (one,) = tail.after(1, limit=1)
    assert (one.seq, one.customer_id, one.received_us) == (2, "ben", NOW_US)
    assert one.event["time"].endswith("Z")
    assert "price" not in one.event
    assert tail.after(3, limit=9) == []
