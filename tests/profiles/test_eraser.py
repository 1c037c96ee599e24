"""Erasing goes through database, log and files; killed anywhere it is finished; nothing slips by."""

import os
import signal
import subprocess
import sys
import threading
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

import canaries
from arrivals import NOW_US, T0, arrival, buy
from limner.cli.workspace import Workspace
from limner.encoders.language.texts import tidy_text
from limner.encoders.vector_store import VectorStore, digest
from limner.errors import BadConfig, LogBusy
from limner.events.durable import only_writer
from limner.events.event import CATALOGUE_SCHEMA
from limner.events.evidence import EVIDENCE_SCHEMA
from limner.events.log import EventLog
from limner.events.suppression import Suppression
from limner.profiles import eraser as module
from limner.profiles.database.store import DatabaseStore
from limner.profiles.painter import Painter
from limner.service.telling import Teller
from serving import PEPPER, an_eraser

WHO = canaries.person(2)
NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path):
    """A workspace with a log, a table and a database that know somebody, counted and drawn."""
    shop = Workspace.create(tmp_path / "shop", currency="EUR")
    others = [canaries.bystander(number) for number in range(9)]
    canaries.write_file(tmp_path / "orders.jsonl", [2], others)
    shop.ingest(tmp_path / "orders.jsonl")
    pl.DataFrame({"customer_id": [WHO, "stays-1"]}).write_parquet(shop.folder / "t.parquet")
    (shop.folder / "secrets").mkdir()
    (shop.folder / "secrets" / "pepper").write_bytes(PEPPER)
    with DatabaseStore(shop.folder / "profiles.db", pepper=PEPPER) as store:
        store.accept(
            arrival(buy(WHO, "h1", text=canaries.CANARY), buy("stays-1", "h2")), received_us=NOW_US
        )
        painter = Painter(store, shop.log)
        painter.seed()
        store.put_portraits(painter.paint(store.stale(limit=9), now=NOW))
    return shop.folder


@contextmanager
def opened(folder):
    with (
        DatabaseStore(folder / "profiles.db", pepper=PEPPER) as store,
        closing_book(an_eraser(store, log=EventLog(folder / "log"), folder=folder)) as eraser,
    ):
        yield store, eraser


@contextmanager
def closing_book(eraser):
    with closing(eraser.book):
        yield eraser


def seen(store):
    with store.engine.connect() as connection:
        return connection.exec_driver_sql("SELECT count(*) FROM seen").scalar_one()


def test_nothing_is_left_in_any_place_and_others_keep_theirs(folder):
    assert canaries.holding(folder)
    with opened(folder) as (store, eraser):
        before = seen(store)
        eraser.ask("erase", WHO, actor="test")
        (done,) = eraser.resume(actor="test")
        assert done.receipt["counts"]["log/events"] == 2
        # The log's two events, the one that came, and their orders.
        assert before - seen(store) == done.receipt["counts"]["database/seen"] >= 5
        assert set(store.numbers()) == {f"stays-{number}" for number in range(9)}
        painter = Painter(store, EventLog(folder / "log"))
        assert painter.seed() == 9
        assert painter.refresh(NOW) is not None
    assert canaries.holding(folder) == []
    assert (folder / "suppressed.txt").is_file()
    assert pl.read_parquet(folder / "t.parquet")["customer_id"].to_list() == ["stays-1"]


def test_the_shop_is_compared_anew_without_them(folder):
    with opened(folder) as (store, eraser):
        painter = Painter(store, EventLog(folder / "log"))
        first = painter.refresh(NOW)
        eraser.ask("erase", WHO, actor="test")
        eraser.resume(actor="test")
        store.accept(arrival(buy("stays-1", "h3")), received_us=NOW_US)
        about = painter.paint(store.stale(limit=9), now=NOW).about
        assert painter.references is not first
        assert canaries.CANARY not in str(about)


PLACES = {
    "before the database": ("limner.profiles.database.erasing", "erase_rows"),
    "before the log": ("limner.profiles.eraser", "erase_from_log"),
    "before the log's manifest": ("limner.events.writing", "replace_text"),
    "before the files": ("limner.profiles.eraser", "clear_files"),
    "within the files": ("limner.profiles.leftovers", "sync_file"),
    "before the id is let go": ("limner.profiles.eraser", "named_in_files"),
    "before the file is cleaned": ("limner.profiles.database.erasing", "scrub"),
    "before it is said to be done": ("limner.profiles.database.privacy", "moment_of"),
}
CODE = """
import importlib, os, signal, sys
from pathlib import Path
from limner.events.log import EventLog
from limner.profiles.database.privacy import PrivacyBook
from limner.profiles import eraser as module
from limner.profiles.database.store import DatabaseStore
from limner.profiles.eraser import Eraser
folder, who, module, name = Path(sys.argv[1]), *sys.argv[2:]
pepper = (folder / "secrets" / "pepper").read_bytes()
store = DatabaseStore(folder / "profiles.db", pepper=pepper)
book = PrivacyBook(store.engine, pepper)
eraser = Eraser(store, book, pepper=pepper, log=EventLog(folder / "log"), folder=folder)
eraser.ask("erase", who, actor="test")
setattr(importlib.import_module(module), name, lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
eraser.resume(actor="test")
"""


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_killed_anywhere_it_is_finished_by_the_next(folder, place):
    run = subprocess.run(
        [sys.executable, "-c", CODE, str(folder), WHO, *place], check=False, env=os.environ
    )
    assert run.returncode == -signal.SIGKILL
    with opened(folder) as (store, eraser):
        assert store.accept(arrival(buy(WHO, "h9")), received_us=NOW_US).accepted == 0
        (done,) = eraser.resume(actor="test")
        assert done.receipt["counts"]["log/events"] == 2
        assert done.receipt["counts"]["database/journal"] == 1
        assert eraser.book.audit.verify().good
    assert canaries.holding(folder) == []


def test_while_another_writes_the_log_it_stays_begun(folder):
    with opened(folder) as (_, eraser):
        eraser.ask("erase", WHO, actor="test")
        with only_writer(folder / "log"), pytest.raises(LogBusy):
            eraser.resume(actor="test")
        assert len(eraser.book.unfinished()) == 1
        assert len(eraser.resume(actor="test")) == 1
    assert canaries.holding(folder) == []


def test_events_that_come_meanwhile_do_not_slip_by(folder):
    stop, taken = threading.Event(), []

    def send(store):
        number = 0
        while not stop.is_set():
            number += 1
            some = arrival(buy(WHO, f"x{number}"), buy("stays-1", f"y{number}"))
            taken.append(store.accept(some, received_us=NOW_US).accepted)

    with opened(folder) as (store, eraser):
        sender = threading.Thread(target=send, args=(store,))
        sender.start()
        while len(taken) < 3:
            pass
        eraser.ask("erase", WHO, actor="test")
        eraser.resume(actor="test")
        stop.set()
        sender.join()
        assert taken[0] == 2
        assert taken[-1] == 1
        assert store.pages_of([WHO]) == []
    assert canaries.holding(folder) == []


def test_everybody_who_came_back_is_found_wherever_they_stand(folder):
    with opened(folder) as (_, eraser):
        digest = Suppression(PEPPER).digest(WHO)
        assert len(eraser.again(actor="test", more=[digest])) == 1
        assert eraser.again(actor="test") == []
    assert canaries.holding(folder) == []


def test_what_was_drawn_while_somebody_was_erased_is_not_written(folder, monkeypatch):
    with opened(folder) as (store, eraser):
        painter, real = Painter(store, EventLog(folder / "log")), Painter.paint
        painter.refresh(NOW)
        store.accept(arrival(buy("stays-1", "h3")), received_us=NOW_US)

        def slowly(self, *some, **more):
            done = real(self, *some, **more)
            eraser.ask("erase", WHO, actor="test")
            eraser.resume(actor="test")
            return done

        with monkeypatch.context() as patch:
            patch.setattr(Painter, "paint", slowly)
            assert painter.renew(store.stale(limit=9), now=NOW) == 0
        assert canaries.holding(folder) == []
        assert painter.renew(store.stale(limit=9), now=NOW) > 0
    assert canaries.holding(folder) == []


def test_what_was_compared_while_the_log_still_held_them_is_forgotten(folder, monkeypatch):
    with opened(folder) as (store, eraser):
        painter, real = Painter(store, EventLog(folder / "log")), module.erase_from_log
        store.accept(arrival(buy("stays-1", "h3")), received_us=NOW_US)

        def late(*some, **more):
            painter.renew(store.stale(limit=9), now=NOW)
            return real(*some, **more)

        monkeypatch.setattr(module, "erase_from_log", late)
        eraser.ask("erase", WHO, actor="test")
        eraser.resume(actor="test")
        assert canaries.holding(folder) == []
        painter.renew(store.stale(limit=9), now=NOW)
    assert canaries.holding(folder) == []


def test_blanks_are_nobodys_id_and_hold_nobody_up(folder):
    with opened(folder) as (store, eraser):
        for blank in ("", " ", "\x85", "\0"):
            with pytest.raises(BadConfig, match="only blanks"):
                eraser.ask("erase", blank, actor="test")
        eraser.book.open("e0", "erase", "", actor="older than this rule")
        eraser.ask("erase", WHO, actor="test")
        done = eraser.resume(actor="test")
        assert [each.state for each in done] == ["done", "done"]
        assert eraser.resume(actor="test") == []
        assert len(store.numbers()) == 9
    assert canaries.holding(folder) == []


def test_vectors_of_what_they_wrote_go_also_after_a_kill(folder, monkeypatch):
    key = digest(tidy_text("lovely", most=2_000).encode())
    vectors = VectorStore(folder / "models" / "text" / "v1", 2)
    vectors.add([key], np.ones((1, 2), np.float32))
    with opened(folder) as (store, eraser):
        store.accept(arrival(buy(WHO, "h5", text="lovely")), received_us=NOW_US)
        eraser.ask("erase", WHO, actor="test")
        with monkeypatch.context() as patch:
            patch.setattr(module, "erase_from_log", lambda *_, **__: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                eraser.resume(actor="test")
        eraser.resume(actor="test")
    assert key not in VectorStore(folder / "models" / "text" / "v1", 2)


def test_vectors_of_what_is_said_of_items_that_nobody_else_had_go(folder):
    hers, his = (digest(f"a gift {at}. fine. shop".encode()) for at in ("hers", "his"))
    vectors = VectorStore(folder / "models" / "text" / "v1", 2)
    vectors.add([hers, his], np.ones((2, 2), np.float32))
    rows = [
        dict.fromkeys(CATALOGUE_SCHEMA)
        | {"item_id": at, "title": f"a gift {at}", "category": "fine", "brand": "shop"}
        for at in ("hers", "his")
    ]
    told = pl.DataFrame(rows, schema=CATALOGUE_SCHEMA)
    with opened(folder) as (store, eraser):
        bought = [buy(WHO, "g1", item_id="hers"), buy("stays-1", "g2", item_id="his")]
        store.accept(arrival(*bought, catalogue=told), received_us=NOW_US)
        eraser.ask("erase", WHO, actor="test")
        eraser.resume(actor="test")
    assert vectors.known([hers, his]) == {his}


def test_an_id_is_meant_however_it_was_written(folder):
    with opened(folder) as (store, eraser):
        store.accept(arrival(buy("sp", "x1")), received_us=NOW_US)
        assert eraser.ask("erase", "  sp\0 ", actor="test").customer_id == "sp"
        eraser.resume(actor="test")
        assert store.pages_of(["sp"]) == []
        assert store.accept(arrival(buy("sp", "x2")), received_us=NOW_US).accepted == 0


def test_whoever_was_one_with_somebody_erased_is_told_anew(tmp_path):
    """Somebody who came back with a copy is erased alone, and their purchases were told of both."""
    told = [(*sorted(("anonymous_id:a1", "user_id:u42")), "identify", T0, "m")]
    linked = pl.DataFrame(told, schema=EVIDENCE_SCHEMA, orient="row")
    with DatabaseStore(tmp_path / "profiles.db", pepper=PEPPER) as store:

        def draw():
            while stale := store.stale(limit=9):
                store.put_portraits(Painter(store, None).paint(stale, now=NOW))

        teller = Teller(store, clock=lambda: NOW)
        store.accept(arrival(buy("a1", "e1", price=1234.0)), received_us=NOW_US)
        store.accept(
            replace(arrival(buy("u42", "e2", order="o2")), evidence=linked), received_us=NOW_US
        )
        tags = set()
        for _ in range(2):
            draw()
            tags.add(teller.tell("u42", store.state("u42", "service")).tag)
            store.mark_all_stale()
        draw()
        assert "2468" in store.page("u42").portrait, "two of the other's"
        eraser = an_eraser(store)
        eraser.run([eraser.ask("erase", "a1", actor="test", alone=True)], actor="test")
        for _ in range(3):
            page = store.page("u42")
            assert page.identities == ("u42",)
            assert "2468" not in (page.portrait or "")
            found = teller.tell("u42", store.state("u42", "service"))
            assert found.tag not in tags
            tags.add(found.tag)
            assert b"2468" not in found.body
            store.mark_all_stale()
            draw()
