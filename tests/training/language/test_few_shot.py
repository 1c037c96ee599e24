"""The contrast of classes, against a value worked out by hand."""

import math

import numpy as np
import pytest
import torch

from languages import tiny
from limner.encoders.language.opening import open_language
from limner.encoders.language.text_encoder import TextEncoder
from limner.encoders.language.tokens import Tokens
from limner.errors import BadConfig
from limner.training.language.few_shot import FewShotConfig, contrast_of_classes, learn_few_shot
from limner.training.language.text_lesson import Read


def test_the_contrast_is_that_of_the_source():
    """Two of each class, at right angles: each sees its own at 1 and two others at 0."""
    vectors = torch.tensor([[2.0, 0.0], [1.0, 0.0], [0.0, 3.0], [0.0, 1.0]])
    classes = torch.tensor([0, 0, 1, 1])
    wanted = -math.log(math.exp(1 / 0.5) / (math.exp(1 / 0.5) + 2))
    assert float(contrast_of_classes(vectors, classes, temperature=0.5)) == pytest.approx(wanted)


def test_texts_of_one_class_come_together(tmp_path):
    opened = open_language(str(tiny(tmp_path / "model")))
    texts = ["red shirt", "warm shirt", "fine red shirt", "late parcel", "broken parcel", "parcel"]
    tokens = Tokens.of(opened.tokeniser, texts, longest=16)
    truth = np.eye(2, dtype=np.float32)[[0, 0, 0, 1, 1, 1]]
    base = TextEncoder.of(opened)
    config = FewShotConfig(steps=30, rate=0.01)
    change = learn_few_shot(
        base, Read((tokens,), None, truth), config=config, seed=0, progress=None
    )

    def apart(encoder):
        unit = torch.nn.functional.normalize(torch.from_numpy(encoder.read(tokens)), dim=1)
        near = unit @ unit.T
        return float(near[:3, :3].mean() + near[3:, 3:].mean() - 2 * near[:3, 3:].mean())

    assert apart(change.model) > apart(base) + 0.2
    both = Read((tokens,), None, np.ones((6, 2), np.float32))
    with pytest.raises(BadConfig, match="one class a text"):
        learn_few_shot(base, both, config=config, seed=0, progress=None)
