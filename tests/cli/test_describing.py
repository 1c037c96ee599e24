"""The behaviour model in the fold: as events come the same as at night, to the last bit."""

import shutil
from dataclasses import replace
from datetime import timedelta
from itertools import count

import numpy as np
import polars as pl
import pytest

from histories import HORIZONS, a_past
from limner.cli.describing import Reader, Readers, reader_of
from limner.events.ingest import ingest
from limner.events.item_vectors import ItemVectors
from limner.events.log import EventLog
from limner.events.mapping import Mapping
from limner.events.readers.frame import Frame
from limner.events.refusals import REFUSED_SCHEMA
from limner.profiles.database.store import DatabaseStore
from limner.profiles.live import Arrival
from limner.profiles.painter import DESCRIBED, Painter
from limner.profiles.portrait import portray
from limner.profiles.record import Profile
from limner.profiles.references import learn_references
from served import a_folder, events_of, settled
from shops import a_lively_shop, an_event, seen
from shops import a_log as a_frame
from visits import CUT

AT = CUT + timedelta(days=20)


@pytest.fixture(scope="module")
def shop():
    return settled(a_lively_shop(customers=40, days=160, seed=3))


@pytest.fixture(scope="module")
def workspace(shop, tmp_path_factory):
    workspace = tmp_path_factory.mktemp("shop")
    a_folder(a_past(shop), workspace / "models" / "behaviour")
    return workspace


@pytest.fixture(scope="module")
def reader(workspace):
    return reader_of(workspace)


@pytest.fixture(scope="module")
def items(shop):
    return learn_references([shop.events.lazy()], shop.catalogue(), as_of=AT).items


def past(shop, at=AT):
    return shop.events.filter(pl.col("time") < at)


def test_one_alone_is_the_same_as_among_all_to_the_last_bit(reader, shop, items):
    events = past(shop)
    together = reader.describe(events, items, AT)
    assert len(together) == events["customer_id"].n_unique()
    for who in list(together)[::5]:
        mine = events.filter(pl.col("customer_id") == who).sample(fraction=1, shuffle=True, seed=1)
        assert reader.describe(mine, items, AT) == {who: together[who]}


def test_it_says_what_the_model_says_of_the_whole_history(reader, shop, items):
    told = reader.describe(past(shop), items, AT)
    model = reader._plain
    known = [each for each in events_of(shop).items() if each[0] in told]
    for who, events in known[::7]:
        whole = model.describe(events, AT, reasons=0)
        plain = {(each.question, each.horizon_days): each.value for each in told[who].scores[:6]}
        for name, value in plain.items():
            (wanted,) = [
                each.value for each in whole.scores if (each.question, each.horizon_days) == name
            ]
            assert value == wanted
        assert len(plain) == 3 * len(HORIZONS)
        chances = [each.value for each in told[who].scores if each.about]
        wanted = sorted((each.value for each in whole.scores if each.about), reverse=True)
        assert chances == wanted[:5]
        assert told[who].coverage == whole.blocks["sequence"].coverage


def test_before_the_model_has_learned_nothing_is_said(reader, shop, items):
    early = CUT - timedelta(seconds=1)
    assert reader.describe(past(shop, early), items, early) == {}
    assert reader.describe(past(shop).head(0), items, AT) == {}


def test_an_item_that_is_new_is_known_by_its_place(reader, shop, items):
    who = past(shop)["customer_id"][0]
    fresh = a_frame([an_event(who, 100, item="brand-new", price=3.0)])
    events = pl.concat([past(shop).filter(pl.col("customer_id") == who), fresh])
    category, brand = items.select("category", "brand").drop_nulls().row(0)
    row = {"item_id": "brand-new", "category": category, "brand": brand}
    known = pl.concat([items, pl.DataFrame([row])], how="diagonal_relaxed")
    before, after = (reader.describe(events, each, AT)[who] for each in (items, known))
    assert before != after
    assert reader.describe(events, known, AT)[who] == after


def test_a_new_item_is_known_by_what_it_is_like_once_that_was_read(shop, items, tmp_path):
    lovely = seen(shop)
    past_of_it = a_past(lovely)
    a_folder(past_of_it, tmp_path)
    of_shop, told = past_of_it.ledger.looks["text"], {}
    reader = Reader.load(tmp_path, lambda _: told)
    who = past(shop)["customer_id"][0]
    fresh = a_frame([an_event(who, 100, item="brand-new", price=3.0)])
    events = pl.concat([past(shop).filter(pl.col("customer_id") == who), fresh])
    nobody = replace(of_shop, ids=of_shop.ids[:0], vectors=of_shop.vectors[:0])
    told |= {"text": nobody, "image": replace(nobody, version="?")}  # not read yet
    said = [reader.describe(events, items, AT)[who]]
    category, brand = items.select("category", "brand").drop_nulls().row(0)
    placed = pl.DataFrame([{"item_id": "brand-new", "category": category, "brand": brand}])
    known = pl.concat([items, placed], how="diagonal_relaxed")
    assert reader.describe(events, known, AT)[who] != said[0]
    reader = Reader.load(tmp_path, lambda _: told)
    for at, version in ((0, of_shop.version), (0, of_shop.version), (5, of_shop.version), (0, "?")):
        vectors = of_shop.vectors[[at]]
        told["text"] = ItemVectors(np.array(["brand-new"]), vectors, version)
        said.append(reader.describe(events, items, AT)[who])
    assert said[1] != said[0]
    assert said[2] == said[1]
    assert said[3] != said[1]
    assert said[4] == said[3]  # what another model made says nothing new


def test_whoever_did_what_cannot_be_is_left_out(reader, shop, items):
    events = past(shop)
    who = events["customer_id"][0]
    price = pl.when(pl.col("customer_id") == who).then(1e12).otherwise(pl.col("price"))
    strange = events.with_columns(price=price)
    told = reader.describe(strange, items, AT)
    assert who not in told
    assert len(told) == events["customer_id"].n_unique() - 1


def test_the_model_that_lies_in_the_folder_is_the_one_that_reads(shop, workspace, tmp_path):
    readers = Readers(tmp_path / "behaviour")
    assert readers() is None
    assert readers.trouble is None
    shutil.copytree(workspace / "models" / "behaviour", tmp_path / "behaviour")
    first = readers()
    assert first is readers()
    (tmp_path / "behaviour" / "model.onnx").write_bytes(b"not a graph")
    config = tmp_path / "behaviour" / "config.json"
    config.write_text(config.read_text() + " ")
    assert readers() is None
    assert readers.trouble
    shutil.rmtree(tmp_path / "behaviour")
    a_folder(a_past(shop), tmp_path / "behaviour", backbone="recurrent", seed=1)
    assert readers().version != first.version
    assert readers.trouble is None


def a_store(shop, folder):
    """Return a store that got everything the shop's customers did, shuffled, in parts."""
    store = DatabaseStore(folder / "profiles.db")
    lines = count()
    rows = shop.events.sample(fraction=1, shuffle=True, seed=5)
    for part in rows.iter_slices(400):
        numbered = part.with_columns(_line=pl.Series([next(lines) for _ in range(len(part))]))
        store.accept(
            Arrival(numbered, pl.DataFrame(schema=REFUSED_SCHEMA), shop.catalogue()),
            received_us=0,
        )
    return store


def test_portraits_as_events_come_are_those_of_the_night_to_the_byte(shop, workspace, tmp_path):
    log = EventLog.create(tmp_path / "log", buckets=3)
    columns = {name: name for name in shop.events.columns}
    ingest(log, [(Frame(), Mapping(reader="frame", columns=columns), shop.events)], now=AT)
    reader = Reader.load(workspace / "models" / "behaviour")
    references = learn_references([log.scan()], shop.catalogue(), as_of=AT)
    night = {
        each.customer_id: each.to_json().decode()
        for bucket in range(3)
        for each in portray([log.scan(bucket=bucket)], references, computed_at=AT, describes=reader)
    }
    with a_store(shop, tmp_path) as store:
        painter = Painter(store, None, describes=Readers(workspace / "models" / "behaviour"))
        painter.refresh(AT)
        while stale := store.stale(limit=11):
            painter.renew(stale, now=AT)
        pages = store.pages(limit=1_000)
        live = {page.customer_id: page.portrait for page in pages if page.portrait}
    assert live == night
    told = Profile.from_json(next(iter(night.values()))).described
    assert told.model_version == reader.version
    assert all(np.isfinite(each.value) for each in told.scores)


def test_another_model_has_every_portrait_drawn_anew(shop, workspace, tmp_path):
    folder = tmp_path / "behaviour"
    with a_store(shop, tmp_path) as store:
        painter = Painter(store, None, describes=Readers(folder))
        assert not painter.renew_model()
        painter.renew(store.stale(limit=1_000), now=AT)
        assert store.totals()["stale"] == 0
        shutil.copytree(workspace / "models" / "behaviour", folder)
        assert painter.renew_model()
        assert store.recall(DESCRIBED)
        assert not painter.renew_model()
        assert len(store.stale(limit=1_000)) == shop.events["customer_id"].n_unique()
        painter.renew(store.stale(limit=1_000), now=AT)
        drawn = [each.portrait for each in store.pages(limit=99) if each.portrait]
        assert drawn
        assert all(Profile.from_json(each).described for each in drawn)
