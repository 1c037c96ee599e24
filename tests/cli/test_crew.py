"""Several real processes over one store: one truth, one leader, and none that stays dead."""

import os
import re
import signal
import time
import uuid
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

import postgres
from limner.cli.workspace import Workspace
from limner.profiles.database.leases import Leases
from limner.profiles.database.opening import open_engine
from serving import begun, bought, children_of


@pytest.fixture(scope="module")
def server():
    if postgres.programs() is None:
        pytest.skip(postgres.HOW_TO_GET_IT)
    with postgres.a_server() as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request, tmp_path):
    if request.param == "sqlite":
        return str(tmp_path / "shop" / "profiles.db")
    server, name = request.getfixturevalue("server"), f"shop_{uuid.uuid4().hex}"
    plain = f"{server}/postgres".replace("postgresql", "postgresql+psycopg")
    engine = create_engine(plain, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return f"{server}/{name}"


def until(good, seconds=60.0):
    end = time.monotonic() + seconds
    while not (found := good()):
        assert time.monotonic() < end, "it did not come to be"
        time.sleep(0.05)
    return found


def two_workers(shop, address):
    return begun(shop, "--workers", "2", "--store", address)


def test_two_workers_are_one_service(tmp_path, address):
    shop = Workspace.create(tmp_path / "shop").folder
    with two_workers(shop, address) as (running, client):
        crew = until(lambda: len(found := children_of(running.pid)) == 2 and found)
        sent = 0

        def send(count):
            nonlocal sent
            for _ in range(count):
                with client() as own:  # a connection each, so both workers are asked
                    name = f"m{sent}"
                    answer = own.post(
                        "/v1/batch", json={"batch": [bought("ann", name, order=name)]}
                    )
                    assert answer.json()["accepted"] == 1
                    sent += 1
                    token = answer.json()["consistency_token"]
                with client() as own:
                    told = own.get("/v1/profiles/ann", params={"consistency_token": token})
                    assert told.json()["live"]["orders"] == sent

        send(12)
        engine = open_engine(address)
        leases = Leases(engine)
        leader = until(lambda: leases.holder("leader"))
        assert int(leader.split(":")[1]) in crew

        def drawn():
            with client() as own:
                return not own.get("/v1/profiles/ann").json()["freshness"]["stale"]

        until(drawn)

        def counted():
            with client() as own:
                told = own.get("/metrics").text
            (number,) = re.findall(r"^limner_events_accepted_total (\S+)$", told, re.MULTILINE)
            return float(number)

        until(lambda: counted() == sent)
        os.kill(int(leader.split(":")[1]), signal.SIGKILL)
        again = until(
            lambda: len(found := children_of(running.pid)) == 2 and found != crew and found
        )
        send(4)
        assert until(lambda: (who := leases.holder("leader")) != leader and who)
        until(drawn)
        assert counted() <= sent
        running.terminate()
        assert running.wait(60) == 0
        assert not any(Path(f"/proc/{each}").exists() for each in again)
    with engine.connect() as connection:
        told = connection.execute(text("SELECT count(*) FROM journal")).scalar()
        assert told == sent
        assert connection.execute(text("SELECT count(*) FROM leases")).scalar() == 0
    engine.dispose()


def test_workers_end_when_the_one_that_began_them_is_killed(tmp_path):
    shop = Workspace.create(tmp_path / "shop").folder
    with two_workers(shop, str(shop / "profiles.db")) as (running, client):
        crew = until(lambda: len(found := children_of(running.pid)) == 2 and found)
        with client() as own:
            assert own.get("/livez").status_code == 200
        running.kill()
        until(lambda: not any(Path(f"/proc/{each}").exists() for each in crew))
