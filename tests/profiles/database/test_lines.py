"""The lines that were bought, from both databases."""

from arrivals import NOW_US, T0, arrival, buy, view
from limner.profiles.baskets import LINE, Baskets
from limner.profiles.database.lines import purchase_lines


def test_lines_that_were_bought_are_read_and_nothing_else(store):
    assert purchase_lines(store.engine).is_empty()
    rows = (buy("ann", "a1", order="o1"), buy("ann", "a2", order="o1", item_id="tea"), view("ann"))
    store.accept(arrival(*rows, buy("ben", "b1", item_id=None)), received_us=NOW_US)
    found = purchase_lines(store.engine)
    assert found.schema == LINE
    assert sorted(found["item_id"].to_list()) == ["milk", "tea"]
    assert set(found["time"].to_list()) == {T0}
    assert Baskets.of([found]).knows("tea")
