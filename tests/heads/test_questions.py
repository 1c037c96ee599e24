"""What every built-in question promises."""

import pytest

from limner import plugins
from limner.heads import questions
from limner.heads.question import Question, read_questions


@pytest.fixture(params=plugins.names(questions))
def name(request):
    return request.param


def test_it_is_a_question_that_needs_no_setting(name):
    question = plugins.load(questions, name)()
    assert isinstance(question, Question)
    assert question.horizon_days > 0
    assert question.unit


def test_it_says_what_it_asks(name):
    kind = plugins.load(questions, name)
    module = __import__(kind.__module__, fromlist=["__doc__"])
    assert module.__doc__.strip().endswith("?")
    assert kind.__doc__.strip().endswith(".")


def test_its_settings_survive_a_round_trip(name):
    question = plugins.load(questions, name)()
    table = question.model_dump(mode="json", exclude_none=True)
    assert read_questions({name: table})[name] == question
    assert read_questions({"mine": table | {"like": name}})["mine"] == question


def test_all_five_shapes_are_there():
    shapes = {question().shape for _, question in plugins.load_all(questions)}
    assert shapes == {"whether", "how_many", "how_much", "which", "what_next"}
