"""Tenants on the command line: a store is one tenant's, and every tenant has a folder of its own."""

import pytest
from sqlalchemy import inspect

from limner.cli.serving import keyring_of, open_store
from limner.cli.tenancy import claim, tenants_of
from limner.cli.workspace import Workspace
from limner.errors import BadConfig, NoWorkspace
from limner.profiles.database.opening import of_tenant
from limner.profiles.database.store import DatabaseStore
from postgres import HOW_TO_GET_IT, a_server, programs


def a_shop(folder, serve=""):
    shop = Workspace.create(folder)
    told = (folder / "limner.toml").read_text()
    (folder / "limner.toml").write_text(f"{told}\n[serve]\n{serve}\n")
    return Workspace(shop.folder)


def test_a_store_is_of_one_tenant(tmp_path):
    acme = a_shop(tmp_path / "acme", 'tenant = "acme"')
    with open_store(acme, None) as store:
        assert keyring_of(acme, store).make("k", ["ingest"]).key.tenant == "acme"
    own = a_shop(tmp_path / "own")
    with pytest.raises(BadConfig, match="of the tenant 'default', but it is of 'acme'"):
        open_store(own, str(tmp_path / "acme" / "profiles.db"))
    with open_store(own, None) as store:
        keyring_of(own, store).make("k", ["ingest"])
    with pytest.raises(BadConfig, match="but it is of 'default'"):
        open_store(acme, str(tmp_path / "own" / "profiles.db"))


def test_who_is_served_beside(tmp_path):
    acme = a_shop(tmp_path / "acme", 'tenant = "acme"')
    own = a_shop(tmp_path / "own", 'tenants = { acme = "../acme" }')
    assert {name: each.folder for name, each in tenants_of(own).items()} == {"acme": acme.folder}


@pytest.mark.parametrize(
    ("tenants", "error", "said"),
    [
        ('{ acme = "." }', BadConfig, "a folder of their own"),
        ('{ acme = "inside" }', BadConfig, "a folder of their own"),
        ('{ default = "../acme" }', BadConfig, "a folder of their own"),
        ('{ acme = "../acme", zeta = "../acme" }', BadConfig, "a folder of their own"),
        ('{ zeta = "../acme" }', BadConfig, "must say tenant = 'zeta'"),
        ('{ acme = "../nowhere" }', NoWorkspace, "limner.toml"),
        ('{ "A B" = "../acme" }', BadConfig, "small letters"),
    ],
)
def test_what_would_mix_tenants_is_refused(tmp_path, tenants, error, said):
    a_shop(tmp_path / "acme", 'tenant = "acme"')
    own = a_shop(tmp_path / "own", f"tenants = {tenants}")
    with pytest.raises(error, match=said):
        tenants_of(own)


@pytest.mark.skipif(programs() is None, reason=HOW_TO_GET_IT)
def test_in_one_database_each_has_a_schema_of_its_own():
    with a_server() as server:
        address = f"{server}/postgres"
        with DatabaseStore(address) as own, DatabaseStore(of_tenant(address, "acme")) as other:
            claim(own, "default")
            claim(other, "acme")
            own.remember("word", "ours")
            assert other.recall("word") is None
            with pytest.raises(BadConfig, match="but it is of 'acme'"):
                claim(other, "default")
            assert inspect(own.engine).has_table("journal", schema="limner_acme")
