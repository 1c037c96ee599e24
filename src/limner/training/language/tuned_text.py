"""What tuning for texts left: it answers, and is a folder of few weights beside the base."""

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import nn

from limner import plugins
from limner.encoders.language.opening import Opened
from limner.encoders.language.texts import tidy_text
from limner.errors import BadModel, BadShape, NotFitted
from limner.heads.language.blend import Blend
from limner.heads.language.directions import DirectionsHead
from limner.heads.language.task import TextTask
from limner.heads.language.words import WordsConfig, WordsHead
from limner.model import tuning
from limner.model.change import Change, WeightChange, trained_weights, twin
from limner.model.normaliser import NormalScores
from limner.training.language.bases import Base, TokenBase, open_base
from limner.training.language.text_config import FEWSHOT, FROZEN
from limner.training.language.text_lesson import Read
from limner.training.language.text_model import TextModel

__all__ = ["TunedText", "load_tuned_text", "weights_digest"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TunedText:
    """A language model that was tuned for a task, with all it takes to answer.

    Attributes
    ----------
    task
        What is asked.
    whole, change
        The changed model with its head, and the change alone.
    base
        What it stands upon.
    words, directions, blend
        What answers by the words, and by main directions of texts, if anything; and how all are
        weighed.
    scores
        How what is known beside a text is brought to one scale; none: nothing is.
    facts
        What it was learned with, and of which base.
    seconds
        How long learning took.
    """

    task: TextTask
    whole: TextModel
    change: Change[nn.Module]
    base: Base
    words: WordsHead | None
    blend: Blend
    scores: NormalScores | None
    directions: DirectionsHead | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def trained(self) -> int:
        """How many weights of model and head learned; those of the words are not among them."""
        return sum(each.numel() for each in trained_weights(self.whole).values())

    @property
    def weights(self) -> int:
        """How many weights model and head have."""
        return sum(each.numel() for each in self.whole.parameters())

    @property
    def readers(self) -> tuple[str, ...]:
        """The names of those that answer, in the order of :meth:`readings`."""
        others = {"words": self.words, "directions": self.directions}
        return ("model", *(name for name, each in others.items() if each is not None))

    def predict(
        self, texts: Sequence[Sequence[object]], *, beside: NDArray[np.float32] | None = None
    ) -> Floats:
        """Answer for texts, one or two a row (N,).

        Parameters
        ----------
        texts
            As they come; an empty text is a text.
        beside
            What else is known of each (N, F), where that was learned from.

        Returns
        -------
        Probabilities (N, C), or numbers (N,).

        Raises
        ------
        BadShape
            If a row has not as many texts, or numbers beside, as were learned from.
        """
        return self.task.answer(self.blend(self.readings(texts, beside=beside)))

    def readings(
        self, texts: Sequence[Sequence[object]], *, beside: NDArray[np.float32] | None = None
    ) -> list[NDArray[np.float32]]:
        """Return the scores (N, K) of each of :attr:`readers`."""
        sides = 2 if self.task.kind == "pair" else 1
        if any(len(row) != sides for row in texts):
            raise BadShape(f"{self.task.kind} answers {sides} text(s) a row")
        wanted = self.scores.width if self.scores is not None else 0
        given = 0 if beside is None else beside.shape[1]
        if wanted != given:
            raise BadShape(f"{wanted} numbers beside each text were learned from, got {given}")
        if not len(texts):
            return [np.zeros((0, self.task.outputs), np.float32)] * len(self.readers)
        tidy = [tuple(tidy_text(each, most=20_000) for each in row) for row in texts]
        read_sides = tuple(
            self.base.side(list(side), longest=self.facts["longest"])
            for side in zip(*tidy, strict=True)
        )
        told = None
        if self.scores is not None and beside is not None:
            told = self.scores(beside).astype(np.float32)
        read = Read(read_sides, told, np.zeros(len(tidy), np.float32))
        others = [each.scores(tidy) for each in (self.words, self.directions) if each is not None]
        return [read.scores(self.whole), *others]

    def save(self, folder: Path) -> None:
        """Write the change, the head, the words and ``config.json``, whole or not at all."""
        fresh = folder.with_name(f".{folder.name}.part")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        self.change.save(fresh / "change")
        head = {
            name: each.detach().contiguous()
            for name, each in self.whole.state_dict().items()
            if not name.startswith("encoder.")
        }
        save_file(head, fresh / "head.safetensors")
        if self.words is not None:
            self.words.save(fresh / "words")
        if self.directions is not None:
            self.directions.save(fresh / "directions")
        if self.scores is not None:
            self.scores.save(fresh / "beside.npz")
        table = {
            "task": self.task.to_dict(),
            "facts": dict(self.facts),
            "weights": self.blend.weights_.tolist(),
            "words": None if self.words is None else self.words.config.model_dump(mode="json"),
            "directions": self.directions is not None,
            "columns": self.scores.width if self.scores is not None else 0,
            "seconds": round(self.seconds, 1),
            "trained": self.trained,
        }
        (fresh / "config.json").write_text(
            json.dumps(table, indent=2, ensure_ascii=False), encoding="utf-8"
        )
        shutil.rmtree(folder, ignore_errors=True)
        fresh.replace(folder)


def load_tuned_text(folder: Path, *, opened: Opened | None = None) -> TunedText:
    """Read what :meth:`TunedText.save` wrote, upon its base.

    ``opened`` is the base, where it is open already: one base serves many changes.

    Raises
    ------
    NotFitted
        If nothing was tuned there.
    BadModel
        If the base is another one than was tuned, or is not there.
    """
    if not (folder / "config.json").is_file():
        raise NotFitted(f"nothing was tuned in {folder}", hint="limner language finetune")
    table = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if "facts" not in table:  # a model that only learned to read
        raise NotFitted(
            f"{folder} holds no tuned model", hint=f"limner language finetune --base {folder} …"
        )
    facts, task = table["facts"], TextTask.from_dict(table["task"])
    if "longest" not in facts:
        raise NotFitted(f"{folder} holds no language model", hint="limner vision predict")
    base = TokenBase(opened) if opened is not None else open_base(facts["base"])
    encoder = base.encoder()
    if (base.version or weights_digest(encoder)) != facts["base_digest"]:
        raise BadModel(
            f"{folder} was tuned from another model than {base.name} is now",
            hint="put the model back that it was tuned from, or tune again",
        )
    change = _change(encoder, facts)
    change.load(folder / "change")
    columns = table["columns"]
    whole = TextModel(
        change.model,
        sides=2 if task.kind == "pair" else 1,
        columns=columns,
        outputs=task.outputs,
        dropout=0.0,
    )
    whole.load_head(load_file(folder / "head.safetensors"))
    words = None
    if table["words"] is not None:
        words = WordsHead(task, WordsConfig.read(table["words"])).load(folder / "words")
    blend = Blend(task)
    blend.weights_ = np.asarray(table["weights"], np.float64)
    scores = NormalScores().load(folder / "beside.npz") if columns else None
    known = table.get("directions", False)  # models of before had none
    return TunedText(
        task=task,
        whole=whole.eval(),
        change=change,
        base=base,
        words=words,
        blend=blend,
        scores=scores,
        directions=DirectionsHead.load(folder / "directions") if known else None,
        facts=facts,
        seconds=table["seconds"],
    )


def weights_digest(module: nn.Module) -> str:
    """Return a word that tells one model's weights from another's."""
    digest = hashlib.blake2b(digest_size=8)
    for name, each in sorted(module.state_dict().items()):
        digest.update(name.encode())
        digest.update(each.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def _change(base: nn.Module, facts: Mapping[str, Any]) -> Change[nn.Module]:
    method = facts["method"]
    if method == FROZEN:
        frozen = twin(base).requires_grad_(requires_grad=False)
        return WeightChange(frozen, {"method": FROZEN})
    way = plugins.load(tuning, "full" if method == FEWSHOT else method)
    change: Change[nn.Module] = way.read(facts["tuning"]).tune(
        base, steps=max(1, facts["steps"]), seed=facts["seed"]
    )
    return change
