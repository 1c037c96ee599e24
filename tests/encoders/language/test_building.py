"""Models built anew, and vocabularies that give way to a shop's own."""

import pytest
import torch

from languages import WORDS, tiny
from limner.encoders.language.building import (
    BuildConfig,
    build_body,
    learn_vocabulary,
    take_over,
    write_model,
)
from limner.encoders.language.opening import open_language
from limner.errors import TooFew

SMALL = BuildConfig(vocabulary=160, width=16, layers=1, heads=2, longest=32)
BY_WORDS = {"chinese": "words"}
CHINESE = ("这件衣服质量很好", "物流太慢了,质量差", "书很好看", "这本书质量好") * 3


def test_a_vocabulary_holds_chinese_characters_alone_and_words_in_pieces():
    words = learn_vocabulary([*CHINESE, *WORDS, *WORDS], SMALL)
    assert len(words) <= 160
    cut = words.convert_ids_to_tokens(words("质量好 THE Red")["input_ids"])
    assert cut == ["[CLS]", "质", "量", "好", "the", "red", "[SEP]"]
    assert words.mask_token_id is not None
    assert words.eos_token == "[SEP]"
    with pytest.raises(TooFew, match="no vocabulary"):
        learn_vocabulary(["a"], SMALL)


def test_a_vocabulary_of_chinese_words_holds_them_whole_and_writes_others_in_characters(tmp_path):
    words = learn_vocabulary([*CHINESE, *WORDS, *WORDS], SMALL.model_copy(update=BY_WORDS))
    written = words.convert_ids_to_tokens(words("物流质量很好,THE 衣书" * 40)["input_ids"])
    assert written[1:8] == ["物流", "质量", "很", "好", ",", "the", "衣"]
    assert "[UNK]" not in written
    write_model(tmp_path / "model", build_body("encoder", words, SMALL, seed=0), words)
    again = open_language(str(tmp_path / "model")).tokeniser
    assert again("物流质量很好")["input_ids"] == words("物流质量很好")["input_ids"]


@pytest.mark.parametrize("how", [{}, BY_WORDS])
def test_the_same_texts_give_the_same_vocabulary_in_every_order(how):
    texts = [*CHINESE, *WORDS, *WORDS, "warmer warmest", "warmer redder"]
    config = SMALL.model_copy(update=how)
    known = [learn_vocabulary(each, config).get_vocab() for each in (texts, texts, texts[::-1])]
    assert known[0] == known[1] == known[2]


@pytest.mark.parametrize("family", ["encoder", "decoder", "encoder_decoder"])
def test_a_body_is_the_same_by_the_same_seed_and_opens_from_its_folder(family, tmp_path):
    words = learn_vocabulary([*WORDS, *WORDS], SMALL)
    one, same = (build_body(family, words, SMALL, seed=3) for _ in range(2))
    other = build_body(family, words, SMALL, seed=4)
    first = [next(iter(each.state_dict().values())) for each in (one, same, other)]
    assert torch.equal(first[0], first[1])
    assert not torch.equal(first[0], first[2])
    write_model(tmp_path / "model", one, words, notes=[("card.md", "a card")])
    opened = open_language(str(tmp_path / "model"))
    assert opened.family == family
    assert (tmp_path / "model" / "card.md").read_text() == "a card"
    assert not list((tmp_path / "model").rglob("*.bin"))


def test_a_token_that_both_know_keeps_its_vector_and_a_new_one_is_the_mean_of_its_pieces(tmp_path):
    opened = open_language(str(tiny(tmp_path / "model")), purpose="masked")
    before = opened.body.get_input_embeddings().weight.detach().clone()
    words = learn_vocabulary(["warmred shirt"] * 9 + [*WORDS, *WORDS], SMALL)
    kept = take_over(opened.body, opened.tokeniser, words)
    after = opened.body.get_input_embeddings().weight.detach()
    assert after.shape == (len(words), 16)
    assert kept > 20
    old, new = opened.tokeniser.get_vocab(), words.get_vocab()
    assert torch.equal(after[new["shirt"]], before[old["shirt"]])
    assert "warmred" in new
    assert "warmred" not in old
    pieces = opened.tokeniser("warmred", add_special_tokens=False)["input_ids"]
    assert torch.allclose(after[new["warmred"]], before[pieces].mean(dim=0))
    assert opened.body.config.vocab_size == len(words)
