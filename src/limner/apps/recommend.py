"""What to offer a customer next: the ranked items of the profile, each with its reason."""

from collections.abc import Collection

from limner.errors import BadConfig, TooFew, UnknownCustomer
from limner.profiles.reasons import popular_reason
from limner.profiles.record import Recommendation
from limner.profiles.store import About, ProfileReader

__all__ = ["knows", "recommend"]


def recommend(
    store: ProfileReader,
    customer_id: str,
    *,
    k: int = 10,
    exclude: Collection[str] = (),
    new_only: bool = False,
) -> list[Recommendation]:
    """Return the best items for one customer, best first: ``k`` of them, or as many as there are.

    What the profile holds comes first; then, and for somebody without a profile, the shop's
    popular items, marked ``popular``.

    Parameters
    ----------
    store
        Where the profiles are.
    customer_id
        Whom it is for.
    k
        How many items at most.
    exclude
        Ids of items to leave out, for instance what is sold out.
    new_only
        Whether to leave out what the profile says the customer bought before.

    Raises
    ------
    BadConfig
        If ``k`` is below 1.
    TooFew
        If not one item is held, or left after leaving some out.
    UnknownCustomer
        If there is no such profile, and no popular items either.

    Examples
    --------
    >>> recommend(store, "u42", k=3, new_only=True)  # doctest: +SKIP
    [Recommendation(item_id='p7', ...), ...]
    """
    if k < 1:
        raise BadConfig(f"k must be at least 1, got {k}")
    popular = _popular(store.about)
    bought: frozenset[str] = frozenset()
    try:
        profile = store.get(customer_id)
    except UnknownCustomer:
        if not popular:
            raise
        held: tuple[Recommendation, ...] = ()
    else:
        held = profile.recommendations
        bought = frozenset(each.key for each in profile.items)
    there = {each.item_id for each in held} | bought
    held += tuple(each for each in popular if each.item_id not in there)
    left_out = frozenset(exclude)
    chosen = [
        each for each in held if each.item_id not in left_out and (each.is_new or not new_only)
    ]
    if not chosen:
        raise TooFew(
            f"there is no item to offer {customer_id!r}"
            + (f": all {len(held)} were left out" if held else ""),
            hint="leave out fewer" if held else "learn the ranking of items first: limner fit",
        )
    return chosen[:k]


def knows(store: ProfileReader, customer_id: str) -> bool:
    """Say whether there is a profile of this customer."""
    try:
        store.get(customer_id)
    except UnknownCustomer:
        return False
    return True


def _popular(about: About | None) -> tuple[Recommendation, ...]:
    """Return the shop's popular items for somebody of whom nothing is known."""
    if about is None:
        return ()
    return tuple(
        Recommendation(
            item_id=item.item_id,
            title=item.title,
            score=item.share,
            source="popularity",
            reason="popular",
            is_new=True,
            reason_en=popular_reason(item.share)[0],
            reason_zh=popular_reason(item.share)[1],
        )
        for item in about.popular
    )
