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
