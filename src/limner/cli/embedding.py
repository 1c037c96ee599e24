"""Everybody's blocks, as a workspace writes them to a file."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from limner import __version__
from limner.cli.behaviour import MODEL, need_torch
from limner.cli.cuts import day_of
from limner.cli.holding import unless_erased
from limner.errors import BadConfig, TooFew

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from limner.cli.workspace import Workspace
    from limner.dataset.ledger import Ledger
    from limner.model.behaviour import BehaviourModel
    from limner.model.block import BlockMaker
    from limner.model.imputation import Filled

__all__ = ["Embedded", "embed"]

BLOCKS = ("aggregates", "sequence", "collaborative")
"""The columns of the file, in order; ``text`` follows where a language model is set to read, and
``image`` where the items' pictures have been looked at."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """What was written: for how many customers, how long each block is, and who has none.

    ``blocks`` are lengths, 0 for a block that nobody can have; ``lacking`` counts by block the
    customers with none of their own, and ``imputed`` says whether it was filled in for them.
    """

    as_of: datetime
    customers: int
    blocks: dict[str, int]
    lacking: dict[str, int]
    imputed: bool
    out: Path

    def to_dict(self) -> dict[str, Any]:
        """Return it for ``--json``."""
        return asdict(self) | {"as_of": self.as_of.isoformat(), "out": str(self.out)}


def embed(workspace: "Workspace", out: Path, *, as_of: datetime, impute: bool) -> Embedded:
    """Write everybody's blocks as of a moment; see :meth:`Workspace.embed`."""
    need_torch()
    import polars as pl

    from limner.dataset.ledger import Ledger
    from limner.dataset.meetings import known_customers
    from limner.model.imputation import Filled, Imputer

    folder = workspace.folder / "models" / MODEL
    if out.is_dir():
        raise BadConfig(f"{out} is a folder", hint=f"embed --out {out / 'blocks.parquet'}")
    model, config = _model(folder, as_of, day=day_of(as_of, workspace))
    ledger = Ledger.of(workspace.log, level=config["facts"]["category_steps"], before=as_of)
    makers = _makers(model, ledger, config)
    names: tuple[str, ...] = BLOCKS
    if workspace.settings.text.encoder:
        names = (*BLOCKS, "text")
        makers += _text_makers(workspace, ledger, config)
    if "image" in ledger.looks:
        from limner.model.blocks.image import ImageBlock

        names = (*names, "image")
        makers.append(ImageBlock().fit(ledger, before=as_of))
    tables = [maker.at(ledger, as_of) for maker in makers]
    customers = known_customers(ledger, as_of)
    if impute:
        imputer = Imputer({maker.name: maker.normaliser() for maker in makers})
        found = imputer.fit(tables).fill(tables, customers)
    else:
        found = {table.name: Filled(table.of(customers), ~table.has(customers)) for table in tables}
    columns = {"customer_id": pl.Series(ledger.customers[customers])}
    nothing = pl.Series([None] * len(customers), dtype=pl.List(pl.Float32))
    for name in names:
        columns[name] = _lists(found[name], keep=impute) if name in found else nothing
    if impute:
        columns |= {f"{name}_imputed": pl.Series(each.imputed) for name, each in found.items()}
    told = {
        "limner": __version__,
        "as_of": as_of.isoformat(),
        "customers": len(customers),
        "imputed": impute,
        "blocks": [table.to_dict() for table in tables],
    }
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with unless_erased(workspace.log, out):
            pl.DataFrame(columns).write_parquet(out, metadata={"limner": json.dumps(told)})
    except OSError as trouble:
        raise BadConfig(
            f"{out} cannot be written: {trouble.strerror or trouble}",
            hint="name a file in a folder that you may write to",
        ) from None
    lacking = {name: int(each.imputed.sum()) for name, each in found.items()}
    return Embedded(
        as_of=as_of,
        customers=len(customers),
        blocks=dict.fromkeys(names, 0) | {table.name: table.dim for table in tables},
        lacking=dict.fromkeys(names, len(customers)) | lacking,
        imputed=impute,
        out=out,
    )


def _model(folder: Path, as_of: datetime, *, day: str) -> "tuple[BehaviourModel, dict[str, Any]]":
    """Read the behaviour model and what its folder tells, unless it knows what comes later."""
    from limner.model.checkpoint import load_behaviour

    model = load_behaviour(folder)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    cut = config["facts"]["cut"]
    if datetime.fromisoformat(cut) > as_of:
        raise BadConfig(
            f"the behaviour model knows what came before {cut}, so it cannot say who "
            f"customers were as of {as_of.isoformat()}",
            hint=f"limner pretrain --cut {day}",
        )
    return model, config


def _makers(
    model: "BehaviourModel", ledger: "Ledger", config: "Mapping[str, Any]"
) -> "list[BlockMaker]":
    """Return what makes the blocks.

    Whatever they learn, they learn from events before the cut of the behaviour model: so all
    blocks that go with one model lie in one space, as of whichever later moment.
    """
    from limner.model.blocks.aggregates import AggregatesBlock
    from limner.model.blocks.collaborative import CollaborativeBlock
    from limner.model.blocks.sequence import SequenceBlock

    cut = datetime.fromisoformat(config["facts"]["cut"])
    makers: list[BlockMaker] = [
        AggregatesBlock().fit(ledger, before=cut),
        SequenceBlock(model, version=config["version"]),
    ]
    try:
        makers.append(CollaborativeBlock(seed=config["facts"]["seed"]).fit(ledger, before=cut))
    except TooFew:
        return makers  # a shop without items, categories and brands has the other blocks
    return makers


def _text_makers(
    workspace: "Workspace", ledger: "Ledger", config: "Mapping[str, Any]"
) -> "list[BlockMaker]":
    """Return what makes the block ``text``; nothing where nobody met or wrote a word."""
    from limner.encoders.language.reader import open_reader
    from limner.model.blocks.text import TextBlock, TextConfig

    settings = workspace.settings.text
    reader = open_reader(settings.encoder, workspace.folder / "models/text", int8=settings.int8)
    read = TextConfig.read(settings.block, where="limner.toml [text.block]")
    try:
        cut = datetime.fromisoformat(config["facts"]["cut"])
        return [TextBlock(reader, read).fit(ledger, before=cut)]
    except TooFew:
        return []


def _lists(block: "Filled", *, keep: bool) -> "pl.Series":
    """Return a list a customer, null for those who lack the block unless it was filled in."""
    import polars as pl

    lists = pl.Series(block.vectors).arr.to_list()
    if keep:
        return lists
    return pl.select(pl.when(pl.Series(~block.imputed)).then(lists)).to_series()
