"""What to offer a customer next: the ranked items of the profile, each with its reason."""

from collections.abc import Collection

from limner.errors import BadConfig, TooFew, UnknownCustomer
from limner.profiles.reasons import popular_reason
from limner.profiles.record import Recommendation
from limner.profiles.store import About, ProfileStore

__all__ = ["recommend"]


def recommend(
    store: ProfileStore,
    customer_id: str,
    *,
    k: int = 10,
    exclude: Collection[str] = (),
    new_only: bool = False,
) -> list[Recommendation]:
    """Return the best items for one customer, as the profile holds them, best first.

    A customer without a profile gets the shop's popular items, marked ``popular``, if the store
    holds those.

    Parameters
    ----------
    store
        Where the profiles are.
    customer_id
        Whom it is for.
    k
        How many items.
    exclude
        Ids of items to leave out, for instance what is sold out.
    new_only
        Whether to leave out what the customer bought before.

    Raises
    ------
    BadConfig
        If ``k`` is below 1.
    TooFew
        If fewer than ``k`` items are held, or are left after leaving some out.
    UnknownCustomer
        If there is no such profile, and no popular items either.

    Examples
    --------
    >>> recommend(store, "u42", k=3, new_only=True)  # doctest: +SKIP
    [Recommendation(item_id='p7', ...), ...]
    """
    if k < 1:
        raise BadConfig(f"k must be at least 1, got {k}")
    try:
        held = store.get(customer_id).recommendations
    except UnknownCustomer:
        held = _popular(store.about)
        if not held:
            raise
    left_out = frozenset(exclude)
    chosen = [
        each for each in held if each.item_id not in left_out and (each.is_new or not new_only)
    ]
    if len(chosen) < k:
        came = f"{len(chosen)} are held for {customer_id!r}"
        if len(chosen) < len(held):
            came = f"{len(chosen)} of {len(held)} held for {customer_id!r} are left"
        raise TooFew(
            f"asked for {k} items, {came}",
            hint=f"ask for -k {len(chosen)}, or keep more of them: limner fit"
            if chosen
            else "learn the ranking of items first: limner fit",
        )
    return chosen[:k]


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
