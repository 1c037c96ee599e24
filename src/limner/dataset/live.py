"""Events as they come, as codes: the same that a model reads from the log at night."""

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from limner.dataset.ledger import Ledger
from limner.dataset.sequences import NUMBERS, Sequences
from limner.dataset.vocabulary import FIELDS, Vocabulary, catalogue_codes, names_of
from limner.errors import BadEvent, BadShape
from limner.events.event import Event
from limner.events.item_vectors import ItemVectors

__all__ = ["ItemCodes", "LiveCodes", "counted", "microseconds", "possible"]

Ints = NDArray[np.int64]

_OF_ITEMS = FIELDS[1:]
"""The fields that an event has through its item."""
_COUNTED = ("price", "quantity", "discount")
_MOST = 1e9
"""No price and no quantity is above it; what is cleaned has the same limit by default."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ItemCodes:
    """What a model knows of each of I items, so that an event with an item's id says it all.

    ``ids`` names, each once; ``codes`` (I, F - 1) numbers of the vocabulary, a column each of
    ``fields``: item, department, category and brand, and what its words and picture are like; 0
    where nothing is known.
    """

    ids: Sequence[str]
    codes: NDArray[np.int32]
    fields: tuple[str, ...] = _OF_ITEMS

    def __post_init__(self) -> None:
        if self.codes.shape != (len(self.ids), len(self.fields)):
            raise BadShape(
                f"codes of {len(self.ids)} items must be ({len(self.ids)}, {len(self.fields)}), "
                f"got {self.codes.shape}"
            )

    @classmethod
    def of(cls, ledger: Ledger, vocabulary: Vocabulary) -> Self:
        """Return the items of a ledger: those of its catalogue and those of its events."""
        codes = catalogue_codes(ledger, vocabulary)[:, 1:].astype(np.int32)
        return cls(names_of(ledger, "item"), codes, vocabulary.fields[1:])

    def write(self, path: Path) -> None:
        """Write them as a Parquet file: ``item_id``, and a column of numbers a field."""
        columns = {name: self.codes[:, place] for place, name in enumerate(self.fields)}
        ids = pl.Series("item_id", list(self.ids), pl.String)
        pl.DataFrame([ids]).with_columns(
            pl.Series(name, values) for name, values in columns.items()
        ).write_parquet(path, compression="zstd")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what :meth:`write` wrote."""
        table = pl.read_parquet(path)
        fields = tuple(name for name in table.columns if name != "item_id")
        codes = np.stack([table[name].to_numpy() for name in fields], axis=1)
        return cls(table["item_id"].to_list(), codes.astype(np.int32), fields)


@dataclass(frozen=True, slots=True)
class LiveCodes:
    """Turns events into what :func:`~limner.dataset.sequences.cut_sequences` makes of the log.

    Items that were not in the catalogue have the number that their id has by hash, and neither
    category nor brand nor looks; see :meth:`knowing`.
    """

    vocabulary: Vocabulary
    items: ItemCodes
    _place: Mapping[str, int] = field(init=False, repr=False)
    _kinds: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_place", {name: at for at, name in enumerate(self.items.ids)})
        object.__setattr__(self, "_kinds", {})

    def knowing(
        self,
        items: Mapping[str, tuple[str | None, str | None, str | None]],
        *,
        looks: Mapping[str, ItemVectors] | None = None,
    ) -> Self:
        """Return codes that know more items, or know them better.

        Parameters
        ----------
        items
            Department, category and brand of each of N items, by its id; none where one is not
            known.
        looks
            What models made of the items' words and pictures, by name, made as the log's own;
            nothing is known of what is left out.
        """
        ids, looks = list(items), looks or {}
        told = np.zeros((len(ids), len(self.vocabulary.fields) - 1), np.int32)
        told[:, 0] = self.vocabulary.numbers("item", ids)
        for place, name in enumerate(_OF_ITEMS[1:]):
            facts = [items[each][place] for each in ids]
            known = [at for at, fact in enumerate(facts) if fact is not None]
            numbers = self.vocabulary.numbers(name, [str(facts[at]) for at in known])
            told[known, place + 1] = numbers
        named = np.array(ids, np.str_)
        nothing = {
            look: ItemVectors(named[:0], np.zeros((0, book.width), np.float32), book.version)
            for look, book in self.vocabulary.codebooks.items()
        }
        known_looks = {look: each.of(named) for look, each in (nothing | dict(looks)).items()}
        told[:, len(_OF_ITEMS) :] = self.vocabulary.look_numbers(known_looks, len(ids))
        rest = [at for at, name in enumerate(self.items.ids) if name not in items]
        codes = np.concatenate([self.items.codes[rest], told])
        return type(self)(
            self.vocabulary,
            ItemCodes([self.items.ids[at] for at in rest] + ids, codes, self.items.fields),
        )

    def sequences(
        self,
        histories: Sequence[Sequence[Event]],
        before: datetime,
        *,
        longest: int | None = None,
        first_seen: Sequence[datetime | None] | None = None,
    ) -> Sequences:
        """Return histories as sequences; the customers are numbered by their places.

        Whoever has no event before the moment is left out.

        Parameters
        ----------
        histories
            The events of each customer, in any order.
        before
            Only events strictly before it are read.
        longest
            How many visits of a customer are kept, the newest; none: all.
        first_seen
            When each customer was seen first, if that is not among the events; none: by the events.

        Raises
        ------
        BadEvent
            If a history holds events of two customers.
        """
        until = microseconds(before)
        found = []
        for place, events in enumerate(histories):
            _check_one_customer(events)
            one = self._history(events, until, longest)
            if one is None:
                continue
            seen = first_seen[place] if first_seen is not None else None
            if seen is not None:
                one = replace(one, first_us=min(one.first_us, microseconds(seen)))
            found.append((place, one))
        return _joined(found, fields=len(self.items.fields) + 1)

    def _history(
        self, events: Sequence[Event], until: int, longest: int | None
    ) -> "_History | None":
        """Return what one customer did before a moment; none if they did nothing."""
        past, moments = _settled(events, until)
        if not past:
            return None
        times = np.array(moments)
        orders = _order_numbers(past)
        later = np.diff(times) != 0
        new_order = (np.diff(orders) != 0) | (later & (orders[1:] < 0))
        begins = np.concatenate([[True], new_order])
        visits = np.flatnonzero(np.concatenate([[True], new_order | later]))
        first = int(times[0])
        if longest is not None:
            visits = visits[max(0, len(visits) - longest) :]
        start = int(visits[0])
        past = past[start:]
        return _History(
            first_us=first,
            time_us=times[start:],
            begins=begins[start:],
            visits=visits - start,
            bought=np.array([each.kind == "purchase" for each in past]),
            codes=self._codes(past),
            numbers=_numbers(past),
        )

    def _codes(self, events: Sequence[Event]) -> NDArray[np.int32]:
        """Return the numbers of each event's fields: (E, F)."""
        codes = np.zeros((len(events), len(self.items.fields) + 1), np.int32)
        codes[:, 0] = self.kind_numbers([each.kind for each in events])
        codes[:, 1:] = self.item_numbers([each.item_id for each in events])
        return codes

    def kind_numbers(self, names: Sequence[str]) -> NDArray[np.int32]:
        """Return the numbers of kinds (E,)."""
        kinds = self._kinds
        for kind in set(names).difference(kinds):
            kinds[kind] = int(self.vocabulary.numbers("kind", [kind])[0])
        return np.array([kinds[name] for name in names], np.int32)

    def item_numbers(self, ids: Sequence[str | None]) -> NDArray[np.int32]:
        """Return the numbers of items and of what is known of them: (E, F - 1), 0 for no item."""
        place = np.array([-2 if each is None else self._place.get(each, -1) for each in ids], int)
        numbers = np.zeros((len(ids), len(self.items.fields)), np.int32)
        if len(self.items.ids):
            numbers = np.where(place[:, None] >= 0, self.items.codes[place], 0)
        for at in np.flatnonzero(place == -1).tolist():
            numbers[at, 0] = self.vocabulary.shared_number("item", str(ids[at]))
        return numbers.astype(np.int32)


def microseconds(moment: datetime) -> int:
    """Return a moment as microseconds since 1970.

    Raises
    ------
    BadShape
        If the moment has no zone.
    """
    if moment.utcoffset() is None:
        raise BadShape(
            f"a moment must have a zone, got {moment.isoformat()}",
            hint="datetime(..., tzinfo=UTC)",
        )
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


@dataclass(frozen=True, slots=True)
class _History:
    """What one customer did, as columns; see :class:`~limner.dataset.sequences.Sequences`.

    ``visits`` are the places at which a visit begins.
    """

    first_us: int
    time_us: Ints
    begins: NDArray[np.bool_]
    visits: Ints
    bought: NDArray[np.bool_]
    codes: NDArray[np.int32]
    numbers: NDArray[np.float32]


def _joined(found: Sequence[tuple[int, _History]], *, fields: int) -> Sequences:
    """Lay histories end to end; with each comes the number of its customer."""
    whole = [one for _, one in found]
    events = np.cumsum([0, *(len(one.time_us) for one in whole)])
    starts = [one.visits + at for one, at in zip(whole, events[:-1], strict=True)]
    nothing = _History(
        0,
        np.zeros(0, np.int64),
        np.zeros(0, np.bool_),
        np.zeros(0, np.int64),
        np.zeros(0, np.bool_),
        np.zeros((0, fields), np.int32),
        np.zeros((0, len(NUMBERS)), np.float32),
    )
    parts = [nothing, *whole]
    return Sequences(
        customers=np.array([place for place, _ in found], np.int64),
        at=events,
        visits=np.cumsum([0, *(len(one.visits) for one in whole)]),
        visit_at=np.concatenate([*starts, events[-1:]]),
        time_us=np.concatenate([one.time_us for one in parts]),
        begins=np.concatenate([one.begins for one in parts]),
        bought=np.concatenate([one.bought for one in parts]),
        codes=np.concatenate([one.codes for one in parts]),
        items=np.full(events[-1], -1, np.int32),
        numbers=np.concatenate([one.numbers for one in parts]),
        first_us=np.array([one.first_us for one in whole], np.int64),
    )


def _check_one_customer(events: Sequence[Event]) -> None:
    names = {each.customer_id for each in events}
    if len(names) > 1:
        one, other = sorted(names)[:2]
        raise BadEvent(
            f"a history must be of one customer, but has events of {one!r} and of {other!r}",
            hint="group the events by customer_id first",
        )


def _settled(events: Sequence[Event], until: int) -> tuple[list[Event], list[int]]:
    """Return events before a moment in the order of the log, and when each was.

    The log orders events of one moment by what is in them, what is not known first; see
    :mod:`limner.events.merging`.
    """
    since = [each.time - _EPOCH for each in events]
    rows = [
        (
            (span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds,
            each.item_id or "",
            each.event_id or "",
            each.order_id or "",
            each.kind,
            each.session_id or "",
            -math.inf if each.quantity is None else each.quantity,
            -math.inf if each.price is None else each.price,
            -math.inf if each.discount is None else each.discount,
            place,
        )
        for place, (span, each) in enumerate(zip(since, events, strict=True))
    ]
    rows.sort()
    past = rows[: bisect_left(rows, (until,))]
    return [events[row[-1]] for row in past], [row[0] for row in past]


def _order_numbers(events: Sequence[Event]) -> Ints:
    """Return a number for each order (E,), -1 for none."""
    known: dict[str, int] = {}
    return np.array(
        [
            -1 if each.order_id is None else known.setdefault(each.order_id, len(known))
            for each in events
        ],
        np.int64,
    )


def _numbers(events: Sequence[Event]) -> NDArray[np.float32]:
    """Return :data:`~limner.dataset.sequences.NUMBERS` of each event: (E, 4)."""
    told = np.array([(each.price, each.quantity, each.discount) for each in events], np.float64)
    impossible = ~possible(told)
    if impossible.any():
        event, what = np.argwhere(impossible)[0].tolist()
        raise BadEvent(
            f"the {_COUNTED[what]} of what {events[event].customer_id!r} did at "
            f"{events[event].time.isoformat()} is {told[event, what]:g}, which cannot be",
            hint=f"prices from 0 to {_MOST:g}, quantities to {_MOST:g}; NaN where none is known",
        )
    return counted(told, np.array([each.kind == "return" for each in events]))


def possible(told: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which of prices, quantities and discounts (E, 3) can be; what is not known can."""
    impossible = np.abs(told) > _MOST
    impossible[:, 0] |= told[:, 0] < 0
    return ~impossible


def counted(told: NDArray[np.float64], returned: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return :data:`~limner.dataset.sequences.NUMBERS` (E, 4).

    Parameters
    ----------
    told
        (E, 3): price of a piece, quantity, discount; NaN where nothing is known.
    returned
        (E,): which are returns.
    """
    price, quantity, discount = told.T
    discount = np.nan_to_num(discount, nan=0.0)
    sign = np.where(returned, -1.0, 1.0)
    amount = price * np.nan_to_num(quantity, nan=1.0) - discount
    amount = np.where(np.isnan(price), 0.0, amount) * sign
    share = np.zeros(len(told))
    given = discount > 0
    share[given] = discount[given] / (np.abs(amount[given]) + discount[given])
    return np.stack([price, quantity, amount, share], axis=1).astype(np.float32)
