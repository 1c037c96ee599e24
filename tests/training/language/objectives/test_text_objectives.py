"""The contract of all objectives of texts, and what each hides."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from languages import WORDS, tiny, tokeniser
from limner import plugins
from limner.encoders.language.opening import open_language
from limner.encoders.language.text_encoder import TextEncoder
from limner.encoders.language.tokens import Tokens
from limner.errors import BadModel
from limner.training.language import objectives
from limner.training.language.objectives.contrastive import Contrast
from limner.training.language.objectives.mlm import MaskedTokens
from limner.training.language.objectives.span import HiddenSpans
from limner.training.language.text_objective import scored

TEXTS = [*WORDS, "", "warm", "red " * 20]
ROWS = np.arange(len(TEXTS))


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("models")
    return {
        family: tiny(root / family, family) for family in ("encoder", "decoder", "encoder_decoder")
    }


@pytest.fixture(params=plugins.names(objectives))
def objective(request):
    return plugins.load(objectives, request.param)()


def opened_for(objective, folders: dict[str, Path]):
    opened = open_language(str(folders[objective.scratch]), purpose=objective.purpose)
    body = TextEncoder.of(opened) if objective.purpose == "vectors" else opened.body
    return body, opened.tokeniser


def test_a_loss_is_finite_teaches_and_is_the_same_by_the_same_chance(objective, folders):
    body, words = opened_for(objective, folders)
    objective.ready(words)
    tokens = [Tokens.of(words, TEXTS, longest=16)]

    def loss(seed):
        torch.manual_seed(0)
        return objective.loss(body, tokens, ROWS, tokeniser=words, rng=np.random.default_rng(seed))

    one = loss(0)
    assert one.ndim == 0
    assert torch.isfinite(one)
    assert torch.equal(one, loss(0))
    one.backward()
    assert (
        sum(float(each.grad.abs().sum()) for each in body.parameters() if each.grad is not None) > 0
    )


def test_a_few_steps_make_it_smaller(objective, folders):
    body, words = opened_for(objective, folders)
    tokens = [Tokens.of(words, TEXTS[:4], longest=16)]
    optimiser = torch.optim.Adam(body.parameters(), lr=0.01)
    body.train()
    losses = []
    for step in range(40):
        torch.manual_seed(step)
        loss = objective.loss(
            body, tokens, ROWS[:4], tokeniser=words, rng=np.random.default_rng(step % 4)
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert np.mean(losses[-4:]) < np.mean(losses[:4])


def test_what_lacks_its_marks_is_refused():
    class Bare:
        mask_token_id = eos_token_id = cls_token_id = None

        def get_vocab(self):
            return {"a": 0}

    for name in ("mlm", "clm", "span"):
        with pytest.raises(BadModel, match="the tokeniser has no"):
            plugins.load(objectives, name)().ready(Bare())


@given(st.integers(0, 30), st.integers(0, 1000))
def test_masked_are_about_the_share_and_never_the_ends(length, seed):
    words = tokeniser()
    numbers = np.array(
        [[words.cls_token_id, *[20 + at for at in range(length)], words.sep_token_id]]
    )
    asked = MaskedTokens(share=0.2).hidden(numbers, words, np.random.default_rng(seed))
    assert asked.sum() == max(1, round(0.2 * length))
    if length:
        assert not asked[0, [0, -1]].any()


@given(st.integers(1, 60), st.floats(0.05, 0.9), st.floats(1, 8), st.integers(0, 1000))
def test_what_is_left_and_what_is_asked_are_together_the_text(count, share, length, seed):
    marks = range(1000, 1032)
    text = np.arange(count)
    objective = HiddenSpans(share=share, length=length)
    left, asked = objective.split(text, marks, np.random.default_rng(seed))
    spans: dict[int, list[int]] = {}
    for each in asked:
        if each >= 1000:
            spans[each] = []
            mark = each
        else:
            spans[mark].append(each)
    again = [one for each in left for one in (spans[each] if each >= 1000 else [each])]
    assert again == text.tolist()
    assert [each for each in left if each >= 1000] == list(marks)[: len(spans)]
    assert sum(map(len, spans.values())) == min(max(1, round(share * count)), count)
    assert all(spans.values())
    assert not any(one >= 1000 and two >= 1000 for one, two in pairwise(left))


def test_the_contrast_is_that_of_the_source_and_the_same_text_is_no_mistake():
    class Two(torch.nn.Module):
        """Gives every token number its own direction."""

        def __init__(self):
            super().__init__()
            self.table = torch.nn.Embedding.from_pretrained(torch.eye(4))

        def forward(self, numbers, held):
            del held
            return self.table(numbers[:, 0])

    class Bare:
        eos_token_id, pad_token_id = 0, 0

        def __call__(self, texts, **_):
            return {"input_ids": [[int(text)] for text in texts]}

    model, rng = Two(), np.random.default_rng(0)

    def loss(one, other):
        sides = [Tokens.of(Bare(), one, longest=2), Tokens.of(Bare(), other, longest=2)]
        objective = Contrast(temperature=0.5)
        return float(objective.loss(model, sides, np.arange(len(one)), tokeniser=None, rng=rng))

    wanted = -np.log(np.exp(2) / (np.exp(2) + 1))
    assert loss(["1", "2"], ["1", "2"]) == pytest.approx(wanted)
    assert loss(["1", "1"], ["1", "2"]) == pytest.approx(
        (0 + -np.log(np.exp(0) / np.exp(0))) / 2, abs=1e-6
    )


def test_only_the_places_that_are_asked_are_scored(folders):
    for family, purpose in (("encoder", "masked"), ("decoder", "next")):
        body = open_language(str(folders[family]), purpose=purpose).body
        numbers = torch.arange(20, 26).unsqueeze(0)
        with torch.no_grad():
            whole = body(input_ids=numbers).logits
            told = body.base_model(input_ids=numbers).last_hidden_state
            assert torch.allclose(scored(body, told[:, 2:4]), whole[:, 2:4], atol=1e-6)
