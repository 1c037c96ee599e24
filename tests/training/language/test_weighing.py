"""Words and main directions beside a model: how they are weighed, held out or in folds."""

import numpy as np
import pytest

from limner.heads.language.task import TextTask
from limner.training.language.labelled_texts import LabelledTexts
from limner.training.language.text_config import TextFinetuneConfig
from limner.training.language.weighing import Others

SEA, HILL = ["boat", "wave", "sail", "tide", "crew"], ["peak", "rock", "path", "moss", "goat"]


def texts(count, seed):
    rng = np.random.default_rng(seed)
    kinds = [int(at) for at in rng.integers(0, 2, count)]
    return [" ".join(rng.choice((HILL, SEA)[kind], 2)) for kind in kinds], kinds


@pytest.fixture
def asked():
    told, kinds = texts(60, 0)
    task = TextTask.of("classify", kinds)
    return task, LabelledTexts.of(task, [(each,) for each in told], kinds)


def others(asked, unlabelled=(), **settings):
    config = TextFinetuneConfig.read({"directions": {"count": 2}, **settings})
    return Others(*asked, config, unlabelled=unlabelled, seed=0)


def test_held_out_texts_weigh_model_words_and_directions(asked):
    taught, held = np.arange(40), np.arange(40, 60)
    noise = np.random.default_rng(1).normal(size=(20, 2)).astype(np.float32)
    weighed = others(asked, texts(300, 2)[0]).weigh(noise, taught=taught, held=held)
    assert weighed.blend.weights_.shape == (3,)
    assert weighed.blend.weights_[0] < 0.2 < weighed.blend.weights_[2]
    new, kinds = texts(50, 3)
    said = weighed.directions.scores([(each,) for each in new])
    assert (said.argmax(axis=1) == kinds).mean() > 0.95
    assert weighed.head is None
    assert weighed.words is not None


@pytest.mark.parametrize("frozen", [True, False])
def test_folds_weigh_and_choose_for_what_learned_from_nobody(asked, frozen):
    _, known = asked
    features = np.random.default_rng(1).normal(size=(60, 4)).astype(np.float32)
    features[:, 0] += 2 * known.truth[:, 1]
    weighed = others(asked, words=False).weigh_by_folds(features, frozen=frozen)
    assert weighed.blend.weights_.tolist() == [1.0]  # the model alone
    assert weighed.words is None
    assert weighed.directions is None
    assert (weighed.head is None) == (not frozen)
    if frozen:
        weights, shift = weighed.head
        right = (features @ weights.T + shift).argmax(axis=1) == known.truth.argmax(axis=1)
        assert right.mean() > 0.75
    weighed = others(asked, texts(300, 2)[0]).weigh_by_folds(features, frozen=frozen)
    assert weighed.blend.weights_.shape == (3,)


def test_texts_that_are_labelled_too_count_once(asked):
    _, known = asked
    own = [row[0] for row in known.texts]
    assert others(asked, [*own, "boat peak", "boat peak"]).unlabelled == ["boat peak"]
    assert others(asked).directions is None
