"""Where a customer stands: fifths of recency, frequency and money, Shopify's groups, and a stage.

The group follows Shopify's names and method: the recency score R, and FM, the mean of the
frequency and the monetary score, halves rounded up. Every pair has its group:

==== ============= ============= ================= ========= ==================
R    FM 1          FM 2          FM 3              FM 4      FM 5
==== ============= ============= ================= ========= ==================
5    NEW           ACTIVE        ACTIVE            CHAMPIONS CHAMPIONS
4    PROMISING     ACTIVE        ACTIVE            LOYAL     LOYAL
3    ALMOST_LOST   ALMOST_LOST   NEEDS_ATTENTION   LOYAL     LOYAL
2, 1 DORMANT       DORMANT       AT_RISK           AT_RISK   PREVIOUSLY_LOYAL
==== ============= ============= ================= ========= ==================

Who never ordered is one of the PROSPECTS.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from pydantic import Field

from limner.config import Config
from limner.errors import BadShape
from limner.profiles.record import RfmGroup, Stage

__all__ = ["RFM_TABLE", "StageConfig", "high_is_good", "low_is_good", "rfm_group", "stage"]

_ROWS: dict[int, tuple[RfmGroup, ...]] = {
    5: ("NEW", "ACTIVE", "ACTIVE", "CHAMPIONS", "CHAMPIONS"),
    4: ("PROMISING", "ACTIVE", "ACTIVE", "LOYAL", "LOYAL"),
    3: ("ALMOST_LOST", "ALMOST_LOST", "NEEDS_ATTENTION", "LOYAL", "LOYAL"),
    2: ("DORMANT", "DORMANT", "AT_RISK", "AT_RISK", "PREVIOUSLY_LOYAL"),
    1: ("DORMANT", "DORMANT", "AT_RISK", "AT_RISK", "PREVIOUSLY_LOYAL"),
}

RFM_TABLE: Mapping[tuple[int, int], RfmGroup] = MappingProxyType(
    {(r, fm): group for r, row in _ROWS.items() for fm, group in enumerate(row, start=1)}
)
"""The group of every pair of R and FM, both 1 to 5."""


class StageConfig(Config):
    """When a customer counts as slowing down or gone, in units of their own usual gap."""

    slowing_after: float = Field(3.0, gt=1)
    """Usual gaps without an order after which a customer is slowing. Of gaps that follow no
    rhythm at all (exponential), one in eight is longer than 3 medians."""
    lapsed_after: float = Field(6.0, gt=1)
    """Usual gaps without an order after which a customer has lapsed: one such gap in 64."""
    own_gap_from_orders: int = Field(4, ge=2)
    """From how many orders on the usual gap is the customer's own; below, it is the shop's."""
    shortest_gap_days: float = Field(1.0, gt=0)
    """No usual gap counts as shorter than this, in days."""


def high_is_good(value: float, edges: Sequence[float]) -> int:
    """Return the fifth of frequency or money: 1 plus how many of the four edges lie below.

    Examples
    --------
    >>> high_is_good(3, (1, 1, 2, 4))
    4
    """
    return 1 + bisect_left(edges, value)


def low_is_good(value: float, edges: Sequence[float]) -> int:
    """Return the fifth of recency: 5 less how many of the four edges lie below.

    Examples
    --------
    >>> low_is_good(3, (1, 1, 2, 4))
    2
    """
    return 5 - bisect_left(edges, value)


def rfm_group(recency: int | None, frequency: int | None, monetary: int | None) -> RfmGroup:
    """Return Shopify's group of three scores, 1 to 5, or PROSPECTS where there are none.

    Raises
    ------
    BadShape
        If a score is not 1 to 5, or only some are missing.

    Examples
    --------
    >>> rfm_group(5, 5, 4)
    'CHAMPIONS'
    """
    scores = (recency, frequency, monetary)
    if recency is None and frequency is None and monetary is None:
        return "PROSPECTS"
    if recency is None or frequency is None or monetary is None:
        raise BadShape(f"either all three scores are missing or none, got {scores}")
    if not all(1 <= score <= 5 for score in (recency, frequency, monetary)):
        raise BadShape(f"a score must be 1 to 5, got {scores}")
    return RFM_TABLE[recency, (frequency + monetary + 1) // 2]


def stage(
    orders: int,
    recency_days: float | None,
    *,
    own_gap_days: float | None,
    shop_gap_days: float | None,
    gap_before_last_days: float | None,
    config: StageConfig | None = None,
) -> Stage:
    """Return the stage of life, measured against how often this customer usually comes.

    ``prospect``: never ordered. ``lapsed`` and ``slowing``: longer away than so many usual gaps.
    ``new``: one order so far. ``returned``: here again after a pause that would have counted as
    lapsed. ``active``: all others.

    Parameters
    ----------
    orders
        How many orders so far.
    recency_days
        Days since the last one, or None.
    own_gap_days
        The median of the customer's gaps between orders, in days, or None.
    shop_gap_days
        The same of the middle customer of the shop; None where nobody came twice, and then
        nobody slows or lapses.
    gap_before_last_days
        The pause that ended with the last order, in days, or None.
    """
    config = config or StageConfig()
    if orders < 1 or recency_days is None:
        return "prospect"
    own = own_gap_days if orders >= config.own_gap_from_orders else None
    usual = own if own is not None else shop_gap_days
    if usual is not None:
        usual = max(usual, config.shortest_gap_days)
        if recency_days > config.lapsed_after * usual:
            return "lapsed"
        if recency_days > config.slowing_after * usual:
            return "slowing"
    if orders == 1:
        return "new"
    if usual is not None and (gap_before_last_days or 0.0) > config.lapsed_after * usual:
        return "returned"
    return "active"
