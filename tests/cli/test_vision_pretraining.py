"""Learning titles as a user asks for it: what cannot be is refused before anything is written."""

import polars as pl
import pytest

from limner.cli.progress import silent
from limner.cli.vision_pretraining import pretrain_vision
from limner.errors import BadConfig, BadSource
from painted import painted


def test_what_cannot_be_is_refused_before_anything_is_written(tmp_path):
    pictures, kinds = painted(4)
    file = tmp_path / "items.parquet"
    pl.DataFrame({"photo": pictures, "title": kinds}).write_parquet(file)
    asked = {"image": "photo", "text": ("title",), "out": tmp_path / "out", "progress": silent}
    with pytest.raises(BadSource, match="no column 'name'"):
        pretrain_vision(file, **(asked | {"text": ("name",)}))
    with pytest.raises(BadConfig, match="epoch"):
        pretrain_vision(file, **asked, settings={"epoch": 1})
    (tmp_path / "out").mkdir()
    (tmp_path / "out/diary.txt").write_text("mine")
    with pytest.raises(BadConfig, match="of no model"):
        pretrain_vision(file, **asked)
    assert [each.name for each in (tmp_path / "out").iterdir()] == ["diary.txt"]
