"""The settings of a course of learning: each has a unit and a sentence, each is checked."""

import pytest

from limner.errors import BadConfig
from limner.training.course import Course, LoopConfig


def test_every_setting_has_a_sentence():
    assert all(field.description for field in LoopConfig.model_fields.values())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("steps", 0),
        ("optimiser", "lion"),
        ("learning_rate", 0),
        ("weight_decay", -1),
        ("momentum", 1),
        ("schedule", "linear"),
        ("warm_up", 1),
        ("clip", -0.1),
        ("precision", "float16"),
        ("accumulate", 0),
        ("examine_every", 0),
        ("patience", -1),
        ("average", 1.1),
        ("save_every", 0),
        ("device", "gpu"),
    ],
)
def test_what_is_out_of_range_is_refused(name, value):
    with pytest.raises(BadConfig, match=name):
        LoopConfig.read({name: value})


def test_a_course_is_frozen():
    course = Course((1.0,), ((1, 2.0),), (0.1,), best_step=1, stopped="all", seconds=0.0)
    with pytest.raises(AttributeError):
        course.losses = ()
