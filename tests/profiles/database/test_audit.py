"""The chain: whatever is changed, lost, added or moved in the audit log is found."""

import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from limner.profiles.database.audit import AuditLog, Entry
from limner.profiles.database.store import DatabaseStore

PEPPER = b"sixteen bytes or more"
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)


def entry(at=1, actor="key", action="profile.read", who="ann", detail="service"):
    return Entry(at, actor, action, who, detail)


@pytest.fixture
def audit(store):
    return AuditLog(store.engine, PEPPER)


def change(audit, statement, **values):
    with audit.engine.begin() as connection:
        connection.execute(text(statement), values)


def test_rows_follow_each_other_and_no_id_stands_in_them(audit):
    assert audit.verify().good
    audit.append([entry(), entry(who=None, action="key.created")])
    audit.append([])
    audit.append([entry(at=3, detail="好")])
    verdict = audit.verify()
    assert (verdict.rows, verdict.good, verdict.trouble) == (3, True, "")
    mine = audit.about("ann")
    assert [each.at_us for each in mine] == [1, 3]
    assert {each.subject for each in mine} == {audit.pseudonym("ann")}
    assert "ann" not in mine[0].subject
    assert audit.verify(verdict.head).good


def test_another_key_fits_no_row(audit):
    audit.append([entry()])
    assert (
        "row 1 is not what was written" in AuditLog(audit.engine, b"another key").verify().trouble
    )


def test_many_who_write_at_once_make_one_chain(audit):
    def write():
        for at in range(10):
            audit.append([entry(at), entry(at, who="ben")])

    writers = [threading.Thread(target=write) for _ in range(4)]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    assert audit.verify().rows == 80
    assert audit.verify().good


def test_more_rows_than_are_read_at_once(audit, monkeypatch):
    monkeypatch.setattr("limner.profiles.database.audit._AT_ONCE", 3)
    audit.append([entry(at) for at in range(9)])
    assert audit.verify().rows == 9
    change(audit, "DELETE FROM audit WHERE no = 7")
    assert audit.verify().trouble == "row 7 is missing"


TAMPERING = {
    "changed": "UPDATE audit SET detail = 'x' WHERE no = :no",
    "moved in time": "UPDATE audit SET at_us = at_us + 1 WHERE no = :no",
    "of another": "UPDATE audit SET subject = '' WHERE no = :no",
    "lost": "DELETE FROM audit WHERE no = :no",
    "lost with all after it": "DELETE FROM audit WHERE no >= :no",
    "all after it renumbered": "UPDATE audit SET no = no + 100 WHERE no >= :no",
}


@pytest.mark.parametrize("statement", TAMPERING.values(), ids=TAMPERING)
def test_what_is_done_to_a_row_is_found(audit, statement):
    audit.append([entry(at) for at in range(5)])
    change(audit, statement, no=4)
    verdict = audit.verify()
    assert not verdict.good
    assert verdict.rows == 3


def test_rows_missing_at_the_end_stay_missed_when_more_are_added(audit):
    audit.append([entry(at) for at in range(5)])
    change(audit, "DELETE FROM audit WHERE no = 5")
    assert "missing at the end" in audit.verify().trouble
    audit.append([entry(9)])
    assert audit.verify().trouble == "row 5 is missing"


def test_the_mark_of_the_newest_row_is_held_too(audit):
    audit.append([entry(), entry(2)])
    change(audit, "UPDATE meta SET value = 'nonsense' WHERE name = 'audit_head'")
    assert "mark of the newest row" in audit.verify().trouble


def test_a_log_that_was_replaced_as_a_whole_lacks_a_head_that_was_noted(audit):
    audit.append([entry(), entry(2)])
    noted = audit.verify().head
    change(audit, "DELETE FROM audit")
    change(audit, "DELETE FROM meta WHERE name = 'audit_head'")
    audit.append([entry(7), entry(8), entry(9)])
    assert audit.verify().good
    assert noted in audit.verify(noted).trouble


entries = st.lists(st.builds(entry, st.integers(0, 99), texts, texts, texts | st.none(), texts),
                   min_size=2, max_size=8)  # fmt: skip


@given(entries, st.data())
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_flip_loss_or_swap_is_found(tmp_path_factory, written, data):
    with DatabaseStore(tmp_path_factory.mktemp("audit") / "profiles.db") as store:
        audit = AuditLog(store.engine, PEPPER)
        audit.append(written)
        assert audit.verify().good
        with store.engine.begin() as connection:
            rows = [
                list(row) for row in connection.execute(text("SELECT * FROM audit ORDER BY no"))
            ]
        before = [list(row) for row in rows]
        at = data.draw(st.integers(0, len(rows) - 1))
        what = data.draw(st.sampled_from(["flip", "lose", "swap"]))
        if what == "lose":
            del rows[at]
        elif what == "swap":
            other = data.draw(st.integers(0, len(rows) - 1))
            rows[at][1:], rows[other][1:] = rows[other][1:], rows[at][1:]
        else:
            column = data.draw(st.integers(1, 6))
            value = rows[at][column]
            if column == 1:
                rows[at][1] = value ^ (1 << data.draw(st.integers(0, 40)))
            elif column == 6:
                place = data.draw(st.integers(0, 31))
                bent = value[place] ^ (1 << data.draw(st.integers(0, 7)))
                rows[at][6] = value[:place] + bytes([bent]) + value[place + 1 :]
            else:
                rows[at][column] = data.draw(texts.filter(lambda each: each != value))
        with store.engine.begin() as connection:
            connection.execute(text("DELETE FROM audit"))
            names = ("no", "at_us", "actor", "action", "subject", "detail", "link")
            places = ", ".join(f":{name}" for name in names)
            for row in rows:
                values = dict(zip(names, row, strict=True))
                connection.execute(text(f"INSERT INTO audit VALUES ({places})"), values)
        assert audit.verify().good == (rows == before)
