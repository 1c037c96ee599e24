"""Where a head begins: at the best reading of the vectors as they are, near what is known."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from limner.heads.study import Study
from limner.training.loss import Loss
from limner.training.objectives.future_window import FutureWindow
from limner.training.panel import Panel
from limner.training.question_heads import ClassHead, VectorHead
from limner.training.question_model import QuestionModel

__all__ = ["begin_at_the_best", "known_head"]

Layer = tuple[Tensor, Tensor]
"""Weight (K, D) and bias (K,) of a linear layer."""
ROUNDS = 100


def known_head(start: FutureWindow | None, study: Study, loss: Loss) -> Layer | None:
    """Return the pretrained head that was asked the same as a study, if there is one.

    Parameters
    ----------
    start
        The heads that a model was pretrained with; none: there is none.
    study, loss
        What is asked, and what its numbers mean.
    """
    question = study.question
    same = question.deeds.kinds == ("purchase",) and not question.deeds.items
    if start is None or not same or loss.outputs != 1:
        return None
    if question.horizon_days not in start.horizons_days:
        return None
    heads = {"whether": start.whether, "how_many": start.orders, "how_much": start.worth}
    if question.shape not in heads:
        return None
    place = start.horizons_days.index(question.horizon_days)
    layer = heads[question.shape]
    sign = -1.0 if question.nothing else 1.0
    return (
        sign * layer.weight.detach()[place : place + 1].cpu(),
        sign * layer.bias.detach()[place : place + 1].cpu(),
    )


def begin_at_the_best(
    whole: QuestionModel, panel: Panel, loss: Loss, *, lean: float, known: Layer | None
) -> None:
    """Let a linear head begin where the labels cost least, the model being as it is.

    A head of classes begins as the model knows them; those it does not know, at their share.

    Parameters
    ----------
    whole
        The model and its head, in evaluation.
    panel, loss
        The labels, and what being wrong costs.
    lean
        The weight of the squared distance from what is known, or from nothing, against the sum of
        costs.
    known
        Where to lean to; none: to a head that says of everybody what costs least.
    """
    head = whole.head
    if isinstance(head, ClassHead):
        share = torch.from_numpy(panel.truth).mean(dim=0).clamp(1e-4, 1 - 1e-4)
        with torch.no_grad():
            head.table.bias[head.fresh] = share.logit()[head.fresh]
    if not isinstance(head, VectorHead):
        return
    vectors, truth = _vectors(whole, panel), torch.from_numpy(panel.truth)
    weight, bias = torch.zeros_like(head.read.weight), torch.zeros_like(head.read.bias)
    if known is not None:
        weight[:, : known[0].shape[1]] = known[0]
        bias = known[1].clone()

    def cost(weight: Tensor, bias: Tensor) -> Tensor:
        said = nn.functional.linear(vectors, weight, bias)
        return loss(said.squeeze(-1) if head.flat else said, truth).sum()

    if known is None:
        bias = _least([bias], lambda bias: cost(weight, bias), scale=len(truth))[0]
    place = weight, bias

    # Counted columns say much of the same again, and many of them: they are held ten times as fast.
    held = torch.ones(weight.shape[1])
    held[whole.model.config.width :] = 10

    def leaning(weight: Tensor, bias: Tensor) -> Tensor:
        away = ((weight - place[0]).square() * held).sum()
        away = away + (bias - place[1]).square().sum() / 10
        return cost(weight, bias) + lean / 2 * away

    weight, bias = _least([weight, bias], leaning, scale=len(truth))
    with torch.no_grad():
        head.read.weight.copy_(weight)
        head.read.bias.copy_(bias)


def _vectors(whole: QuestionModel, panel: Panel) -> Tensor:
    """Return the vector of every label of a panel: (R, D)."""
    found: Tensor | None = None
    with torch.no_grad():
        for part in panel.parts(np.arange(len(panel)), count=64):
            asked = panel.asked(part, longest=whole.model.config.longest)
            vectors = whole.vectors(panel, asked).flatten(0, 1).float().cpu()
            if found is None:
                found = torch.zeros(len(panel.truth), vectors.shape[-1])
            found[torch.from_numpy(asked.rows)] = vectors[torch.from_numpy(asked.places)]
    return found if found is not None else torch.zeros(0, whole.model.config.width)


def _least(places: list[Tensor], cost: Callable[..., Tensor], *, scale: int) -> list[Tensor]:
    """Return where a cost is least, by L-BFGS; it is divided by ``scale`` to be of order 1."""
    free = [each.detach().clone().requires_grad_() for each in places]
    search = torch.optim.LBFGS(free, max_iter=ROUNDS, line_search_fn="strong_wolfe")

    def step() -> Tensor:
        search.zero_grad()
        total = cost(*free) / max(scale, 1)
        total.backward()  # type: ignore[no-untyped-call]
        return total

    search.step(step)  # type: ignore[no-untyped-call]
    return [each.detach() for each in free]
