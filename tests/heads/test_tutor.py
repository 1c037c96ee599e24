"""The port through which methods have a model tuned."""

import pytest

from limner import plugins
from limner.errors import BadConfig
from limner.heads import methods
from limner.heads.question import Question
from limner.heads.tutor import tutor_of
from limner.training.standby import TUNED
from shops import a_lively_shop, a_study


class Listens:
    """Remembers what it was asked to tune."""

    def __init__(self):
        self.asked = []

    def tune(self, method, study, train, validation, *, joint=False):
        self.asked.append((method, joint))
        return method


@pytest.fixture(scope="module")
def study():
    return a_study(a_lively_shop(customers=40, days=130), Question(shape="whether"), day=110)


@pytest.mark.parametrize("name", sorted(TUNED))
def test_each_method_has_its_own_way_tuned(study, name):
    study.desk.tutor = Listens()
    plugins.load(methods, name)().learn(study, [], None)
    assert study.desk.tutor.asked == [("full", True) if name == "joint" else (name, False)]
    assert tutor_of(study) is study.desk.tutor


def test_the_methods_that_ask_a_tutor_are_those_that_a_whole_model_is_learned_for():
    known = {name for name, kind in plugins.load_all(methods) if getattr(kind, "rung", False)}
    assert {name for name in known if not name.startswith("frozen_")} == TUNED


def test_without_a_tutor_it_says_what_to_do(study):
    study.desk.tutor = None
    with pytest.raises(BadConfig, match="no behaviour model stands by to be tuned") as caught:
        tutor_of(study)
    assert "limner[torch]" in caught.value.hint
