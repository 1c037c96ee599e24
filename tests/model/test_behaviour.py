"""The behaviour model: blind to what comes later, renewed by one event, the same after a night."""

import json
from datetime import timedelta

import numpy as np
import pytest
import torch

from limner.dataset.batches import batch_at
from limner.dataset.ledger import Ledger
from limner.dataset.sequences import DAY_US, NUMBERS, cut_sequences
from limner.dataset.vocabulary import FIELDS, Vocabulary
from limner.encoders.event import EventEncoder
from limner.errors import NotFitted
from limner.model.backbones.recurrent import Recurrent
from limner.model.behaviour import BehaviourConfig, BehaviourModel
from limner.model.blocks.sequence import sequence_block
from limner.model.checkpoint import load_behaviour, save_behaviour
from shops import START, Shop, a_lively_shop, planted

DAY = 100
CUT = START + timedelta(days=DAY)
EDGES = {name: np.array([0, 1, 5, 20], np.float32) for name in NUMBERS}
CONFIG = BehaviourConfig(width=8, longest=16, classes=4)


@pytest.fixture(scope="module")
def shop():
    return a_lively_shop(customers=30, days=130, seed=7)


@pytest.fixture(scope="module")
def model(shop):
    torch.manual_seed(0)
    names = Vocabulary.learn(Ledger.of(shop), CUT)
    return BehaviourModel(CONFIG, names, EDGES).eval()


@pytest.fixture(scope="module")
def bucket(shop, model):
    return next(iter(cut_sequences(Ledger.of(shop), model.vocabulary, CUT)))


def look(model, bucket, rows, moments):
    batch = batch_at(bucket, rows, moments, longest=CONFIG.longest)
    with torch.inference_mode():
        vectors = model.vectors(batch)
        return vectors, model.class_scores(batch, vectors)


def test_events_have_vectors_of_the_width(model, bucket):
    rows = np.arange(4)
    batch = batch_at(bucket, rows, bucket.first_us[rows, None] + DAY_US, longest=16)
    assert isinstance(model.encoder, EventEncoder)
    assert model.encoder(batch).shape == (*batch.codes.shape[:2], 8)


def test_an_earlier_moment_sees_what_it_would_see_alone(model, bucket):
    """All events fit into the batch, so nothing is cut off at its beginning."""
    rows = np.flatnonzero(bucket.lengths <= 16)
    final = bucket.time_us[bucket.at[rows + 1] - 1] + DAY_US
    early = (bucket.first_us[rows] + final) // 2
    vectors, scores = look(model, bucket, rows, np.stack([early, final], axis=1))
    alone, alone_scores = look(model, bucket, rows, early[:, None])
    assert torch.allclose(vectors[:, 0], alone[:, 0], atol=1e-5)
    assert torch.allclose(scores[:, 0], alone_scores[:, 0], atol=1e-5)


def test_padding_moves_nothing(model, bucket):
    rows = np.argsort(bucket.lengths)[[0, -1]]
    moments = np.full((2, 1), bucket.time_us.max() + DAY_US)
    together, scores = look(model, bucket, rows, moments)
    alone, alone_scores = look(model, bucket, rows[:1], moments[:1])
    assert torch.allclose(together[0], alone[0], atol=1e-5)
    assert torch.allclose(scores[0], alone_scores[0], atol=1e-5)


def test_time_alone_makes_another_customer(model, bucket):
    rows = np.zeros(1, np.int64)
    end = bucket.time_us[bucket.at[1] - 1]
    soon, _ = look(model, bucket, rows, np.array([[end + DAY_US]]))
    late, _ = look(model, bucket, rows, np.array([[end + 60 * DAY_US]]))
    assert not torch.allclose(soon, late, atol=1e-3)


def test_own_history_counts_what_was_bought_and_decays(model, bucket):
    rows = np.arange(5)
    moments = np.full((5, 1), bucket.time_us.max() + DAY_US)
    batch = batch_at(bucket, rows, moments, longest=16)
    found = model._own_history(batch, torch.device("cpu"))[:, 0].numpy()
    category = FIELDS.index("category")
    for b in range(5):
        for c in range(model.classes):
            back = [
                batch.back_days[b, t]
                for t in range(batch.lengths[b])
                if batch.bought[b, t] and batch.codes[b, t, category] == c + 1
            ]
            for place, half in enumerate((7, 30, 90)):
                decayed = np.log1p(sum(0.5 ** (days / half) for days in back))
                assert found[b, c, place] == pytest.approx(decayed, rel=1e-3, abs=1e-4)
            nearest = 1 / (1 + min(back) / 7) if back else 0
            assert found[b, c, 3] == pytest.approx(nearest, rel=1e-3)


def test_what_happened_a_second_ago_is_history(model, bucket):
    """In days until a far moment, as 32-bit floats, a second is nothing: the place decides."""
    rows = np.flatnonzero(bucket.lengths >= 6)[:6]
    at = bucket.time_us[bucket.at[rows] + 3] + 1_000_000
    far = at + 400 * DAY_US
    together = batch_at(bucket, rows, np.stack([at, far], axis=1), longest=500)
    alone = batch_at(bucket, rows, at[:, None], longest=500)
    cpu = torch.device("cpu")
    found = model._own_history(together, cpu)[:, 0]
    assert torch.allclose(found, model._own_history(alone, cpu)[:, 0], atol=1e-3)


def test_one_event_renews_the_state_as_reading_all_again():
    torch.manual_seed(1)
    backbone = Recurrent(6, layers=2).eval()
    events = torch.randn(3, 5, 6)
    with torch.inference_mode():
        whole = backbone(events)
        state = backbone.begin(3)
        for step in range(5):
            state, top = backbone.renew(state, events[:, step])
            assert torch.allclose(top, whole[:, step], atol=1e-6)


def test_the_block_is_blind_to_what_comes(shop, model):
    ledger = Ledger.of(shop)
    one = sequence_block(model, ledger, CUT)
    moved_ledger = Ledger.of(shop.also(planted(DAY)))
    other = sequence_block(model, moved_ledger, CUT)
    assert (
        ledger.customers[one.customers].tolist() == moved_ledger.customers[other.customers].tolist()
    )
    assert np.allclose(one.vectors, other.vectors, atol=1e-5)
    assert np.allclose(one.class_scores, other.class_scores, atol=1e-5)
    assert (np.diff(one.customers) > 0).all()


def test_a_shop_without_a_past_has_an_empty_block(shop, model):
    block = sequence_block(model, Ledger.of(shop), START)
    assert block.vectors.shape == (0, 8)
    assert block.class_scores.shape == (0, model.classes)


def test_a_shop_without_categories_has_vectors_and_no_class(shop, model):
    bare = Shop(shop.events, buckets=2)
    names = Vocabulary.learn(Ledger.of(bare), CUT)
    block = sequence_block(BehaviourModel(CONFIG, names, EDGES), Ledger.of(bare), CUT)
    assert block.class_scores.shape == (len(block.vectors), 0)
    assert len(block.vectors) > 20


def test_a_model_is_a_folder_without_anything_that_runs(model, tmp_path, shop):
    folder = tmp_path / "behaviour"
    save_behaviour(model, folder, facts={"cut": CUT.isoformat()})
    save_behaviour(model, folder, facts={"cut": CUT.isoformat(), "seed": 3})
    assert {path.name for path in folder.iterdir()} == {
        "config.json",
        "vocabulary.json",
        "model.safetensors",
        "card.md",
    }
    assert json.loads((folder / "config.json").read_text())["facts"]["seed"] == 3
    assert "| seed | 3 |" in (folder / "card.md").read_text()
    again = load_behaviour(folder)
    assert again.class_names == model.class_names
    ledger = Ledger.of(shop)
    one, other = sequence_block(model, ledger, CUT), sequence_block(again, ledger, CUT)
    assert one.vectors.tobytes() == other.vectors.tobytes()


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(NotFitted, match="no behaviour model"):
        load_behaviour(tmp_path)
