"""An error is a sentence and a hint, is also what Python calls it, and travels whole."""

import pickle

import pytest

from limner import errors
from limner.errors import BadConfig, LimnerError, MissingExtra, UnknownCustomer, UnknownPlugin

CLASSES = [getattr(errors, name) for name in errors.__all__]


def made(kind: type[LimnerError]) -> LimnerError:
    if kind is MissingExtra:
        return MissingExtra("learning", "lightgbm", "learn")
    if kind is UnknownPlugin:
        return UnknownPlugin("limner.heads.questions", "chrun", ["churn", "spend"])
    return kind("the thing must be so, got otherwise", hint="mend it")


@pytest.mark.parametrize("kind", CLASSES)
def test_it_is_caught_as_ours_and_as_pythons(kind):
    error = made(kind)
    assert isinstance(error, LimnerError)
    builtins = [base for base in kind.__mro__ if base.__module__ == "builtins"]
    assert kind is LimnerError or builtins[0] is not Exception


@pytest.mark.parametrize("kind", CLASSES)
def test_it_says_message_and_hint(kind):
    error = made(kind)
    assert str(error) == f"{error.message}\n  hint: {error.hint}"


@pytest.mark.parametrize("kind", CLASSES)
def test_it_comes_whole_from_another_process(kind):
    error = made(kind)
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert (again.message, again.hint, str(again)) == (error.message, error.hint, str(error))


def test_without_a_hint_there_is_only_the_message():
    assert str(BadConfig("so")) == "so"


def test_an_unknown_plug_in_lists_what_there_is_and_guesses():
    error = made(UnknownPlugin)
    assert error.message == "limner.heads.questions has no 'chrun'; it has churn, spend"
    assert error.hint == "did you mean 'churn'?"
    assert UnknownPlugin("x", "qqq", ["churn"]).hint == ""


def test_a_missing_extra_says_what_to_install():
    assert made(MissingExtra).hint == "pip install 'limner[learn]'"


def test_an_unknown_customer_is_not_quoted():
    assert str(UnknownCustomer("no profile of 'u1'")) == "no profile of 'u1'"
