"""The list in the database is the list that is asked; it is put on and taken off."""

from arrivals import arrival, buy
from limner.events.suppression import Suppression
from limner.profiles.database.suppressed import (
    add_digests,
    let_in,
    lift_digests,
    without_erased,
)
from serving import PEPPER

DIGEST = Suppression(PEPPER).digest("ann")


def test_only_those_on_the_list_are_kept_out(store):
    some = arrival(buy("ann"), buy("ben", "e2"))
    with store.engine.begin() as connection:
        assert without_erased(connection, some, None) == (some, ())
        add_digests(connection, [DIGEST], at_us=1)
        add_digests(connection, [DIGEST], at_us=2)
        rest, lines = without_erased(connection, some, PEPPER)
        assert rest.events["customer_id"].to_list() == ["ben"]
        assert lines == (1,)
        assert rest.refused.rows() == [("erased", "the customer was erased", "http", 1, None)]
        assert let_in(connection, {"ann": 1, "ben": 2}, PEPPER) == {"ben": 2}
        lift_digests(connection, [DIGEST])
        assert let_in(connection, {"ann": 1}, None) == {"ann": 1}
