"""Losses: by hand, against scipy and torch, and what must hold of every file of the folder."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import bernoulli, lognorm
from torch.nn import functional

from limner import plugins
from limner.errors import BadConfig
from limner.training import losses
from limner.training.losses.binary import Binary
from limner.training.losses.focal import Focal
from limner.training.losses.huber import Huber
from limner.training.losses.log_normal import ZeroInflatedLogNormal
from limner.training.losses.multi_class import MultiClass
from limner.training.losses.sampled_softmax import SampledSoftmax
from limner.training.losses.squared import Squared
from limner.training.sampling import Choice

AMOUNTS = {"how_many", "how_much"}
finite = st.floats(-6, 6, width=32)


def said_and_true(loss, *, rows=7, seed=0):
    torch.manual_seed(seed)
    amounts = bool(loss.shapes & AMOUNTS)
    if amounts:
        said = torch.randn(rows, loss.outputs) if loss.outputs > 1 else torch.randn(rows)
        return said, torch.rand(rows).sub(0.3).clamp(min=0) * 40
    said = torch.randn(rows, 4)
    return said, functional.one_hot(torch.randint(4, (rows,)), 4).float()


@pytest.fixture(params=plugins.names(losses))
def loss(request):
    return plugins.load(losses, request.param)()


def test_a_loss_is_never_negative_and_has_a_finite_gradient(loss):
    said, truth = said_and_true(loss)
    said.requires_grad_()
    cost = loss(said, truth)
    assert cost.shape in (truth.shape, truth.shape[:1])
    if not loss.shapes & AMOUNTS:
        assert (cost >= 0).all()
    cost.sum().backward()
    assert torch.isfinite(said.grad).all()
    assert (said.grad != 0).any()


def test_a_loss_answers_in_the_manner_of_its_shape(loss):
    said, truth = said_and_true(loss)
    answer = loss.answer(said)
    if loss.shapes & AMOUNTS:
        assert answer.shape == (len(truth), 2)
        assert (answer >= 0).all()
    else:
        assert answer.shape == truth.shape
        assert ((answer >= 0) & (answer <= 1)).all()


def test_a_loss_survives_what_is_extreme(loss):
    said, truth = said_and_true(loss)
    said = (said.sign() * 30).requires_grad_()
    loss(said, truth).sum().backward()
    assert torch.isfinite(said.grad).all()


def test_a_loss_falls_when_it_is_followed(loss):
    said, truth = said_and_true(loss)
    before = float(loss(said, truth).mean())
    said = said.clone().requires_grad_()
    steps = torch.optim.Adam([said], lr=0.05)
    for _ in range(50):
        steps.zero_grad()
        loss(said, truth).mean().backward()
        steps.step()
    assert float(loss(said.detach(), truth).mean()) < before


def test_settings_of_losses_are_checked():
    with pytest.raises(BadConfig, match="smoothing"):
        Binary.read({"smoothing": 1.5})


def test_binary_by_hand():
    """Log odds of 0 cost log 2; odds of 3 to 1 cost log 4/3 where right and log 4 where wrong."""
    said, truth = torch.tensor([0.0, math.log(3), math.log(3)]), torch.tensor([1.0, 1.0, 0.0])
    expected = [math.log(2), math.log(4 / 3), math.log(4)]
    assert Binary()(said, truth).tolist() == pytest.approx(expected, rel=1e-6)
    # Half of the label is spread: 3/4 for what came true, 1/4 for the other.
    smooth = Binary(smoothing=0.5)(said, truth)
    assert float(smooth[1]) == pytest.approx(0.75 * math.log(4 / 3) + 0.25 * math.log(4), rel=1e-6)


def test_multi_class_by_hand():
    """Weights 1, 2 and 5 of 8."""
    said = torch.tensor([[1.0, 2.0, 5.0]]).log()
    truth = torch.tensor([[0.0, 1.0, 0.0]])
    assert float(MultiClass()(said, truth)) == pytest.approx(math.log(4), rel=1e-6)
    smooth = 0.7 * math.log(4) + 0.1 * (math.log(8) + math.log(4) + math.log(8 / 5))
    assert float(MultiClass(smoothing=0.3)(said, truth)) == pytest.approx(smooth, rel=1e-6)
    assert MultiClass().answer(said).tolist()[0] == pytest.approx([1 / 8, 2 / 8, 5 / 8], rel=1e-6)


@given(finite, st.floats(0, 0.75, width=32))
def test_two_classes_are_one_question(said, smoothing):
    """The softmax of a score against nought is the logistic function of it."""
    odds, both = torch.tensor([said]), torch.tensor([[0.0, said]])
    one = MultiClass(smoothing=smoothing)(both, torch.tensor([[0.0, 1.0]]))
    other = Binary(smoothing=smoothing)(odds, torch.tensor([1.0]))
    assert torch.allclose(one, other, atol=1e-5)


def test_focal_by_hand():
    """A probability of 3/4: (1/4)² log 4/3 where right, (3/4)² log 4 where wrong."""
    said = torch.tensor([math.log(3), math.log(3)])
    cost = Focal(focus=2, balance=0.25)(said, torch.tensor([1.0, 0.0]))
    right, wrong = math.log(4 / 3) / 16, math.log(4) * 9 / 16
    assert cost.tolist() == pytest.approx([0.25 * right, 0.75 * wrong], rel=1e-6)


@given(finite, st.booleans())
def test_focal_without_focus_is_cross_entropy(said, came):
    said, truth = torch.tensor([said]), torch.tensor([float(came)])
    assert torch.allclose(Focal(focus=0)(said, truth), Binary()(said, truth), atol=1e-6)
    assert float(Focal(focus=2)(said, truth)) <= float(Binary()(said, truth)) + 1e-7


def test_squared_and_huber_by_hand():
    """The truth is e - 1, whose log1p is 1; said are 1.5 and 4."""
    said, truth = torch.tensor([1.5, 4.0]), torch.tensor([math.e - 1] * 2)
    assert Squared()(said, truth).tolist() == pytest.approx([0.25, 9], rel=1e-5)
    assert Huber(reach=1)(said, truth).tolist() == pytest.approx([0.125, 2.5], rel=1e-5)
    assert Huber().answer(said)[0].tolist() == pytest.approx([math.expm1(1.5)] * 2, rel=1e-5)


@given(finite, st.floats(0, 1000, width=32), st.floats(0.125, 4, width=32))
def test_huber_is_never_above_half_the_square(said, truth, reach):
    said, truth = torch.tensor([said]), torch.tensor([truth])
    square = float(Squared()(said, truth))
    assert float(Huber(reach=reach)(said, truth)) <= square / 2 + 1e-5
    assert torch.allclose(
        Huber(reach=100)(said, truth), Squared()(said, truth) / 2, rtol=1e-5, atol=1e-6
    )


@given(finite, finite, st.floats(-3, 3, width=32), st.floats(0.125, 1000, width=32))
def test_zero_inflated_log_normal_is_the_likelihood_of_scipy(odds, centre, raw, amount):
    loss = ZeroInflatedLogNormal()
    said = torch.tensor([[odds, centre, raw]] * 2, dtype=torch.float64)
    cost = loss(said, torch.tensor([0.0, amount], dtype=torch.float64)).tolist()
    share, spread = 1 / (1 + math.exp(-odds)), max(math.log1p(math.exp(raw)), 0.05)
    much = lognorm(s=spread, scale=math.exp(centre)).logpdf(amount)
    expected = [-bernoulli.logpmf(0, share), -bernoulli.logpmf(1, share) - much]
    assert cost == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_zero_inflated_log_normal_says_mean_and_typical_of_what_it_draws():
    """Against a million draws."""
    odds, centre, raw = 0.4, 2.0, 0.3
    share, spread = 1 / (1 + math.exp(-odds)), math.log1p(math.exp(raw))
    rng = np.random.default_rng(0)
    drawn = np.exp(rng.normal(centre, spread, 1_000_000)) * (rng.random(1_000_000) < share)
    said = torch.tensor([[odds, centre, raw]], dtype=torch.float64)
    expected, typical = ZeroInflatedLogNormal().answer(said)[0].tolist()
    assert expected == pytest.approx(drawn.mean(), rel=0.01)
    assert typical == pytest.approx(np.expm1(np.log1p(drawn).mean()), rel=0.01)


def test_zero_inflated_log_normal_finds_the_numbers_it_was_drawn_from():
    rng = np.random.default_rng(1)
    amounts = np.exp(rng.normal(3, 0.5, 20_000)) * (rng.random(20_000) < 0.4)
    truth = torch.from_numpy(amounts).float()
    said = torch.zeros(3, requires_grad=True)
    steps = torch.optim.LBFGS([said], max_iter=100, line_search_fn="strong_wolfe")

    def cost():
        steps.zero_grad()
        total = ZeroInflatedLogNormal()(said.expand(len(truth), 3), truth).mean()
        total.backward()
        return total

    steps.step(cost)
    odds, centre, raw = said.tolist()
    assert 1 / (1 + math.exp(-odds)) == pytest.approx(0.4, abs=0.01)
    assert centre == pytest.approx(3, abs=0.02)
    assert math.log1p(math.exp(raw)) == pytest.approx(0.5, abs=0.02)


def everything(scores, true):
    """Return a choice that holds each of the items once, and one right one a row."""
    rows, items = np.arange(len(true)), true.numpy()
    return Choice(
        np.arange(scores.shape[1]),
        np.zeros(scores.shape[1], np.float32),
        rows,
        items,
        rows,
        items,
    )


def test_sampled_softmax_over_every_item_once_is_the_whole_softmax():
    torch.manual_seed(0)
    scores, true = torch.randn(5, 9), torch.tensor([0, 3, 8, 3, 1])
    cost = SampledSoftmax().among(scores, everything(scores, true))
    assert torch.allclose(cost, functional.cross_entropy(scores, true, reduction="none"), atol=1e-6)
    whole = SampledSoftmax()(scores, functional.one_hot(true, 9).float())
    assert torch.allclose(cost, whole, atol=1e-6)


def test_what_is_right_too_is_no_mistake():
    """Of three items two are right: each is told from the third alone."""
    scores = torch.tensor([[1.0, 2.0, 0.0]])
    rows, places = np.array([0, 0]), np.array([0, 1])
    choice = Choice(np.arange(3), np.zeros(3, np.float32), rows, places, rows, places)
    cost = SampledSoftmax().among(scores, choice)
    assert cost.tolist() == pytest.approx([math.log1p(math.exp(-1)), math.log1p(math.exp(-2))])


def test_items_are_drawn_by_how_common_they_are_and_that_is_taken_off():
    counts = np.array([10_000, 3000, 1000, 300, 100, 1])
    rows, items = np.arange(4), np.array([0, 2, 4, 5])
    for power in (0.0, 1.0):
        loss = SampledSoftmax(others=3, power=power)
        met = np.zeros(6)
        for seed in range(300):
            choice = loss.choose(counts, np.random.default_rng(seed), rows=rows, items=items)
            met[choice.items] += 1
        assert (met[items] == 300).all()
        assert met[1] > met[3] if power else abs(met[1] - met[3]) < 60
    scores = torch.zeros(4, len(choice.items))
    cost = loss.among(scores, choice)
    common, rare = np.flatnonzero(choice.items[choice.places] == 0)[0], len(cost) - 1
    assert cost[common] > cost[rare], "a common item is met oftener and must stand out more"
