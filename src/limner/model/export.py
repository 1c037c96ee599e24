"""The behaviour model as a graph that runs without torch (ONNX)."""

import copy
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
import torch
from torch import Tensor, Value, nn
from torch.nn import functional

from limner.dataset.batches import Batch, batch_at
from limner.dataset.sequences import DAY_US, NUMBERS, Sequences
from limner.errors import MissingExtra
from limner.model.behaviour import BehaviourModel

__all__ = ["WINDOW_HEADS", "export_behaviour"]

WINDOW_HEADS = ("whether", "orders", "worth")
"""The heads upon a vector that say what comes within each horizon, one number each."""
OPSET = 18
"""Which edition of ONNX's operators; from this one on, places may be added up."""
SIZES = {2: "customers", 3: "moments", 6: "visits", 7: "lines"}
"""Of the example that is traced; each size is another, and none is one of a table's columns."""


def export_behaviour(model: BehaviourModel, heads: Mapping[str, Tensor], path: Path) -> None:
    """Write the graph of a model and of the heads upon its vectors.

    Its inputs are the fields of a :class:`~limner.dataset.batches.Batch` that the model reads. Its
    outputs are ``vectors`` (B, M, D), ``class_scores`` (B, M, C) and ``window_NAME`` for each of
    :data:`WINDOW_HEADS` that there is (B, M, H). All sizes but D, C and H are free.

    Parameters
    ----------
    model
        It is traced as it answers, without what it drops while it learns.
    heads
        ``NAME.weight`` (H, D) and ``NAME.bias`` (H,) of each of :data:`WINDOW_HEADS`.
    path
        The file to write.

    Raises
    ------
    MissingExtra
        If onnx is not installed.
    """
    try:
        import onnx  # noqa: F401, PLC0415 - torch needs it for writing, and says so too late
    except ImportError:
        raise MissingExtra("the graph of the behaviour model", "onnx", "torch") from None
    example = _example(model.config.longest, len(model.vocabulary.fields))
    axes = {
        name: {place: SIZES[size] for place, size in enumerate(each.shape) if size in SIZES}
        for name, each in example.items()
    }
    whole = _Whole(copy.deepcopy(model), heads).cpu().eval()
    free = {0: "customers", 1: "moments"}
    with _symbols(), warnings.catch_warnings():
        # Torch warns that this exporter is the older one; the newer cannot write a remainder by a
        # size that is free. It also warns where sizes are read while it traces, but they stay free.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            whole,
            tuple(example.values()),
            str(path),
            input_names=list(example),
            output_names=whole.names,
            dynamic_axes=axes | dict.fromkeys(whole.names, free),
            opset_version=OPSET,
            dynamo=False,
        )


class _Whole(nn.Module):
    """The model and its heads as one function of tensors."""

    def __init__(self, model: BehaviourModel, heads: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.model = model
        self.heads = {name: weight.detach().cpu() for name, weight in heads.items()}
        self.said = [name for name in WINDOW_HEADS if f"{name}.weight" in heads]
        self.names = ["vectors", "class_scores", *(f"window_{name}" for name in self.said)]

    def forward(self, *told: Tensor) -> tuple[Tensor, ...]:
        """Return what :attr:`names` say, from the fields of a batch."""
        values: Any = dict(zip((field.name for field in fields(Batch)), told, strict=True))
        batch = Batch(**values)
        vectors = self.model.vectors(batch)
        answers = [
            functional.linear(vectors, self.heads[f"{name}.weight"], self.heads[f"{name}.bias"])
            for name in self.said
        ]
        return vectors, self.model.class_scores(batch, vectors), *answers


def _example(longest: int, width: int) -> dict[str, Tensor]:
    """Return a batch of two customers, one of six visits and one of one, at three moments."""
    customers, moments, visits, lines = SIZES
    purchases = Sequences(
        customers=np.arange(customers),
        at=np.array([0, visits, lines]),
        visits=np.array([0, visits, lines]),
        visit_at=np.arange(lines + 1),
        time_us=np.arange(lines) * DAY_US,
        begins=np.ones(lines, np.bool_),
        bought=np.ones(lines, np.bool_),
        codes=np.ones((lines, width), np.int32),
        items=np.zeros(lines, np.int32),
        numbers=np.ones((lines, len(NUMBERS)), np.float32),
        first_us=np.array([0, visits * DAY_US]),
    )
    after = np.full((customers, moments), lines * DAY_US)
    batch = batch_at(purchases, np.arange(customers), after, longest=max(longest, visits))
    return {
        field.name: torch.from_numpy(np.ascontiguousarray(getattr(batch, field.name)))
        for field in fields(Batch)
    }


@contextmanager
def _symbols() -> Iterator[None]:
    """Let torch's exporter know two operators for which its own way is wrong or slow."""
    ours: Mapping[str, Callable[..., Value]] = {
        "aten::index_add": _index_add,
        "aten::bucketize": _bucketize,
    }
    for name, make in ours.items():
        torch.onnx.register_custom_op_symbolic(name, make, OPSET)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        for name in ours:
            torch.onnx.unregister_custom_op_symbolic(name, OPSET)  # type: ignore[attr-defined]


class _Graph(Protocol):
    """Where torch's exporter writes down what it met."""

    def op(self, name: str, *inputs: Value, **attributes: object) -> Value:
        """Write one operator, and return what it makes."""
        ...


def _index_add(graph: _Graph, *told: Value) -> Value:
    """Add rows to those at their places; a place may come more than once."""
    into, _, place, rows = told[:4]
    column = graph.op("Unsqueeze", place, graph.op("Constant", value_t=torch.tensor([1])))
    return graph.op("ScatterND", into, column, rows, reduction_s="add")


def _bucketize(graph: _Graph, *told: Value) -> Value:
    """Return how many of the rising edges are not above each value, halving what is left."""
    values, edges = told[:2]
    kind = cast("torch.TensorType", edges.type())
    (count,) = cast("list[int]", kind.sizes())
    steps = [2**power for power in reversed(range(count.bit_length()))]

    def constant(number: object, dtype: torch.dtype = torch.int32) -> Value:
        return graph.op("Constant", value_t=torch.tensor(number, dtype=dtype))

    whole = kind.scalarType() == "Long"
    top = torch.iinfo(torch.int64).max if whole else torch.inf
    rest = constant([top] * (2 * steps[0] - 1 - count), torch.int64 if whole else torch.float32)
    ladder = graph.op("Concat", edges, rest, axis_i=0)
    found = None
    for step in steps:
        at = constant(step - 1)
        probe = graph.op("Gather", ladder, at if found is None else graph.op("Add", found, at))
        above = graph.op("LessOrEqual", probe, values)
        further = graph.op("Where", above, constant(step), constant(0))
        found = further if found is None else graph.op("Add", found, further)
    return cast("Value", found)
