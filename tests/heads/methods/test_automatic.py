"""All automatic columns, through the head that fits the shape."""

import pytest

from limner.heads.amounts import AmountAnswer
from limner.heads.blockwise import BlockAnswer
from limner.heads.methods.automatic import Automatic
from limner.heads.pooled import PooledHead
from limner.heads.question import Question
from shops import Shop, a_lively_shop, a_study, quicken, told


@pytest.fixture(scope="module")
def shop():
    lively = a_lively_shop(customers=60, days=120, seed=9)
    ages = [(f"c{n:04}", "age", ("young", "old")[n % 2]) for n in range(60)]
    return Shop(lively.events, catalogue=lively.catalogue(), attributes=told(ages))


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    quicken(monkeypatch)


@pytest.mark.parametrize(
    ("question", "kind", "heads"),
    [
        (Question(shape="whether", horizon_days=14), BlockAnswer, 1),
        (Question(shape="how_many", horizon_days=14), AmountAnswer, None),
        (Question(shape="which", horizon_days=14, classes=3), PooledHead, None),
        (Question(shape="which", attribute="age"), BlockAnswer, 2),
    ],
)
def test_each_shape_has_its_head(shop, question, kind, heads):
    study = a_study(shop, question, day=100)
    if question.attribute is None:
        train, validation = study.training()
    else:
        sample = study.sample(study.plan.test)
        train, validation = [sample.take(slice(None, None, 2))], sample.take(slice(1, None, 2))
    learned = Automatic().learn(study, train, validation)
    assert isinstance(learned, kind)
    if heads is not None:
        assert len(learned.heads) == heads
