"""Where the two wings meet: from events to blocks, scores and reasons, without torch."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from limner.dataset.batches import Batch, batch_at
from limner.dataset.live import ItemCodes, LiveCodes, microseconds
from limner.dataset.sequences import Sequences
from limner.dataset.vocabulary import FIELDS, Vocabulary
from limner.errors import BadConfig, MissingExtra, NotFitted
from limner.events.event import Event
from limner.events.item_vectors import ItemVectors
from limner.heads.description import Block, Description, Reason, Score
from limner.heads.occlusion import LeftOut, Occluded, leave_out
from limner.heads.score_sheet import ScoreSheet

__all__ = ["Describer", "Said"]

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

GRAPH = "model.onnx"
BLOCK = "sequence"
BATCH = 64
"""So many rows are read at once; what many more need does not fit beside a core."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of B customers, in the order in which they were given.

    ``vectors`` (B, D); ``logs`` (B, S), the scores before their links: log odds, or the logarithm
    of one and the amount; ``values`` (B, S), the scores.
    """

    vectors: Floats
    logs: Floats
    values: Floats


class Describer:
    """Reads what customers did with a model that was exported to a folder.

    The same events give the same answers, whether they come one customer at a time or from the log
    at night, and in whichever order.

    Parameters
    ----------
    session
        Runs the graph; an ``onnxruntime.InferenceSession``.
    codes
        Turns events into numbers.
    config
        What ``config.json`` tells.
    """

    def __init__(self, session: Any, codes: LiveCodes, config: Mapping[str, Any]) -> None:  # noqa: ANN401
        self._session, self._config = session, config
        self._inputs = [each.name for each in session.get_inputs()]
        self._outputs = [each.name for each in session.get_outputs()]
        self.codes = codes
        (shape,) = [each.shape for each in session.get_outputs() if each.name == "vectors"]
        self.dim = int(shape[-1])
        self.version = str(config["version"])
        self.longest = int(config["model"]["longest"])
        self.sheet = ScoreSheet.of(config["served"])
        cut = config["facts"].get("cut")
        self.cut = datetime.fromisoformat(cut) if cut else None

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what a pretraining left in a folder.

        Raises
        ------
        NotFitted
            If there is no exported model in it.
        MissingExtra
            If onnxruntime is not installed.
        """
        folder = Path(folder)
        if not (folder / GRAPH).is_file():
            raise NotFitted(f"there is no exported model in {folder}", hint="limner pretrain")
        try:
            import onnxruntime  # noqa: PLC0415 - not everybody has it
        except ImportError:
            raise MissingExtra("describing customers", "onnxruntime", "onnx") from None
        options = onnxruntime.SessionOptions()
        # Several threads would add up rows of one place without knowing of each other. Whoever has
        # many cores gives each its own buckets.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(
            str(folder / GRAPH), options, providers=["CPUExecutionProvider"]
        )
        names = json.loads((folder / "vocabulary.json").read_text(encoding="utf-8"))
        codes = LiveCodes(Vocabulary.from_dict(names), ItemCodes.read(folder / "items.parquet"))
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        return cls(session, codes, config)

    @property
    def vocabulary(self) -> Vocabulary:
        """The names that the model knows."""
        return self.codes.vocabulary

    @property
    def score_names(self) -> tuple[str, ...]:
        """What the scores are called (S,)."""
        return tuple(each.name for each in self.sheet.blanks)

    def knowing(
        self,
        items: Mapping[str, tuple[str | None, str | None, str | None]],
        *,
        looks: Mapping[str, ItemVectors] | None = None,
    ) -> Self:
        """Return a describer that also knows department, category and brand of these items.

        ``looks`` are what models made of their words and pictures; see
        :meth:`limner.dataset.live.LiveCodes.knowing`.
        """
        return type(self)(self._session, self.codes.knowing(items, looks=looks), self._config)

    def describe(
        self,
        events: Sequence[Event],
        at: datetime,
        *,
        first_seen: datetime | None = None,
        reasons: int = 3,
    ) -> Description:
        """Describe one customer as of a moment.

        Parameters
        ----------
        events
            What they did, each event once, in any order; only what came strictly before is read.
        at
            The moment.
        first_seen
            When they were seen first, if that event is no longer among these.
        reasons
            So many a score, the strongest; 0 spares most of the time.

        Raises
        ------
        BadConfig
            If the moment lies before the end of what the model learned from.
        BadEvent
            If the events are of two customers.
        """
        (found,) = self.describe_many([events], at, first_seen=[first_seen], reasons=reasons)
        return found

    def describe_many(
        self,
        histories: Sequence[Sequence[Event]],
        at: datetime,
        *,
        first_seen: Sequence[datetime | None] | None = None,
        reasons: int = 0,
    ) -> list[Description]:
        """Describe customers as of a moment, in their order; see :meth:`describe`."""
        found = [Description(at, {}, (), {}) for _ in histories]
        self._moment(at)
        sequences = self.codes.sequences(histories, at, longest=self.longest, first_seen=first_seen)
        for customer, said in self._said(sequences, at, reasons=reasons):
            found[customer] = said
        return found

    def describe_each(self, sequences: Sequences, at: datetime) -> dict[int, Description]:
        """Describe customers as of a moment, each read alone, by their numbers.

        What is said of one is then the same to the last bit whoever else is asked about; many
        together, as :meth:`read` takes them, are read nearly twice as fast.

        Parameters
        ----------
        sequences
            What they did before, as the describer's codes make it, no more visits than it reads.
        at
            The moment.

        Raises
        ------
        BadConfig
            If the moment lies before the end of what the model learned from.
        """
        return dict(self._said(sequences, at, reasons=0, together=1))

    def _said(
        self, sequences: Sequences, at: datetime, *, reasons: int, together: int | None = None
    ) -> Iterator[tuple[int, Description]]:
        """Yield what is said of each customer, by their numbers."""
        moment = self._moment(at)
        for rows in _parts(sequences, together or (BATCH // 8 if reasons else BATCH)):
            told = self._told(sequences, rows, moment, occluded=reasons > 0)
            vectors, logs = self._run(told.batch)
            values = self.sheet.values(logs)
            for owner, (customer, row) in enumerate(zip(rows, told.whole, strict=True)):
                codes = sequences.codes[sequences.at[customer] : sequences.at[customer + 1]]
                block = Block(BLOCK, self.version, at, self._coverage(codes), vectors[row, 0])
                scores = self.sheet.scores(values[row, 0])
                left_out = [each for each in told.left_out if each.owner == owner]
                why = self._reasons(
                    scores, left_out, logs=logs, values=values, whole=int(row), most=reasons
                )
                yield (
                    int(sequences.customers[customer]),
                    Description(at, {BLOCK: block}, scores, why),
                )

    def read(self, sequences: Sequences, at: datetime) -> Said:
        """Return what is said of many customers as of a moment, as arrays.

        Parameters
        ----------
        sequences
            What they did, as :func:`~limner.dataset.sequences.cut_sequences` gives it with
            :attr:`vocabulary` and :attr:`longest`; each did something before the moment.
        at
            The moment.

        Raises
        ------
        BadConfig
            If the moment lies before the end of what the model learned from.
        """
        moment = self._moment(at)
        vectors = np.zeros((len(sequences), self.dim), np.float32)
        logs = np.zeros((len(sequences), len(self.sheet.blanks)), np.float32)
        for rows in _parts(sequences, BATCH):
            told = self._told(sequences, rows, moment, occluded=False)
            some, said = self._run(told.batch)
            vectors[rows], logs[rows] = some[:, 0], said[:, 0]
        return Said(vectors, logs, self.sheet.values(logs))

    def _moment(self, at: datetime) -> int:
        """Return a moment in microseconds since 1970, if the model may speak of it."""
        if not isinstance(at, datetime) or at.tzinfo is None:
            raise BadConfig(
                f"customers are described as of a moment with a time zone, got {at!r}",
                hint="datetime(2024, 12, 31, tzinfo=UTC)",
            )
        if self.cut is not None and at < self.cut:
            raise BadConfig(
                f"the behaviour model knows what came before {self.cut.isoformat()}, so it cannot "
                f"say who customers were as of {at.isoformat()}",
                hint=f"limner pretrain --cut {at:%Y-%m-%d}",
            )
        return microseconds(at)

    def _told(self, sequences: Sequences, rows: Ints, moment: int, *, occluded: bool) -> Occluded:
        """Gather customers as of a moment, on request also without some of what they did."""
        if occluded:
            return leave_out(
                sequences,
                rows,
                moment,
                longest=self.longest,
                categories=len(self.vocabulary.names["category"]),
            )
        moments = np.full((len(rows), 1), moment, np.int64)
        batch = batch_at(sequences, rows, moments, longest=self.longest)
        return Occluded(batch, np.arange(len(rows)), ())

    def _run(self, batch: Batch) -> tuple[Floats, Floats]:
        """Return vectors (B, M, D) and scores before their links (B, M, S)."""
        told = {name: getattr(batch, name) for name in self._inputs}
        said = dict(zip(self._outputs, self._session.run(None, told), strict=True))
        return said["vectors"], self.sheet.logs(said)

    def _coverage(self, codes: NDArray[np.int32]) -> float:
        """Return the share of lines with an item whose item the model knows by name."""
        items = codes[:, FIELDS.index("item")]
        named = int((items > 0).sum())
        known = int(((items > 0) & (items <= len(self.vocabulary.names["item"]))).sum())
        return known / named if named else 1.0

    def _reasons(
        self,
        scores: Sequence[Score],
        left_out: Sequence[LeftOut],
        *,
        logs: Floats,
        values: Floats,
        whole: int,
        most: int,
    ) -> dict[str, tuple[Reason, ...]]:
        """Return what moved each score of one customer most."""
        if not left_out:
            return {}
        rows = [each.row for each in left_out]
        columns = [each.column for each in left_out]
        effects = logs[whole, 0] - logs[rows, columns]
        without = values[rows, columns]
        names = self.vocabulary.names["category"]
        about = [names[each.category - 1] if each.category else "" for each in left_out]
        spans = [
            [_EPOCH + timedelta(microseconds=at) for at in (each.first_us, each.last_us)]
            for each in left_out
        ]

        def reason(at: int, place: int) -> Reason:
            one, (since, until) = left_out[at], spans[at]
            effect, other = float(effects[at, place]), float(without[at, place])
            return Reason(one.factor, since, until, one.count, effect, other, about[at])

        strongest = np.argsort(-np.abs(effects), axis=0, kind="stable")[:most].T.tolist()
        return {
            score.name: tuple([reason(at, place) for at in order])
            for place, (score, order) in enumerate(zip(scores, strongest, strict=True))
        }


def _parts(sequences: Sequences, count: int) -> Iterator[Ints]:
    """Go through customers some at a time; those of like length side by side leave little room."""
    order = np.argsort(sequences.lengths, kind="stable")
    for at in range(0, len(order), count):
        yield order[at : at + count]
