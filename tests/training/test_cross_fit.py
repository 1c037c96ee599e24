"""Models that never learned from whom they speak of: blind to them, to the future, and repeatable."""

import pickle
import zlib
from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from limner.dataset.ledger import Ledger
from limner.engine import Pool
from limner.errors import BadConfig, TooFew
from limner.model.reading import read_customers
from limner.training import cross_fit
from limner.training.cross_fit import Folds, fold_of, window_of
from shops import START, Shop, a_lively_shop, a_log, an_event, planted
from standing import a_plan, learn

DAY, EARLIER = 110, 80
CUT, BEFORE = (START + timedelta(days=day) for day in (DAY, EARLIER))
FEW = 4
KINDS = ("vectors", "scores", "class_scores", "tastes")


@pytest.fixture(scope="module")
def shop():
    return a_lively_shop(customers=80, days=130, seed=3)


@pytest.fixture(scope="module")
def ledger(shop):
    return Ledger.of(shop)


@pytest.fixture(scope="module")
def folds(shop, tmp_path_factory):
    return learn(shop, tmp_path_factory.mktemp("folds"), day=DAY, steps=FEW)


def said(folds, ledger, cut=CUT, *, among=None):
    """Return what is said, as bytes that are the same or not."""
    found = folds.read(ledger, cut)
    codes = np.arange(len(ledger)) if among is None else np.flatnonzero(among)
    return {kind: getattr(found.of(codes), kind).tobytes() for kind in KINDS}


def test_a_fold_is_told_by_the_id_alone(shop, ledger):
    fold = fold_of(ledger, 3)
    assert set(fold) == {0, 1, 2}
    expected = [zlib.crc32(name.encode()) % 3 for name in ledger.customers.tolist()]
    assert fold.tolist() == expected
    more = Ledger.of(shop.also(planted(DAY)))
    known = dict(zip(more.customers.tolist(), fold_of(more, 3).tolist(), strict=True))
    assert [known[name] for name in ledger.customers.tolist()] == fold.tolist()


def test_everybody_with_a_past_is_read_and_nobody_else(folds, shop):
    ledger = Ledger.of(shop.also(planted(DAY)))
    found = folds.read(ledger, CUT)
    past = shop.events.filter(pl.col("time") < CUT)["customer_id"].unique()
    known = np.isin(ledger.customers, past.to_list())
    assert 0 < known.sum() < len(ledger)
    for kind in KINDS:
        values = getattr(found, kind)
        assert np.isfinite(values[known]).all()
        assert np.isnan(values[~known]).all()
    assert found.score_names == (
        *("whether 7d", "whether 20d", "orders 7d", "orders 20d", "worth 7d", "worth 20d"),
    )
    assert found.scores.shape[1] == 6
    assert found.class_scores.shape[1] == len(found.class_names) == 6


def test_each_is_read_by_the_model_of_their_fold(folds, ledger):
    found = folds.read(ledger, CUT).vectors
    for fold in range(2):
        block = read_customers(folds.model(fold), ledger, CUT)
        own = fold_of(ledger, 2)[block.customers] == fold
        vectors = found[block.customers]
        np.testing.assert_allclose(block.vectors[own], vectors[own], rtol=1e-3, atol=1e-4)
        assert np.abs(block.vectors[~own] - vectors[~own]).max() > 1e-3


def mirrored(shop, some):
    """Let some have done all in the other order, as if time ran backwards."""
    us = pl.col("time").dt.timestamp("us")
    past = shop.events.filter(pl.col("time") < CUT)
    own = pl.col("customer_id").is_in(some)
    turned = past.filter(own).with_columns(
        time=(us.min() + us.max() - us).over("customer_id").cast(past.schema["time"])
    )
    rest = past.filter(~own)
    return Shop(pl.concat([rest, turned]), catalogue=shop.catalogue(), buckets=shop.buckets)


def test_what_customers_do_after_a_reading_teaches_nobody_who_reads_them(shop, folds, tmp_path):
    """Between the reading and the cut of the models the customers of fold 0 do all otherwise.

    Their names of items, prices and baskets are what they were, but in the other order.
    """
    ledger = Ledger.of(shop)
    some = ledger.customers[fold_of(ledger, 2) == 0].tolist()
    late = pl.col("time") >= BEFORE
    other = Shop(
        pl.concat(
            [
                shop.events.filter(~late),
                mirrored(Shop(shop.events.filter(late)), some).events,
            ]
        ),
        catalogue=shop.catalogue(),
        buckets=shop.buckets,
    )
    turned = learn(other, tmp_path, day=DAY, steps=FEW)
    own = fold_of(ledger, 2) == 0
    again = Ledger.of(other)
    np.testing.assert_array_equal(again.customers, ledger.customers)
    assert said(turned, again, BEFORE, among=own) == said(folds, ledger, BEFORE, among=own)
    others = said(folds, ledger, BEFORE, among=~own)
    assert said(turned, again, BEFORE, among=~own)["vectors"] != others["vectors"]


@pytest.mark.parametrize("cut", [BEFORE, CUT])
def test_a_reading_is_blind_to_what_comes_at_its_cut_or_later(shop, ledger, folds, cut):
    late = planted(DAY if cut == CUT else EARLIER)
    moved = Ledger.of(shop.also(late))
    known = np.isin(moved.customers, ledger.customers)
    assert said(folds, moved, cut, among=known) == said(folds, ledger, cut)


def test_what_comes_at_the_cut_of_the_models_or_later_teaches_nothing(
    shop, ledger, folds, tmp_path
):
    moved = learn(shop.also(planted(DAY)), tmp_path, day=DAY, steps=FEW)
    assert said(moved, ledger) == said(folds, ledger)


def test_items_are_scored_by_the_model_of_the_fold_and_strangers_by_none(folds, shop):
    ledger = Ledger.of(shop.also(planted(DAY)))
    newcomer = int(np.flatnonzero(ledger.customers == "a newcomer")[0])
    customers, items = np.array([newcomer, 5, 9, 30]), np.array([3, 0, 7])
    told = folds.item_scores(ledger, CUT, customers, items)
    assert told.shape == (4, 3)
    assert (told[0] == 0).all()
    assert len(np.unique(told[1:])) == 9
    flipped = folds.item_scores(ledger, CUT, customers[::-1], items[::-1])
    np.testing.assert_allclose(flipped[::-1, ::-1], told, rtol=1e-5, atol=1e-6)
    alone = folds.item_scores(ledger, CUT, customers[1:2], items[:1])
    np.testing.assert_allclose(alone, told[1:2, :1], rtol=1e-5, atol=1e-6)


def test_it_travels_as_the_name_of_its_folder(folds, ledger):
    before = said(folds, ledger)
    told = pickle.dumps(folds)
    assert len(told) < 1000
    assert said(pickle.loads(told), ledger) == before


def test_what_was_read_is_kept_and_read_again(folds, ledger, monkeypatch):
    before = said(folds, ledger)

    def never(*given, **more):
        raise AssertionError("it lies beside")

    monkeypatch.setattr(cross_fit, "_read", never)
    assert said(Folds(folds.folder, folds.folds), ledger) == before


def test_what_was_learned_is_not_learned_again_and_other_settings_are(shop, tmp_path, monkeypatch):
    one = learn(shop, tmp_path, day=DAY, steps=2, whole=False)
    assert {each.name for each in one.folder.iterdir()} == {"0", "1"}
    assert learn(shop, tmp_path, day=DAY, steps=3, whole=False).folder != one.folder
    assert learn(shop, tmp_path, day=DAY - 1, steps=2, whole=False).folder != one.folder

    def never(*given, **more):
        raise AssertionError("it was learned")

    monkeypatch.setattr(cross_fit, "pretrain", never)
    assert learn(shop, tmp_path, day=DAY, steps=2, whole=False).folder == one.folder


class Killed(BaseException):
    """What a signal does."""


def test_killed_and_begun_again_it_ends_with_the_same(shop, ledger, folds, tmp_path, monkeypatch):
    """Once within the learning of a model, and once right after one was written."""
    really, saved = cross_fit.pretrain, cross_fit.save_behaviour
    seen = []

    def kill(what, share):
        seen.append(share)
        if len(seen) == 3:
            raise Killed

    monkeypatch.setattr(
        cross_fit, "pretrain", lambda *given, **more: really(*given, progress=kill, **more)
    )
    config = {"steps": FEW, "whole": True, "day": DAY}
    with pytest.raises(Killed):
        learn(shop, tmp_path, **config)
    monkeypatch.setattr(cross_fit, "pretrain", really)

    def write_and_die(*given, **more):
        saved(*given, **more)
        raise Killed

    monkeypatch.setattr(cross_fit, "save_behaviour", write_and_die)
    with pytest.raises(Killed):
        learn(shop, tmp_path, **config)
    monkeypatch.setattr(cross_fit, "save_behaviour", saved)
    assert said(learn(shop, tmp_path, **config), ledger) == said(folds, ledger)


def test_in_a_pool_the_same_is_learned_and_read(shop, ledger, folds, tmp_path):
    told = []
    there = a_plan(tmp_path, steps=FEW).learn(
        shop,
        CUT,
        level=2,
        read_at=(BEFORE, CUT),
        whole=True,
        executor=Pool(2),
        progress=lambda what, share: told.append((what, share)),
    )
    assert told == [("pretraining as of 2024-04-20", each / 3) for each in (1, 2, 3)]
    for fold in range(2):
        kept = list((there.folder / str(fold) / "readings").iterdir())
        assert len(kept) == 2
    assert said(there, ledger) == said(folds, ledger)
    assert said(there, ledger, BEFORE) == said(folds, ledger, BEFORE)
    mine, theirs = (
        {name: each.numpy().tobytes() for name, each in one.whole.state_dict().items()}
        for one in (folds, there)
    )
    assert mine == theirs


def test_the_heads_of_a_model_come_with_it(folds, tmp_path):
    window = folds.window
    assert window.horizons_days == (7, 20)
    one = cross_fit.load_heads(folds.folder / "whole")
    assert (
        window.whether.weight.detach().numpy().tobytes() == one["whether.weight"].numpy().tobytes()
    )
    cross_fit.save_behaviour(folds.whole, tmp_path / "bare", facts={})
    assert window_of(tmp_path / "bare") is None


def test_models_without_the_scores_that_are_read_are_refused_before_they_learn(shop, tmp_path):
    plan = a_plan(tmp_path)
    config = plan.config.model_copy(update={"objectives": ("next_event",)})
    with pytest.raises(BadConfig, match="must learn future_window"):
        replace(plan, config=config).learn(shop, CUT, level=2)
    assert not list(tmp_path.iterdir())


def test_on_a_short_log_it_speaks_of_the_horizons_that_were_learned(shop, ledger, tmp_path):
    short = learn(shop, tmp_path, day=30, steps=2)
    found = short.read(ledger, START + timedelta(days=30))
    assert found.score_names == ("whether 7d", "orders 7d", "worth 7d")
    assert found.scores.shape[1] == 3
    assert short.window.horizons_days == (7,)


def test_a_backbone_is_chosen_once_for_all_folds(shop, ledger, tmp_path, monkeypatch):
    asked = []

    def choose(past, cut, *, model, config, seed):
        asked.append((past.last < CUT, cut, model.backbone))
        return "transformer", {}

    monkeypatch.setattr(cross_fit, "choose_backbone", choose)
    plan = a_plan(tmp_path, steps=2)
    plan = replace(plan, model=plan.model.model_copy(update={"backbone": "auto"}))
    found = [plan.learn(shop, CUT, level=2) for _ in range(2)]
    assert asked == [(True, CUT, "auto")]
    assert found[0].folder == found[1].folder
    assert {found[0].model(fold).config.backbone for fold in range(2)} == {"transformer"}


def test_too_little_before_the_cut_is_refused(tmp_path):
    shop = Shop(a_log([an_event("ann", 100, item="a"), an_event("ben", 101, item="b")]))
    with pytest.raises(TooFew):
        learn(shop, tmp_path, day=50, whole=False)
    with pytest.raises(TooFew):
        learn(shop, tmp_path, day=102, whole=False)
