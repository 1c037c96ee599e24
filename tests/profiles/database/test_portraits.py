"""What holds for all portraits comes back as it was told; nothing is known before the first."""

from datetime import UTC, datetime

import pytest

from arrivals import NOW_US, arrival, buy
from limner.errors import UnknownCustomer
from limner.profiles.database.portraits import EDITION, about_of
from limner.profiles.live import Drawn
from limner.profiles.store import About, PopularItem


def test_what_holds_for_all_comes_back(store, profiles):
    store.accept(arrival(buy("ann")), received_us=NOW_US)
    assert store.about is None
    with pytest.raises(UnknownCustomer):
        store.get("ann")
    now = datetime(2024, 5, 2, tzinfo=UTC)
    about = About(now, now, "m1", "EUR", (PopularItem("tea", "Tea", 0.5),))
    store.put_portraits(Drawn([profiles["ann"]], {"ann": 1}, about))
    assert store.about == about
    assert store.get("ann") == profiles["ann"]
    with store.engine.connect() as connection:
        assert about_of(connection) == about
    store.mark_all_stale()
    assert store.recall(EDITION) == "1"
    assert store.edition() == 1
