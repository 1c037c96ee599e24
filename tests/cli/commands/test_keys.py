"""Keys: made and shown once, listed without their secrets, revoked."""

import json

import pytest
from typer.testing import CliRunner

from limner.cli.main import app
from limner.cli.serving import keyring_of, open_store
from limner.cli.workspace import Workspace


@pytest.fixture
def folder(tmp_path):
    return Workspace.create(tmp_path / "shop").folder


def limner(*words):
    return CliRunner().invoke(app, list(map(str, words)))


def test_a_key_is_made_used_listed_and_revoked(folder):
    made = limner(
        *("keys", "create", "--name", "site", "--scope", "ingest", "--scope", "profile:read"),
        *("--purpose", "service", "--json", "--workspace", folder),
    )
    told = json.loads(made.stdout)
    assert told["scopes"] == ["ingest", "profile:read"]
    shop = Workspace(folder)
    with open_store(shop, None) as store:
        who = keyring_of(shop, store).who(told["key"])
        assert (who.name, who.purposes) == ("site", {"service"})
    listed = limner("keys", "list", "--json", "--workspace", folder).stdout
    (row,) = json.loads(listed)
    assert row["name"] == "site"
    assert told["key"] not in listed
    assert limner("keys", "revoke", told["id"], "--workspace", folder).exit_code == 0
    with open_store(shop, None) as store:
        assert keyring_of(shop, store).who(told["key"]) is None
    again = limner("keys", "revoke", told["id"], "--workspace", folder)
    assert again.exit_code == 2


def test_a_scope_that_is_none_is_refused(folder):
    done = limner("keys", "create", "--name", "x", "--scope", "everything", "--workspace", folder)
    assert done.exit_code == 2
    assert "profile:read" in done.output


def test_a_key_is_rotated_and_the_old_one_holds_for_a_while(folder):
    made = json.loads(
        limner(
            *("keys", "create", "--name", "site", "--scope", "ingest", "--json"),
            *("--purpose", "risk", "--workspace", folder),
        ).stdout
    )
    done = limner("keys", "rotate", made["id"], "--json", "--workspace", folder)
    told = json.loads(done.stdout)
    assert told["replaces"] == made["id"]
    shop = Workspace(folder)
    with open_store(shop, None) as store:
        old, new = (keyring_of(shop, store).who(each["key"]) for each in (made, told))
        assert (new.name, new.scopes, new.purposes) == (old.name, old.scopes, old.purposes)
        assert old.key_id != new.key_id
    listed = limner("keys", "list", "--workspace", folder).output
    assert f"{made['id']}  site  ingest  holds until" in listed
    again = limner("keys", "rotate", made["id"], "--workspace", folder)
    assert again.exit_code == 2
    assert limner("keys", "revoke", made["id"], "--workspace", folder).exit_code == 0
    last = limner("keys", "rotate", told["id"], "--overlap", 0, "--workspace", folder)
    assert last.exit_code == 0
    with open_store(shop, None) as store:
        ring = keyring_of(shop, store)
        assert ring.who(made["key"]) is None
        assert ring.who(told["key"]) is None
        assert ring.who(last.stdout.split()[0]) is not None


def test_the_id_of_a_new_key_is_said(folder):
    made = limner("keys", "create", "--name", "x", "--scope", "ingest", "--workspace", folder)
    secret = next(line for line in made.output.splitlines() if line.startswith("lk_"))
    assert f"its id is {secret.split('_')[1]}" in made.output
