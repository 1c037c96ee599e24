"""Reading the items' words and pictures into vectors beside the log, as a workspace does it."""

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from limner.cli.progress import Tell
from limner.cli.serving import begun_log
from limner.errors import BadConfig, TooFew

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from limner.cli.workspace import Workspace
    from limner.encoders.reduction import Reduction

__all__ = [
    "ItemsRead",
    "Look",
    "directions_file",
    "pictures_of",
    "read_items",
    "version_of",
    "words_of",
]

PICTURES = "pictures"
"""The folder of the workspace into which pictures are fetched."""
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


def read_items(
    workspace: "Workspace", *, fetch: bool, inside: bool, store: str | None, progress: Tell
) -> ItemsRead:
    """Read what is new among the items; see :meth:`Workspace.read_items`."""
    settings = workspace.settings
    if not settings.text.encoder and not settings.image.encoder:
        raise BadConfig(
            "limner.toml names no model that reads words or pictures of items",
            hint='[text] encoder = "minilm", or [image] encoder = "efficientnet-lite0"',
        )
    log = begun_log(workspace)
    news = cache(partial(_told_since, workspace, store))
    looks = {}
    if inside and not fetch:
        raise BadConfig("--inside says from where to fetch", hint="add --fetch")
    lacking = []
    if settings.text.encoder:
        try:
            looks["text"] = _read_words(workspace, news, progress)
        except TooFew as trouble:
            lacking.append(trouble)
    if settings.image.encoder:
        try:
            looks["image"] = _look_at_pictures(
                workspace, news, progress, fetch=fetch, inside=inside
            )
        except TooFew as trouble:
            lacking.append(trouble)
    if not looks:
        raise lacking[0]
    return ItemsRead(
        log.catalogue()["item_id"].n_unique(), looks, tuple(each.message for each in lacking)
    )


def _told_since(workspace: "Workspace", store: str | None) -> "pl.DataFrame":
    """Return what a service was told of items that the log may not know."""
    from limner.cli.serving import open_store, store_address
    from limner.events.event import CATALOGUE_SCHEMA

    if store is None and not Path(store_address(workspace, None)).is_file():
        return CATALOGUE_SCHEMA.to_frame()
    with open_store(workspace, store) as living:
        return living.catalogue()


def words_of(catalogue: "pl.DataFrame") -> tuple["NDArray[Any]", list[str]]:
    """Return the items of a catalogue of which something is said, and what."""
    import polars as pl

    from limner.events.item_texts import catalogue_texts

    said = catalogue_texts(catalogue).filter(pl.col("text").fill_null("") != "")
    return said["item_id"].to_numpy().astype(str), said["text"].to_list()


def pictures_of(
    workspace: "Workspace", catalogue: "pl.DataFrame"
) -> tuple["NDArray[Any]", list[str], list[Path]]:
    """Return the items of a catalogue that name a picture, its name, and its file.

    Where that lies outside the folder of pictures it is no file: a catalogue that comes from
    elsewhere shall not name what else lies on this machine.
    """
    import polars as pl

    from limner.encoders.vision.fetching import fetched_file, is_address

    said = catalogue.unique("item_id", keep="last", maintain_order=True).filter(
        pl.col("image").is_not_null() & (pl.col("image") != "")
    )
    home = (workspace.folder / workspace.settings.image.folder).resolve()
    fetched = workspace.folder / PICTURES
    named = said["image"].to_list()
    files = [fetched_file(fetched, each) if is_address(each) else home / each for each in named]
    files = [
        file if is_address(name) or _lies_within(file, home) else fetched / "."
        for name, file in zip(named, files, strict=True)
    ]
    return said["item_id"].to_numpy().astype(str), named, files


def version_of(maker: str, reduction: "Reduction") -> str:
    """Return what tells vectors of a reader, shortened, from any others."""
    mark = hashlib.blake2b(maker.encode(), digest_size=8)
    mark.update(reduction.centre.tobytes() + reduction.directions.tobytes())
    return mark.hexdigest()


def directions_file(workspace: "Workspace", look: str, maker: str, dim: int) -> Path:
    """Return where the directions are kept along which a reader's vectors are shortened."""
    return workspace.folder / "models" / look / f"directions-{maker}-{dim}.npz"


def _read_words(workspace: "Workspace", news: "Callable[[], pl.DataFrame]", progress: Tell) -> Look:
    from limner.encoders.language.reader import open_reader

    settings, keep = workspace.settings.text, workspace.folder / "models/text"
    began = time.monotonic()
    progress("reading titles", 0.0)
    reader = open_reader(settings.encoder, keep, int8=settings.int8)
    ids, texts = words_of(workspace.log.catalogue())
    return _kept(
        workspace,
        "text",
        ids,
        reader.read(texts),
        # a shop that was told of everything over HTTP has nothing else to learn from
        learn=lambda: reader.read(words_of(news())[1]),
        maker=reader.version,
        dim=settings.dim,
        began=began,
    )


def _look_at_pictures(
    workspace: "Workspace",
    news: "Callable[[], pl.DataFrame]",
    progress: Tell,
    *,
    fetch: bool,
    inside: bool,
) -> Look:
    from limner.encoders.vision.fetching import fetch_pictures, is_address
    from limner.encoders.vision.picture_reader import PictureReader

    settings, keep = workspace.settings.image, workspace.folder / "models/image"
    began = time.monotonic()
    ids, named, files = pictures_of(workspace, workspace.log.catalogue())
    refused: dict[str, str] = {}
    if fetch:
        wanted = dict.fromkeys([*named, *pictures_of(workspace, news())[1]])
        refused = fetch_pictures(
            [each for each in wanted if is_address(each)],
            workspace.folder / PICTURES,
            inside=inside,
            progress=lambda share: progress("fetching pictures", share),
        )
    for name, file in zip(named, files, strict=True):
        if file == workspace.folder / PICTURES:
            refused[name] = "lies outside the folder of [image]"
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
        ids[seen],
        vectors[seen],
        learn=lambda: reader.read(pictures_of(workspace, news())[2])[0],
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
    learn: "Callable[[], NDArray[np.float32]]",
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

    file = directions_file(workspace, look, maker, dim)
    reduction = _reduction(file, vectors if len(vectors) else learn(), dim)
    if reduction is None:
        raise TooFew(
            f"no item of the catalogue has {'words' if look == 'text' else 'a picture'}"
            + (f": {next(iter(refused.values()))}" if refused else ""),
            hint="name the column in the mapping: limner doctor",
        )
    version = version_of(maker, reduction)
    told = reduction.read(vectors)
    known = workspace.log.item_vectors().get(look)
    same = known is not None and known.version == version
    before = known.ids if known is not None and same else np.zeros(0, np.str_)
    workspace.log.keep_item_vectors(look, ItemVectors(ids.astype(np.str_), told, version))
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
    different = np.unique(vectors[vectors.any(axis=1)], axis=0)
    if not len(different):
        return None
    some = np.random.default_rng(0).permutation(len(different))[:SAMPLE]
    learned = Reduction.learn(different[np.sort(some)], most=dim)
    learned.save(file)
    return learned
