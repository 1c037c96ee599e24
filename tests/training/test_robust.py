"""Moved visits: the worst way by hand, within reach, and the same chance in every pass."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from limner.training.robust import Adversary, AdversaryConfig


def linear(vectors, weights):
    """Return a loss whose gradient is the same everywhere."""
    encoder = nn.Identity()

    def plain():
        return (encoder(vectors) * weights).sum()

    return encoder, plain


def test_the_worst_way_of_a_straight_loss_is_along_its_weights():
    """Two customers, each moved by 0.5 along (3, 4): the loss grows by 0.5 times 5, twice."""
    weights = torch.tensor([3.0, 4.0])
    encoder, plain = linear(torch.zeros(2, 2), weights)
    adversary = Adversary(encoder, AdversaryConfig(reach=0.5, weight=2.0))
    assert float(adversary.loss(plain).detach()) == pytest.approx(2 * 2 * 2.5)


@pytest.mark.parametrize("steps", [1, 3])
def test_customers_are_moved_all_visits_together_and_not_beyond_reach(steps):
    torch.manual_seed(0)
    encoder, vectors, weights = nn.Identity(), torch.randn(3, 4, 5), torch.randn(3, 4, 5)
    seen = []

    def plain():
        seen.append(encoder(vectors))
        return (seen[-1] * weights).sum()

    Adversary(encoder, AdversaryConfig(reach=0.25, steps=steps, pace=10)).loss(plain)
    assert len(seen) == 1 + steps
    moved = (seen[-1] - seen[0]).detach().flatten(1)
    assert torch.allclose(moved.norm(dim=1), torch.full((3,), 0.25), atol=1e-6)
    assert torch.allclose(
        moved / 0.25, weights.flatten(1) / weights.flatten(1).norm(dim=1, keepdim=True), atol=1e-5
    )


@given(st.integers(0, 1000))
def test_more_steps_find_a_way_that_is_as_bad_at_least(seed):
    """Of a loss that bends, up to what rounding says."""
    torch.manual_seed(seed)
    encoder, vectors = nn.Identity(), torch.randn(2, 3)
    bent = torch.randn(3, 3)

    def plain():
        return (encoder(vectors) @ bent).square().sum()

    once = Adversary(encoder, AdversaryConfig(reach=1.0)).loss(plain)
    often = Adversary(encoder, AdversaryConfig(reach=1.0, steps=12)).loss(plain)
    assert float(often.detach()) >= 0.98 * float(once.detach())


def test_every_pass_has_the_same_chance_and_the_next_has_its_own():
    encoder, drawn = nn.Identity(), []

    def plain():
        drawn.append(torch.rand(4))
        return (encoder(torch.ones(4, 1)).squeeze(1) * drawn[-1]).sum()

    torch.manual_seed(5)
    Adversary(encoder, AdversaryConfig(steps=2)).loss(plain)
    assert torch.equal(drawn[0], drawn[1])
    assert torch.equal(drawn[0], drawn[2])
    after = torch.rand(4)
    torch.manual_seed(5)
    torch.rand(4)
    assert torch.equal(after, torch.rand(4))


def test_weights_learn_from_both_losses_and_the_encoder_is_left_as_it_was():
    torch.manual_seed(0)
    encoder, head = nn.Linear(3, 4), nn.Linear(4, 1)
    events = torch.randn(5, 3)

    def plain():
        return head(encoder(events)).square().mean()

    Adversary(encoder, AdversaryConfig(reach=0.3)).loss(plain).backward()
    both = head.weight.grad.clone()
    assert encoder.weight.grad.abs().sum() > 0
    head.zero_grad()
    plain().backward()
    assert not torch.allclose(both, 2 * head.weight.grad)
    assert not encoder._forward_hooks


def test_an_encoder_that_stays_as_it_is_can_be_moved_too():
    torch.manual_seed(0)
    encoder, head = nn.Linear(3, 4).requires_grad_(requires_grad=False), nn.Linear(4, 1)
    events = torch.randn(5, 3)

    def plain():
        return head(encoder(events)).square().mean()

    loss = Adversary(encoder).loss(plain)
    assert float(loss.detach()) > 2 * float(plain().detach())
    loss.backward()
    assert head.weight.grad is not None


def test_an_encoder_that_is_called_twice_is_moved_twice():
    encoder = nn.Identity()
    one, other = torch.zeros(1, 2), torch.zeros(2, 1)

    def plain():
        return encoder(one).sum() + (encoder(other) * torch.tensor([[1.0], [-1.0]])).sum()

    loss = Adversary(encoder, AdversaryConfig(reach=1.0)).loss(plain)
    assert float(loss.detach()) == pytest.approx(2**0.5 + 2)


def test_a_model_that_was_made_robust_withstands_what_another_does_not():
    """Two columns tell the truth; one of them so faintly that a nudge turns it round."""
    generator = torch.Generator().manual_seed(0)
    truth = (torch.rand(400, generator=generator) < 0.5).float()
    sign = 2 * truth - 1
    events = torch.stack([sign, 0.05 * sign], dim=1)

    def learn(adversary):
        torch.manual_seed(0)
        encoder, head = nn.Identity(), nn.Linear(2, 1, bias=False)
        nn.init.constant_(head.weight, 1.0)
        steps = torch.optim.SGD(head.parameters(), lr=0.5)

        def plain():
            said = head(encoder(events)).squeeze(1)
            return nn.functional.binary_cross_entropy_with_logits(said, truth)

        for _ in range(200):
            steps.zero_grad()
            loss = Adversary(encoder, adversary).loss(plain) if adversary else plain()
            loss.backward()
            steps.step()
        worst = Adversary(encoder, AdversaryConfig(reach=0.3, weight=1))
        return float((worst.loss(plain) - plain()).detach())

    assert learn(AdversaryConfig(reach=0.3)) < learn(None)
