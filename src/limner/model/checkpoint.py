"""A behaviour model as a folder: settings, names, weights and a card; nothing that runs."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.torch import load_file, save_file
from torch import Tensor

from limner.dataset.vocabulary import Vocabulary
from limner.encoders.modality import Known
from limner.errors import NotFitted
from limner.model.behaviour import BehaviourConfig, BehaviourModel

__all__ = ["load_behaviour", "load_heads", "save_behaviour"]


def save_behaviour(
    model: BehaviourModel,
    folder: Path,
    *,
    facts: Mapping[str, Any],
    heads: Mapping[str, Tensor] | None = None,
) -> None:
    """Write a model, whole or not at all.

    Parameters
    ----------
    model
        The model.
    folder
        Where; what was there is replaced.
    facts
        What the card tells: the data, the dates, how it learned.
    heads
        The weights of the heads that say what comes within each horizon; none: there are none.
    """
    fresh = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    edges = {name: values.tolist() for name, values in model.known.edges.items()}
    config = {"model": model.config.model_dump(mode="json"), "edges": edges, "facts": dict(facts)}
    (fresh / "config.json").write_text(json.dumps(config, indent=2), encoding="utf-8")
    names = json.dumps(model.vocabulary.to_dict(), ensure_ascii=False)
    (fresh / "vocabulary.json").write_text(names, encoding="utf-8")
    save_file(dict(model.state_dict()), fresh / "model.safetensors")
    save_file(dict(heads or {}), fresh / "heads.safetensors")
    (fresh / "card.md").write_text(_card(model, facts), encoding="utf-8")
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
    """Read the weights of the heads that :func:`save_behaviour` wrote."""
    return load_file(folder / "heads.safetensors")


def _card(model: BehaviourModel, facts: Mapping[str, Any]) -> str:
    count = sum(each.numel() for each in model.parameters())
    told = "\n".join(f"| {name} | {value} |" for name, value in facts.items())
    return f"""# Behaviour model

It reads what customers did, {model.config.longest} visits back at most, and gives each a vector of
{model.config.width} numbers and a score for {model.classes} categories. It has {count:,} weights.

| | |
| --- | --- |
{told}

It learned from the log alone, without a label, and knows nothing from the cut on. It was not made
to judge people: whoever decides about somebody by it should look at what it read.
"""
