"""A store tells what it knew at a moment, also of what has moved into the log."""

import pytest

from arrivals import NOW_US, T0, arrival, buy
from limner.profiles.database import erasing
from limner.profiles.database.history import History, Seen
from limner.profiles.database.writing import us_of
from limner.profiles.marks import event_marks

DAY_US = 86_400_000_000


@pytest.fixture
def history(store):
    store.accept(arrival(buy("ann", "e1")), received_us=NOW_US + DAY_US)
    store.accept(arrival(buy("ann", "e2", order="o2", day=2)), received_us=NOW_US + 2 * DAY_US)
    return History(store.engine)


def test_both_when_it_happened_and_when_it_came_count(store, history):
    at = us_of(T0)
    (no,) = store.numbers().values()

    def ids(before, known):
        return sorted(history.events([no], before_us=before, known_us=known)["event_id"])

    assert ids(at, None) == []
    assert ids(at + 1, None) == ["e1"]
    assert ids(at + 1, at + DAY_US) == []
    assert ids(at + 1, at + DAY_US + 1) == ["e1"]
    assert ids(at + 9 * DAY_US, None) == ["e1", "e2"]
    assert history.newest(no, before_us=at + 1, known_us=None) == Seen(1, NOW_US + DAY_US)
    assert history.newest(no, before_us=at, known_us=None) == Seen(0, 0)


def test_when_an_event_came_outlives_the_event_and_not_the_person(store, history):
    numbers, events = store.oldest(before=T0.replace(year=2030), limit=9)
    store.forget(numbers)
    marks = set(event_marks(events))
    asked = {"before_us": us_of(T0) + 9 * DAY_US, "known_us": NOW_US}
    assert history.not_yet(**asked) == {"ann": marks}
    assert history.not_yet(**asked, customers=["ben"]) == {}
    assert history.not_yet(before_us=us_of(T0) + 1, known_us=NOW_US + DAY_US + 1) == {}
    with store.engine.begin() as connection:
        assert "ann" in erasing.ids_held(connection)
        assert erasing.erase_rows(connection, "ann", marks=marks)["arrivals"] == 2
    assert history.not_yet(**asked) == {}
