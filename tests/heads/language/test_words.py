"""A linear head upon words: what it learns, and that it is the same from its folder."""

import numpy as np
import pytest

from limner.errors import NotFitted
from limner.heads.language.task import TextTask
from limner.heads.language.words import WordsConfig, WordsHead

GOOD, BAD = ("fine warm shirt", "good tea", "lovely shoes", "good"), ("bad", "late", "broken lid")
CHINESE = ("很好看", "质量好", "好", "太差了", "破了", "差")


def rows(texts):
    return [(text,) for text in texts]


@pytest.fixture(params=["classify", "multilabel", "regress", "pair"])
def asked(request):
    """Return a task, texts and truth."""
    kind = request.param
    texts = rows((GOOD + BAD) * 6)
    if kind == "classify":
        labels = (["good"] * 3 + ["great"] + ["bad"] * 3) * 6
    elif kind == "multilabel":
        labels = ([["good", "worn"], ["good"], ["good", "worn"], []] + [["bad"]] * 3) * 6
    elif kind == "regress":
        labels = ([5.0] * 4 + [1.0] * 3) * 6
    else:
        texts = [(one[0], other) for one in texts for other in (one[0], "else")]
        labels = [1, 0] * 42
    task = TextTask.of(kind, labels)
    return task, texts, task.truth(labels)


def test_it_learns_what_words_tell_and_is_the_same_from_its_folder(asked, tmp_path):
    task, texts, truth = asked
    head = WordsHead(task).fit(texts, truth)
    scores = head.scores(texts)
    assert scores.shape == (len(texts), task.outputs)
    if task.alone:
        assert (scores.argmax(axis=1) == truth.argmax(axis=1)).mean() > 0.95
    elif task.classes:
        assert ((scores > 0) == (truth > 0.5)).mean() > 0.95
    else:
        assert np.corrcoef(scores[:, 0], truth)[0, 1] > 0.95
    head.save(tmp_path / "words")
    again = WordsHead(task).load(tmp_path / "words")
    new = [("bad shirt 🙂", "\ufffd")[: len(texts[0])], ("", "")[: len(texts[0])]]
    assert np.allclose(again.scores(new), head.scores(new), atol=2e-3)
    assert not list(tmp_path.rglob("*.pkl"))


def test_chinese_is_read_by_characters_and_english_by_words_too():
    task = TextTask.of("classify", [1, 1, 1, 0, 0, 0])
    truth = task.truth([1, 1, 1, 0, 0, 0])
    chinese = WordsHead(task).fit(rows(CHINESE), truth)
    assert [each.analyzer for each in chinese.terms_.parts_] == ["char"]
    assert chinese.scores(rows(["好好", "差差"])).argmax(axis=1).tolist() == [1, 0]
    english = WordsHead(task).fit(rows((*GOOD[:3], *BAD)), truth)
    assert [each.analyzer for each in english.terms_.parts_] == ["word", "char_wb"]
    forced = WordsHead(task, WordsConfig(terms="characters")).fit(rows((*GOOD[:3], *BAD)), truth)
    assert [each.analyzer for each in forced.terms_.parts_] == ["char"]


def test_no_term_is_without_bound():
    task = TextTask.of("classify", [1, 1, 1, 0, 0, 0])
    head = WordsHead(task, WordsConfig(most=5))
    head.fit(rows(CHINESE), task.truth([1, 1, 1, 0, 0, 0]))
    assert head.coefficients_.shape == (1, 5)


def test_before_it_learned_it_says_so():
    with pytest.raises(NotFitted, match="no weights"):
        WordsHead(TextTask("regress")).scores(rows(["a"]))
