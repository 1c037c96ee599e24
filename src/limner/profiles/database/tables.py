"""The tables of the living store, alike in SQLite and PostgreSQL."""

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
)

__all__ = [
    "EVENT_COLUMNS",
    "arrivals",
    "attributes",
    "audit",
    "consents",
    "customers",
    "item_vectors",
    "items",
    "jobs",
    "journal",
    "keys",
    "leases",
    "links",
    "members",
    "meta",
    "metadata",
    "offsets",
    "people",
    "profiles",
    "pseudonyms",
    "rejects",
    "requests",
    "seen",
    "segments",
    "suppressed",
]

metadata = MetaData()

_NUMBER = BigInteger().with_variant(Integer(), "sqlite")
"""SQLite counts up a key by itself only where its type is INTEGER."""

profiles = Table(
    "profiles",
    metadata,
    Column("customer_id", Text, primary_key=True),
    Column("rfm_group", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("as_of", Text, nullable=False),
    Column("profile", Text, nullable=False),
)
"""The portraits, as :class:`~limner.profiles.stores.sqlite.SqliteStore` keeps them too."""

meta = Table("meta", metadata, Column("name", Text, primary_key=True), Column("value", Text))
"""What holds for the store as a whole."""

customers = Table(
    "customers",
    metadata,
    Column("no", _NUMBER, primary_key=True, autoincrement=True),
    Column("customer_id", Text, nullable=False, unique=True),
    Column("counters", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("drawn", BigInteger, nullable=False),
    Column("changed_us", BigInteger, nullable=False),
    Column("drawings", BigInteger, nullable=False, server_default="0"),
    sqlite_autoincrement=True,
)
"""Everybody who did something: counters, how far the portrait has come, and how often it was
written, since it may be drawn anew although no event came."""

Index(
    "stale_customers",
    customers.c.changed_us,
    sqlite_where=customers.c.drawn < customers.c.seq,
    postgresql_where=customers.c.drawn < customers.c.seq,
)

EVENT_COLUMNS = (
    *(("kind", Text), ("item_id", Text), ("order_id", Text), ("session_id", Text)),
    *(("quantity", Double), ("price", Double), ("discount", Double), ("currency", Text)),
    *(("text", Text), ("rating", Double), ("properties", Text), ("event_id", Text)),
)
"""The columns of an event beside the customer and the time."""

journal = Table(
    "journal",
    metadata,
    Column("customer_no", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("time_us", BigInteger, nullable=False),
    Column("received_us", BigInteger, nullable=False),
    *(Column(name, kind) for name, kind in EVENT_COLUMNS),
    PrimaryKeyConstraint("customer_no", "seq"),
    sqlite_with_rowid=False,
)
"""Events, a customer's side by side, numbered in the order in which they came."""

Index("journal_order", journal.c.seq)

seen = Table(
    "seen",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    sqlite_with_rowid=False,
)
"""Hashes of what was counted already: events, and orders."""

rejects = Table(
    "rejects",
    metadata,
    Column("no", _NUMBER, primary_key=True, autoincrement=True),
    Column("received_us", BigInteger, nullable=False),
    Column("source", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("row", Text, nullable=False),
    sqlite_autoincrement=True,
)
"""Rows that were refused, and why."""

offsets = Table(
    "offsets",
    metadata,
    Column("source", Text, primary_key=True),
    Column("position", Text, nullable=False),
)
"""How far each stream was read; written in the transaction that stores what was read."""

items = Table(
    "items",
    metadata,
    Column("item_id", Text, primary_key=True),
    Column("title", Text),
    Column("description", Text),
    Column("category", Text),
    Column("brand", Text),
    Column("price", Double),
    Column("image", Text),
    Column("unread", BigInteger),
)
"""The newest word on each item; ``unread`` is another number each time that a word is new, and null
once models have read it."""

Index(
    "ix_items_unread",
    items.c.unread,
    sqlite_where=items.c.unread.is_not(None),
    postgresql_where=items.c.unread.is_not(None),
)

item_vectors = Table(
    "item_vectors",
    metadata,
    Column("item_id", Text, nullable=False),
    Column("look", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("vector", LargeBinary, nullable=False),
    PrimaryKeyConstraint("item_id", "look"),
    sqlite_with_rowid=False,
)
"""What models made of the words and pictures of items that came since the log: numbers of four
bytes, the least first."""

attributes = Table(
    "attributes",
    metadata,
    Column("customer_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("known_us", BigInteger, nullable=False),
    Column("value", Text, nullable=False),
    PrimaryKeyConstraint("customer_id", "name", "known_us", "value"),
    sqlite_with_rowid=False,
)
"""What customers told, and when."""

keys = Table(
    "keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("purposes", Text, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("revoked_us", BigInteger),
)
"""Who may ask, and for what; of a secret only its keyed hash."""

consents = Table(
    "consents",
    metadata,
    Column("customer_id", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("granted", Integer, nullable=False),
    Column("told_us", BigInteger, nullable=False),
    PrimaryKeyConstraint("customer_id", "purpose"),
    sqlite_with_rowid=False,
)
"""For what customers allow or forbid that their profiles are told, as they last said."""

requests = Table(
    "privacy_requests",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("customer_id", Text),
    Column("allow_return", Integer, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("changed_us", BigInteger, nullable=False),
    Column("receipt", Text),
)
"""What people asked to see or to have erased; the id is gone as soon as the person is."""

suppressed = Table(
    "suppressed",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("since_us", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""Keyed hashes of the ids of those who were erased."""

audit = Table(
    "audit",
    metadata,
    Column("no", BigInteger, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("link", LargeBinary, nullable=False),
    PrimaryKeyConstraint("no"),
    sqlite_with_rowid=False,
)
"""Who did what to whose data, each row tied to the one before by a keyed hash."""

Index("audit_subject", audit.c.subject)

arrivals = Table(
    "arrivals",
    metadata,
    Column("customer_id", Text, nullable=False),
    Column("key", LargeBinary, nullable=False),
    Column("time_us", BigInteger, nullable=False),
    Column("received_us", BigInteger, nullable=False),
    PrimaryKeyConstraint("customer_id", "key"),
    sqlite_with_rowid=False,
)
"""When events came that have moved into the log, by their marks."""

jobs = Table(
    "jobs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("own_file", Integer, nullable=False),
    Column("settings", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("asked", Text, unique=True),
    Column("digest", Text, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("changed_us", BigInteger, nullable=False),
    Column("progress", Text, nullable=False),
    Column("trouble", Text, nullable=False),
)
"""What is done beside the requests that asked for it, such as reading a file."""

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("until_us", BigInteger, nullable=False),
)
"""Which process does what only one may do, and until when it is believed to live."""

pseudonyms = Table(
    "pseudonyms",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("customer_no", BigInteger, nullable=False, index=True),
    sqlite_with_rowid=False,
)
"""Keyed hashes by which customers are named outside, and whose they are."""

segments = Table(
    "segments",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("changed_us", BigInteger, nullable=False),
)
"""Rules that have a name, each as JSON; who fulfils one is looked up, and not kept."""

links = Table(
    "links",
    metadata,
    Column("a", Text, nullable=False),
    Column("b", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("call", Text, nullable=False),
    PrimaryKeyConstraint("a", "b", "rule"),
    sqlite_with_rowid=False,
)
"""Evidence that two names belong together, each pair and rule once; see ``events.evidence``."""

Index("links_b", links.c.b)

members = Table(
    "members",
    metadata,
    Column("name", Text, primary_key=True),
    Column("person", Text, nullable=False),
    sqlite_with_rowid=False,
)
"""By which id the person is known who has a name, as the links say; ids stand as ``id:…``.

An id that is and was alone is not here.
"""

Index("members_person", members.c.person)

people = Table(
    "people",
    metadata,
    Column("person", Text, primary_key=True),
    Column("counters", Text, nullable=False),
    Column("overlap", Text, nullable=False),
    sqlite_with_rowid=False,
)
"""Of persons with several ids: what was counted of all together when the portrait was drawn, and
what the counters of the ids count more than that, since it was told under several."""
