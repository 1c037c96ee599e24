"""Nothing that is not ours is written over, and what cannot be written is refused at once."""

import pytest

from limner.cli.outputs import demand_file, demand_folder
from limner.errors import BadConfig


def test_a_folder_with_what_is_not_ours_is_refused_and_kept(tmp_path):
    folder = tmp_path / "mine"
    demand_folder(folder)
    assert not folder.exists()
    folder.mkdir()
    demand_folder(folder)
    (folder / "config.json").write_text("{}")
    demand_folder(folder)
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(BadConfig, match=r"holds 'notes\.txt', which is of no model"):
        demand_folder(folder)
    assert (folder / "notes.txt").read_text() == "mine"
    assert [each.name for each in tmp_path.iterdir()] == ["mine"]


def test_a_folder_of_models_is_no_model(tmp_path):
    for name in ("text", "words"):
        (tmp_path / "models" / name).mkdir(parents=True)
        (tmp_path / "models" / name / "config.json").write_text("{}")
    with pytest.raises(BadConfig, match="'text', which is of no model"):
        demand_folder(tmp_path / "models")
    demand_folder(tmp_path / "models" / "text")


@pytest.mark.parametrize(
    "inner",
    [
        "words/thesis.txt",
        "change/old/config.json",
        "words/config.json",
        "mine/a",
        "text/config.json",
    ],
)
def test_what_lies_within_a_model_and_is_not_of_it_is_kept(tmp_path, inner):
    for name in ("config.json", "words/terms.json", "change/adapter_config.json", inner):
        (tmp_path / "model" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "model" / name).write_text("{}")
    with pytest.raises(BadConfig, match="it would be lost"):
        demand_folder(tmp_path / "model")


def test_one_that_reads_pictures_and_texts_is_one_model(tmp_path):
    inner = ("text/config.json", "text/words/terms.json", "text/change/adapter_config.json")
    for name in ("config.json", "together.json", "change/adapter_model.safetensors", *inner):
        (tmp_path / "model" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "model" / name).write_text("{}")
    demand_folder(tmp_path / "model")
    (tmp_path / "model" / "text" / "thesis.txt").write_text("mine")
    with pytest.raises(BadConfig, match=r"text/thesis\.txt"):
        demand_folder(tmp_path / "model")


def test_what_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadConfig, match="is a file"):
        demand_folder(tmp_path / "file")
    with pytest.raises(BadConfig, match="cannot be written"):
        demand_folder(tmp_path / "file" / "below")
    for wrong in (tmp_path, tmp_path / "nowhere" / "a.json"):
        with pytest.raises(BadConfig, match="a file in a folder that exists"):
            demand_file(wrong, option="--json")
    with pytest.raises(BadConfig, match=r"must end in \.csv"):
        demand_file(tmp_path / "a.xyz", option="--out", endings=(".csv",))
    demand_file(None, option="--json")
    demand_file(tmp_path / "a.csv", option="--out", endings=(".csv",))
