"""Show all that is held on a customer, or erase it from every store: whole, and only once begun."""

import secrets
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal, final

import orjson
import polars as pl

from limner.errors import BadConfig
from limner.events.cleaning import tidy_id
from limner.events.erasing import Held, erase_from_log, held_in_log
from limner.events.evidence import ids_in
from limner.events.item_texts import catalogue_texts, newest_words
from limner.events.log import EventLog
from limner.events.suppression import Suppression, add_suppressed, lift_suppressed, names_in
from limner.profiles.database.identities import IdentityBook
from limner.profiles.database.privacy import PrivacyBook, Request
from limner.profiles.leftovers import clear_files, held_in_files, named_in_files
from limner.profiles.live import LiveStore
from limner.profiles.marks import event_marks, order_marks

__all__ = ["Eraser"]

_DATABASE = (
    "profiles",
    "customers",
    "journal",
    "arrivals",
    "attributes",
    "consents",
    "seen",
    "rejects",
    "jobs",
    "items",
    "item_vectors",
    "pseudonyms",
    "segments",
    "links",
    "members",
)
_LOG = ("events", "attributes", "flags", "rejects", "evidence")
_KEPT = (
    ("audit", "who read what and when stays provable, under a keyed hash of the id"),
    ("suppressed.txt", "a keyed hash of the id, so that the customer does not come back"),
    ("log/catalogue", "speaks of items; it names no customer"),
    ("models", "weights that learned from many; they hold no id: limner fit learns them anew"),
    ("backups", "earlier ones still hold the customer: restore erases again, by suppressed.txt"),
)
_SERVER = (
    "server log",
    "PostgreSQL's write-ahead log and its archives, for as long as it keeps them",
)


@final
class Eraser:
    """Answers what customers ask of a workspace: to see what is held, and to be erased.

    Parameters
    ----------
    store, book
        The living store, and its book of requests.
    pepper
        The secret of the workspace.
    log
        The log of events; none: there is none yet.
    folder
        The workspace, whose other files are searched too; none: only store and log.
    """

    def __init__(
        self,
        store: LiveStore,
        book: PrivacyBook,
        *,
        pepper: bytes,
        log: EventLog | None = None,
        folder: Path | None = None,
    ) -> None:
        self.store, self.book, self._pepper = store, book, pepper
        self.log, self.folder = log, folder
        self.identities = IdentityBook(book.engine, pepper, store.identities.config)

    @property
    def listed(self) -> Path | None:
        """The file with the hashes of those who were erased."""
        return None if self.folder is None else self.folder / "suppressed.txt"

    def ask(
        self,
        kind: Literal["access", "erase"],
        customer_id: str,
        *,
        actor: str,
        allow_return: bool = False,
        alone: bool = False,
    ) -> Request:
        """Write down what a customer asks, durable on return; an erasure is then to be :meth:`run`.

        From now on nothing of somebody who asks to be erased comes in, under none of the ids of
        the person: each of them gets an erasure of its own, and the one asked for is returned.
        With ``alone`` the id is meant and not the person. Raises BadConfig where the id is
        nobody's.
        """
        customer_id, others = tidy_id(customer_id), list[str]()
        if not customer_id:
            raise BadConfig("a customer's id must have a letter or a digit, got only blanks")
        if not alone:
            customer_id, *others = self.identities.ids(customer_id)
        if kind == "erase" and self.listed is not None:
            everyone = [self.book.names.digest(who) for who in (customer_id, *others)]
            add_suppressed(self.listed, self._pepper, everyone)
        number = f"{kind[0]}{secrets.token_hex(8)}"
        return self.book.open(
            number,
            kind,
            customer_id,
            actor=actor,
            allow_return=allow_return,
            others=others if kind == "erase" else (),
        )

    def resume(self, *, actor: str) -> list[Request]:
        """Finish all erasures that were begun."""
        return self.run(self.book.unfinished(), actor=actor)

    def run(self, requests: Sequence[Request], *, actor: str) -> list[Request]:
        """Erase whom requests name, and return them with their receipts.

        Killed at any moment it goes on when it is called again.

        Raises
        ------
        LogBusy
            If another process is writing to the log; what was begun stays begun.
        """
        running = [each for each in requests if each.state == "running" and each.customer_id]
        if running:
            self._erase(running)
        for each in requests:  # asked of nobody, which is refused by now
            if each.state == "running" and not each.customer_id:
                self.book.forget(each, self._receipt(each, ()))
        if requests:
            self.book.scrub()
        done = [self.book.finish(each, actor=actor) for each in requests]
        back = [bytes.fromhex(each.subject) for each in requests if each.allow_return]
        if back and self.listed is not None:
            lift_suppressed(self.listed, self._pepper, back)
        return done

    def export(self, customer_id: str) -> dict[str, Any]:
        """Return all that is held on a customer, under all ids, store by store, as JSON has it."""
        ids = self.identities.ids(tidy_id(customer_id))
        customer_id = ids[0]
        found: dict[str, Any] = {"customer_id": customer_id, "exported_at": datetime.now(UTC)}
        found["identities"] = ids
        database: dict[str, list[dict[str, Any]]] = {}
        for who in ids:
            for name, rows in self.book.held(who).items():
                known = database.setdefault(name, [])
                known += [row for each in rows if (row := _opened(each)) not in known]
        found["database"] = database
        if self.log is not None:
            held = held_in_log(self.log, ids)
            found["log"] = {
                name: rows.rows(named=True) for name in _LOG if len(rows := getattr(held, name))
            }
        if self.folder is not None:
            files: dict[str, list[dict[str, Any]]] = {}
            for who in ids:
                for name, rows in held_in_files(self.folder, who).items():
                    files.setdefault(name, []).extend(rows)
            found["files"] = files
            named = named_in_files(self.folder, ids)
            found["named_in"] = sorted({each for places in named.values() for each in places})
        plain: dict[str, Any] = orjson.loads(
            orjson.dumps(found, default=_plain, option=orjson.OPT_NON_STR_KEYS)
        )
        return plain

    def again(self, *, actor: str, more: Collection[bytes] = ()) -> list[Request]:
        """Erase whoever is held although they were erased, as after a backup was put back.

        ``more`` are hashes to go by beside those that the workspace knows.
        """
        known = self.book.digests() | set(more)
        if self.listed is not None:
            known |= Suppression.read(self.listed, self._pepper).digests
            if known:
                add_suppressed(self.listed, self._pepper, known)
        if not known:
            return []
        self.book.add_digests(known)
        list_of_all = Suppression(self._pepper, known)
        back = sorted(who for who in self._everybody() if tidy_id(who) and list_of_all.holds(who))
        # whom the list names, and nobody who was one with them when the copy was made
        asked = [self.ask("erase", who, actor=actor, alone=True) for who in back]
        return self.run(asked, actor=actor)

    def _everybody(self) -> set[str]:
        """Return the ids of everybody whom some store names, and what may be one in rejects."""
        people = self.book.ids_held()
        if self.log is not None:
            for bucket in range(self.log.buckets):
                people.update(self.log.read(partial(_ids_in, self.log, bucket)))
            people.update(self.log.attributes()["customer_id"].unique().to_list())
            people |= ids_in(self.log.evidence())
            for row in self.log.read(partial(_rejected, self.log)):
                people |= names_in(row)
        return people

    def _erase(self, running: Sequence[Request]) -> None:
        """Take people out of the files, the database, the log and once more the files.

        The files first: what somebody wrote, by which vectors of texts are known, stands in
        database and log alone. Then the database: what the log still holds of somebody tells
        which hashes go there. The files again: something may have been written from the log.
        """
        people = {each.customer_id: each for each in running if each.customer_id}
        held = None if self.log is None else held_in_log(self.log, people)
        came = self.store.events_of(list(self.store.numbers_of(list(people)).values()))
        events = came if held is None else pl.concat([held.events.select(came.columns), came])
        items, currencies = (
            self._of_nobody_else(events, people, name) for name in ("item_id", "currency")
        )
        texts = [*events["text"].drop_nulls().unique().to_list(), *self._said_of(items)]
        self._clear_files(running, people, texts)
        for who, request in people.items():
            own = events.filter(pl.col("customer_id") == who)
            marks = {mark for mark in (*event_marks(own), *order_marks(own)) if mark is not None}
            if held is not None:
                self.book.note(request, _counts_of(held, who))
            self.book.erase(
                request,
                marks=marks,
                items=items,
                currencies=currencies,
                config=self.store.identities.config,
            )
        if self.log is not None:
            erase_from_log(self.log, list(people), mark=running[0].id)
        self._clear_files(running, people, texts)
        named = {} if self.folder is None else named_in_files(self.folder, people)
        for request in running:
            places = sorted(named.get(request.customer_id or "", ()))
            told = self._receipt(request, places)
            self.book.forget(request, told, items=items, currencies=currencies)

    def _clear_files(
        self, running: Sequence[Request], people: Collection[str], texts: Sequence[str]
    ) -> None:
        for each in () if self.folder is None else clear_files(self.folder, people, texts):
            for request in running:
                self.book.note(request, {f"{each.path} ({each.what})": each.rows})

    def _of_nobody_else(
        self, events: pl.DataFrame, people: Mapping[str, Request], name: str
    ) -> set[str]:
        """Return what stands in a column of these people's events, and of no others in the log."""
        values = set(events[name].drop_nulls().unique().to_list())
        if self.log is None or not values:
            return values
        gone = pl.col("customer_id").is_in(pl.Series(list(people), dtype=pl.String).implode())
        ours = pl.col(name).is_in(pl.Series(sorted(values), dtype=pl.String).implode())
        theirs = ours & ~gone
        return values - set(self.log.read(partial(_values_in, self.log, name, theirs)))

    def _said_of(self, items: Collection[str]) -> list[str]:
        """Return what is said of items here, there and by both: what vectors may be made of."""
        told = [self.store.catalogue(sorted(items))]
        if self.log is not None:
            wanted = pl.Series(sorted(items), dtype=pl.String).implode()
            known = self.log.catalogue().filter(pl.col("item_id").is_in(wanted))
            told += [known, newest_words(known, told[0])]
        texts = pl.concat([catalogue_texts(each)["text"] for each in told])
        return texts.drop_nulls().unique().to_list()

    def _receipt(self, request: Request, named: Sequence[str]) -> dict[str, Any]:
        stores = [f"database/{name}" for name in _DATABASE]
        stores += [f"log/{name}" for name in _LOG] if self.log is not None else []
        stores += ["files of the workspace"] if self.folder is not None else []
        kept = [{"store": store, "why": why} for store, why in _KEPT]
        if self.book.engine.dialect.name == "postgresql":
            kept.append({"store": _SERVER[0], "why": _SERVER[1]})
        kept += [
            {"store": each, "why": "a file of the shop's own names this id: it is yours to mend"}
            for each in named
        ]
        return {
            "request": request.id,
            "subject": request.subject,
            "asked_at": datetime.fromtimestamp(request.created_us / 1e6, UTC).isoformat(),
            "may_return": request.allow_return,
            "searched": stores,
            "kept": kept,
        }


def _counts_of(held: Held, who: str) -> dict[str, int]:
    return {f"log/{name}": int((getattr(held, name)["customer_id"] == who).sum()) for name in _LOG}


def _opened(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with what it holds as JSON taken apart."""
    opened = dict(row)
    for name in ("profile", "counters", "properties", "receipt"):
        if isinstance(opened.get(name), str):
            opened[name] = orjson.loads(opened[name])
    return opened


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def _ids_in(log: EventLog, bucket: int) -> list[str]:
    own = log.scan(bucket=bucket, columns=["customer_id"]).unique().collect()
    return own["customer_id"].to_list()


def _rejected(log: EventLog) -> list[str]:
    return log.rejects().select("row").collect()["row"].to_list()


def _values_in(log: EventLog, name: str, chosen: pl.Expr) -> list[str]:
    found = log.scan(columns=["customer_id", name]).filter(chosen)
    return found.select(pl.col(name).unique()).collect()[name].to_list()
