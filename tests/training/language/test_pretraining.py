"""Further pretraining: from scratch and from a base, resumed, and then tuned."""

import numpy as np
import pytest
import torch

from languages import WORDS, tiny
from limner.encoders.language.opening import open_language
from limner.errors import BadConfig, TooFew
from limner.training.language.pretraining import TextPretrainConfig, pretrain_texts

PARTS = [word for line in WORDS for word in line.replace(",", "").split()]
BUILD = {"vocabulary": 200, "width": 16, "layers": 1, "heads": 2, "longest": 32}
SMALL = {"epochs": 4, "batch": 16, "held": 0.2, "examinations": 3, "build": BUILD}


def texts(count=160, seed=0, sides=1):
    rng = np.random.default_rng(seed)
    return [tuple(" ".join(rng.choice(PARTS, 6)) for _ in range(sides)) for _ in range(count)]


def learned(rows=None, *, keep=None, progress=None, **settings):
    config = TextPretrainConfig.read({**SMALL, **settings})
    return pretrain_texts(rows or texts(), config=config, keep=keep, progress=progress)


@pytest.mark.parametrize("objective", ["mlm", "clm", "span", "contrastive"])
def test_a_model_built_anew_learns_and_is_a_base(objective, tmp_path):
    done = learned(objective=objective)
    examined = [value for _, value in done.course.examined]
    assert examined[-1] < examined[0]
    done.save(tmp_path / "model", notes=[("card.md", "it")])
    opened = open_language(str(tmp_path / "model"))
    assert opened.family == done.facts["family"]
    again = learned(objective=objective, base=str(tmp_path / "model"), epochs=1)
    assert again.facts["vocabulary"] == done.facts["vocabulary"]
    assert again.course.examined[0][1] < examined[0]


def test_a_base_may_take_the_texts_vocabulary(tmp_path):
    folder = tiny(tmp_path / "base")
    done = learned(base=str(folder), vocabulary="new", epochs=1)
    assert 0 < done.facts["taken_over"] <= done.facts["vocabulary"] < 210
    assert done.body.get_input_embeddings().weight.shape[0] == done.facts["vocabulary"]


def test_two_that_belong_together(tmp_path):
    folder = tiny(tmp_path / "base")
    rows = [(text, f"{text} thanks") for (text,) in texts()]
    done = learned(rows, objective="contrastive", base=str(folder))
    examined = [value for _, value in done.course.examined]
    assert examined[-1] < examined[0]


def test_a_run_that_was_killed_ends_with_the_same_weights(tmp_path):
    class Killed(Exception):
        pass

    def kill(_what, share):
        if share > 0.5:
            raise Killed

    settings = {"loop": {"save_every": 2}}
    whole = learned(keep=tmp_path / "one", **settings)
    with pytest.raises(Killed):
        learned(keep=tmp_path / "two", progress=kill, **settings)
    again = learned(keep=tmp_path / "two", **settings)
    for one, other in zip(whole.body.parameters(), again.body.parameters(), strict=True):
        assert torch.equal(one, other)


def test_what_cannot_be_learned_from_is_refused():
    with pytest.raises(TooFew, match="3 texts that are not empty"):
        learned([("a",), ("b",), ("c",), ("",), (None,)])
    with pytest.raises(BadConfig, match=r"clm learns from 1 text\(s\) a row, got \[2\]"):
        learned(texts(sides=2), objective="clm")
