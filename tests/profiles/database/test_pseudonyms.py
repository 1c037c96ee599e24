"""Whose a pseudonym is: found for whoever there is, not for whoever was erased."""

from sqlalchemy import event, func, select, text

from arrivals import NOW_US, arrival, buy
from limner.profiles.database import tables as t
from limner.profiles.database.erasing import erase_rows
from limner.profiles.database.pseudonyms import PseudonymIndex
from limner.profiles.pseudonyms import Pseudonyms

PEPPER = b"sixteen bytes or more"


def some(store, *names):
    store.accept(arrival(*(buy(each) for each in names)), received_us=NOW_US)


def rows(store):
    with store.engine.connect() as raw:
        connection = raw.execution_options(isolation_level="AUTOCOMMIT")
        return connection.execute(select(func.count()).select_from(t.pseudonyms)).scalar_one()


def test_everybody_is_found_and_nobody_else(store):
    index = PseudonymIndex(store.engine, PEPPER)
    asked = [index.names.of(each) for each in ("ann", "bob", "eve")]
    assert index.resolve(asked) == {}
    some(store, "ann", "bob")
    assert index.resolve(asked) == {asked[0]: "ann", asked[1]: "bob"}
    some(store, "eve")
    assert index.resolve(asked)[asked[2]] == "eve"
    assert index.resolve(["p9_" + "0" * 32, "nonsense"]) == {}
    assert rows(store) == 3


def test_the_rotation_before_is_understood_and_no_older(store):
    some(store, "ann")
    old = [Pseudonyms(PEPPER, rotation=each).of("ann") for each in (1, 2, 3)]
    index = PseudonymIndex(store.engine, PEPPER, rotation=3)
    assert index.resolve(old) == {old[1]: "ann", old[2]: "ann"}


def test_who_was_erased_is_named_by_nothing(store):
    some(store, "ann", "bob")
    index = PseudonymIndex(store.engine, PEPPER)
    asked = [index.names.of(each) for each in ("ann", "bob")]
    index.resolve(asked)
    with store.engine.begin() as connection:
        assert erase_rows(connection, "ann", marks=())["pseudonyms"] == 1
    assert index.resolve(asked) == {asked[1]: "bob"}


def test_a_store_that_cannot_be_written_still_knows_everybody(store):
    some(store, "ann")
    index = PseudonymIndex(store.engine, PEPPER)
    if store.engine.dialect.name == "sqlite":
        event.listen(store.engine, "connect", lambda raw, _: raw.execute("PRAGMA query_only = ON"))
    else:
        with store.engine.begin() as connection:
            name = store.engine.url.database
            connection.execute(
                text(f'ALTER DATABASE "{name}" SET default_transaction_read_only=on')
            )
    store.engine.dispose()
    asked = index.names.of("ann")
    assert index.resolve([asked]) == {asked: "ann"}
    assert rows(store) == 0
