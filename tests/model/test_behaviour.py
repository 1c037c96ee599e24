"""The behaviour model: blind to what comes later, and what it says of classes and items."""

import numpy as np
import pytest
import torch

from histories import SMALL, a_model, a_past
from limner.dataset.batches import batch_at
from limner.dataset.ledger import Ledger
from limner.dataset.sequences import DAY_US
from limner.dataset.vocabulary import FIELDS, Vocabulary, catalogue_codes
from limner.encoders.modality import Known
from limner.errors import UnknownPlugin
from limner.model.behaviour import BehaviourModel
from shops import Shop, a_catalogue, a_lively_shop, a_log, an_event
from visits import CUT, CUT_US, sequences_of


@pytest.fixture(scope="module")
def past():
    return a_past(a_lively_shop(customers=30, days=130, seed=7))


@pytest.fixture(scope="module")
def bucket(past):
    return past.buckets[0]


@pytest.fixture(scope="module", params=["recurrent", "transformer"])
def model(request, past):
    return a_model(past.known, backbone=request.param, layers=2)


def look(model, bucket, rows, moments, *, longest=SMALL.longest, since=None):
    """Return vectors, class scores and the scores of the first five items."""
    batch = batch_at(bucket, rows, moments, longest=longest, since=since)
    items = np.arange(5)
    codes = np.tile(np.arange(5)[:, None] + 1, (1, len(FIELDS)))
    with torch.inference_mode():
        vectors = model.vectors(batch)
        return (
            vectors,
            model.class_scores(batch, vectors),
            model.item_scores(batch, vectors, items=items, codes=codes),
        )


def same(one, other, *, atol=1e-4):
    return all(torch.allclose(a, b, atol=atol) for a, b in zip(one, other, strict=True))


def test_it_says_something_of_everybody_at_every_moment(model, bucket):
    rows = np.arange(6)
    at = bucket.first_us[rows, None] + np.array([1, 30, 50, 70]) * DAY_US
    vectors, classes, items = look(model, bucket, rows, at)
    assert vectors.shape == (6, 4, 8)
    assert classes.shape == (6, 4, 4)
    assert items.shape == (6, 4, 5)
    assert all(torch.isfinite(each).all() for each in (vectors, classes, items))


def test_an_earlier_moment_sees_what_it_would_see_alone(model, bucket):
    """All visits fit into the batch, so nothing is cut off at its beginning."""
    rows = np.flatnonzero(bucket.lengths <= 16)
    final = bucket.time_us[bucket.at[rows + 1] - 1] + DAY_US
    early = (bucket.first_us[rows] + final) // 2
    both = look(model, bucket, rows, np.stack([early, final], axis=1))
    alone = look(model, bucket, rows, early[:, None])
    assert same([each[:, :1] for each in both], alone)


def test_padding_moves_nothing(model, bucket):
    rows = np.argsort(bucket.lengths)[[0, -1]]
    moments = np.full((2, 1), CUT_US)
    together = look(model, bucket, rows, moments)
    alone = look(model, bucket, rows[:1], moments[:1])
    assert same([each[:1] for each in together], alone)


def test_a_moment_parts_an_order_that_came_at_two_times(past, model):
    """What of an order comes later moves nothing of what was known before."""
    first = [an_event("ann", day, item="i01", order_id=f"o{day}", price=2.0) for day in range(3)]
    later = [an_event("ann", 2.5, item="i02", order_id="o2", price=9.0)]
    between = np.array([[CUT_US - round(97.5 * DAY_US) - 60_000_000]])
    found = []
    for lines in (first, first + later):
        shop = Shop(a_log(lines), catalogue=a_lively_shop(customers=2).catalogue())
        _, _, (one,) = sequences_of(shop, names=past.known.vocabulary)
        found.append(look(model, one, np.array([0]), between))
        after = look(model, one, np.array([0]), between + 120_000_000)
        assert same(found[-1], after, atol=1e-2) == (len(lines) == 3)
    assert same(*found, atol=0)


def test_a_part_of_a_history_is_another_customer(model, bucket):
    row = np.array([int(np.argmax(bucket.lengths))])
    moment = np.full((1, 1), CUT_US)
    whole = look(model, bucket, row, moment, longest=99)
    same_again = look(model, bucket, row, moment, longest=99, since=np.array([0]))
    part = look(model, bucket, row, moment, longest=99, since=np.array([5]))
    assert same(whole, same_again, atol=0)
    assert not torch.allclose(whole[0], part[0], atol=1e-3)


def test_time_alone_makes_another_customer(model, bucket):
    rows = np.zeros(1, np.int64)
    end = bucket.time_us[bucket.at[1] - 1]
    soon = look(model, bucket, rows, np.array([[end + DAY_US]]))
    late = look(model, bucket, rows, np.array([[end + 60 * DAY_US]]))
    assert not any(torch.allclose(a, b, atol=1e-3) for a, b in zip(soon, late, strict=True))


def test_where_no_visit_is_held_it_is_an_empty_history(model, bucket):
    """At a moment before all that is held, who they are does not depend on what comes."""
    rows = np.arange(4)
    before = np.full(4, int(bucket.first_us.min()) - DAY_US)
    batch = batch_at(
        bucket, rows, np.stack([before, np.full(4, CUT_US)], axis=1), longest=SMALL.longest
    )
    assert (batch.last[:, 0] == -1).all()
    with torch.inference_mode():
        vectors = model.vectors(batch)
    assert torch.allclose(vectors[:, 0], vectors[:1, 0], atol=1e-6)


def test_given_states_are_not_read_again(model, bucket):
    batch = batch_at(bucket, np.arange(4), np.full((4, 1), CUT_US), longest=16)
    with torch.inference_mode():
        states = model.states(batch)
        assert states.shape == (*batch.gap_days.shape, 8)
        assert torch.equal(model.vectors(batch, states), model.vectors(batch))
        assert not torch.allclose(model.vectors(batch, 0 * states), model.vectors(batch))


def test_classes_are_the_commonest_categories(past, model):
    assert list(model.class_names) == list(past.known.vocabulary.names["category"][:4])
    assert model.classes == 4
    assert model.class_of[0] == 4
    assert model.class_of[1:5].tolist() == [0, 1, 2, 3]
    assert (model.class_of[5:] == 4).all()


def test_item_scores_are_what_a_loop_adds_up():
    """Also of an item never bought, one that only the catalogue has, and one of a shared number."""
    catalogue = a_catalogue(
        {
            "milk": ("Food > Dairy", "Meadow"),
            "cheese": ("Food > Dairy", "Alp"),
            "soap": ("Home > Bath", None),
            "rare": ("Home > Bath", "Alp"),
        }
    )
    rng = np.random.default_rng(3)
    lines = [
        an_event(who, day, rng.choice(["purchase", "view"]), item, price=2.0, order_id=f"o{day}")
        for who in ("ann", "ben", "eve")
        for day in range(0, 90, 6)
        for item in rng.choice(["milk", "soap", None], 2, replace=False)
    ]
    lines.append(an_event("ben", 50, item="rare", price=3.0))
    shop = Shop(a_log(lines), catalogue=catalogue)
    ledger = Ledger.of(shop)
    names = Vocabulary.learn(ledger, CUT)  # which needs three events: the rare one has a shared one
    assert set(names.names["item"]) == {"milk", "soap"}
    _, _, (one,) = sequences_of(shop, names=names)
    model = a_model(Known(names, a_past(shop).known.edges))
    all_codes = catalogue_codes(ledger, names)
    place = {str(name): number for number, name in enumerate(ledger.items)}
    items = np.array([place[name] for name in ("soap", "cheese", "rare", "milk")])
    moments = np.stack([np.full(3, CUT_US - 60 * DAY_US), np.full(3, CUT_US)], axis=1)
    batch = batch_at(one, np.arange(3), moments, longest=16)
    with torch.no_grad():
        vectors = model.vectors(batch)
        found = model.item_scores(batch, vectors, items=items, codes=all_codes[items])
        assert found.shape == (3, 2, 4)
        for b in range(3):
            width = batch.gap_days.shape[1]
            for m in range(2):
                wish = model.item_read(vectors[b, m])
                for k, item in enumerate(items):
                    known = model.encoder.items(torch.from_numpy(all_codes[item : item + 1]))[0]
                    back = [
                        float(batch.back_days[b, t] - batch.early_days[b, m])
                        for t in range(batch.last[b, m] + 1)
                        for line in np.flatnonzero(batch.visit == b * width + t)
                        if batch.bought[line] and batch.items[line] == item
                    ]
                    told = [np.log1p(sum(0.5 ** (d / half) for d in back)) for half in (7, 30, 90)]
                    told.append(1 / (1 + min(back) / 7) if back else 0)
                    own = model.item_own(torch.tensor(told, dtype=torch.float32))
                    assert float(found[b, m, k]) == pytest.approx(
                        float(wish @ known + own), rel=1e-3, abs=1e-3
                    )
        turned = model.item_scores(batch, vectors, items=items[::-1], codes=all_codes[items[::-1]])
        assert torch.allclose(turned.flip(-1), found, atol=1e-6)


def test_who_bought_an_item_wants_it_more_once_that_counts(past, bucket):
    model = a_model(past.known)
    batch = batch_at(bucket, np.arange(5), np.full((5, 1), CUT_US), longest=16)
    items = np.arange(len(past.ledger.items))
    codes = catalogue_codes(past.ledger, past.known.vocabulary)
    with torch.no_grad():
        vectors = model.vectors(batch)
        model.item_own.weight.zero_()
        without = model.item_scores(batch, vectors, items=items, codes=codes)
        model.item_own.weight.fill_(1.0)
        more = model.item_scores(batch, vectors, items=items, codes=codes) - without
    owner = batch.visit // batch.gap_days.shape[1]
    for b in range(5):
        bought = set(batch.items[(owner == b) & (batch.bought > 0)].tolist())
        assert set(np.flatnonzero(more[b, 0].numpy() > 1e-6)) == bought


def test_every_weight_of_the_model_has_a_use(past, bucket):
    model = a_model(past.known).train()
    batch = batch_at(bucket, np.arange(8), np.full((8, 1), CUT_US), longest=16)
    vectors = model.vectors(batch)
    codes = catalogue_codes(past.ledger, past.known.vocabulary)
    scores = model.item_scores(batch, vectors, items=np.arange(len(codes)), codes=codes)
    (model.class_scores(batch, vectors).square().mean() + scores.square().mean()).backward()
    assert [name for name, each in model.named_parameters() if each.grad is None] == []


def test_a_backbone_that_is_not_there_is_refused(past):
    with pytest.raises(UnknownPlugin, match="recurrent"):
        BehaviourModel(SMALL.model_copy(update={"backbone": "abacus"}), past.known)
