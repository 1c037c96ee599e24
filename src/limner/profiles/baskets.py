"""What was bought together: the orders of a shop as pairs of basket and item."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

__all__ = ["LINE", "Baskets", "Together"]

Ints = NDArray[np.int64]
_KINDS: dict[str, pl.DataType | type[pl.DataType]] = {
    "customer_id": pl.String,
    "order_id": pl.String,
    "time": pl.Datetime("us", "UTC"),
    "item_id": pl.String,
}
LINE = pl.Schema(_KINDS)
"""What is read of a line that was bought."""
_FEWEST = 2
"""Of how many customers a pair must be, so that nobody's one basket is told."""


@dataclass(frozen=True, slots=True)
class Together:
    """Another item: in how many orders with the first, of how many customers, and how alike.

    ``score`` is the cosine of the two items over all orders: orders with both, divided by the root
    of the product of the orders with each; in (0, 1].
    """

    item_id: str
    orders: int
    customers: int
    score: float


@dataclass(frozen=True, slots=True, eq=False)
class Baskets:
    """Orders and what was in them.

    ``items`` (V,) names; ``basket``, ``item`` and ``owner`` (L,) codes of each line, sorted by
    basket; ``by_item`` (L,) the places of lines sorted by item, ``item_at`` (V + 1,) the bounds of
    each item there; ``basket_at`` (O + 1,) the bounds of each order among the lines.
    """

    items: NDArray[np.str_]
    basket: Ints
    item: Ints
    owner: Ints
    basket_at: Ints
    by_item: Ints
    item_at: Ints

    @classmethod
    def of(cls, lines: Iterable[pl.DataFrame]) -> Self:
        """Count lines of :data:`LINE`; a line that comes twice counts once.

        Lines of one customer with one ``order_id`` are one order; without an id, those of one
        moment.
        """
        whole = pl.concat(
            [pl.DataFrame(schema=LINE), *(each.select(LINE.names()) for each in lines)]
        )
        whole = whole.filter(pl.col("item_id").is_not_null())
        moment = pl.when(pl.col("order_id").is_null()).then(pl.col("time"))
        key = ["customer_id", "order_id", "moment"]
        lines_once = whole.select(*key[:2], moment.alias("moment"), "item_id").unique()
        names = lines_once.select(pl.col("item_id").unique().sort())
        rows = (
            lines_once.join(_numbered(lines_once, *key), on=key, nulls_equal=True)
            .join(names.with_row_index("item"), on="item_id")
            .join(_numbered(lines_once, "customer_id", into="owner"), on="customer_id")
            .select(pl.col("basket", "item", "owner").cast(pl.Int64))
            .sort("basket", "item")
        )
        item, basket = rows["item"].to_numpy(), rows["basket"].to_numpy()
        baskets = int(basket.max(initial=-1)) + 1
        order = np.argsort(item, kind="stable")
        return cls(
            names["item_id"].to_numpy().astype(np.str_),
            basket,
            item,
            rows["owner"].to_numpy(),
            np.searchsorted(basket, np.arange(baskets + 1)),
            order,
            np.searchsorted(item[order], np.arange(len(names) + 1)),
        )

    def knows(self, item_id: str) -> bool:
        """Whether somebody bought an item."""
        return self._code(item_id) is not None

    def bought_with(self, item_id: str, *, most: int) -> list[Together]:
        """Return what was bought in one order with an item, the most alike first.

        Only what at least two customers bought together; equally alike stand by name.
        """
        code = self._code(item_id)
        if code is None:
            return []
        orders = self.basket[self.by_item[self.item_at[code] : self.item_at[code + 1]]]
        starts, ends = self.basket_at[orders], self.basket_at[orders + 1]
        sizes = ends - starts
        first = np.repeat(starts - np.concatenate([[0], np.cumsum(sizes)[:-1]]), sizes)
        lines = first + np.arange(sizes.sum())
        lines = lines[self.item[lines] != code]
        together = np.bincount(self.item[lines], minlength=len(self.items))
        pairs = np.unique(np.stack([self.item[lines], self.owner[lines]], axis=1), axis=0)
        people = np.bincount(pairs[:, 0], minlength=len(self.items))
        own = np.diff(self.item_at)
        score = together / np.sqrt(np.maximum(own, 1) * max(1, len(orders)))
        found = np.flatnonzero(people >= _FEWEST)
        best = found[np.lexsort((found, -score[found]))][:most]
        return [
            Together(str(self.items[at]), int(together[at]), int(people[at]), float(score[at]))
            for at in best
        ]

    def _code(self, item_id: str) -> int | None:
        at = int(np.searchsorted(self.items, item_id))
        return at if at < len(self.items) and self.items[at] == item_id else None


def _numbered(rows: pl.DataFrame, *key: str, into: str = "basket") -> pl.DataFrame:
    """Return each value of a key once, with a number; hashed, which is swifter than sorting."""
    return rows.select(key).unique().with_row_index(into)
