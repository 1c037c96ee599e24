"""Terms of texts, weighed, and the same from their folder."""

import numpy as np

from limner.heads.language.terms import Terms

ENGLISH = ["a fine warm shirt", "a bad shirt", "fine tea", "!"]


def test_rare_terms_weigh_more_and_each_kind_has_length_one():
    terms = Terms(longest_words=1, longest_characters=2).fit(ENGLISH, rows=4)
    words, characters = terms.parts_
    weights = dict(zip(words.get_feature_names_out(), words.idf_, strict=True))
    # One more than the logarithm of 1 + 4 texts by 1 + those that hold it.
    assert np.isclose(weights["fine"], np.log(5 / 3) + 1)
    assert np.isclose(weights["tea"], np.log(5 / 2) + 1)
    assert "!" in weights
    told = terms.weighed(["bad tea"])
    assert np.isclose(told[:, : len(weights)].power(2).sum(), 1)
    assert told.shape[1] == len(weights) + len(characters.vocabulary_)


def test_it_is_the_same_from_its_folder(tmp_path):
    for texts in (ENGLISH, ["很好看", "质量好", "太差了"]):
        terms = Terms(most=30).fit(texts, rows=len(texts))
        again = Terms().load(tmp_path, terms.save(tmp_path))
        new = ["fine 好 🙂", ""]
        assert np.allclose(terms.weighed(new).toarray(), again.weighed(new).toarray(), atol=1e-6)


def test_chinese_has_characters_alone_and_many_texts_leave_out_what_stands_in_one():
    assert [each.analyzer for each in Terms().fit(["很好看", "太差了"], rows=2).parts_] == ["char"]
    many = Terms(longest_words=1).fit([f"alike {at}" for at in range(2000)], rows=2000)
    assert list(many.parts_[0].vocabulary_) == ["alike"]
