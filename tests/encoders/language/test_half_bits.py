"""In 16 bits a text means the same, in whatever company it is read."""

import numpy as np
import torch

from languages import WORDS, tiny
from limner.encoders.language import half_bits
from limner.encoders.language.half_bits import HalfReader, has_half_bits
from limner.encoders.language.opening import open_language
from limner.encoders.language.text_encoder import TextEncoder
from limner.encoders.language.tokens import Tokens


def test_it_reads_as_the_model_does_whatever_the_company(tmp_path):
    opened = open_language(str(tiny(tmp_path / "base")))
    reader = HalfReader(opened, longest=16, version="v")
    texts = [*WORDS, "", None, "red " * 50]
    told = reader.read(texts)
    assert told.dtype == np.float32
    assert told.shape == (len(texts), reader.width)
    tokens = Tokens.of(opened.tokeniser, [text or "" for text in texts], longest=16)
    whole = TextEncoder.of(opened).read(tokens)
    for other in (whole, np.concatenate([reader.read([text]) for text in texts])):
        lengths = np.linalg.norm(told, axis=1) * np.linalg.norm(other, axis=1)
        assert ((told * other).sum(axis=1) / lengths).min() >= 0.999
    assert reader.read([]).shape == (0, reader.width)


def test_it_is_asked_for_where_torch_and_the_processor_can(monkeypatch):
    for known, wanted in (({"amx_bf16": True}, True), ({"avx2": True, "amx_bf16": False}, False)):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda known=known: known)
        assert has_half_bits() == wanted
    monkeypatch.setattr(half_bits, "find_spec", lambda _: None)
    assert not has_half_bits()
