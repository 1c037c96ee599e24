"""Language models, as a user tunes and asks them from the command line."""

import json
import sys

import numpy as np
import polars as pl
import pytest

from languages import WORDS, tiny
from limner.cli.commands.language import language
from limner.cli.compressing import CompressedLanguage
from limner.cli.language import language_settings, need_language, predict_texts
from limner.errors import BadSource, MissingExtra, NoWorkspace

SMALL = "[language]\nepochs = 1\nexaminations = 1\nlongest = 16\n[language.words_settings]\nmost = 500\n"


@pytest.fixture
def house(tmp_path):
    """Make a base, two tables and settings."""
    rng = np.random.default_rng(0)
    parts = [word for line in WORDS for word in line.replace(",", "").split()]
    texts = [" ".join(rng.choice(parts, 4)) for _ in range(300)]
    table = pl.DataFrame(
        {
            "title": texts,
            "other": texts[::-1],
            "kind": ["red" if "red" in text else "none" for text in texts],
            "stars": [1.0 + 3 * ("warm" in text) for text in texts],
            "age": rng.normal(size=300),
            "profile": [[1.0, 2.0]] * 299 + [None],
        }
    )
    table[:200].write_parquet(tmp_path / "train.parquet")
    table[200:].write_parquet(tmp_path / "test.parquet")
    (tmp_path / "limner.toml").write_text(SMALL)
    tiny(tmp_path / "base")
    return tmp_path


def arguments(house, *more):
    return (
        *("language", "finetune", "--train", house / "train.parquet"),
        *("--test", house / "test.parquet", "--text", "title", "--base", house / "base"),
        *("--workspace", house, "--out", house / "out", *more),
    )


def test_tune_then_ask(ask, house):
    told = house / "figures.json"
    result = ask(*arguments(house, "--label", "kind", "--method", "lora", "--json", told))
    assert result.exit_code == 0, result.stderr
    figures = json.loads(told.read_text())
    assert {"accuracy", "macro_f1", "parameters_trained", "seconds"} <= set(figures)
    assert figures["method"] == "lora"
    assert figures["accuracy"] > 0.8
    written = {each.name for each in (house / "out").iterdir()}
    assert written >= {"card.md", "report.html", "confusion.svg", "metrics.json", "change"}
    (house / "new.txt").write_bytes("a red one\n\n\xff odd bytes\n".encode("latin-1"))
    result = ask("language", "predict", house / "out", "--texts", house / "new.txt")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["label"] for row in rows] == ["red", "none", "none"]
    assert all(abs(row["p_red"] + row["p_none"] - 1) < 1e-6 for row in rows)
    out = house / "said.csv"
    result = ask(
        *("language", "predict", house / "out", "--texts", house / "test.parquet"),
        *("--text", "title", "--out", out),
    )
    assert result.exit_code == 0, result.stderr
    assert len(pl.read_csv(out)) == 100


def test_texts_without_a_label_are_read_too(ask, house):
    more = ("--label", "kind", "--method", "frozen", "--unlabelled", house / "train.parquet")
    result = ask(*arguments(house, *more, "--json", "-"))
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    assert set(told["readers"]) == {"model", "words", "directions"}
    assert told["unlabelled"] == 0  # all of them have a label too
    (house / "more.txt").write_text("warm red tea and a shirt\n\nbad late shoe\n")
    more = (*more[:-1], house / "more.txt")
    out = house / "second"
    result = ask(*arguments(house, *more, "--json", "-", "--out", out))
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["unlabelled"] == 2
    said = predict_texts(out, house / "test.parquet", text=["title"])
    assert (said["label"] == pl.read_parquet(house / "test.parquet")["kind"]).mean() > 0.9
    out = house / "third"
    more = (*more, "--pseudo-labels")
    assert ask(*arguments(house, *more, "--json", "-", "--out", out)).exit_code == 0
    again = predict_texts(out, house / "test.parquet", text=["title"])
    assert (again["label"] == said["label"]).mean() > 0.9
    assert again["p_red"].to_list() != said["p_red"].to_list()
    refused = ask(*arguments(house, *more[:-3], "--pseudo-labels", "--out", house / "fourth"))
    assert refused.exit_code == 2
    assert "--unlabelled FILE" in refused.stderr


@pytest.mark.parametrize(
    ("label", "kind", "names"),
    [("stars", "regress", {"rmse", "spearman"}), ("kind", "multilabel", {"accuracy", "macro_f1"})],
)
def test_other_kinds(ask, house, label, kind, names):
    result = ask(
        *arguments(house, "--label", label, "--kind", kind, "--method", "frozen", "--json", "-")
    )
    assert result.exit_code == 0, result.stderr
    assert names <= set(json.loads(result.stdout))
    said = predict_texts(house / "out", house / "test.parquet", text=["title"])
    assert len(said) == 100


def test_a_pair_and_a_profile_beside_it(ask, house):
    more = ("--text", "other", "--label", "kind", "--kind", "pair", "--method", "top")
    more += ("--beside", "age", "--beside", "profile", "--json", "-")
    result = ask(*arguments(house, *more))
    assert result.exit_code == 0, result.stderr
    assert "auroc" in json.loads(result.stdout)
    said = predict_texts(
        house / "out",
        house / "test.parquet",
        text=["title", "other"],
        beside=["age", "profile"],
    )
    assert len(said) == 100


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--label", "kin"), "did you mean 'kind'?"),
        (("--label", "kind", "--kind", "guess"), "--kind must be one of"),
        (("--label", "kind", "--kind", "pair"), "pair asks two columns"),
        (("--label", "kind", "--method", "magic"), "method"),
        (("--label", "kind", "--base", "nowhere"), "no model 'nowhere'"),
        (("--label", "kind", "--beside", "title"), "must be numbers"),
        (("--label", "title", "--kind", "regress"), "labels must be numbers"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(ask, house, more, told):
    result = ask(*arguments(house, *more))
    assert result.exit_code == 2
    assert told in result.stderr
    assert not (house / "out").exists()


def test_the_guide_names_what_there_is(ask):
    assert {each.name for each in language.registered_commands} >= {"finetune", "predict", "models"}
    result = ask("language", "models")
    assert result.exit_code == 0
    assert "minilm" in result.stdout
    assert "limner[language]" in result.stdout


def test_settings_come_from_a_workspace_and_what_is_given_goes_before(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert language_settings(None, method="top", epochs=None) == {"method": "top"}
    (tmp_path / "limner.toml").write_text('[language]\nmethod = "lora"\nepochs = 2\n')
    for folder in (None, tmp_path):
        found = language_settings(folder, method="top", epochs=None)
        assert found == {"method": "top", "epochs": 2}
    with pytest.raises(NoWorkspace):
        language_settings(tmp_path / "nowhere")


def test_a_text_a_line_or_the_only_column_of_text(house, ask):
    assert ask(*arguments(house, "--label", "kind", "--method", "frozen")).exit_code == 0
    with pytest.raises(BadSource, match="3 columns of text"):
        predict_texts(house / "out", house / "test.parquet")


def test_without_transformers_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingExtra, match="language models needs transformers") as refusal:
        need_language()
    assert "limner[language]" in refusal.value.hint


def test_pretrain_then_tune_upon_it(ask, house):
    (house / "limner.toml").write_text(
        SMALL
        + "[language.pretrain]\nbatch = 32\n[language.pretrain.build]\nwidth = 16\nheads = 2\n"
        "layers = 1\nvocabulary = 200\nlongest = 32\n"
    )
    told = ("language", "pretrain", "--texts", house / "train.parquet", "--text", "title")
    told += ("--workspace", house, "--objective", "mlm", "--epochs", "2", "--json")
    result = ask(*told, "--out", house / "mine")
    assert result.exit_code == 0, result.stderr
    done = json.loads(result.stdout)
    assert done["texts"] == 200
    assert done["loss"] <= done["first_loss"]
    assert {"card.md", "curves.svg", "model.safetensors"} <= {
        each.name for each in (house / "mine").iterdir()
    }
    assert not list(house.glob(".mine-*"))
    more = ("--label", "kind", "--method", "full", "--base", house / "mine", "--json", "-")
    result = ask(*arguments(house, *more))
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["base"] == str(house / "mine")


def test_a_light_model_is_made_and_asked(ask, house):
    assert ask(*arguments(house, "--label", "kind", "--method", "lora")).exit_code == 0
    told = ("language", "compress", house / "out", "--texts", house / "train.parquet")
    told += ("--text", "title", "--test", house / "test.parquet", "--label", "kind")
    for method in ("int8", "distil"):
        result = ask(*told, "--method", method, "--out", house / "light", "--json")
        assert result.exit_code == 0, result.stderr
        _, light = json.loads(result.stdout)["rows"]
        assert light["agreement"] > 0.8
        assert {"accuracy", "macro_f1", "texts_per_second"} <= set(light)
        (house / "new.txt").write_text("a red one\n")
        result = ask("language", "predict", house / "light", "--texts", house / "new.txt")
        assert json.loads(result.stdout)["label"] == "red"
    assert CompressedLanguage("int8", (), 1.0, house).to_dict()["folder"] == str(house)
    result = ask(*told[:-2], "--out", house / "light")
    assert result.exit_code == 2
    assert "--label" in result.stderr


def test_what_finetune_was_given_need_not_be_said_again(ask, house):
    assert ask(*arguments(house, "--label", "kind", "--method", "frozen")).exit_code == 0
    for method in ("int8", "distil"):
        result = ask("language", "compress", house / "out", "--method", method, "--json")
        assert result.exit_code == 0, result.stderr
        told = json.loads(result.stdout)
        assert told["folder"] == str(house / f"out-{method}")
        assert {"accuracy", "agreement"} <= set(told["rows"][1])
        result = ask("language", "predict", told["folder"], "--texts", house / "test.parquet")
        assert result.exit_code == 2
        assert "columns of text" in result.stderr
        more = ("--texts", house / "test.parquet", "--text", "title")
        result = ask("language", "predict", told["folder"], *more)
        assert len(result.stdout.splitlines()) == 100


def test_rows_without_a_label_are_left_out_of_the_comparison_too(ask, house):
    table = pl.read_parquet(house / "test.parquet")
    table = table.with_columns(kind=pl.when(pl.int_range(pl.len()) > 4).then("kind"))
    table.write_parquet(house / "test.parquet")
    assert ask(*arguments(house, "--label", "kind", "--method", "frozen")).exit_code == 0
    result = ask("language", "compress", house / "out")
    assert result.exit_code == 0, result.stderr


def test_what_is_refused_leaves_no_light_model(ask, house):
    assert ask(*arguments(house, "--label", "kind", "--method", "frozen")).exit_code == 0
    table = pl.read_parquet(house / "test.parquet").with_columns(kind=pl.lit("unheard"))
    table.write_parquet(house / "test.parquet")
    result = ask("language", "compress", house / "out")
    assert result.exit_code == 2
    assert "unheard" in result.stderr
    assert not (house / "out-int8").exists()
    (house / "test.parquet").unlink()
    result = ask("language", "compress", house / "out", "--method", "nonsense")
    assert "--method must be" in result.stderr


def test_a_light_model_is_not_made_lighter(ask, house):
    assert ask(*arguments(house, "--label", "kind", "--method", "frozen")).exit_code == 0
    assert ask("language", "compress", house / "out").exit_code == 0
    result = ask("language", "compress", house / "out-int8")
    assert result.exit_code == 2
    assert "is a light model already" in result.stderr


def test_the_same_can_be_tuned_again_with_texts_that_have_no_label(ask, house):
    more = ("--label", "kind", "--method", "frozen", "--unlabelled", house / "train.parquet")
    for _ in range(2):
        result = ask(*arguments(house, *more))
        assert result.exit_code == 0, result.stderr


def test_a_model_that_only_learned_to_read_answers_nothing(ask, house):
    for asked in (("predict", "--texts", house / "test.parquet"), ("compress", "--texts")):
        more = (house / "test.parquet",) if asked[-1] == "--texts" else ()
        result = ask("language", asked[0], house / "base", *asked[1:], *more, "--text", "title")
        assert result.exit_code == 2, result.stderr
        assert "holds no tuned model" in result.stderr


def test_columns_without_words_are_refused(ask, house):
    table = pl.read_parquet(house / "train.parquet")
    told = (*arguments(house, "--label", "kind", "--method", "frozen"), "--text")
    for column, says in ((pl.lit(""), "no term"), (pl.col("profile"), "must be text")):
        table.with_columns(title=column).write_parquet(house / "train.parquet")
        result = ask(*told[:-1])
        assert result.exit_code == 2, result.stderr
        assert says in result.stderr


def test_tables_that_are_gone_are_named(ask, house):
    assert ask(*arguments(house, "--label", "kind", "--method", "frozen")).exit_code == 0
    (house / "train.parquet").rename(house / "moved.parquet")
    result = ask("language", "compress", house / "out")
    assert result.exit_code == 2
    assert "train.parquet, which is not there" in result.stderr
    assert "--texts FILE" in result.stderr
    assert not (house / "out-int8").exists()


def test_nothing_of_the_users_is_lost(ask, house):
    assert ask(*arguments(house, "--label", "kind", "--method", "frozen")).exit_code == 0
    out = house / "out"
    before = sorted(each.name for each in out.iterdir())
    told = ("language", "compress", out, "--texts", house / "train.parquet", "--text", "title")
    refused = [
        (*told, "--out", out),
        (*told, "--out", house),
        (*told, "--method", "nonsense", "--out", house / "light"),
        ("language", "predict", out, "--texts", house / "no.csv"),
        ("language", "predict", out, "--texts", house / "new.txt", "--out", house / "a.xyz"),
        ("vision", "predict", out, house / "new.txt"),
        arguments(house, "--label", "kind", "--json", house / "nowhere" / "a.json"),
        (
            *("language", "pretrain", "--texts", house / "train.parquet", "--text", "title"),
            *("--objective", "nonsense", "--out", house / "mine"),
        ),
    ]
    (house / "new.txt").write_text("a red one\n")
    for each in refused:
        result = ask(*each)
        assert result.exit_code == 2, (each, result.stderr)
        assert result.stderr.startswith("error: ")
    assert sorted(each.name for each in out.iterdir()) == before
    assert (house / "train.parquet").is_file()


def test_rows_without_a_label_are_counted(ask, house):
    table = pl.read_parquet(house / "train.parquet").with_columns(
        kind=pl.when(pl.int_range(pl.len()) < 5).then(None).otherwise("kind")
    )
    table.write_parquet(house / "train.parquet")
    result = ask(*arguments(house, "--label", "kind", "--method", "frozen", "--json", "-"))
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["without_label"] == 5
    assert "5 rows of" in result.stderr
