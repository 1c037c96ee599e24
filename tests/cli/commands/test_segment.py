"""Segments on the command line: made, estimated, explained, exported, and kept small lists back."""

import json

import polars as pl
import pytest

from limner.cli.segments import desk_of, read_rule
from limner.cli.serving import eraser_of, open_store
from limner.cli.workspace import Workspace
from limner.errors import BadConfig

RULE = {"field": "live.orders", "op": "ge", "value": 3}


@pytest.fixture
def folder(ingested):
    """A workspace whose customers are counted and drawn, as `limner serve` would."""
    with desk_of(Workspace(ingested), None) as desk:
        desk.store.mark_all_stale()
        now = desk.parts.clock()
        while stale := desk.store.stale(limit=500):
            desk.parts.painter.renew(stale, now=now)
    return ingested


def by_hand(folder):
    """Return who ordered three times or more, counted from the log."""
    log = Workspace(folder).log
    bought = log.scan().filter(kind="purchase").collect()
    orders = bought.group_by("customer_id").agg(
        pl.col("order_id").fill_null(pl.col("time").cast(pl.String)).n_unique()
    )
    return sorted(orders.filter(pl.col("order_id") >= 3)["customer_id"].to_list())


def test_a_segment_from_its_rule_to_a_file(folder, ask, tmp_path):
    wanted = by_hand(folder)
    assert len(wanted) > 3
    file = tmp_path / "rule.json"
    file.write_text(json.dumps(RULE))
    where = ("--workspace", folder)
    made = ask("segment", "create", "often", "--rule", file, "--name", "Often", "--json", *where)
    assert json.loads(made.stdout)["rule"] == RULE
    assert ask("segment", "create", "often", "--rule", file, *where).exit_code == 2
    listed = json.loads(ask("segment", "list", "--json", *where).stdout)
    assert (len(listed), listed[-1]["name"]) == (18, "Often")
    asked = ("segment", "estimate", "often", "--purpose", "analytics", "--json", *where)
    told = json.loads(ask(*asked).stdout)
    assert told["exact"] == told["members"] == len(wanted)
    some = json.loads(ask(*asked, "--sample", 40, "--exact").stdout)
    assert (some["sampled"], some["exact"]) == (40, len(wanted))
    assert some["low"] <= some["members"] <= some["high"]
    out = tmp_path / "often.csv"
    export = ("segment", "export", "often", "--purpose", "analytics", *where, "--out")
    done = ask(*export, out, "--fewest", 3)
    assert done.exit_code == 0, done.output
    assert pl.read_csv(out, schema={"customer_id": pl.String})["customer_id"].to_list() == wanted
    refused = ask(*export, tmp_path / "few.csv", "--fewest", len(wanted) + 1)
    assert refused.exit_code == 2
    assert not (tmp_path / "few.csv").exists()
    assert ask(*export, tmp_path / "often.xls").exit_code == 2
    assert "customer_id" in ask(*export, "-", "--fewest", 1).stdout
    assert ask("segment", "drop", "often", *where).exit_code == 0
    assert ask("segment", "drop", "stage.new", *where).exit_code == 2
    shop = Workspace(folder)
    with open_store(shop, None) as store:
        eraser = eraser_of(shop, store)
        rows = eraser.book.audit.about(wanted[0])
        assert [row.action for row in rows] == ["segment.exported"] * 2
        eraser.book.close()


def test_why_somebody_is_in_or_not_and_whoever_said_no_is_not_told_of(folder, ask):
    where = ("--workspace", folder)
    (who, *_), rule = by_hand(folder), json.dumps({"all": [RULE, {"not": RULE}]})
    ask("segment", "create", "none", "--rule", rule, *where)
    told = json.loads(ask("segment", "explain", "none", who, "--json", *where).stdout)
    assert told["holds"] is False
    assert [part["holds"] for part in told["parts"]] == [True, False]
    shown = ask("segment", "explain", "none", who, *where).stdout
    assert f"{who} is not in none" in shown
    assert "+ live.orders ge 3: yes, it is" in shown
    shop = Workspace(folder)
    with open_store(shop, None) as store:
        eraser = eraser_of(shop, store)
        eraser.book.tell_consents(who, {"marketing": False}, actor="key")
        eraser.book.close()
    denied = ask("segment", "explain", "none", who, "--purpose", "marketing", *where)
    assert denied.exit_code == 2
    asked = ("segment", "estimate", "--rule", json.dumps(RULE), "--json", *where, "--purpose")
    ads, all_others = (json.loads(ask(*asked, each).stdout) for each in ("marketing", "service"))
    assert (ads["exact"], ads["withheld"]) == (all_others["exact"] - 1, 1)
    assert ask(*asked, "curiosity").exit_code == 2
    assert ask("segment", "estimate", "--purpose", "service", *where).exit_code == 2


def test_every_customer_is_in_one_group_and_one_stage(folder, ask):
    where = ("--workspace", folder, "--purpose", "service", "--json", "--exact")
    with desk_of(Workspace(folder), None) as desk:
        names = [each.id for each in desk.all()]
        everybody = desk.people("service").size()
    for head in ("rfm.", "stage."):
        counts = [
            json.loads(ask("segment", "estimate", each, *where).stdout)["exact"]
            for each in names
            if each.startswith(head)
        ]
        assert sum(counts) == everybody


@pytest.mark.parametrize("told", ["nowhere.json", "{", '{"all": []}'])
def test_a_rule_that_is_none_says_so(told):
    with pytest.raises(BadConfig):
        read_rule(told)
