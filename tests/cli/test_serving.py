"""The parts of a service over a workspace: what it may come to lack is looked at as it stands."""

import shutil
from datetime import UTC, datetime

from limner.cli.serving import open_store, parts_of
from limner.cli.workspace import Workspace
from limner.profiles.live import Drawn
from limner.profiles.store import About


def test_models_and_vectors_that_were_there_are_missed(tmp_path):
    shop = Workspace.create(tmp_path / "shop")
    models = tmp_path / "shop" / "models" / "current"
    with open_store(shop, None) as store:
        parts = parts_of(shop, store)
        assert all(there() for there in parts.probes.values()), "what never was is not missing"
        now = datetime(2026, 1, 1, tzinfo=UTC)
        about = About(as_of=now, computed_at=now, model_version="m1")
        store.put_portraits(Drawn([], {}, about=about))
        assert not parts.probes["models"]()
        models.mkdir(parents=True)
        (models / "config.json").write_text("{}")
        (parts.painter.log.folder / "vectors").mkdir()
        parts = parts_of(shop, store)
        assert all(there() for there in parts.probes.values())
        shutil.rmtree(models)
        shutil.rmtree(parts.painter.log.folder / "vectors")
        lacking = {name for name, there in parts.probes.items() if not there()}
        assert lacking == {"models", "vectors"}
