"""The port to wherever profiles are kept."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from limner.profiles.record import Profile

__all__ = ["About", "PopularItem", "ProfileReader", "ProfileStore"]


@dataclass(frozen=True, slots=True)
class PopularItem:
    """An item of the shop that many bought lately: how many customers, as a share in [0, 1]."""

    item_id: str
    title: str
    share: float


@dataclass(frozen=True, slots=True)
class About:
    """What holds for all profiles of a store."""

    as_of: datetime
    computed_at: datetime
    model_version: str | None = None
    currency: str | None = None
    popular: tuple[PopularItem, ...] = ()


class ProfileReader(Protocol):
    """Whoever tells profiles."""

    @property
    def about(self) -> About | None:
        """What holds for all profiles, or None before it was first written."""
        ...

    def get(self, customer_id: str) -> Profile:
        """Return one profile. Raises :class:`~limner.errors.UnknownCustomer`."""
        ...


class ProfileStore(ProfileReader, Protocol):
    """A dictionary of profiles that outlives the process."""

    def put(
        self, profiles: Iterable[Profile], *, about: About | None = None, replace: bool = False
    ) -> int:
        """Write profiles, each over its older self; all of them, or none; return how many.

        Parameters
        ----------
        profiles
            May be a stream; readers and other writers are not held up while it is made.
        about
            What holds for all of them, written in the same moment.
        replace
            Whether whatever else the store held is gone in the same moment.
        """
        ...

    def __iter__(self) -> Iterator[Profile]:
        """Go through all profiles, in the order of their customer ids."""
        ...

    def __len__(self) -> int:
        """Count the profiles."""
        ...

    def close(self) -> None:
        """Let go of the file; closing twice is fine."""
        ...
