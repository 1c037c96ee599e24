"""Marks: equal events and orders have one, others have another."""

from arrivals import buy, frame, view
from limner.profiles.marks import event_marks, order_marks


def test_an_id_makes_an_event_known_whatever_else_it_says():
    same = frame(buy(), buy(price=9.0), buy("bob"), buy(event_id="e2"))
    first, changed, other, another = event_marks(same)
    assert first == changed
    assert len({first, other, another}) == 3


def test_without_an_id_everything_counts():
    rows = [view(), view(), view(day=1), view("bob"), view(item_id="tea")]
    marks = event_marks(frame(*rows))
    assert marks[0] == marks[1]
    assert len(set(marks)) == 4


def test_what_is_not_known_is_not_what_is_empty():
    without = buy(event_id=None, order=None, text=None)
    marks = event_marks(frame(without, buy(event_id=None, order="", text=None)))
    assert len(set(marks)) == 2


def test_orders_are_known_by_number_or_moment():
    rows = [buy(), buy(event_id="x"), buy(order=None), buy(order=None, day=1), view(), buy("bob")]
    marks = order_marks(frame(*rows))
    assert marks[0] == marks[1]
    assert marks[4] is None
    assert len(set(marks)) == 5
    assert all(len(mark) == 16 for mark in marks if mark)
    assert event_marks(frame()) == order_marks(frame()) == []
