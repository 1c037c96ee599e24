import re

import pytest

from limner import plugins
from limner.heads import methods, modalities
from limner.training import slices, words
from limner.training.scoring import METRICS

TABLES = (
    words.METHODS,
    words.QUESTIONS,
    words.METRICS,
    words.SLICES,
    words.MODALITIES,
    words.LABELS,
)


def test_every_metric_has_a_name():
    for metrics in METRICS.values():
        for metric in metrics:
            assert words.name_of(words.METRICS, metric) != metric


def test_every_method_has_a_name():
    for method in plugins.names(methods):
        assert words.name_of(words.METHODS, method) != method


def test_every_slice_has_a_name():
    items = {f"items:{name}" for name in ("new", "known", "tail", "head")}
    assert set(words.SLICES) == {*slices.SLICES, *items, slices.DRIFT}


def test_every_modality_has_a_name():
    assert set(words.MODALITIES) == {*modalities.MODALITIES, "all"}
    assert {"beside_counts", "beside_others"} < set(words.LABELS)


def test_both_languages_leave_the_same_gaps():
    pairs = [pair for table in TABLES for pair in table.values()]
    pairs += [pair for both in words.CAPTIONS.values() for pair in both]
    for english, chinese in pairs:
        gaps = re.findall(r"{\w+}", english)
        assert sorted(gaps) == sorted(re.findall(r"{\w+}", chinese))


def test_chinese_has_chinese_punctuation():
    pairs = [pair for table in TABLES for pair in table.values()]
    pairs += [pair for both in words.CAPTIONS.values() for pair in both]
    for _, chinese in pairs:
        if re.search(r"[\u4e00-\u9fff]", chinese):
            assert not re.search(r"[,;:?]", chinese)


def test_an_unknown_name_stays_itself():
    assert words.name_of(words.METHODS, "mine") == "mine"


def test_a_part_is_named_beside_its_metric():
    english, chinese = words.name_of(words.METRICS, "ndcg@10:new")
    assert english == "NDCG@10, new items"
    assert chinese.startswith("NDCG@10·")


def test_texts_are_escaped_and_filled_in():
    assert words.say("a < b") == "a &lt; b"
    told = words.say(("{name} & co", "{name}甲"), name=("one", "一"))
    assert '<span class="en" lang="en">one &amp; co</span>' in told
    assert '<span class="zh" lang="zh-Hans">一甲</span>' in told


@pytest.mark.parametrize(("given", "count"), [("one", 1), (("one", "一"), 2)])
def test_svg_text_stands_once_a_language(given, count):
    assert words.svg_text(given, 'x="1"').count("<text") == count
