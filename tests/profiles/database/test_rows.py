"""Rows become records that are whole."""

from limner.profiles.database.rows import told_of
from limner.profiles.database.writing import EVENT


def test_an_event_tells_what_it_has_and_is_silent_on_the_rest():
    row = (7, 8, 1_000_000, *("view" if name == "kind" else None for name in EVENT))
    told = told_of(row)
    assert (told.seq, told.received_us) == (7, 8)
    assert told.event == {"time": "1970-01-01T00:00:01+00:00", "kind": "view"}
