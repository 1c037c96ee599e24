"""A question is a few settings, checked, and may start from a built-in one."""

import pytest

from limner.errors import BadConfig, UnknownPlugin
from limner.heads.question import Question, read_questions


def test_a_built_in_question_is_read_by_its_name_with_its_own_changes():
    read = read_questions({"churn": {}, "spend": {"horizon_days": 60}})
    assert read["churn"].nothing
    assert read["churn"].shape == "whether"
    assert read["spend"].horizon_days == 60
    assert read["spend"].shape == "how_much"


def test_a_question_may_be_like_another():
    read = read_questions({"lapse": {"like": "churn", "horizon_days": 90}})
    assert read["lapse"].nothing
    assert read["lapse"].horizon_days == 90


def test_a_question_of_ones_own_names_its_shape():
    read = read_questions({"toys": {"shape": "how_many", "where": {"category": ["Toys"]}}})
    assert read["toys"].deeds.items == {"category": ("Toys",)}
    with pytest.raises(BadConfig, match=r"\[questions.toys\] must name its shape") as refusal:
        read_questions({"toys": {"horizon_days": 3}})
    assert 'like = "' in refusal.value.hint


def test_a_misspelt_setting_gets_the_nearest_name():
    with pytest.raises(BadConfig, match="horizon_day is not a setting") as refusal:
        read_questions({"churn": {"horizon_day": 3}})
    assert "horizon_days" in refusal.value.hint


def test_an_unknown_model_question_is_refused():
    with pytest.raises(UnknownPlugin, match="chrun") as refusal:
        read_questions({"lapse": {"like": "chrun"}})
    assert "churn" in refusal.value.hint


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"shape": "how_many", "nothing": True}, "nothing = true asks whether"),
        ({"shape": "whether", "attribute": "age"}, "an attribute is asked for with shape 'which'"),
        ({"shape": "which", "where": {"colour": ["red"]}}, "where narrows"),
        ({"shape": "which", "classes": 1}, "classes"),
        ({"shape": "whether", "horizon_days": 0}, "horizon_days"),
        ({"shape": "whether", "among_days": -1}, "among_days"),
        ({"shape": "maybe"}, "shape"),
    ],
)
def test_settings_that_do_not_agree_are_refused(table, said):
    with pytest.raises(BadConfig, match=said):
        read_questions({"mine": table})


@pytest.mark.parametrize("name", ["", "..", ".hidden", "a/b", "a\\b", "con\0"])
def test_a_name_that_is_no_name_of_a_folder_is_refused(name):
    with pytest.raises(BadConfig, match="name"):
        read_questions({name: {"shape": "whether"}})


@pytest.mark.parametrize(
    ("shape", "unit"),
    [
        ("whether", "probability"),
        ("how_many", "orders"),
        ("how_much", "money"),
        ("which", "probability"),
        ("what_next", "rank"),
    ],
)
def test_every_shape_has_a_unit(shape, unit):
    assert Question(shape=shape).unit == unit
