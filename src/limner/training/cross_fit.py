"""Behaviour models that never learned from the customers they speak of."""

import hashlib
import json
import shutil
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import linear

from limner import __version__
from limner.dataset.ledger import Ledger, Source
from limner.dataset.sequences import cut_sequences
from limner.dataset.vocabulary import catalogue_codes
from limner.engine import Executor, Here
from limner.errors import BadConfig
from limner.heads.behaviour import Readings
from limner.model.behaviour import AUTO, BehaviourConfig, BehaviourModel
from limner.model.checkpoint import load_behaviour, load_heads, save_behaviour
from limner.model.reading import read_batches
from limner.model.threads import on_one_thread
from limner.training.backbone_choice import choose_backbone
from limner.training.objective import Setting, Shelf
from limner.training.objectives.future_window import FutureWindow
from limner.training.pretraining import PretrainConfig, pretrain

__all__ = ["FoldPlan", "Folds", "fold_of", "window_of"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

WHOLE = -1
"""The number of the model from which no customer was kept."""
HEADS = ("whether", "orders", "worth")
"""Of the objective ``future_window``, what has a number a horizon."""


def fold_of(ledger: Ledger, folds: int) -> Ints:
    """Return to which fold each customer belongs (N,): by their id, so it never changes."""
    return np.array([zlib.crc32(str(one).encode()) % folds for one in ledger.customers], np.int64)


@dataclass(frozen=True, slots=True)
class _Loaded:
    """One fold's model, the heads it learned with, and how far they look ahead."""

    model: BehaviourModel
    heads: dict[str, Tensor]
    horizons_days: tuple[float, ...]

    @classmethod
    def of(cls, folder: Path) -> Self:
        facts = json.loads((folder / "config.json").read_text(encoding="utf-8"))["facts"]
        horizons = tuple(facts["pretrain"]["horizons_days"])
        return cls(load_behaviour(folder), load_heads(folder), horizons)


@dataclass(slots=True)
class Folds:
    """Models of one cut; the model of a fold did not learn from the fold's customers.

    It travels between processes as the name of its folder; the models are read when first asked.

    Parameters
    ----------
    folder
        One folder a fold: ``0``, ``1``, ….
    folds
        How many there are.
    """

    folder: Path
    folds: int
    _models: dict[int, _Loaded] = field(default_factory=dict, repr=False)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the models behind."""
        return {"folder": self.folder, "folds": self.folds}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Begin without models."""
        self.folder, self.folds, self._models = state["folder"], state["folds"], {}

    def model(self, fold: int) -> BehaviourModel:
        """Return the model of a fold."""
        return self._loaded(fold).model

    @property
    def whole(self) -> BehaviourModel:
        """The model that learned from all customers."""
        return self._loaded(WHOLE).model

    @property
    def window(self) -> FutureWindow | None:
        """The heads that the model of all customers learned with."""
        return window_of(_place(self.folder, WHOLE))

    def read(self, ledger: Ledger, cut: datetime) -> Readings:
        """Return what is said of all customers at a cut; what was read before lies beside."""
        parts = [self.read_fold(ledger, cut, fold) for fold in range(self.folds)]
        found = {}
        for name in ("vectors", "scores", "class_scores", "tastes"):
            whole = np.full((len(ledger), parts[0][name].shape[1]), np.nan, np.float32)
            for part in parts:
                whole[part["customers"]] = part[name]
            found[name] = whole
        first = self._loaded(0)
        names = tuple(f"{what} {days:g}d" for what in HEADS for days in first.horizons_days)
        return Readings(**found, score_names=names, class_names=tuple(first.model.class_names))

    def read_fold(self, ledger: Ledger, cut: datetime, fold: int) -> dict[str, NDArray[Any]]:
        """Return what a fold's model says of the fold's own customers; kept in its folder."""
        name = f"{cut:%Y%m%dT%H%M%S%f}-{len(ledger)}-{ledger.rows}.npz"
        kept = _place(self.folder, fold) / "readings" / name
        if not kept.is_file():
            one = self._loaded(fold)
            found = _read(one, ledger, cut, among=fold_of(ledger, self.folds) == fold)
            kept.parent.mkdir(exist_ok=True)
            with NamedTemporaryFile(dir=kept.parent, suffix=".npz", delete=False) as fresh:
                np.savez(fresh, allow_pickle=False, **found)
            Path(fresh.name).replace(kept)
        with np.load(kept, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}

    def item_scores(self, ledger: Ledger, cut: datetime, customers: Ints, items: Ints) -> Floats:
        """Return how well items fit customers at a cut: (N, K)."""
        tastes = self.read(ledger, cut).tastes[customers]
        fold = fold_of(ledger, self.folds)[customers]
        scores = np.zeros((len(customers), len(items)), np.float32)
        for number in range(self.folds):
            model = self.model(number)
            codes = torch.from_numpy(catalogue_codes(ledger, model.vocabulary)[items])
            with torch.inference_mode():
                table = model.encoder.items(codes).numpy()
            scores[fold == number] = tastes[fold == number] @ table.T
        return np.nan_to_num(scores)

    def _loaded(self, fold: int) -> _Loaded:
        if fold not in self._models:
            self._models[fold] = _Loaded.of(_place(self.folder, fold))
        return self._models[fold]


@dataclass(frozen=True, slots=True)
class FoldPlan:
    """How the models of a cut are learned, and where they lie.

    Parameters
    ----------
    folder
        Where; of each cut, log and setting there is a folder below.
    mark
        What tells the log and its settings from others.
    folds
        How many models; each learns from all customers but a share of one in so many.
    model, config, seed
        As for :func:`~limner.training.pretraining.pretrain`.
    """

    folder: Path
    mark: str
    folds: int = 2
    model: BehaviourConfig = field(default_factory=BehaviourConfig)
    config: PretrainConfig = field(default_factory=PretrainConfig)
    seed: int = 0

    @property
    def told(self) -> str:
        """All that its models depend on but the cut, as text."""
        sizes = self.model.model_dump(mode="json"), self.config.model_dump(mode="json")
        return json.dumps([__version__, self.mark, self.folds, self.seed, *sizes])

    def learn(
        self,
        log: Source,
        cut: datetime,
        *,
        level: int,
        before: datetime | None = None,
        read_at: Sequence[datetime] = (),
        whole: bool = False,
        executor: Executor | None = None,
        progress: Callable[[str, float], None] | None = None,
    ) -> Folds:
        """Learn the models of a cut from what lies before it; what was learned is not again.

        Parameters
        ----------
        log, level
            As for :meth:`Ledger.of`.
        before
            What the ledgers leave out that will be read.
        read_at
            At which cuts the models are asked right away.
        whole
            Whether a model is wanted that learned from all customers.
        executor
            Where the models learn; none: here, one after another.
        progress
            Is told the share done.

        Raises
        ------
        BadConfig
            If they shall not learn ``future_window``, whose scores are read.
        TooFew
            If too little lies before the cut.
        """
        if "future_window" not in self.config.objectives:
            raise BadConfig(
                "models that stand by for heads must learn future_window, whose scores are read, "
                f"but objectives are {', '.join(self.config.objectives)}",
                hint='objectives = ["future_window", …] in [pretrain] of limner.toml',
            )
        settings = json.dumps([self.told, cut.isoformat(), level])
        folder = self.folder / hashlib.blake2b(settings.encode(), digest_size=6).hexdigest()
        folder.mkdir(parents=True, exist_ok=True)
        plan = self
        if self.model.backbone == AUTO:
            shape = self.model.model_copy(
                update={"backbone": self._chosen(folder, log, cut, level)}
            )
            plan = replace(self, model=shape)
        task = _Fold(plan, folder, log, cut, level, before, tuple(read_at))
        pieces = [*([WHOLE] if whole else []), *range(self.folds)]
        for done, _ in enumerate((executor or Here()).map(task, pieces)):
            if progress is not None:
                progress(f"pretraining as of {cut:%Y-%m-%d}", (done + 1) / len(pieces))
        return Folds(folder, self.folds)

    def _chosen(self, folder: Path, log: Source, cut: datetime, level: int) -> str:
        """Return the backbone for all folds alike; it is tried once."""
        kept = folder / "backbone.txt"
        if not kept.is_file():
            name, _ = choose_backbone(
                Ledger.of(log, level=level, before=cut),
                cut,
                model=self.model,
                config=self.config,
                seed=self.seed,
            )
            kept.write_text(name, encoding="utf-8")
        return kept.read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class _Fold:
    """Learns the model of one fold; one piece of work of an executor."""

    plan: FoldPlan
    folder: Path
    log: Source
    cut: datetime
    level: int
    before: datetime | None
    read_at: tuple[datetime, ...]

    def __call__(self, fold: int) -> int:
        """Learn and read, as far as that was not done yet, on one thread.

        On one thread the same numbers come out wherever the work is done.
        """
        with on_one_thread():
            if not (_place(self.folder, fold) / "model.safetensors").is_file():
                self._learn(fold)
            if self.read_at and fold != WHOLE:
                ledger = Ledger.of(self.log, level=self.level, before=self.before)
                for cut in self.read_at:
                    Folds(self.folder, self.plan.folds).read_fold(ledger, cut, fold)
        return fold

    def _learn(self, fold: int) -> None:
        plan = self.plan
        past = Ledger.of(self.log, level=self.level, before=self.cut)
        keep = self.folder / f".{fold}"
        done = pretrain(
            past,
            self.cut,
            model=plan.model,
            config=plan.config,
            seed=plan.seed,  # the same first weights, so that the folds' vectors are alike
            without=None if fold == WHOLE else fold_of(past, plan.folds) == fold,
            keep=keep,
        )
        facts = {
            "cut": self.cut.isoformat(),
            "fold": fold,
            "folds": plan.folds,
            "seed": plan.seed,
            "pretrain": done.config.model_dump(mode="json"),
        }
        heads = done.window.state_dict()
        save_behaviour(done.model, _place(self.folder, fold), facts=facts, heads=heads)
        shutil.rmtree(keep, ignore_errors=True)


def window_of(folder: Path) -> FutureWindow | None:
    """Return the heads that a model in a folder learned with; none: they were not kept.

    They say what comes within each horizon; as an objective they are of no more use.
    """
    heads = load_heads(folder)
    if not heads:
        return None
    facts = json.loads((folder / "config.json").read_text(encoding="utf-8"))["facts"]
    horizons = tuple(facts["pretrain"]["horizons_days"])
    nothing = Shelf(np.zeros((0, 0), np.int64), np.zeros(0, np.int64))
    with torch.random.fork_rng(devices=[]):
        found = FutureWindow(Setting(heads["whether.weight"].shape[1], horizons, nothing))
    found.load_state_dict(heads)
    return found


def _place(folder: Path, fold: int) -> Path:
    return folder / ("whole" if fold == WHOLE else str(fold))


def _read(
    one: _Loaded, ledger: Ledger, cut: datetime, *, among: NDArray[np.bool_]
) -> dict[str, NDArray[Any]]:
    """Let a model read the newest visits of some customers, strictly before a cut."""
    model, width = one.model, one.model.config.width
    parts: dict[str, list[NDArray[Any]]] = {
        "customers": [np.zeros(0, np.int64)],
        "vectors": [np.zeros((0, width), np.float32)],
        "scores": [np.zeros((0, len(HEADS) * len(one.horizons_days)), np.float32)],
        "class_scores": [np.zeros((0, model.classes), np.float32)],
        "tastes": [np.zeros((0, width), np.float32)],
    }
    buckets = cut_sequences(ledger, model.vocabulary, cut, longest=model.config.longest)
    for customers, batch, vectors in read_batches(model, buckets, cut, among=among):
        with torch.inference_mode():
            said = [
                linear(vectors[:, 0], one.heads[f"{name}.weight"], one.heads[f"{name}.bias"])
                for name in HEADS
            ]
            parts["customers"].append(customers)
            parts["vectors"].append(vectors[:, 0].numpy())
            parts["scores"].append(torch.cat(said, dim=1).numpy())
            parts["class_scores"].append(model.class_scores(batch, vectors)[:, 0].numpy())
            parts["tastes"].append(model.item_read(vectors[:, 0]).numpy())
    return {name: np.concatenate(found) for name, found in parts.items()}
