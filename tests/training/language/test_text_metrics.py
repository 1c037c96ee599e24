"""Metrics against scikit-learn's and scipy's, and what their intervals hold."""

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn import metrics as theirs

from limner.heads.language.task import TextTask
from limner.training.language.text_metrics import score_texts

CLASSES = ("a", "b", "c", "d")


def test_classes_of_which_one_is_true():
    rng = np.random.default_rng(0)
    right = rng.integers(0, 3, 200)  # nothing is of the last class, and once it is said
    answers = np.eye(4)[right] + rng.normal(size=(200, 4)) * 0.6
    task = TextTask("classify", CLASSES)
    found = score_texts(task, answers, np.eye(4, dtype=np.float32)[right])
    said = answers.argmax(axis=1)
    assert found.values["accuracy"] == pytest.approx(theirs.accuracy_score(right, said))
    f1 = theirs.f1_score(right, said, average="macro")
    assert found.values["macro_f1"] == pytest.approx(f1)
    assert np.array_equal(found.confusion, theirs.confusion_matrix(right, said, labels=range(4)))
    each = theirs.precision_recall_fscore_support(right, said, labels=range(4), zero_division=0)
    told = [[row.precision, row.recall, row.f1, row.support] for row in found.classes]
    assert told[3][1] is None  # true of no text
    told[3][1] = 0.0
    assert np.allclose(np.array(told, float), np.transpose(each))
    for name, (low, high) in found.intervals.items():
        assert low < found.values[name] < high
    assert "auroc" not in found.values
    few = score_texts(task, answers[right < 1], np.eye(4, dtype=np.float32)[right[right < 1]])
    low, high = few.intervals["macro_f1"]
    assert low <= few.values["macro_f1"] <= high


def test_two_classes_have_an_auroc():
    rng = np.random.default_rng(1)
    right = rng.integers(0, 2, 100)
    second = 1 / (1 + np.exp(-(right + rng.normal(size=100))))
    answers = np.stack([1 - second, second], axis=1)
    found = score_texts(
        TextTask("classify", ("0", "1")), answers, np.eye(2, dtype=np.float32)[right]
    )
    assert found.values["auroc"] == pytest.approx(theirs.roc_auc_score(right, second))
    assert found.values["average_precision"] == pytest.approx(
        theirs.average_precision_score(right, second)
    )


def test_several_classes_at_once():
    rng = np.random.default_rng(2)
    truth = (rng.random((150, 4)) < 0.4).astype(np.float32)
    answers = np.clip(truth + rng.normal(size=truth.shape) * 0.4, 0, 1)
    found = score_texts(TextTask("multilabel", CLASSES), answers, truth)
    said = answers > 0.5
    for average in ("micro", "macro"):
        wanted = theirs.f1_score(truth > 0, said, average=average)
        assert found.values[f"{average}_f1"] == pytest.approx(wanted)
    assert found.values["accuracy"] == pytest.approx(theirs.accuracy_score(truth > 0, said))
    assert not found.confusion.size


def test_numbers():
    rng = np.random.default_rng(3)
    task = TextTask("regress", (), 3.0, 2.0)
    true = rng.normal(3, 2, 120)
    said = true + rng.normal(size=120)
    found = score_texts(task, said, ((true - 3) / 2).astype(np.float32))
    assert found.values["rmse"] == pytest.approx(np.sqrt(np.square(said - true).mean()), rel=1e-5)
    assert found.values["r2"] == pytest.approx(theirs.r2_score(true, said), rel=1e-5)
    assert found.values["spearman"] == pytest.approx(spearmanr(said, true).statistic, abs=1e-4)
    flat = score_texts(task, np.full(120, 3.0), ((true - 3) / 2).astype(np.float32))
    assert flat.values["spearman"] == 0
