"""Where a command may write, seen to before it works for hours."""

from pathlib import Path

from limner.errors import BadConfig

__all__ = ["demand_file", "demand_folder"]

OURS = frozenset(
    {"1_Pooling", "beside.npz", "card.md", "change", "config.json", "confusion.svg", "curves.svg"}
    | {"encoder.json", "generation_config.json", "head.npz", "head.safetensors", "light.json"}
    | {"metrics.json", "model.onnx", "model.safetensors", "report.html", "special_tokens_map.json"}
    | {"table.npz", "text", "together.json", "tokenizer.json", "tokenizer_config.json"}
    | {"preprocessor_config.json", "titles.json", "titles.safetensors", "vocab.txt", "words"}
)
"""What models consist of: a folder with nothing else may be replaced by a newer model."""


def demand_folder(out: Path, *, option: str = "--out") -> None:
    """Refuse a folder that cannot be written, or that holds what is not of a model.

    Raises
    ------
    BadConfig
        If so; nothing was touched.
    """
    if out.exists() and not out.is_dir():
        raise BadConfig(f"{option} must name a folder, but {out} is a file")
    strangers = sorted({each.name for each in out.iterdir()} - OURS) if out.is_dir() else []
    if strangers:
        raise BadConfig(
            f"{option} {out} holds {strangers[0]!r}, which is of no model: it would be lost",
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
