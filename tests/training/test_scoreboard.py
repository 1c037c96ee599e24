import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from limner.errors import BadSource
from limner.training import Row, Scoreboard, score

ROW = Row(
    question="churn",
    shape="whether",
    horizon_days=14.0,
    cut=datetime(2017, 12, 1, tzinfo=UTC),
    method="automatic",
    metric="auroc",
    value=0.85,
    low=0.83,
    high=0.87,
    n=2243,
    positives=541,
    delta=0.01,
    delta_low=0.002,
    delta_high=0.018,
)


def test_a_row_has_the_promised_names_in_order():
    assert list(ROW.to_dict()) == [
        "question",
        "shape",
        "horizon_days",
        "cut",
        "method",
        "metric",
        "value",
        "low",
        "high",
        "n",
        "positives",
        "delta",
        "delta_low",
        "delta_high",
    ]
    assert ROW.to_dict()["cut"] == "2017-12-01T00:00:00+00:00"
    assert json.dumps(ROW.to_dict()["horizon_days"]) == "14"


def test_a_row_without_figure_says_why():
    row = replace(ROW, value=None, too_few="37 positives, fewer than 200")
    assert row.to_dict()["too_few"] == "37 positives, fewer than 200"
    assert Row.from_dict(row.to_dict()) == row


def test_a_row_about_some_only_says_about_whom():
    row = replace(ROW, slice="orders:1")
    assert row.to_dict()["slice"] == "orders:1"
    assert "slice" not in ROW.to_dict()
    assert Row.from_dict(row.to_dict()) == row
    assert Row.from_dict(ROW.to_dict()).slice == "all"


def test_slices_stand_apart_from_the_rows(tmp_path):
    some = replace(ROW, slice="orders:1")
    board = Scoreboard.of([ROW], seed=0, resamples=20, slices=[some])
    assert list(board) == [ROW]
    assert board.slices_of("churn", ROW.cut) == [some]
    assert board.slices_of("spend", ROW.cut) == []
    board.write(tmp_path / "scoreboard.json")
    assert Scoreboard.read(tmp_path / "scoreboard.json") == board
    assert "slices" not in Scoreboard.of([ROW], seed=0, resamples=20).to_dict()


@pytest.mark.parametrize(
    ("low", "high", "differs"), [(0.1, 0.2, True), (-0.2, -0.1, True), (-0.1, 0.1, False)]
)
def test_a_difference_is_sure_when_its_interval_leaves_out_zero(low, high, differs):
    assert replace(ROW, delta_low=low, delta_high=high).differs == differs


def test_a_scoreboard_comes_back_as_it_was(tmp_path, whether, rare):
    rows = [*score(whether, seed=0, resamples=20), *score(rare, seed=0, resamples=20)]
    board = Scoreboard.of(rows, seed=0, resamples=20, data={"source": "made up"})
    board.write(tmp_path / "scoreboard.json")
    assert Scoreboard.read(tmp_path / "scoreboard.json") == board
    assert [path.name for path in tmp_path.iterdir()] == ["scoreboard.json"]


def test_the_file_is_strict_json_with_rows_and_meta(tmp_path, how_much):
    board = Scoreboard.of(score(how_much, seed=0, resamples=20), seed=0, resamples=20)

    def refuse(name):
        raise AssertionError(name)

    given = json.loads(board.to_json(), parse_constant=refuse)
    assert set(given) == {"rows", "meta"}
    assert given["meta"]["reference"]["what_next"] == "own_frequency"
    assert given["meta"]["versions"]["numpy"]
    with pytest.raises(ValueError, match="not JSON compliant"):
        Scoreboard((), {"bad": float("nan")}).to_json()


def test_blocks_keep_questions_and_cuts_apart():
    later = replace(ROW, cut=datetime(2018, 1, 1, tzinfo=UTC))
    board = Scoreboard((ROW, later, replace(ROW, metric="brier")))
    assert [len(rows) for rows in board.blocks().values()] == [2, 1]
    assert len(board) == len(list(board)) == 3


@pytest.mark.parametrize("text", ["", "{}", '{"rows": [{"question": 1}], "meta": {}}', "[1]"])
def test_another_file_is_refused(tmp_path, text):
    path = tmp_path / "scoreboard.json"
    path.write_text(text)
    with pytest.raises(BadSource, match="must be a scoreboard"):
        Scoreboard.read(path)


def test_what_modalities_add_stands_apart_too(tmp_path):
    added = replace(ROW, modality="text", beside="counts")
    board = Scoreboard.of([ROW], seed=0, resamples=20, modalities=[added])
    assert board.modalities_of("churn", ROW.cut) == [added]
    assert board.modalities_of("spend", ROW.cut) == []
    board.write(tmp_path / "scoreboard.json")
    assert Scoreboard.read(tmp_path / "scoreboard.json") == board
    assert added.to_dict()["modality"] == "text"
    assert not {"modality", "beside"} & set(ROW.to_dict())
    assert "modalities" not in Scoreboard.of([ROW], seed=0, resamples=20).to_dict()
