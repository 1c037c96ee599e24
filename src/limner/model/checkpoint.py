"""A behaviour model as a folder: settings, names, weights, graph and card; nothing that runs."""

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.torch import load_file, save_file
from torch import Tensor

from limner.dataset.live import ItemCodes
from limner.dataset.vocabulary import Vocabulary
from limner.encoders.modality import Known
from limner.errors import NotFitted
from limner.model.behaviour import BehaviourConfig, BehaviourModel
from limner.model.card import card
from limner.model.export import export_behaviour

__all__ = ["Served", "load_behaviour", "load_heads", "save_behaviour"]


@dataclass(frozen=True, slots=True)
class Served:
    """What it takes beside the weights to describe customers without torch.

    ``items`` are those of the shop; ``horizons_days`` (H,) those of the heads, and ``class_days``
    how far ahead the class scores look. ``levels`` has for ``orders`` and ``worth`` (H,) by what a
    typical amount is multiplied to be the expected one; without them typical amounts are told.
    ``currency`` is the unit of worth, none where it is not known.
    """

    items: ItemCodes
    horizons_days: Sequence[float]
    class_days: float
    levels: Mapping[str, Sequence[float]] = field(default_factory=dict)
    currency: str | None = None


def save_behaviour(
    model: BehaviourModel,
    folder: Path,
    *,
    facts: Mapping[str, Any],
    heads: Mapping[str, Tensor] | None = None,
    served: Served | None = None,
) -> None:
    """Write a model, whole or not at all.

    Parameters
    ----------
    model
        The model.
    folder
        Where; what was there is replaced.
    facts
        What the card tells: the data, the dates, how it learned; see :mod:`limner.model.card`.
    heads
        The weights of the heads that say what comes within each horizon; none: there are none.
    served
        What lets the folder be used without torch, which then also holds ``model.onnx`` and
        ``items.parquet``; none: only torch will read it.

    Raises
    ------
    MissingExtra
        If it shall be served, and onnx is not installed.
    """
    fresh = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    heads = dict(heads or {})
    save_file(dict(model.state_dict()), fresh / "model.safetensors")
    save_file(heads, fresh / "heads.safetensors")
    names = json.dumps(model.vocabulary.to_dict(), ensure_ascii=False)
    (fresh / "vocabulary.json").write_text(names, encoding="utf-8")
    edges = {name: values.tolist() for name, values in model.known.edges.items()}
    config = {
        "version": _version(fresh, edges),
        "model": model.config.model_dump(mode="json"),
        "edges": edges,
        "facts": dict(facts),
    }
    if served is not None:
        export_behaviour(model, heads, fresh / "model.onnx")
        served.items.write(fresh / "items.parquet")
        config["served"] = {
            "horizons_days": list(served.horizons_days) if heads else [],
            "class_days": served.class_days,
            "class_names": list(model.class_names),
            "levels": {name: list(values) for name, values in served.levels.items()},
            "currency": served.currency,
        }
    (fresh / "config.json").write_text(json.dumps(config, indent=2), encoding="utf-8")
    (fresh / "card.md").write_text(card(model, facts), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    fresh.replace(folder)


def load_behaviour(folder: Path) -> BehaviourModel:
    """Read what :func:`save_behaviour` wrote; it is ready to answer.

    Raises
    ------
    NotFitted
        If there is no model in the folder.
    """
    if not (folder / "model.safetensors").is_file():
        raise NotFitted(f"there is no behaviour model in {folder}", hint="limner pretrain")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    names = json.loads((folder / "vocabulary.json").read_text(encoding="utf-8"))
    edges = {name: np.asarray(values, np.float32) for name, values in config["edges"].items()}
    settings = BehaviourConfig.read(config["model"], where=str(folder / "config.json"))
    model = BehaviourModel(settings, Known(Vocabulary.from_dict(names), edges))
    model.load_state_dict(load_file(folder / "model.safetensors"))
    return model.eval()


def load_heads(folder: Path) -> dict[str, Tensor]:
    """Read the weights of the heads that :func:`save_behaviour` wrote.

    Raises
    ------
    NotFitted
        If there is no model in the folder.
    """
    if not (folder / "heads.safetensors").is_file():
        raise NotFitted(f"there is no behaviour model in {folder}", hint="limner pretrain")
    return load_file(folder / "heads.safetensors")


def _version(folder: Path, edges: Mapping[str, list[float]]) -> str:
    """Return what tells all that makes a vector from any other: names, quantiles and weights."""
    found = hashlib.blake2b(json.dumps(edges).encode(), digest_size=6)
    for name in ("vocabulary.json", "model.safetensors", "heads.safetensors"):
        found.update((folder / name).read_bytes())
    return found.hexdigest()
