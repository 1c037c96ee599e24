"""Fewer layers and heads; what is left learns the vectors of the whole (Sanh and others 2019)."""

import copy
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from limner.config import Config
from limner.encoders.language.export import export_encoder
from limner.encoders.language.text_encoder import TextEncoder
from limner.encoders.language.tokens import Tokens
from limner.errors import BadConfig
from limner.training.language.compression import onto_teacher, teach_vectors

__all__ = ["Prune"]

LOOKED_AT = 512
"""By so many texts it is seen how much a head adds."""


class Prune(Config):
    """Every other layer or so stays, and in each the heads that add most."""

    needs_texts: ClassVar[bool] = True

    layers: float = Field(0.5, gt=0, le=1)
    """The share of the layers that stays, evenly spread, the last among them."""
    heads: float = Field(0.75, gt=0, le=1)
    """The share of the heads of each layer that stays."""
    epochs: float = Field(2.0, ge=0)
    """How often each text teaches what is left; 0: a map alone is fitted."""
    rate: float = Field(1e-4, gt=0)
    """The learning rate."""
    batch: int = Field(32, ge=2)
    """Texts of one batch."""
    int8: bool = True
    """Whether the graph keeps 8 bits a weight, too."""

    def write(
        self,
        encoder: TextEncoder,
        tokeniser: Any,  # noqa: ANN401
        folder: Path,
        *,
        texts: Sequence[str],
        longest: int,
        seed: int,
        progress: Callable[[str, float], None] | None,
    ) -> None:
        """Leave out, learn, and write the graph."""
        tokens = Tokens.of(tokeniser, texts, longest=longest)
        wanted = encoder.read(tokens)
        student = copy.deepcopy(encoder).requires_grad_(requires_grad=True)
        self.leave_out(student, tokens)
        if self.epochs:
            teach_vectors(
                student,
                tokens,
                wanted,
                epochs=self.epochs,
                rate=self.rate,
                batch=self.batch,
                seed=seed,
                progress=progress,
            )
        onto = onto_teacher(student.read(tokens), wanted)
        export_encoder(student, tokeniser, folder, longest=longest, onto=onto, int8=self.int8)

    def leave_out(self, encoder: TextEncoder, tokens: Tokens) -> None:
        """Leave out layers, and heads by how much they add to texts.

        Raises
        ------
        BadConfig
            If the model shows no layers of the form that BERT has.
        """
        names = encoder.layers
        if not names:
            raise BadConfig(
                "the model shows no layers that could be left out", hint="--method int8"
            )
        above, _, _ = names[0].rpartition(".")
        stack = encoder.get_submodule(above)
        assert isinstance(stack, nn.ModuleList)
        count = max(1, round(self.layers * len(stack)))
        kept = np.unique(np.linspace(len(stack) - 1, 0, count).round().astype(int))
        fewer = nn.ModuleList(stack[at] for at in kept)
        holder, _, own = above.rpartition(".")
        setattr(encoder.get_submodule(holder), own, fewer)
        config: Any = encoder.body.config
        for name in ("num_hidden_layers", "n_layer", "num_layers"):
            if hasattr(config, name):
                setattr(config, name, len(fewer))
        if self.heads < 1:
            self._fewer_heads(encoder, list(fewer), tokens)

    def _fewer_heads(
        self, encoder: TextEncoder, layers: Sequence[nn.Module], tokens: Tokens
    ) -> None:
        if not all(hasattr(getattr(each, "attention", None), "self") for each in layers):
            raise BadConfig(
                "heads can be left out of models of BERT's form alone", hint="heads = 1.0"
            )
        added = _added_by_heads(encoder, layers, tokens)
        for layer, much in zip(layers, added, strict=True):
            count = max(1, round(self.heads * len(much)))
            _keep_heads(layer, np.sort(np.argsort(-much, kind="stable")[:count]))


def _added_by_heads(
    encoder: TextEncoder, layers: Sequence[nn.Module], tokens: Tokens
) -> list[np.ndarray[Any, np.dtype[np.float64]]]:
    """Return how long the vectors are that each head adds, on average: a row (H,) a layer."""
    sums: list[Any] = [0.0] * len(layers)

    def look(at: int) -> Callable[..., None]:
        def hook(module: Any, given: tuple[Tensor, ...]) -> None:  # noqa: ANN401
            layer: Any = layers[at]
            size = int(layer.attention.self.attention_head_size)
            told = given[0].reshape(*given[0].shape[:2], -1, size)  # (B, L, H, S)
            weight = module.weight.reshape(module.weight.shape[0], -1, size)  # (D, H, S)
            added = torch.einsum("blhs,dhs->blhd", told, weight)
            sums[at] = sums[at] + added.norm(dim=-1).mean(dim=(0, 1)).double().numpy()

        return hook

    hooks = [
        layer.attention.output.dense.register_forward_pre_hook(look(at))  # type: ignore[union-attr]
        for at, layer in enumerate(layers)
    ]
    try:
        encoder.read(tokens, np.arange(min(len(tokens), LOOKED_AT)), part=16)
    finally:
        for each in hooks:
            each.remove()
    return sums


def _keep_heads(layer: Any, kept: np.ndarray[Any, np.dtype[np.int64]]) -> None:  # noqa: ANN401
    """Leave out all heads of a layer but those kept."""
    attention, size = layer.attention.self, layer.attention.self.attention_head_size
    rows = torch.from_numpy(np.concatenate([np.arange(at * size, (at + 1) * size) for at in kept]))
    for name in ("query", "key", "value"):
        whole = getattr(attention, name)
        fewer = nn.Linear(whole.in_features, len(rows))
        with torch.no_grad():
            fewer.weight.copy_(whole.weight[rows])
            fewer.bias.copy_(whole.bias[rows])
        setattr(attention, name, fewer)
    dense = layer.attention.output.dense
    narrow = nn.Linear(len(rows), dense.out_features)
    with torch.no_grad():
        narrow.weight.copy_(dense.weight[:, rows])
        narrow.bias.copy_(dense.bias)
    layer.attention.output.dense = narrow
    attention.num_attention_heads, attention.all_head_size = len(kept), len(rows)
