"""Vision models, as a user tunes and asks them from the command line."""

import json

import numpy as np
import polars as pl
import pytest

from languages import tiny
from limner.cli.commands.vision import vision
from limner.cli.vision import tune_vision
from limner.cli.vision_asking import predict_pictures
from limner.encoders.vision.picture_reader import PictureReader
from limner.errors import BadConfig, BadSource
from painted import painted, tiny_vision


@pytest.fixture
def house(tmp_path):
    """Make a base, and two tables: one of bytes, one of paths."""
    tiny_vision(tmp_path / "base")
    pictures, kinds = painted(240)
    pl.DataFrame({"photo": pictures, "kind": kinds}).write_parquet(tmp_path / "train.parquet")
    pictures, kinds = painted(30, seed=1)
    (tmp_path / "shots").mkdir()
    names = [f"shots/{at}.png" for at in range(30)]
    for name, picture in zip(names, pictures, strict=True):
        (tmp_path / name).write_bytes(picture)
    pl.DataFrame({"photo": names, "kind": kinds}).write_csv(tmp_path / "test.csv")
    (tmp_path / "limner.toml").write_text("[vision]\nepochs = 2\nbatch = 16\n")
    return tmp_path


def test_tune_then_ask(ask, house):
    names = {each.name for each in vision.registered_commands}
    assert names == {"finetune", "pretrain", "compress", "predict"}
    result = ask(
        *("vision", "finetune", "--train", house / "train.parquet", "--test", house / "test.csv"),
        *("--image", "photo", "--label", "kind", "--base", house / "base", "--method", "lora"),
        *("--out", house / "out", "--json", house / "figures.json", "--workspace", house),
    )
    assert result.exit_code == 0, result.stderr
    figures = json.loads((house / "figures.json").read_text())
    assert {"accuracy", "macro_f1", "parameters_trained", "seconds"} <= set(figures)
    assert figures["accuracy"] > 0.8
    assert {"report.html", "card.md", "confusion.svg", "metrics.json"} <= {
        each.name for each in (house / "out").iterdir()
    }
    result = ask("vision", "predict", house / "out", house / "shots/0.png", house / "shots/1.png")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["label"] for row in rows] == ["red", "green"]
    assert len(predict_pictures(house / "out", [house / "shots/2.png"]).answers) == 1
    told = ("--test", house / "test.csv", "--image", "photo", "--label", "kind", "--json")
    result = ask(
        *("vision", "compress", house / "out", "--out", house / "light", "--method", "whole"),
        *told,
    )
    assert result.exit_code == 0, result.stderr
    whole, light = json.loads(result.stdout)["rows"]
    assert light["agreement"] == 1
    assert whole["accuracy"] == light["accuracy"]
    assert predict_pictures(house / "light", [house / "shots/2.png"]).answers[
        "label"
    ].to_list() == ["striped"]
    result = ask("vision", "compress", house / "out", "--method", "whole", "--json")
    assert result.exit_code == 0, result.stderr
    again = json.loads(result.stdout)
    assert again["folder"] == str(house / "out-whole")
    assert again["rows"][1]["accuracy"] == light["accuracy"]
    for wrong in ("out", "light"):
        result = ask("vision", "compress", house / wrong, "--out", house / "out", *told)
        assert result.exit_code == 2


def test_a_broken_picture_costs_no_model(ask, house):
    told = ("vision", "finetune", "--train", house / "train.parquet", "--label", "kind")
    told += ("--image", "photo", "--base", house / "base", "--out", house / "out")
    told += ("--method", "frozen", "--test")
    asked = house / "broken.parquet"
    table = pl.read_parquet(house / "train.parquet")
    assert ask(*told, house / "train.parquet").exit_code == 0
    before = (house / "out" / "metrics.json").read_text()
    broken = pl.int_range(pl.len()) == 3
    table.with_columns(photo=pl.when(broken).then(pl.lit(b"no")).otherwise("photo")).write_parquet(
        asked
    )
    for more in ((*told, asked), ("vision", "compress", house / "out", "--test", asked)):
        result = ask(*more)
        assert result.exit_code == 2
        assert "picture 4" in result.stderr
        assert (house / "out" / "metrics.json").read_text() == before


def test_what_cannot_be_done_is_said_in_one_line(ask, house):
    told = ("vision", "finetune", "--train", house / "train.parquet", "--test", house / "test.csv")
    told += ("--label", "kind", "--base", house / "base", "--out", house / "out")
    result = ask(*told, "--image", "foto")
    assert result.exit_code == 2
    assert "did you mean 'photo'?" in result.stderr
    assert ask(*told, "--image", "photo", "--kind", "pair").exit_code == 2
    (house / "shots/3.png").write_bytes(b"broken")
    result = ask(*told, "--image", "photo", "--method", "frozen")
    assert result.exit_code == 2
    assert "shots/3.png cannot be opened" in result.stderr
    file = house / "numbers.parquet"
    pl.DataFrame({"n": [1, 2]}).write_parquet(file)
    asked = {"image": "n", "label": "n", "kind": "classify", "out": house / "out"}
    with pytest.raises(BadSource, match="must be bytes or paths"):
        tune_vision(file, file, **asked, progress=lambda *_: None)


def test_one_bad_picture_does_not_silence_the_others(ask, house):
    told = ("vision", "finetune", "--train", house / "train.parquet", "--test", house / "test.csv")
    told += ("--image", "photo", "--label", "kind", "--base", house / "base", "--workspace", house)
    assert ask(*told, "--out", house / "out", "--method", "frozen").exit_code == 0
    bad, gone = house / "bad.png", house / "gone.png"
    bad.write_bytes(b"broken")
    result = ask("vision", "predict", house / "out", bad, house / "shots/0.png", gone)
    assert result.exit_code == 0
    (row,) = [json.loads(line) for line in result.stdout.splitlines()]
    assert row["picture"].endswith("0.png")
    assert "bad.png cannot be opened" in result.stderr
    assert "gone.png cannot be opened" in result.stderr
    assert "2 of 3 pictures were refused" in result.stderr
    result = ask("vision", "predict", house / "out", bad, gone)
    assert result.exit_code == 2
    assert "none of 2 pictures can be opened" in result.stderr
    assert result.stdout == ""


def test_rows_left_out_and_pictures_that_taught_are_counted(ask, house):
    table = pl.read_parquet(house / "train.parquet")
    lacking = pl.DataFrame({"photo": [None, b"x"], "kind": ["red", None]}, schema=table.schema)
    pl.concat([table, lacking]).write_parquet(house / "train.parquet")
    pictures, kinds = painted(30, seed=1)
    met = pl.DataFrame({"photo": [*pictures, *table["photo"][:4]], "kind": [*kinds, *kinds[:4]]})
    met.vstack(lacking[:1]).write_parquet(house / "test.parquet")
    result = ask(
        *("vision", "finetune", "--train", house / "train.parquet"),
        *("--test", house / "test.parquet", "--image", "photo", "--label", "kind"),
        *("--base", house / "base", "--method", "frozen", "--out", house / "out", "--json", "-"),
    )
    assert result.exit_code == 0, result.stderr
    figures = json.loads(result.stdout)
    assert figures["rows_left_out"] == 2
    assert figures["test_rows_left_out"] == 1
    assert figures["test_pictures_that_taught"] == 4
    assert "2 rows without a picture or a label were left out" in result.stderr
    assert "4 of 34 test pictures taught too" in result.stderr


def test_pictures_and_what_is_written_of_them(ask, house):
    tiny(house / "reads")
    for name, seed, count in (("train", 0, 300), ("test", 1, 60)):
        pictures, colours = painted(count, seed=seed)
        rng = np.random.default_rng(seed)
        cuts = [("shirt", "shoe")[each] for each in rng.integers(0, 2, count)]
        rows = {
            "photo": pictures,
            "kind": [f"{one} {cut}" for one, cut in zip(colours, cuts, strict=True)],
            "title": [f"{cut} no {rng.integers(10**6)}" for cut in cuts],
        }
        pl.DataFrame(rows).write_parquet(house / f"{name}.parquet")
    (house / "limner.toml").write_text(f'[vision.text]\nbase = "{house / "reads"}"\n')
    result = ask(
        *("vision", "finetune", "--train", house / "train.parquet"),
        *("--test", house / "test.parquet", "--image", "photo", "--label", "kind"),
        *("--text", "title", "--base", house / "base", "--method", "frozen"),
        *("--out", house / "out", "--json", house / "f.json", "--workspace", house),
    )
    assert result.exit_code == 0, result.stderr
    figures = json.loads((house / "f.json").read_text())
    alone = figures["readers"]
    assert figures["accuracy"] > 0.9
    assert max(alone["pictures"]["accuracy"], alone["texts"]["accuracy"]) < 0.8
    assert "texts alone: accuracy" in result.stdout
    assert "| | | pictures alone | texts alone |" in (house / "out/card.md").read_text()
    asked = pl.read_parquet(house / "test.parquet")
    asked[:2].vstack(asked[2:3].with_columns(photo=pl.lit(None, pl.Binary))).write_parquet(
        house / "new.parquet"
    )
    told = ("vision", "predict", house / "out", "--table", house / "new.parquet")
    result = ask(*told, "--image", "photo", "--text", "title")
    assert result.exit_code == 0, result.stderr
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["picture"] for row in rows] == ["1", "2"]
    assert [row["label"] for row in rows] == asked["kind"][:2].to_list()
    assert "1 of 3 pictures were refused" in result.stderr
    assert ask("vision", "predict", house / "out", house / "shots/0.png").exit_code == 0
    light = ("--test", house / "test.parquet", "--image", "photo", "--label", "kind")
    result = ask("vision", "compress", house / "out", "--out", house / "light", *light)
    assert result.exit_code == 2
    assert "reads texts too" in result.stderr


def test_how_pictures_are_named_is_said_once(ask, house):
    told = ("vision", "predict", house / "out")
    for wrong in (
        (),
        ("--table", house / "test.csv"),
        (house / "shots/0.png", "--table", house / "test.csv", "--image", "photo"),
        (house / "shots/0.png", "--text", "title"),
    ):
        assert ask(*told, *wrong).exit_code == 2
    with pytest.raises(BadConfig, match="reads no texts"):
        predict_pictures(house, [house / "shots/0.png"], texts=["a"])


def test_a_model_that_learned_titles_is_a_base_and_looks_at_items(ask, house):
    tiny(house / "reads")
    pictures, kinds = painted(90)
    titles = [f"{kind} cloth {at % 5}" for at, kind in enumerate(kinds)]
    table = pl.DataFrame({"photo": pictures, "title": titles, "kind": kinds})
    table.vstack(table[:1].with_columns(title=pl.lit(None, pl.String))).write_parquet(
        house / "items.parquet"
    )
    result = ask(
        *("vision", "pretrain", "--train", house / "items.parquet", "--image", "photo"),
        *("--text", "title", "--base", house / "base", "--reader", house / "reads"),
        *("--epochs", "1", "--test", house / "items.parquet", "--out", house / "sees", "--json"),
    )
    assert result.exit_code == 0, result.stderr
    figures = json.loads(result.stdout)
    assert (figures["pictures"], figures["titles"], figures["left_out"]) == (90, 15, 1)
    assert set(figures["test"]) == {"before", "after"}
    assert "15 titles asked: recall@1" in result.stderr
    assert {"config.json", "model.safetensors", "card.md", "curves.svg"} <= {
        each.name for each in (house / "sees").iterdir()
    }
    result = ask(
        *("vision", "finetune", "--train", house / "items.parquet", "--test", house / "test.csv"),
        *("--image", "photo", "--label", "kind", "--base", house / "sees", "--method", "frozen"),
        *("--out", house / "out"),
    )
    assert result.exit_code == 0, result.stderr
    reader = PictureReader(str(house / "sees"), house / "keep")
    vectors, refused = reader.read([house / "shots/0.png"])
    assert vectors.any()
    assert refused == {}
