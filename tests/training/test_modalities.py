"""What each modality adds: the right pairs, the right sign, the right slices."""

from dataclasses import replace

import numpy as np
import pytest

from limner.errors import TooFew
from limner.heads.question import Question
from limner.training.evaluate import evaluate
from limner.training.modalities import ALL, COUNTS, OTHERS, gains, tell_modalities, variants
from limner.training.scoring import score
from shops import COLUMNS, START, Shop, a_lively_shop, a_study, quicken, seen

WHETHER = Question(shape="whether", horizon_days=14)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    quicken(monkeypatch)


def sigmoid(values):
    return 1 / (1 + np.exp(-values))


@pytest.fixture(scope="module")
def three(whether):
    """Heads of which words know something, and pictures and factors nothing."""
    rng = np.random.default_rng(4)
    known = np.where(whether.truth > 0, 1.0, -1.0)
    noise = {name: rng.normal(size=800) for name in ("counts", "words", "other")}
    said = {
        COUNTS: sigmoid(known + 2 * noise["counts"]),
        "counts+collaborative": sigmoid(known + 2 * noise["counts"] + 0.01 * noise["other"]),
        "counts+text": sigmoid(3 * known + 2 * noise["counts"]),
        "counts+image": sigmoid(known + 2 * noise["counts"] + 0.01 * noise["words"]),
        ALL: sigmoid(3 * known + 2 * noise["counts"]),
        "all-collaborative": sigmoid(3 * known + 2 * noise["counts"]),
        "all-text": sigmoid(known + 2 * noise["counts"]),
        "all-image": sigmoid(3 * known + 2 * noise["counts"]),
    }
    return replace(whether, predictions=said, orders=np.repeat([0, 3], [100, 700]))


def test_a_gain_is_with_it_less_without_it(three):
    rows = gains(three, seed=0, resamples=50)
    told = {(row.modality, row.beside): row for row in rows if row.slice == "all"}
    assert list(dict.fromkeys(row.slice for row in rows)) == ["all", "orders:0", "orders:2-4"]
    assert set(told) == {
        *((name, beside) for name in ("collaborative", "text", "image") for beside in (COUNTS,)),
        *((name, OTHERS) for name in ("collaborative", "text", "image")),
        (ALL, COUNTS),
    }
    plain = {
        row.method: row
        for row in score(three, seed=0, resamples=50, reference=COUNTS)
        if row.metric == "auroc"
    }
    row = told["text", COUNTS]
    assert (row.method, row.metric) == ("fused", "auroc")
    assert row.value == plain["counts+text"].value
    assert (row.delta, row.delta_low) == (
        plain["counts+text"].delta,
        plain["counts+text"].delta_low,
    )
    assert row.delta > 0
    assert row.differs
    assert told["text", OTHERS].delta == pytest.approx(plain[ALL].value - plain["all-text"].value)
    assert told["image", OTHERS].delta == 0
    assert not told["image", COUNTS].differs


def test_of_two_the_one_is_beside_the_other(three):
    names = (COUNTS, "counts+text", "counts+image", ALL)
    two = replace(three, predictions={name: three.predictions[name] for name in names})
    told = {(row.modality, row.beside): row for row in gains(two, seed=0, resamples=20)}
    assert set(told) == {
        ("text", COUNTS),
        ("image", COUNTS),
        ("text", OTHERS),
        ("image", OTHERS),
        (ALL, COUNTS),
    }
    one = replace(three, predictions={name: three.predictions[name] for name in names[:2]})
    assert {(row.modality, row.beside) for row in gains(one, seed=0, resamples=20)} == {
        ("text", COUNTS)
    }


def test_heads_that_declined_leave_no_row(three):
    names = [name for name in three.predictions if name != "all-text"]
    some = replace(three, predictions={name: three.predictions[name] for name in names})
    told = {(row.modality, row.beside) for row in gains(some, seed=0, resamples=20)}
    assert ("text", COUNTS) in told
    assert ("text", OTHERS) not in told


def test_items_are_sliced_by_how_new_and_how_common_they_are(what_next):
    top = {COUNTS: what_next.top["popularity"], "counts+text": what_next.top["reranked"]}
    new = np.arange(40) < 10
    tail = (np.arange(40) >= 5) & (np.arange(40) < 25)
    rows = gains(replace(what_next, top=top, new=new, tail=tail), seed=0, resamples=20)
    assert [row.slice for row in rows] == ["all", "items:new", "items:tail", "items:head"]
    assert [row.metric for row in rows] == ["ndcg@10", *["recall@10"] * 3]
    sought = [len(what_next.sought_among(one).truth) for one in (new, tail & ~new, ~tail & ~new)]
    assert sum(sought) == len(what_next.truth)


def test_the_heads_to_compare():
    shop = seen(a_lively_shop(customers=60, seed=4))
    assert list(variants(a_study(shop, WHETHER))) == [
        COUNTS,
        *(f"counts+{name}" for name in ("collaborative", "text", "image")),
        ALL,
        *(f"all-{name}" for name in ("collaborative", "text", "image")),
    ]
    shop.vectors.pop("image")
    assert list(variants(a_study(shop, WHETHER))) == [
        COUNTS,
        "counts+collaborative",
        "counts+text",
        ALL,
    ]
    bare = Shop(shop.events.with_columns(item_id=None).cast(dict(shop.events.schema)))
    with pytest.raises(TooFew, match="no modality"):
        tell_modalities(a_study(bare, WHETHER), seed=0, resamples=10)


def test_an_evaluation_tells_them_on_request():
    from datetime import timedelta

    shop = seen(a_lively_shop(customers=80, days=130, seed=12), looks=["text"])
    asked = {"buys": WHETHER, "next": Question(shape="what_next", horizon_days=14)}

    def put(**more):
        return evaluate(
            shop,
            asked,
            cuts=[START + timedelta(days=110)],
            methods=["base", "own_frequency"],
            resamples=20,
            aggregates=COLUMNS,
            **more,
        )

    plain, told = put(), put(tell=tell_modalities)
    assert plain.modalities == ()
    assert plain.rows == told.rows
    assert {(row.question, row.modality) for row in told.modalities} == {
        (name, each) for name in asked for each in ("collaborative", "text", "all")
    }
    assert told.modalities == put(tell=tell_modalities).modalities
