"""The audit log is verified, and a row that was changed is an error."""

import json
import sqlite3
from contextlib import closing


def test_key_changes_are_in_it_and_a_change_is_found(ask, empty):
    made = ask("keys", "create", "--name", "x", "--scope", "ingest", "--json", "-w", empty)
    ask("keys", "revoke", json.loads(made.stdout)["id"], "-w", empty)
    told = json.loads(ask("audit", "verify", "--json", "-w", empty).stdout)
    assert (told["rows"], told["good"]) == (2, True)
    assert ask("audit", "verify", "--noted", told["head"], "-w", empty).exit_code == 0
    with closing(sqlite3.connect(empty / "profiles.db")) as file:
        rows = file.execute("SELECT action FROM audit ORDER BY no").fetchall()
        assert rows == [("key.created",), ("key.revoked",)]
        file.execute("UPDATE audit SET actor = 'nobody' WHERE no = 2")
        file.commit()
    done = ask("audit", "verify", "-w", empty)
    assert done.exit_code == 2
    assert "row 2" in done.stderr
