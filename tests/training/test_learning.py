"""Who pretrains for an evaluation keeps to the port."""

from inspect import signature

from limner.training.learning import Learning
from limner.training.standby import Standby


def test_what_stands_by_can_be_asked_as_the_port_says():
    for name in ("prepare", "mark"):
        told, made = getattr(Learning, name), getattr(Standby, name)
        if callable(told):
            assert list(signature(told).parameters) == list(signature(made).parameters)
        else:
            assert isinstance(made, property)
