"""What every method that answers whether, how many, how much or which has promised."""

import numpy as np
import pytest

from limner import plugins
from limner.heads import methods
from limner.heads.question import Question
from limner.heads.study import Sample
from limner.training.standby import TUNED
from shops import (
    a_lively_shop,
    a_log,
    a_study,
    an_event,
    planted,
    quicken,
)
from standing import learn, stand_by

DAY = 110
QUESTIONS = {
    "whether": Question(shape="whether", horizon_days=20),
    "how_many": Question(shape="how_many", horizon_days=20),
    "how_much": Question(shape="how_much", horizon_days=20),
    "which": Question(shape="which", horizon_days=20, of="category", classes=4),
}
KNOWN = {name: plugins.load(methods, name) for name in plugins.names(methods)}
KEPT = [name for name in KNOWN if hasattr(KNOWN[name], "load")]
RARELY = TUNED - {"full"}
"""What these do differs from ``full`` only in which weights learn, so one shape shows it."""


def able(name, shape):
    """Return a pair of method and shape, marked slow where another pair shows the same."""
    slow = [pytest.mark.slow] if name in RARELY and shape != "whether" else []
    return pytest.param((name, shape), marks=slow, id=f"{name}-{shape}")


PAIRS = [(name, shape) for name in KNOWN for shape in QUESTIONS if shape in KNOWN[name].shapes]
ABLE = [able(*pair) for pair in PAIRS]


@pytest.fixture(scope="module", autouse=True)
def quick():
    with pytest.MonkeyPatch.context() as patch:
        quicken(patch)
        yield


@pytest.fixture(scope="module")
def shop():
    """A lively shop, and somebody who comes only after the cut."""
    late = a_log([an_event("c0050 is new", DAY + 3, item="i01", price=2.0)])
    return a_lively_shop(customers=90, days=130, seed=3).also(late)


@pytest.fixture(scope="module")
def desks(shop, tmp_path_factory):
    """Return what is computed at the cuts of the shop, and of the shop with its future planted.

    At each stand models that were pretrained on the one, and on the other.
    """
    return [
        stand_by(
            a_study(one, QUESTIONS["whether"], day=DAY).desk,
            learn(one, tmp_path_factory.mktemp("folds"), day=DAY),
        )
        for one in (shop, shop.also(planted(DAY)))
    ]


@pytest.fixture(scope="module")
def known(shop, desks):
    """Return a function that learns a method once, and keeps what it was learned from."""
    kept = {}

    def learned(name, shape):
        if (name, shape) not in kept:
            study = a_study(shop, QUESTIONS[shape], day=DAY, desk=desks[0])
            samples = study.training()
            kept[name, shape] = study, samples, KNOWN[name]().learn(study, *samples)
        return kept[name, shape]

    return learned


def answer(study, learned, customers=None):
    window = study.plan.test
    customers = study.asked(window) if customers is None else customers
    return learned.predict(study, window, customers)


def those(choose):
    """Run a test for some pairs of method and shape only."""
    some = [able(*pair) for pair in PAIRS if choose(pair[0])]
    return pytest.mark.parametrize("asked", some, indirect=True)


@pytest.fixture(params=ABLE)
def asked(request, known):
    """Return the method's name, and study, samples and what was learned."""
    return request.param[0], *known(*request.param)


def test_the_answers_have_the_shape_and_range_of_their_question(asked):
    _, study, _, learned = asked
    said = answer(study, learned)
    count = len(study.asked(study.plan.test))
    shape = study.question.shape
    expected = {"whether": (count,), "which": (count, len(study.classes))}.get(shape, (count, 2))
    assert said.shape == expected
    assert np.isfinite(said).all()
    assert (said >= 0).all()
    if shape in ("whether", "which"):
        assert (said <= 1).all()


def test_the_same_seed_gives_the_same_answers_and_nothing_it_is_given_is_changed(asked):
    name, study, (train, validation), learned = asked
    for sample in (*train, validation):
        sample.customers.setflags(write=False)
        sample.truth.setflags(write=False)
    again = KNOWN[name]().learn(study, train, validation)
    customers = study.asked(study.plan.test)
    customers.setflags(write=False)
    assert answer(study, again, customers).tobytes() == answer(study, learned).tobytes()
    fresh = study.desk.aggregates.at(study.ledger, study.plan.test.cut)
    kept = study.desk.once(("aggregates", study.plan.test.cut), lambda: fresh)
    np.testing.assert_array_equal(kept, fresh)


def test_it_does_not_matter_who_else_is_asked_or_in_which_order(asked):
    name, study, _, learned = asked
    customers = study.asked(study.plan.test)
    everyone = answer(study, learned)
    order = np.random.default_rng(1).permutation(len(customers))[:25]
    some = answer(study, learned, customers[order])
    # A network reads customers side by side, in single precision.
    np.testing.assert_allclose(some, everyone[order], rtol=1e-4 if name in TUNED else 1e-9)
    assert len(answer(study, learned, customers[:0])) == 0


def test_customers_without_a_past_get_finite_answers(asked):
    _, study, _, learned = asked
    cold = np.flatnonzero(study.ledger.customers == "c0050 is new")
    assert len(cold) == 1
    assert np.isfinite(answer(study, learned, cold)).all()


def test_what_comes_at_the_cut_or_after_moves_no_answer(asked, shop, desks):
    name, study, (train, validation), learned = asked
    other = a_study(shop, study.question, day=DAY, desk=desks[1])
    samples = other.training()
    for one, same in zip([*train, validation], [*samples[0], samples[1]], strict=True):
        ids = study.ledger.customers[one.customers], other.ledger.customers[same.customers]
        np.testing.assert_array_equal(*ids)
        assert one.truth.tobytes() == same.truth.tobytes()
    asked_now = study.asked(study.plan.test), other.asked(other.plan.test)
    np.testing.assert_array_equal(
        study.ledger.customers[asked_now[0]], other.ledger.customers[asked_now[1]]
    )
    moved = answer(other, KNOWN[name]().learn(other, *samples))
    assert answer(study, learned).tobytes() == moved.tobytes()


def loss(shape, truth, said):
    if shape in ("whether", "which"):
        inner = np.clip(said, 1e-6, 1 - 1e-6)
        return -np.mean(truth * np.log(inner) + (1 - truth) * np.log(1 - inner))
    return np.mean((np.log1p(truth) - np.log1p(said[:, 1])) ** 2)


def chance(shape, truth):
    """Return the loss of the best answer that is the same for everybody."""
    if shape in ("whether", "which"):
        return loss(shape, truth, np.broadcast_to(truth.mean(axis=0), truth.shape))
    return np.var(np.log1p(truth))


@those(lambda name: name != "base")
def test_it_is_better_than_the_base_rate_and_shuffled_labels_are_not(asked, known):
    name, study, samples, learned = asked
    shape = study.question.shape
    truth = study.sample(study.plan.test).truth
    rate = loss(shape, truth, answer(study, known("base", shape)[2]))
    enough = 1.0 if shape == "which" else 0.97
    assert loss(shape, truth, answer(study, learned)) < enough * rate
    if name == "bgnbd":
        return  # It learns from no labels.
    rng = np.random.default_rng(5)
    mixed = [
        Sample(one.window, one.customers, rng.permutation(one.truth))
        for one in (*samples[0], samples[1])
    ]
    fooled = KNOWN[name]().learn(study, mixed[:-1], mixed[-1])
    assert loss(shape, truth, answer(study, fooled)) > 0.85 * chance(shape, truth)


@those(lambda name: name in KEPT)
def test_what_was_saved_gives_the_same_numbers(asked, tmp_path):
    name, study, _, learned = asked
    method = KNOWN[name]()
    learned.save(tmp_path / "kept")
    again = method.load(study, tmp_path / "kept")
    assert answer(study, again).tobytes() == answer(study, learned).tobytes()
    assert not list(tmp_path.rglob("*.pkl"))
