"""For what customers allow and forbid that their profiles are told."""

import time
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, bindparam, delete, select

from limner.profiles.database import tables as t
from limner.profiles.database.persons import find_person, ids_of, persons_of
from limner.profiles.database.writing import brought, insert_of, one_of, parts

__all__ = ["consents_of", "forget_consents", "tell_consents"]


def tell_consents(
    connection: Connection, customer_id: str, told: Mapping[str, bool | None]
) -> None:
    """Keep what a customer said, by purpose; none takes back what was said."""
    c = t.consents.c
    now = time.time_ns() // 1000
    for purpose, granted in told.items():
        if granted is None:
            connection.execute(
                delete(t.consents).where(c.customer_id == customer_id, c.purpose == purpose)
            )
            continue
        add = insert_of(connection)(t.consents)
        renew = add.on_conflict_do_update(
            index_elements=["customer_id", "purpose"],
            set_={"granted": brought("granted"), "told_us": brought("told_us")},
        )
        row = {
            "customer_id": customer_id,
            "purpose": purpose,
            "granted": int(granted),
            "told_us": now,
        }
        connection.execute(renew, [row])


def consents_of(connection: Connection, customers: Sequence[str]) -> dict[str, dict[str, bool]]:
    """Return what customers said, by customer and purpose; who said nothing is left out.

    What is said under one id of a person holds for all; of several words a refusal wins.
    """
    people = {who: find_person(connection, who) for who in customers if ":" in who}
    people = persons_of(connection, [people.get(who, who) for who in customers]) | people
    if not people:
        return _said_by(connection, customers)
    people |= persons_of(connection, people.values())
    ids = ids_of(connection, {people.get(who, who) for who in customers})
    said = _said_by(connection, sorted({each for known in ids.values() for each in known}))
    found: dict[str, dict[str, bool]] = {}
    for who in customers:
        for each in ids[people.get(who, who)]:
            for purpose, granted in said.get(each, {}).items():
                told = found.setdefault(who, {})
                told[purpose] = granted and told.get(purpose, True)
    return found


def _said_by(connection: Connection, customers: Sequence[str]) -> dict[str, dict[str, bool]]:
    """Return what was said under each id itself."""
    if len(customers) == 1:  # every reading of a profile asks this
        rows = list(connection.execute(_OF_ONE, {"who": customers[0]}))
    else:
        rows = [
            row
            for part in parts(list(customers))
            for row in connection.execute(_SAID.where(one_of(t.consents.c.customer_id, part)))
        ]
    found: dict[str, dict[str, bool]] = {}
    for who, purpose, granted in rows:
        found.setdefault(who, {})[purpose] = bool(granted)
    return found


def forget_consents(connection: Connection, customer_id: str) -> int:
    """Take away what a customer said; return of how many purposes."""
    asked = delete(t.consents).where(t.consents.c.customer_id == customer_id)
    return connection.execute(asked).rowcount


_SAID = select(t.consents.c.customer_id, t.consents.c.purpose, t.consents.c.granted)
_OF_ONE = _SAID.where(t.consents.c.customer_id == bindparam("who"))
