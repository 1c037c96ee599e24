"""Reading what a shop's customers wrote, as a workspace does it."""

import json
import math
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from limner.cli.holding import unless_erased
from limner.cli.progress import Tell
from limner.errors import BadConfig, TooFew

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from limner.cli.workspace import Workspace
    from limner.events.log import EventLog
    from limner.heads.opinions.sentiment import Judge
    from limner.heads.opinions.topics import Topics
    from limner.profiles.inputs import TraitInput

__all__ = ["ReviewsRead", "read_reviews", "review_note", "review_traits"]

FOLDER = "reviews"
_PRAISES = frozenset({"1", "true", "good", "positive", "pos", "praise", "好评", "正面", "积极"})
IDLE = ("message", "search")
"""What a customer receives, and what they look for, is no opinion."""


@dataclass(frozen=True, slots=True)
class ReviewsRead:
    """What was read: how many texts of how many, in which languages, about what, how well."""

    as_of: datetime
    texts: int
    customers: int
    items: int
    judge: str
    auroc: float | None
    sentiment: float
    unjudged: int
    languages: Mapping[str, int]
    topics: Mapping[str, int]
    aspects: Mapping[str, tuple[int, float]]
    folder: Path

    def to_dict(self) -> dict[str, Any]:
        """Return it for ``--json``."""
        return asdict(self) | {"as_of": self.as_of.isoformat(), "folder": str(self.folder)}


def read_reviews(
    workspace: "Workspace", *, as_of: datetime, model: Path | None, seed: int, progress: Tell
) -> ReviewsRead:
    """Read every text before a moment; see :meth:`Workspace.read_reviews`."""
    import polars as pl

    from limner.heads.opinions.reading import read_opinions
    from limner.heads.opinions.topics import learn_topics
    from limner.profiles.opinions import OPINION_SCHEMA, gathered

    written = _written(workspace.log, as_of)
    if written.is_empty():
        raise TooFew(
            "nobody wrote anything", hint="name the column of the text in the mapping: doctor"
        )
    progress("learning what praises and what blames", 0.1)
    judge, named, auroc = _judge(written, model, seed)
    texts = written["text"].to_list()
    progress("making out topics", 0.3)
    topics: Topics | None = None
    try:
        topics = learn_topics(texts, seed=seed)
    except TooFew:
        topics = None
    progress("reading", 0.5)
    found = read_opinions(texts, judge, topics)
    columns = {
        "language": found.languages,
        "sentiment": [None if math.isnan(each) else each for each in found.sentiments.tolist()],
        "topic": found.topics,
        "aspects": [
            [{"aspect": name, "sentiment": value} for name, value in each.items()]
            for each in found.aspects
        ],
    }
    opinions = pl.DataFrame(columns, schema=OPINION_SCHEMA)
    read = pl.concat([written.drop("text"), opinions], how="horizontal")
    told = gathered(read)
    folder = workspace.folder / FOLDER
    fresh = folder.with_name(f".{FOLDER}.part")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    read.write_parquet(fresh / "texts.parquet")
    told.customers.write_parquet(fresh / "customers.parquet")
    told.items.write_parquet(fresh / "items.parquet")
    aspects = (
        read.select(pl.col("aspects").explode())
        .drop_nulls()
        .unnest("aspects")
        .group_by("aspect")
        .agg(count=pl.len(), mean=pl.col("sentiment").mean())
        .sort("count", "aspect", descending=[True, False])
    )
    done = ReviewsRead(
        as_of=as_of,
        texts=len(read),
        customers=len(told.customers),
        items=len(told.items),
        judge=named,
        auroc=auroc,
        sentiment=round(float(read["sentiment"].mean() or 0.0), 4),  # type: ignore[arg-type]
        unjudged=read["sentiment"].null_count(),
        languages=_counts(read, "language"),
        topics=_counts(read, "topic"),
        aspects={name: (count, round(mean, 4)) for name, count, mean in aspects.rows()},
        folder=folder,
    )
    text = json.dumps(done.to_dict(), ensure_ascii=False, indent=2)
    (fresh / "told.json").write_text(text, encoding="utf-8")
    with unless_erased(workspace.log, folder, scratch=fresh):
        shutil.rmtree(folder, ignore_errors=True)
        fresh.replace(folder)
    return done


def review_traits(folder: Path, as_of: datetime) -> "tuple[TraitInput, ...]":
    """Return what was read of each customer's words as traits, if that was not after a moment."""
    import polars as pl

    from limner.profiles.inputs import TraitInput
    from limner.profiles.opinions import WRITTEN

    kept = folder / FOLDER
    read_at = _read_at(folder)
    if read_at is None or read_at > as_of:
        return ()
    table = pl.read_parquet(kept / "customers.parquet").with_columns(
        pl.col("likes", "blames").list.join(", ")
    )
    return tuple(
        TraitInput(
            name,
            unit,
            "reviews",
            read_at,
            {
                customer: value
                for customer, value in table.select("customer_id", column).rows()
                if value not in {None, ""}
            },
        )
        for column, (name, unit) in WRITTEN.items()
    )


def review_note(folder: Path, log: "EventLog", as_of: datetime) -> str | None:
    """Return what is to be said of how old the reading is; none if nothing is."""
    import polars as pl

    read_at = _read_at(folder)
    if read_at is None:
        return None
    if read_at > as_of:
        return (
            f"reviews were read as of {read_at:%Y-%m-%d}, after this cut, so profiles say nothing "
            "of them: limner reviews --cut DATE"
        )
    later = _written(log, as_of).filter(pl.col("time") >= read_at)
    told = json.loads((folder / FOLDER / "told.json").read_text(encoding="utf-8"))
    if len(later) or len(_written(log, read_at)) != told["texts"]:
        return (
            f"reviews were read as of {read_at:%Y-%m-%d}, and some were written or ingested since: "
            "limner reviews"
        )
    return None


def _read_at(folder: Path) -> datetime | None:
    """Return as of when reviews were read; none if they were not."""
    told = folder / FOLDER / "told.json"
    if not told.is_file():
        return None
    return datetime.fromisoformat(json.loads(told.read_text(encoding="utf-8"))["as_of"])


def _written(log: "EventLog", as_of: datetime) -> "pl.DataFrame":
    import polars as pl

    return (
        log.scan(before=as_of)
        .filter(pl.col("text").is_not_null() & (pl.col("text") != "") & ~pl.col("kind").is_in(IDLE))
        .select("customer_id", "item_id", "time", "kind", "rating", "text")
        .collect()
    )


def _judge(
    written: "pl.DataFrame", model: Path | None, seed: int
) -> "tuple[Judge, str, float | None]":
    """Return what says how well texts speak, its name, and its AUROC where that is known."""
    from limner.heads.opinions.sentiment import learn_judge

    if model is not None:
        return _TunedJudge(model), str(model), None
    rated = written.filter(written["rating"].is_not_null())
    stars = rated["rating"].to_numpy()
    learned = learn_judge(rated["text"].to_list(), stars, seed=seed)
    return learned, f"{learned.taught:,} rated texts", round(learned.auroc, 4)


class _TunedJudge:
    """A tuned model of two classes, of which one praises."""

    def __init__(self, folder: Path) -> None:
        from limner.cli.language import open_tuned

        self.tuned = open_tuned(folder)
        names = [str(name).strip().lower() for name in self.tuned.task.classes]
        found = [at for at, name in enumerate(names) if name in _PRAISES]
        if len(names) != 2 or len(found) != 1:
            raise BadConfig(
                f"{folder} must tell two classes apart, one of them positive; it has "
                f"{', '.join(names) or 'no classes'}",
                hint=f"name the class that praises one of {', '.join(sorted(_PRAISES))}",
            )
        self.good = found[0]

    def read(self, texts: "Sequence[str]") -> "NDArray[np.float64]":
        """Return how likely each text praises (N,)."""
        return self.tuned.predict([(each,) for each in texts])[:, self.good]


def _counts(read: "pl.DataFrame", column: str) -> dict[str, int]:
    found = read[column].drop_nulls().value_counts().sort("count", column, descending=[True, False])
    return dict(found.rows())
