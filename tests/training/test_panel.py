"""Labelled customers at all cuts: what each cut sees is what it would see alone."""

from datetime import timedelta

import numpy as np
import pytest
import torch

from histories import a_model, a_past
from limner.dataset.cuts import Window
from limner.errors import BadShape, TooFew
from limner.heads.question import Question
from limner.heads.study import Sample
from limner.training.panel import Panel
from shops import a_lively_shop, a_study


@pytest.fixture(scope="module")
def past():
    return a_past(a_lively_shop(customers=60, days=140, seed=9))


@pytest.fixture(scope="module")
def study():
    shop = a_lively_shop(customers=60, days=140, seed=9)
    return a_study(shop, Question(shape="whether", horizon_days=14, nothing=True), day=100)


@pytest.fixture(scope="module")
def samples(study):
    train, validation = study.training()
    return [*train, validation]


@pytest.fixture(scope="module")
def panel(study, samples, past):
    return Panel.of(study.ledger, past.known.vocabulary, samples)


def test_every_label_has_a_place(panel, samples):
    customers = panel.sequences.customers
    before = 0
    for place, one in enumerate(samples):
        for row, (customer, truth) in enumerate(zip(one.customers, one.truth, strict=True)):
            at = np.searchsorted(customers, customer)
            assert panel.rows[at, place] == before + row
            assert panel.truth[before + row] == truth
        before += len(one.customers)
    assert (panel.rows >= 0).sum() == before == len(panel.truth)


def test_a_cut_sees_what_it_would_see_alone(panel, samples, study, past):
    """All visits fit, so nothing is cut off at the beginning."""
    model = a_model(past.known)
    asked = panel.asked(np.arange(len(panel)), longest=300)
    with torch.inference_mode():
        together = model.vectors(asked.batch).flatten(0, 1)[torch.from_numpy(asked.places)]
    found = np.zeros((len(panel.truth), 8), np.float32)
    found[asked.rows] = together
    before = 0
    for one in samples:
        alone = Panel.of(study.ledger, past.known.vocabulary, [one])
        asked = alone.asked(np.arange(len(alone)), longest=300)
        with torch.inference_mode():
            vectors = model.vectors(asked.batch)[:, 0].numpy()
        rows = before + asked.rows
        assert np.allclose(found[rows], vectors, atol=1e-4)
        before += len(one.customers)


def test_by_bucket_it_is_the_same(study, samples, past):
    sample = samples[0]
    shuffled = sample.take(np.random.default_rng(0).permutation(len(sample.customers)))
    whole = Panel.of(study.ledger, past.known.vocabulary, [shuffled])
    parts = list(Panel.by_bucket(study.ledger, past.known.vocabulary, shuffled, longest=16))
    assert len(parts) == 2
    assert sum(map(len, parts)) == len(whole)
    seen = np.concatenate([part.rows[:, 0] for part in parts])
    assert sorted(seen) == list(range(len(shuffled.customers)))
    for part in parts:
        assert np.array_equal(shuffled.customers[part.rows[:, 0]], part.sequences.customers)
    one, other = parts[0].asked(np.arange(5), longest=16), whole.asked(np.arange(5), longest=16)
    assert np.array_equal(one.batch.codes, other.batch.codes)
    assert np.array_equal(one.batch.gap_days, other.batch.gap_days)


def test_where_no_visit_is_read_before_a_cut_its_label_is_left_out(panel):
    asked = panel.asked(np.arange(len(panel)), longest=1)
    assert len(asked.rows) < len(panel.truth)
    assert (asked.batch.last.reshape(-1)[asked.places] >= 0).all()


def test_customers_of_like_length_come_together(panel):
    parts = panel.parts(np.arange(len(panel)), count=10)
    assert [len(part) for part in parts][:-1] == [10] * (len(parts) - 1)
    lengths = np.concatenate([panel.sequences.lengths[part] for part in parts])
    assert (np.diff(lengths) >= 0).all()
    assert sorted(np.concatenate(parts)) == list(range(len(panel)))


def test_nobody_and_strangers_are_refused(study, samples, past):
    with pytest.raises(TooFew, match="nobody has a label"):
        Panel.of(study.ledger, past.known.vocabulary, [samples[0].take(slice(0, 0))])
    early = Window(study.ledger.first + timedelta(hours=1), 14)
    strangers = Sample(early, np.arange(60), np.zeros(60))
    with pytest.raises(BadShape, match="did nothing before"):
        Panel.of(study.ledger, past.known.vocabulary, [strangers])
