"""Choosing a backbone: every one is tried, and the one examined best is taken."""

from datetime import timedelta

from limner import plugins
from limner.dataset.ledger import Ledger
from limner.model import backbones
from limner.model.behaviour import BehaviourConfig
from limner.training.backbone_choice import choose_backbone
from limner.training.pretraining import PretrainConfig
from shops import START, a_lively_shop

CONFIG = PretrainConfig(steps=6, customers=8, moments=2, horizons_days=(7,), class_days=7)


def test_every_backbone_is_tried_and_the_best_is_taken():
    ledger = Ledger.of(a_lively_shop(customers=30, days=80, seed=3))
    told = []
    best, found = choose_backbone(
        ledger,
        START + timedelta(days=80),
        model=BehaviourConfig(width=8, longest=16, classes=4),
        config=CONFIG,
        progress=lambda what, share: told.append((what, share)),
    )
    assert sorted(found) == plugins.names(backbones)
    assert found[best] == min(found.values())
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert {what.split()[2] for what, _ in told} == set(found)
