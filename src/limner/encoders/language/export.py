"""A text encoder as a graph that runs without torch (ONNX), with all or a quarter of the bits."""

import copy
import json
import warnings
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from limner.encoders.language.light import ENCODER_FILE, GRAPH_FILE
from limner.encoders.language.text_encoder import TextEncoder
from limner.errors import MissingExtra

__all__ = ["export_encoder", "write_facts"]

OPSET = 17


class _Pooled(nn.Module):
    """What the graph does: vectors of texts, turned onto another space where that was learned."""

    def __init__(self, encoder: TextEncoder, onto: nn.Linear | None) -> None:
        super().__init__()
        self.encoder, self.onto = encoder, onto

    def forward(self, numbers: Tensor, held: Tensor) -> Tensor:
        """Return (B, D) for tokens (B, L) and 1 where there is one."""
        told = self.encoder(numbers, held)
        return told if self.onto is None else cast("Tensor", self.onto(told))


def export_encoder(
    encoder: TextEncoder,
    tokeniser: Any,  # noqa: ANN401 - of transformers
    folder: Path,
    *,
    longest: int,
    onto: nn.Linear | None = None,
    int8: bool = False,
) -> None:
    """Write an encoder as :class:`~limner.encoders.language.light.LightEncoder` opens it.

    Parameters
    ----------
    encoder
        It is traced as it answers.
    tokeniser
        Its tokeniser, a fast one.
    folder
        Where to.
    longest
        Tokens of a text that are read at most.
    onto
        Turns its vectors onto another space; none: they stay.
    int8
        Whether matrices are kept in 8 bits, a scale a column (dynamic quantisation): a quarter of
        the size, two to three times as fast.

    Raises
    ------
    MissingExtra
        If onnx is not installed.
    """
    try:
        import onnx  # noqa: F401, PLC0415 - torch needs it for writing, and says so too late
    except ImportError:
        raise MissingExtra("the graph of a text encoder", "onnx", "torch") from None
    folder.mkdir(parents=True, exist_ok=True)
    whole = _Pooled(copy.deepcopy(encoder), onto).cpu().eval()
    body: Any = whole.encoder.body
    if hasattr(body, "set_attn_implementation"):
        # The fused attention would be written as one operator that no runtime knows well.
        body.set_attn_implementation("eager")
    numbers = torch.ones((2, 7), dtype=torch.int64)
    file = folder / GRAPH_FILE
    with warnings.catch_warnings(), torch.no_grad():
        # Torch warns that this exporter is the older one, and where sizes are read while it traces.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            whole,
            (numbers, torch.ones_like(numbers)),
            str(file),
            input_names=["numbers", "held"],
            output_names=["vectors"],
            dynamic_axes={
                "numbers": {0: "texts", 1: "tokens"},
                "held": {0: "texts", 1: "tokens"},
                "vectors": {0: "texts"},
            },
            opset_version=OPSET,
            dynamo=False,
        )
    if int8:
        _in_eight_bits(file)
    width = encoder.width if onto is None else onto.out_features
    write_facts(folder, tokeniser, width=width, longest=longest)


def write_facts(folder: Path, tokeniser: Any, *, width: int, longest: int) -> None:  # noqa: ANN401
    """Write beside a graph or a table what is needed to read texts."""
    padding = tokeniser.pad_token_id if tokeniser.pad_token_id is not None else 0
    facts = {"width": width, "longest": longest, "padding": padding}
    (folder / ENCODER_FILE).write_text(json.dumps(facts), encoding="utf-8")
    tokeniser.backend_tokenizer.save(str(folder / "tokenizer.json"))


def _in_eight_bits(file: Path) -> None:
    try:
        from onnxruntime.quantization import QuantType, quantize_dynamic  # noqa: PLC0415
    except ImportError:
        raise MissingExtra("a graph in eight bits", "onnxruntime", "onnx") from None
    import logging  # noqa: PLC0415 - only to let it be silent

    log, whole = logging.getLogger(), file.with_name(f".whole-{file.name}")
    level = log.level
    file.replace(whole)
    log.setLevel(logging.ERROR)
    try:
        quantize_dynamic(whole, file, per_channel=True, weight_type=QuantType.QInt8)
    finally:
        log.setLevel(level)
        whole.unlink()
