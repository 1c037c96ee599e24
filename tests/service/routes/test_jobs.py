"""Files are sent or named, read beside, and every row is accounted for."""

import json
import time

import polars as pl
import pytest

from serving import a_server


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("jobs")
    (folder / "exports").mkdir()
    settings = {"import_folder": "exports", "import_rows": 1_000, "import_bytes": 100_000}
    with a_server(folder, **settings) as found:
        found.folder = folder
        yield found


def csv(prefix, rows=5, bad=0):
    lines = ["customer_id,time,event,product_id,price,order_id,event_id"]
    for at in range(rows):
        when = "soon" if at < bad else f"2026-05-{at % 28 + 1:02d}T10:00:00Z"
        lines.append(f"{prefix}{at % 3},{when},purchase,tea,2.5,o{at},{prefix}{at}")
    return "\n".join(lines) + "\n"


def ended(served, sent):
    assert sent.status_code == 202, sent.text
    for _ in range(600):
        told = served.client.get(sent.headers["location"]).json()
        if told["state"] in {"done", "failed", "cancelled"}:
            return told
        time.sleep(0.02)
    raise AssertionError(told)


def send(served, body, kind="text/csv", headers=(), **params):
    content = body.encode() if isinstance(body, str) else body
    more = {"Content-Type": kind} | dict(headers)
    return served.client.post("/v1/imports", content=content, headers=more, params=params)


def test_a_file_is_read_and_every_row_is_accounted_for(served):
    before = served.store.totals()["rejects"]
    told = ended(served, send(served, csv("a", 9, bad=2), name="../orders may.csv"))
    assert (told["state"], told["source"], told["share"]) == ("done", "orders may.csv", 1.0)
    assert (told["rows"], told["accepted"], told["refused"]) == (9, 7, 2)
    assert served.client.get("/v1/profiles/a2").json()["live"]["orders"] == 3
    kept = served.store.rejects(after=before)
    assert {each.source for each in kept} == {"orders may.csv"}
    again = ended(served, send(served, csv("a", 9), name="orders.csv"))
    assert (again["accepted"], again["duplicates"]) == (2, 7)
    for _ in range(600):
        if not list((served.folder / "imports").iterdir()):
            break
        time.sleep(0.02)
    assert list((served.folder / "imports").iterdir()) == []


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_other_forms_are_read_too(served, tmp_path, form):
    rows = [
        {"user_id": f"{form}1", "time": f"2026-05-0{at}T00:00:00Z", "event": "purchase",
         "product_id": "tea", "price": 2.5, "event_id": f"{form}{at}"} for at in range(1, 5)
    ]  # fmt: skip
    if form == "jsonl":
        body, kind = "\n".join(json.dumps(each) for each in rows), "application/x-ndjson"
    else:
        pl.DataFrame(rows).write_parquet(tmp_path / "x.parquet")
        body = (tmp_path / "x.parquet").read_bytes()
        kind = "application/vnd.apache.parquet"
    told = ended(served, send(served, body, kind))
    assert (told["state"], told["accepted"], told["source"]) == ("done", 4, f"file.{form}")


def test_a_file_below_the_allowed_folder_may_be_named(served):
    (served.folder / "exports" / "b.csv").write_text(csv("b"))
    sent = served.client.post("/v1/imports", json={"path": "b.csv"})
    assert ended(served, sent)["accepted"] == 5
    assert (served.folder / "exports" / "b.csv").is_file()
    for path, status in [
        ("../profiles.db", 403),
        ("/etc/passwd", 403),
        ("..", 403),
        ("\0", 403),
        ("none.csv", 404),
    ]:
        refused = served.client.post("/v1/imports", json={"path": path})
        assert refused.status_code == status, path
    (served.folder / "exports" / "out").symlink_to("/etc")
    refused = served.client.post("/v1/imports", json={"path": "out/passwd"})
    assert refused.status_code == 403


def test_the_same_key_and_file_are_one_job(served):
    once = {"Idempotency-Key": "k1"}
    first = send(served, csv("c"), headers=once)
    again = send(served, csv("c"), headers=once)
    assert first.json()["id"] == again.json()["id"]
    other = send(served, csv("d"), headers=once)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    assert ended(served, first)["accepted"] == 5


def test_a_mapping_says_which_column_is_which(served):
    body = "wer,wann,was\nm1,2026-05-01T00:00:00Z,kauf\n"
    columns = {"customer_id": "wer", "time": "wann", "kind": "was"}
    mapping = {"reader": "csv", "columns": columns, "kinds": {"kauf": "purchase"}}
    told = ended(served, send(served, body, mapping=json.dumps(mapping)))
    assert (told["accepted"], told["trouble"]) == (1, "")
    assert served.client.get("/v1/profiles/m1").json()["live"]["lines"] == 1
    for odd in ("{", "[]", '{"reader": "csv", "colours": {}}'):
        told = ended(served, send(served, body, mapping=odd))
        assert (told["state"], told["rows"]) == ("failed", 0)
        assert "mapping" in told["trouble"]
    sql = {"reader": "sql", "columns": columns}
    told = ended(served, send(served, body, mapping=json.dumps(sql)))
    assert (told["state"], "must be read by one of" in told["trouble"]) == ("failed", True)


def test_what_cannot_be_read_fails_with_the_reason(served):
    told = ended(served, send(served, "a,b\n1,2\n", name="odd.csv"))
    assert told["state"] == "failed"
    assert "odd.csv" in told["trouble"]
    assert str(served.folder) not in told["trouble"]
    assert ended(served, send(served, ""))["state"] == "failed"
    broken = ended(served, send(served, b"PAR1 no", "application/vnd.apache.parquet"))
    assert broken["state"] == "failed"


def test_what_may_not_be_sent_is_refused_at_once(served):
    assert send(served, "x", "image/png").status_code == 415
    assert send(served, "x" * 100_001).status_code == 413
    assert served.client.post("/v1/imports", json={"no": 1}).status_code == 400
    assert served.client.get("/v1/jobs/i00").status_code == 404


def test_jobs_are_listed_the_newest_first_and_can_be_cancelled(served, monkeypatch):
    ended(served, send(served, csv("v")))
    monkeypatch.setattr(served.app.state.importer, "leads", lambda: False)
    send(served, csv("v"))
    waiting = send(served, csv("w")).json()
    assert waiting["state"] == "waiting"
    page = served.client.get("/v1/jobs", params={"limit": 1}).json()
    assert [each["id"] for each in page["jobs"]] == [waiting["id"]]
    more = served.client.get("/v1/jobs", params={"limit": 1, "cursor": page["cursor"]}).json()
    assert more["jobs"][0]["id"] != waiting["id"]
    cancelled = served.client.post(f"/v1/jobs/{waiting['id']}:cancel").json()
    assert cancelled["state"] == "cancelled"
    again = served.client.post(f"/v1/jobs/{waiting['id']}:cancel").json()
    assert again["state"] == "cancelled"
    assert served.client.get(f"/v1/jobs/{waiting['id']}").json()["rows"] == 0
