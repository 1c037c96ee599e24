"""One customer as rules see them: the portrait and the live counters, looked at by field."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Self, TypeAlias, final

import orjson

from limner.apps.segments.fields import Kind, kind_of
from limner.apps.segments.rule import moment
from limner.profiles.counters import Counters
from limner.profiles.live import Page
from limner.profiles.record import Profile

__all__ = ["Fact", "Subject"]

Fact: TypeAlias = bool | int | float | str | datetime | frozenset[str] | None
"""What is known at a field; none: nothing."""


@final
class Subject:
    """What is known of one customer as of a moment.

    Parameters
    ----------
    portrait
        The profile as :meth:`~limner.profiles.record.Profile.to_json` writes it, none before one
        was drawn. It is read when a field of it is first asked for.
    counters
        What was counted live, as :meth:`~limner.profiles.counters.Counters.to_json` writes it.
    as_of
        The present, from which windows and days count back.
    """

    def __init__(
        self, portrait: str | bytes | None, counters: str | Counters, *, as_of: datetime
    ) -> None:
        self.as_of = as_of
        self._written, self._counters = portrait, counters
        self._read: Mapping[str, Any] | None = None
        self._live: Mapping[str, Any] | None = None

    @classmethod
    def of(cls, profile: Profile | None, counters: Counters, *, as_of: datetime) -> Self:
        """Return a customer of whom there is a profile, or not yet."""
        return cls(None if profile is None else profile.to_json(), counters, as_of=as_of)

    @classmethod
    def of_page(cls, page: Page, *, as_of: datetime) -> Self:
        """Return a customer as a store holds them."""
        return cls(page.portrait, page.counters, as_of=as_of)

    @property
    def _portrait(self) -> Mapping[str, Any]:
        if self._read is None:
            self._read = {} if self._written is None else orjson.loads(self._written)
        return self._read

    def at(self, field: str) -> Fact:
        """Return what is known at a field. Raises BadConfig where there is no such field."""
        kind = kind_of(field)
        head, _, rest = field.partition(".")
        found: Fact = _ROOMS[head](self, rest)
        return found if found is None or kind is not Kind.MOMENT else moment(str(found))

    def _of_live(self, rest: str) -> Any:  # noqa: ANN401 - JSON
        if self._live is None:
            told = self._counters
            known = Counters.from_json(told) if isinstance(told, str) else told
            self._live = known.told(self.as_of)
        head, _, below = rest.partition(".")
        if head == "kinds":
            return self._live["kinds"].get(below, 0)
        if head == "windows":
            width, _, name = below.partition(".")
            return self._live["windows"][width][name]
        return self._live[rest]

    def _of_lifecycle(self, rest: str) -> Any:  # noqa: ANN401 - JSON
        told = self._portrait.get("lifecycle", {}).get(rest)
        return told.get("quintile") if isinstance(told, dict) else told

    def _of_traits(self, rest: str) -> Any:  # noqa: ANN401 - JSON
        return _first(self._portrait.get("traits", ()), "name", rest).get("value")

    def _of_attributes(self, rest: str) -> Any:  # noqa: ANN401 - JSON
        told = self._portrait.get("identity", {}).get("attributes", ())
        return _first(told, "name", rest).get("value")

    def _asked(self, question: str) -> Mapping[str, Any]:
        return _first(self._portrait.get("predictions", ()), "question", question)

    def _of_classes(self, rest: str) -> Any:  # noqa: ANN401 - JSON
        classes = self._asked(rest).get("classes", ())
        return classes[0]["name"] if classes else None

    def _of_identity(self, rest: str) -> Any:  # noqa: ANN401 - JSON
        return self._portrait.get("identity", {}).get(rest)

    def _of_value(self, rest: str) -> Any:  # noqa: ANN401 - JSON
        return self._portrait.get("value", {}).get(rest)

    def _favourites(self, name: str) -> frozenset[str] | None:
        if not self._portrait:
            return None
        return frozenset(each["key"] for each in self._portrait.get(name, ()))


_ROOMS: dict[str, Callable[[Subject, str], Any]] = {
    "live": Subject._of_live,  # noqa: SLF001 - of this class
    "lifecycle": Subject._of_lifecycle,  # noqa: SLF001
    "traits": Subject._of_traits,  # noqa: SLF001
    "attributes": Subject._of_attributes,  # noqa: SLF001
    "predictions": lambda who, rest: who._asked(rest).get("value"),  # noqa: SLF001
    "percentiles": lambda who, rest: who._asked(rest).get("percentile"),  # noqa: SLF001
    "bands": lambda who, rest: who._asked(rest).get("band"),  # noqa: SLF001
    "classes": Subject._of_classes,  # noqa: SLF001
    "identity": Subject._of_identity,  # noqa: SLF001
    "value": Subject._of_value,  # noqa: SLF001
    "categories": lambda who, _: who._favourites("categories"),  # noqa: SLF001
    "brands": lambda who, _: who._favourites("brands"),  # noqa: SLF001
    "items": lambda who, _: who._favourites("items"),  # noqa: SLF001
}


def _first(rows: Iterable[Mapping[str, Any]], key: str, name: str) -> Mapping[str, Any]:
    return next((each for each in rows if each[key] == name), {})
