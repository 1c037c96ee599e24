"""Looking up many rows at once: right whatever is named, and few ways to ask."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, delete, event, select, tuple_

from limner.profiles.database import tables as t
from limner.profiles.database.writing import insert_many, looked_up, one_of

KNOWN = [bytes([at]) * 16 for at in range(60)]
KEYS = st.integers(0, 120).map(lambda at: bytes([at]) * 16)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def connection(request):
    if request.param == "sqlite":
        engine = create_engine("sqlite://")
    else:
        server = request.getfixturevalue("server")
        engine = create_engine(f"{server}/postgres".replace("postgresql", "postgresql+psycopg"))
    with engine.connect() as found:
        t.seen.create(found)
        insert_many(found, t.seen, [(key,) for key in KNOWN])
        yield found
        found.rollback()
    engine.dispose()


@given(asked=st.lists(KEYS, max_size=70) | st.sets(KEYS, min_size=100).map(list))
def test_each_row_is_found_once_whoever_is_asked_for_how_often(connection, asked):
    found = [bytes(row[0]) for row in looked_up(connection, ("key",), t.seen, asked)]
    assert sorted(found) == sorted(set(asked) & set(KNOWN))


@given(asked=st.lists(KEYS, max_size=70))
def test_rows_are_chosen_by_one_column_or_several(connection, asked):
    key = t.seen.c.key
    for among in (one_of(key, asked), one_of(tuple_(key, key), [(each, each) for each in asked])):
        found = [bytes(row[0]) for row in connection.execute(select(key).where(among))]
        assert sorted(found) == sorted(set(asked) & set(KNOWN))


def test_more_than_one_question_takes_are_asked_for_in_parts(connection):
    asked = [at.to_bytes(16, "big") for at in range(1200)] + KNOWN
    found = [bytes(row[0]) for row in looked_up(connection, ("key",), t.seen, asked)]
    assert set(found) == set(KNOWN)


def test_there_are_ten_ways_to_name_up_to_five_hundred():
    engine, said = create_engine("sqlite://"), set()
    with engine.connect() as connection:
        t.seen.create(connection)
        event.listen(engine, "before_cursor_execute", lambda *told: said.add(told[2]))
        for count in range(1, 501):
            keys = [bytes([at % 256]) for at in range(count)]
            list(looked_up(connection, ("key",), t.seen, keys))
            connection.execute(delete(t.seen).where(one_of(t.seen.c.key, keys)))
    engine.dispose()
    assert len(said) == 20
