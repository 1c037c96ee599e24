"""What texts are taken for teaches: the surest of each class first."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from languages import tiny
from limner.encoders.language.opening import open_language
from limner.errors import BadConfig
from limner.heads.language.task import TextTask
from limner.training.language.finetuning import finetune_texts
from limner.training.language.first_text_head import linear_head
from limner.training.language.labelled_texts import LabelledTexts
from limner.training.language.pseudo_labels import (
    PseudoLabelsConfig,
    learn_from_guesses,
    surest,
)
from limner.training.language.text_config import TextFinetuneConfig

KINDS = {"sea": ["red", "warm", "shirt", "fine"], "hill": ["green", "tea", "fresh", "thanks"]}


@given(
    arrays(np.float32, st.tuples(st.integers(0, 20), st.integers(2, 4)),
           elements=st.floats(-5, 5, width=32)),
    st.floats(0.01, 1.0),
)  # fmt: skip
def test_of_each_class_the_surest_share_is_chosen(said, share):
    chosen = surest(said, share)
    chances = np.exp(said - said.max(axis=1, keepdims=True))
    sure = (chances / chances.sum(axis=1, keepdims=True)).max(axis=1)
    taken = said.argmax(axis=1)
    assert chosen.tolist() == sorted(set(chosen.tolist()))
    for one in np.unique(taken):
        rows = np.flatnonzero(taken == one)
        own = np.intersect1d(rows, chosen)
        rest = np.setdiff1d(rows, chosen)
        assert len(own) == int(np.ceil(share * len(rows)))
        assert not len(rest) or sure[own].min() >= sure[rest].max() - 1e-6


def test_many_without_a_label_show_where_classes_part():
    rng = np.random.default_rng(0)
    # two clouds far apart along the first number; one labelled text each lies askew
    kinds = rng.integers(0, 2, 400)
    others = rng.normal(size=(400, 6)).astype(np.float32)
    others[:, 0] += 6 * kinds - 3
    features = np.array([[-1, 2.5, 0, 0, 0, 0], [1, -2.5, 0, 0, 0, 0]], np.float32)
    task = TextTask.of("classify", ["a", "b"])
    truth = np.eye(2, dtype=np.float32)
    first, shift = linear_head(task, features, truth, penalty=1.0)
    said = others @ first.T + shift
    weights, shift = learn_from_guesses(
        task, features, truth, others=others, said=said, penalty=1.0, config=PseudoLabelsConfig()
    )
    before = (said.argmax(axis=1) == kinds).mean()
    after = ((others @ weights.T + shift).argmax(axis=1) == kinds).mean()
    assert before < 0.9 < after


def texts(count, seed):
    rng = np.random.default_rng(seed)
    kinds = [str(each) for each in rng.choice(list(KINDS), count)]
    return [" ".join(rng.choice(KINDS[kind], 3)) for kind in kinds], kinds


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    return open_language(str(tiny(tmp_path_factory.mktemp("base") / "encoder")))


@pytest.mark.parametrize("method", ["frozen", "fewshot", "lora"])
def test_every_method_learns_from_guesses_the_same_by_the_same_seed(opened, method):
    told, kinds = texts(12, 0)
    task = TextTask.of("classify", kinds)
    known = LabelledTexts.of(task, [(each,) for each in told], kinds)
    config = TextFinetuneConfig.read(
        {"method": method, "pseudo_labels": {}, "epochs": 1, "directions": {"count": 2}}
        | {"few_shot": {"steps": 3, "classes": 2}}
    )
    more, truth = texts(200, 1)
    more.append("")

    def tuned(**changes):
        return finetune_texts(
            task,
            known,
            unlabelled=more,
            config=config.model_copy(update=changes),
            opened=opened,
            seed=0,
        )

    found = tuned()
    new, right = texts(80, 2)
    said = found.predict([(each,) for each in new])
    assert np.array_equal(tuned().predict([(each,) for each in new]), said)
    assert not np.array_equal(tuned(pseudo_labels=None).predict([(each,) for each in new]), said)
    guessed = np.array(task.classes)[said.argmax(axis=1)]
    assert (guessed == right).mean() > 0.9
    assert found.facts["texts"] == 12
    assert found.facts["unlabelled"] == len({*more} - {*told} - {""})
    assert found.facts["config"]["method"] == method
    assert len(truth) == 200


def test_what_cannot_be_guessed_is_refused(opened):
    told, _ = texts(12, 0)
    task = TextTask.of("regress", list(range(12)))
    known = LabelledTexts.of(task, [(each,) for each in told], list(range(12)))
    config = TextFinetuneConfig.read({"pseudo_labels": {}})
    with pytest.raises(BadConfig, match="one class a text"):
        finetune_texts(task, known, unlabelled=texts(30, 1)[0], config=config, opened=opened)
    for shares in ([], [0.0], [1.5]):
        with pytest.raises(BadConfig, match="shares"):
            TextFinetuneConfig.read({"pseudo_labels": {"shares": shares}})
