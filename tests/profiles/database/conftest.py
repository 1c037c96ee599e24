"""Both databases, each test in one of its own."""

import uuid

import pytest
from sqlalchemy import create_engine, text

import postgres
from limner.profiles.database.store import DatabaseStore


@pytest.fixture(scope="session")
def server():
    if postgres.programs() is None:
        pytest.skip(postgres.HOW_TO_GET_IT)
    with postgres.a_server() as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request, tmp_path):
    if request.param == "sqlite":
        return str(tmp_path / "profiles.db")
    server = request.getfixturevalue("server")
    name = f"shop_{uuid.uuid4().hex}"
    engine = create_engine(
        f"{server}/postgres".replace("postgresql", "postgresql+psycopg"),
        isolation_level="AUTOCOMMIT",
    )
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return f"{server}/{name}"


@pytest.fixture
def store(address):
    with DatabaseStore(address) as found:
        yield found
