"""The port to wherever profiles are kept."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Protocol, Self

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

    def to_words(self) -> dict[str, str | None]:
        """Return it as words by name, as stores keep it."""
        return {
            "as_of": self.as_of.isoformat(),
            "computed_at": self.computed_at.isoformat(),
            "model_version": self.model_version,
            "currency": self.currency,
            "popular": json.dumps([asdict(item) for item in self.popular]),
        }

    @classmethod
    def from_words(cls, words: Mapping[str, Any]) -> Self | None:
        """Read what :meth:`to_words` told; none where nothing was told yet."""
        if "as_of" not in words:
            return None
        return cls(
            as_of=datetime.fromisoformat(words["as_of"]),
            computed_at=datetime.fromisoformat(words["computed_at"]),
            model_version=words["model_version"],
            currency=words["currency"],
            popular=tuple(PopularItem(**item) for item in json.loads(words["popular"])),
        )


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
