"""A shop that is open goes on while it is learned anew, and learning goes on too."""

import polars as pl
import pytest

from limner.cli.holding import unless_erased
from limner.cli.workspace import Workspace
from limner.errors import LogBusy
from limner.events.erasing import erase_from_log
from limner.events.holding import HELD, held
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


def test_what_was_read_of_somebody_who_is_erased_is_not_written_down(quick, tmp_path):
    shop = Workspace(quick)
    who = shop.log.scan(columns=["customer_id"]).select(pl.col("customer_id").min()).collect()
    out = tmp_path / "out"
    erased = pytest.raises(LogBusy, match="was erased")
    with erased, held(shop.log) as kept, unless_erased(kept, out):
        out.mkdir()
        (out / "rows").write_text(who.item())
        erase_from_log(shop.log, [who.item()], mark="e1")
    assert not out.exists()
    before, part = tmp_path / "before", tmp_path / "part"
    before.write_text("older")
    part.mkdir()
    with pytest.raises(LogBusy), held(shop.log) as kept:  # noqa: PT012
        other = kept.scan(columns=["customer_id"]).select(pl.col("customer_id").max()).collect()
        erase_from_log(shop.log, [other.item()], mark="e2")
        with unless_erased(kept, before, scratch=part):
            pytest.fail("nothing may be written")
    assert (before.read_text(), part.exists()) == ("older", False)
    with unless_erased(shop.log, out):
        out.mkdir()
    assert out.is_dir()


def test_a_workspace_in_use_by_another_thread_sees_the_living_log(quick):
    shop, seen = Workspace(quick), []

    def look():
        take(shop.log, [some_rows(50)])
        seen.append((shop.held, len(shop.log)))

    progress, _ = once(look)
    rows = len(shop.log)
    shop.fit(progress=progress)
    assert seen == [(None, rows + 50)]


def shop_of(folder):
    """Open a workspace as another process does."""
    return Workspace(folder)
