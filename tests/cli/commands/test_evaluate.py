"""Examining from the command line."""

import json

FIELDS = {
    *("question", "shape", "horizon_days", "cut", "method", "metric", "value", "low", "high"),
    *("n", "positives", "delta", "delta_low", "delta_high"),
}
SOME = ("--method", "base", "--method", "hand_made")


def test_the_rows_go_into_the_file_and_the_table_to_stdout(ask, quick, tmp_path):
    path = tmp_path / "rows.json"
    result = ask(*("evaluate", "--workspace", quick, "--cut", "2024-05-01", "--json", path), *SOME)
    assert result.exit_code == 0, result.stderr
    rows = json.loads(path.read_text("utf-8"))
    assert rows
    assert all(set(row) - {"too_few"} == FIELDS for row in rows)
    assert {row["method"] for row in rows} <= {"base", "hand_made"}
    assert {row["cut"] for row in rows} == {"2024-05-01T00:00:00+00:00"}
    assert "churn" in result.stdout
    assert "report.html" in result.stderr


def test_a_dash_means_stdout_and_nothing_else_is_there(ask, quick):
    result = ask("evaluate", "--workspace", quick, "--json", "-", *SOME)
    assert result.exit_code == 0, result.stderr
    assert isinstance(json.loads(result.stdout), list)
    assert "churn" in result.stderr


def test_an_unknown_method_is_a_mistake_with_a_guess(ask, quick):
    result = ask("evaluate", "--workspace", quick, "--method", "hand_mad")
    assert result.exit_code == 2
    assert "did you mean 'hand_made'?" in result.stderr


def test_a_folder_that_is_not_there_is_said_before_the_work(ask, quick, tmp_path):
    result = ask("evaluate", "--workspace", quick, "--json", tmp_path / "no" / "rows.json")
    assert result.exit_code == 2
    assert "mkdir -p" in result.stderr


def test_a_cut_too_early_is_a_mistake(ask, quick):
    result = ask("evaluate", "--workspace", quick, "--cut", "2024-01-03", *SOME)
    assert result.exit_code == 2
    assert "Traceback" not in result.stderr


def test_what_each_modality_adds_goes_into_the_file_the_table_and_the_report(ask, quick, tmp_path):
    with (quick / "limner.toml").open("a") as file:
        file.write("\n[pretrain]\nsteps = 2\npatience = 0\n[model]\nwidth = 8\n")
    path = tmp_path / "rows.json"
    result = ask("evaluate", "--workspace", quick, "--modalities", "--json", path, *SOME)
    assert result.exit_code == 0, result.stderr
    rows = json.loads(path.read_text("utf-8"))
    added = [row for row in rows if "modality" in row]
    assert {(row["modality"], row["beside"]) for row in added} >= {
        ("sequence", "counts"),
        ("sequence", "others"),
        ("collaborative", "counts"),
        ("all", "counts"),
    }
    assert all(set(row) - {"too_few", "slice"} == FIELDS | {"modality", "beside"} for row in added)
    (run,) = (quick / "runs").glob("*evaluate*")
    assert (run / "report.html").is_file()
    assert "modalities" in json.loads((run / "scoreboard.json").read_text("utf-8"))
