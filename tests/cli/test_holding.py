"""A shop that is open goes on while it is learned anew, and learning goes on too."""

import polars as pl
import pytest

from limner.cli.workspace import Workspace
from limner.errors import LogBusy
from limner.events.erasing import erase_from_log
from limner.events.holding import HELD
from log_tools import some_rows, take


def once(work):
    """Return what is told of progress, and does something the first time."""
    done = []

    def progress(*_):
        if not done:
            done.append(None)
            work()

    return progress, done


def test_events_that_come_while_it_learns_take_nothing_from_it(quick):
    shop = Workspace(quick)
    rows, end = len(shop.log), shop.end
    progress, told = once(lambda: take(shop_of(quick).log, [some_rows(50)]))
    learned = shop.fit(progress=progress)
    assert told
    assert learned.profiles > 0
    assert learned.as_of == end
    assert len(shop.log) == rows + 50
    assert list((quick / "log" / HELD).iterdir()) == []


def test_an_evaluation_is_of_one_state(quick):
    shop = Workspace(quick)
    before = shop.log.manifest.fingerprint
    progress, told = once(lambda: take(shop_of(quick).log, [some_rows(50)]))
    evaluated = shop.evaluate(questions=["churn"], methods=["recency"], progress=progress)
    assert told
    assert evaluated.scoreboard.rows
    assert shop.log.manifest.fingerprint != before


def test_whoever_is_erased_while_it_learns_is_not_learned_from(quick):
    shop = Workspace(quick)
    who = shop.log.scan(columns=["customer_id"]).select(pl.col("customer_id").min()).collect()
    progress, _ = once(lambda: erase_from_log(shop_of(quick).log, [who.item()], mark="e1"))
    with pytest.raises(LogBusy, match="was erased"):
        shop.fit(progress=progress)
    assert shop.fit().profiles > 0


def shop_of(folder):
    """Open a workspace as another process does."""
    return Workspace(folder)
