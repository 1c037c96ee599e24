"""Where a pretrained model lies, and whether it is safe to open: nothing of it is run or loaded."""

from importlib.util import find_spec
from pathlib import Path

from limner.encoders.language.guide import SHIPPED
from limner.errors import BadModel, MissingExtra

__all__ = ["find_folder", "lasting_name"]

PICKLES = frozenset({".bin", ".ckpt", ".joblib", ".pickle", ".pkl", ".pt", ".pth"})
WANTED = ("*.safetensors", "*.safetensors.index.json", "*.json", "*.txt", "*.model")
"""What is fetched of a model that is named on Hugging Face's hub."""


def find_folder(name: str) -> Path:
    """Return where a model lies, fetched from the hub if it is named there.

    Raises
    ------
    BadModel
        If there is none, or it is not safe to open.
    MissingExtra
        If the package that ships it is not installed.
    """
    if name in SHIPPED:
        package, *inner = SHIPPED[name]
        spec = find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            raise MissingExtra(f"the model {name!r}", package.replace("_", "-"), "language")
        folder = Path(spec.submodule_search_locations[0]).joinpath(*inner)
    elif Path(name).is_dir():
        folder = Path(name)
    elif "/" in name and not name.startswith((".", "/", "~")):
        folder = _fetched(name)
    else:
        raise BadModel(
            f"there is no model {name!r}",
            hint=f"a folder, a name of the hub such as BAAI/bge-small-zh-v1.5, or "
            f"{', '.join(SHIPPED)}",
        )
    _check(folder, name)
    return folder


def lasting_name(name: str) -> str:
    """Return a name that means the same from every folder: that of a folder in full."""
    if name in SHIPPED or not Path(name).is_dir():
        return name
    return str(Path(name).resolve())


def _fetched(name: str) -> Path:
    try:
        from huggingface_hub import snapshot_download  # noqa: PLC0415 - see transformers()
    except ImportError:
        raise MissingExtra("models of the hub", "huggingface-hub", "language") from None
    try:
        return Path(snapshot_download(name, allow_patterns=list(WANTED)))
    except Exception as error:  # noqa: BLE001 - whatever stands between here and the hub
        told = str(error).strip().splitlines() or [type(error).__name__]
        raise BadModel(
            f"{name} is no folder here and could not be fetched from the hub: {told[0]}",
            hint="with no network, give a folder that holds the model",
        ) from None


def _check(folder: Path, name: str) -> None:
    """Refuse what is no model, or no safe one."""
    files = sorted(each for each in folder.rglob("*") if each.is_file())
    pickles = [each.name for each in files if each.suffix in PICKLES]
    if pickles:
        raise BadModel(
            f"{name} holds {pickles[0]}, a pickle, which runs code when it is read",
            hint="keep weights as safetensors, and only these: model.safetensors",
        )
    if not (folder / "config.json").is_file():
        raise BadModel(f"{name} holds no config.json, so it is no model of transformers")
    if not any(each.suffix == ".safetensors" for each in files):
        raise BadModel(f"{name} holds no weights: model.safetensors is missing")
