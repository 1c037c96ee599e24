"""Made-up answers of every shape, small and with a known order of the methods."""

from datetime import UTC, datetime

import numpy as np
import pytest

from limner.heads.answers import Answers, Rankings

CUT = datetime(2017, 12, 1, tzinfo=UTC)
CUSTOMERS = np.array([f"c{number}" for number in range(800)])


def sigmoid(values):
    return 1 / (1 + np.exp(-values))


def _answers(question, shape, truth, predictions, classes=()):
    return Answers(
        question=question,
        shape=shape,
        horizon_days=30,
        cut=CUT,
        customers=CUSTOMERS,
        truth=truth,
        predictions=predictions,
        classes=classes,
    )


@pytest.fixture(scope="session")
def whether():
    rng = np.random.default_rng(1)
    known = rng.normal(size=800)
    truth = (rng.random(800) < sigmoid(1.5 * known)).astype(float)
    return _answers(
        "churn",
        "whether",
        truth,
        {
            "base": np.full(800, truth.mean()),
            "hand_made": sigmoid(1.5 * known + rng.normal(size=800)),
            "automatic": sigmoid(1.5 * known),
        },
    )


@pytest.fixture(scope="session")
def rare():
    rng = np.random.default_rng(2)
    truth = np.zeros(800)
    truth[:37] = 1
    said = rng.random(800)
    return _answers("coupon", "whether", truth, {"hand_made": said, "automatic": said})


@pytest.fixture(scope="session")
def which():
    rng = np.random.default_rng(3)
    known = rng.normal(size=(800, 60)) - np.linspace(0, 3, 60)
    truth = (rng.random((800, 60)) < sigmoid(known)).astype(float)
    truth[:, 4] = 0
    names = tuple(f"GROCERY > <b>class</b> {number}" for number in range(60))
    said = {"hand_made": sigmoid(known + rng.normal(size=known.shape)), "automatic": sigmoid(known)}
    return _answers("category", "which", truth, said, names)


@pytest.fixture(scope="session")
def how_much():
    rng = np.random.default_rng(4)
    known = rng.normal(size=800)
    truth = np.where(rng.random(800) < 0.3, 0, np.exp(known + 3))
    typical = np.expm1(np.log1p(truth).mean())
    return _answers(
        "spend",
        "how_much",
        truth,
        {
            "base": np.tile([truth.mean(), typical], (800, 1)),
            "hand_made": np.stack([np.exp(known * 0.5 + 3.2), np.exp(known * 0.5 + 1.8)], axis=1),
            "automatic": np.stack([np.exp(known + 2.8), np.exp(known + 1.8)], axis=1),
        },
    )


@pytest.fixture(scope="session")
def what_next():
    rng = np.random.default_rng(5)
    taken = [np.sort(rng.choice(40, 3, replace=False)) for _ in CUSTOMERS]
    good = [np.r_[items[:2], np.setdiff1d(np.arange(40), items)[:10]] for items in taken]
    seen = [np.sort(items[::2]) for items in taken]
    return Rankings(
        question="next_item",
        shape="what_next",
        horizon_days=14,
        cut=CUT,
        customers=CUSTOMERS,
        truth_at=np.arange(801) * 3,
        truth=np.concatenate(taken),
        seen_at=np.arange(801) * 2,
        seen=np.concatenate(seen),
        top={
            "popularity": np.tile(np.arange(12), (800, 1)),
            "own_frequency": np.stack([np.roll(each, 3) for each in good]),
            "reranked": np.stack(good),
        },
        items=40,
    )
