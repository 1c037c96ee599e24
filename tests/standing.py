"""Small behaviour models, really pretrained, that stand by at the desks of small shops."""

from datetime import timedelta

from limner.heads.study import Study
from limner.model.behaviour import BehaviourConfig
from limner.training.course import LoopConfig
from limner.training.cross_fit import FoldPlan
from limner.training.finetuning import FinetuneConfig
from limner.training.pretraining import PretrainConfig
from limner.training.tutor import FoldsTutor
from shops import START

SMALL = BehaviourConfig(width=12, longest=24, classes=6)
"""No narrower: the low ranks of tuning must fit in."""
QUICK = PretrainConfig(
    steps=30,
    customers=32,
    moments=4,
    learning_rate=0.01,
    horizons_days=(7, 20),
    patience=0,
    device="cpu",
)
TUNED = FinetuneConfig(
    loop=LoopConfig(steps=4, examine_every=2, learning_rate=0.003, device="cpu"), customers=48
)


def a_plan(folder, *, mark="made up", steps=QUICK.steps, **more):
    """Return how small models are learned; ``steps`` few where it matters not what they know."""
    config = QUICK.model_copy(update={"steps": steps})
    return FoldPlan(folder, mark, model=SMALL, config=config, **more)


def learn(shop, folder, *, day, whole=True, steps=QUICK.steps, **more):
    """Return the models of a day."""
    cut = START + timedelta(days=day)
    return a_plan(folder, steps=steps).learn(shop, cut, level=2, whole=whole, **more)


def stand_by(place, folds):
    """Let models, and who tunes them, stand by at a desk or at that of a study."""
    desk = place.desk if isinstance(place, Study) else place
    desk.behaviour, desk.tutor = folds, FoldsTutor(folds, TUNED)
    return place
