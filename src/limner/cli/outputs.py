"""Where a command may write, seen to before it works for hours."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from limner.errors import BadConfig

__all__ = ["demand_file", "demand_folder"]

MARKS = frozenset({"config.json", "encoder.json", "light.json", "together.json"})
"""One of these lies in each model's folder."""
OURS = MARKS | frozenset(
    {"beside.npz", "card.md", "confusion.svg", "curves.svg", "generation_config.json", "head.npz"}
    | {"head.safetensors", "metrics.json", "model.onnx", "model.safetensors", "report.html"}
    | {"preprocessor_config.json", "special_tokens_map.json", "table.npz", "titles.json"}
    | {"titles.safetensors", "tokenizer.json", "tokenizer_config.json", "vocab.txt"}
)
"""What models consist of: a folder with nothing else may be replaced by a newer model."""
BELOW: Mapping[str, frozenset[str]] = {
    "1_Pooling": frozenset({"config.json"}),
    "change": frozenset({"adapter_config.json", "adapter_model.safetensors"}),
    "directions": frozenset({"directions.npz", "terms.json"}),
    "words": frozenset({"terms.json", "weights.npz"}),
}
"""Folders of models, and what lies there."""
WITHIN = "text"
"""The model of language within one that reads pictures and texts."""


def demand_folder(out: Path, *, option: str = "--out") -> None:
    """Refuse a folder that cannot be written, or that holds what is not of a model.

    Raises
    ------
    BadConfig
        If so; nothing was touched.
    """
    if out.exists() and not out.is_dir():
        raise BadConfig(f"{option} must name a folder, but {out} is a file")
    stranger = next(_strangers(out), None) if out.is_dir() else None
    if stranger is not None:
        raise BadConfig(
            f"{option} {out} holds {str(stranger.relative_to(out))!r}, which is of no model:"
            " it would be lost",
            hint="name a new folder, or an empty one",
        )
    probe = out.absolute().parent / f".{out.name}.probe"
    try:
        probe.mkdir(parents=True)
        probe.rmdir()
    except OSError as trouble:
        raise BadConfig(
            f"{option} {out} cannot be written: {(trouble.strerror or str(trouble)).lower()}",
            hint="name a folder where you may write",
        ) from None


def _strangers(folder: Path) -> Iterator[Path]:
    """Yield what lies in a folder and is not of one model."""
    names = {each.name for each in folder.iterdir()}
    for each in sorted(folder.iterdir()):
        if not names & MARKS:
            yield each  # a folder of models is none itself
        elif each.name == WITHIN and "together.json" in names and each.is_dir():
            yield from _strangers(each)
        elif each.is_dir() and not each.is_symlink():
            known = BELOW.get(each.name)
            inner = sorted(each.iterdir())
            yield from (
                [each]
                if known is None
                else [one for one in inner if one.name not in known or one.is_dir()]
            )
        elif each.name not in OURS:
            yield each


def demand_file(file: Path | None, *, option: str, endings: tuple[str, ...] = ()) -> None:
    """Refuse a file that cannot be written, or that has another ending; none is fine, and so is -.

    Raises
    ------
    BadConfig
        If so; nothing was touched.
    """
    if file is None or str(file) == "-":
        return
    if file.is_dir() or not file.absolute().parent.is_dir():
        raise BadConfig(
            f"{option} must name a file in a folder that exists, got {file}",
            hint=f"mkdir -p {file.parent}" if not file.is_dir() else "",
        )
    if endings and file.suffix not in endings:
        raise BadConfig(f"{option} must end in {' or '.join(endings)}, got {file}")
