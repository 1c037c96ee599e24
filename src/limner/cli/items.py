"""Reading the items' words and pictures into vectors beside the log, as a workspace does it."""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from limner.cli.progress import Tell
from limner.errors import BadConfig, TooFew

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from limner.cli.workspace import Workspace
    from limner.encoders.reduction import Reduction

__all__ = ["ItemsRead", "Look", "read_items"]

SAMPLE = 50_000
"""From so many different vectors at most main directions are learned."""


@dataclass(frozen=True, slots=True)
class Look:
    """How many items have a vector, how long these are, how many are new, and what was refused."""

    items: int
    width: int
    new: int
    seconds: float
    refused: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ItemsRead:
    """What was read of how many items of the catalogue, and what there was none of."""

    items: int
    looks: Mapping[str, Look]
    lacking: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return it for ``--json``."""
        return asdict(self)


def read_items(workspace: "Workspace", *, fetch: bool, inside: bool, progress: Tell) -> ItemsRead:
    """Read what is new among the items; see :meth:`Workspace.read_items`."""
    settings = workspace.settings
    if not settings.text.encoder and not settings.image.encoder:
        raise BadConfig(
            "limner.toml names no model that reads words or pictures of items",
            hint='[text] encoder = "minilm", or [image] encoder = "efficientnet-lite0"',
        )
    catalogue = workspace.log.catalogue()
    looks = {}
    if inside and not fetch:
        raise BadConfig("--inside says from where to fetch", hint="add --fetch")
    lacking = []
    if settings.text.encoder:
        try:
            looks["text"] = _read_words(workspace, progress)
        except TooFew as trouble:
            lacking.append(trouble)
    if settings.image.encoder:
        try:
            looks["image"] = _look_at_pictures(workspace, progress, fetch=fetch, inside=inside)
        except TooFew as trouble:
            lacking.append(trouble)
    if not looks:
        raise lacking[0]
    return ItemsRead(
        catalogue["item_id"].n_unique(), looks, tuple(each.message for each in lacking)
    )


def _read_words(workspace: "Workspace", progress: Tell) -> Look:
    import polars as pl

    from limner.dataset.written import catalogue_texts
    from limner.encoders.language.reader import open_reader

    settings, keep = workspace.settings.text, workspace.folder / "models/text"
    began = time.monotonic()
    progress("reading titles", 0.0)
    reader = open_reader(settings.encoder, keep, int8=settings.int8)
    said = catalogue_texts(workspace.log.catalogue()).filter(pl.col("text").fill_null("") != "")
    vectors = reader.read(said["text"].to_list())
    return _kept(
        workspace,
        "text",
        said["item_id"].to_numpy(),
        vectors,
        maker=reader.version,
        dim=settings.dim,
        began=began,
    )


def _look_at_pictures(workspace: "Workspace", progress: Tell, *, fetch: bool, inside: bool) -> Look:
    import polars as pl

    from limner.encoders.vision.fetching import fetch_pictures, fetched_file, is_address
    from limner.encoders.vision.picture_reader import PictureReader

    settings, keep = workspace.settings.image, workspace.folder / "models/image"
    began = time.monotonic()
    said = (
        workspace.log.catalogue()
        .unique("item_id", keep="last", maintain_order=True)
        .filter(pl.col("image").is_not_null() & (pl.col("image") != ""))
    )
    fetched = workspace.folder / "pictures"
    named = said["image"].to_list()
    refused: dict[str, str] = {}
    if fetch:
        refused = fetch_pictures(
            [each for each in named if is_address(each)],
            fetched,
            inside=inside,
            progress=lambda share: progress("fetching pictures", share),
        )
    home = (workspace.folder / settings.folder).resolve()
    files = [fetched_file(fetched, each) if is_address(each) else home / each for each in named]
    # A catalogue that comes from elsewhere shall not name what else lies on this machine.
    outside = {
        name
        for name, file in zip(named, files, strict=True)
        if not is_address(name) and not _lies_within(file, home)
    }
    refused |= dict.fromkeys(outside, "lies outside the folder of [image]")
    files = [
        fetched / "." if name in outside else file for name, file in zip(named, files, strict=True)
    ]
    progress("looking at pictures", 0.0)
    reader = PictureReader(settings.encoder, keep, size=settings.size)
    vectors, unread = reader.read(files)
    for name, file in zip(named, files, strict=True):
        if file in unread and name not in refused:
            refused[name] = "not fetched yet" if is_address(name) else unread[file]
    seen = vectors.any(axis=1)
    return _kept(
        workspace,
        "image",
        said["item_id"].to_numpy()[seen],
        vectors[seen],
        maker=reader.version,
        dim=settings.dim,
        began=began,
        refused=refused,
    )


def _lies_within(file: Path, home: Path) -> bool:
    try:
        return file.resolve().is_relative_to(home)
    except (OSError, ValueError):
        return True  # whoever opens it says what is wrong with it


def _kept(
    workspace: "Workspace",
    look: str,
    ids: "NDArray[Any]",
    vectors: "NDArray[np.float32]",
    *,
    maker: str,
    dim: int,
    began: float,
    refused: Mapping[str, str] | None = None,
) -> Look:
    """Shorten the vectors and keep them beside the log.

    The directions are learned once and stay: an item that comes later is told in the same words,
    so that whatever was learned of the others holds for it.
    """
    import numpy as np

    from limner.events.item_vectors import ItemVectors

    folder = workspace.folder / "models" / look
    reduction = _reduction(folder / f"directions-{maker}-{dim}.npz", vectors, dim)
    if reduction is None:
        raise TooFew(
            f"no item of the catalogue has {'words' if look == 'text' else 'a picture'}"
            + (f": {next(iter(refused.values()))}" if refused else ""),
            hint="name the column in the mapping: limner doctor",
        )
    mark = hashlib.blake2b(maker.encode(), digest_size=8)
    mark.update(reduction.centre.tobytes() + reduction.directions.tobytes())
    told = reduction.read(vectors)
    known = workspace.log.item_vectors().get(look)
    same = known is not None and known.version == mark.hexdigest()
    before = known.ids if known is not None and same else np.zeros(0, np.str_)
    workspace.log.keep_item_vectors(look, ItemVectors(ids.astype(np.str_), told, mark.hexdigest()))
    return Look(
        items=len(ids),
        width=told.shape[1],
        new=int((~np.isin(ids.astype(np.str_), before)).sum()),
        seconds=round(time.monotonic() - began, 2),
        refused=refused or {},
    )


def _reduction(file: Path, vectors: "NDArray[np.float32]", dim: int) -> "Reduction | None":
    """Return the directions that were learned once; none where there is nothing to learn from."""
    import numpy as np

    from limner.encoders.reduction import Reduction

    if file.is_file():
        return Reduction.load(file)
    different = np.unique(vectors, axis=0)
    if not len(different):
        return None
    some = np.random.default_rng(0).permutation(len(different))[:SAMPLE]
    learned = Reduction.learn(different[np.sort(some)], most=dim)
    learned.save(file)
    return learned
