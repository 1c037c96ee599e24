"""Letting a vision model learn what a shop's pictures are called, as a user asks for it."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from limner.cli.outputs import demand_folder
from limner.cli.progress import Tell
from limner.cli.vision_asking import need_vision

__all__ = ["PretrainedVision", "pretrain_vision"]


@dataclass(frozen=True, slots=True)
class PretrainedVision:
    """What pretraining left: how often the right title is found, before and after, and the folder.

    ``held`` is of the titles held out with all their pictures, ``test`` of a table of its own; each
    has ``before`` and ``after``, the recall by name, and is empty where there was nobody to ask.
    """

    base: str
    reader: str
    method: str
    pictures: int
    titles: int
    titles_held_out: int
    pictures_held_out: int
    left_out: int
    held: Mapping[str, Mapping[str, float]]
    test: Mapping[str, Mapping[str, float]]
    test_pictures: int
    test_titles: int
    seconds: float
    folder: Path

    def to_dict(self) -> dict[str, Any]:
        """Return it for ``--json``."""
        return asdict(self) | {"folder": str(self.folder)}


def pretrain_vision(
    file: Path,
    *,
    image: str,
    text: Sequence[str],
    out: Path,
    test: Path | None = None,
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
    progress: Tell,
) -> PretrainedVision:
    """Let a vision model learn the titles of the pictures of a table, without a label.

    Parameters
    ----------
    file
        A table of pictures with titles.
    image
        The column of the picture: its bytes, or the path of its file, from the table's folder on.
    text
        Columns of the title or of what is said of the item, read one after the other.
    out
        The folder of the model, as ``--base`` and ``[image] encoder`` take it.
    test
        A table of pictures with titles that taught nothing, to be asked before and after.
    settings
        Of :class:`~limner.training.vision.contrast.ContrastConfig`.
    seed
        Where chance begins.
    progress
        Is told what is done and the share done.

    Raises
    ------
    BadSource, BadPicture, BadConfig, BadModel, TooFew, MissingExtra
        As :func:`~limner.training.vision.contrast.pretrain_pictures` has it.
    """
    need_vision()
    from limner.cli.pictures import read_pictures
    from limner.encoders.language.reader import open_reader
    from limner.training.curves import curves_file
    from limner.training.vision.contrast import ContrastConfig, pretrain_pictures
    from limner.training.vision.picture_report import titles_card

    config = ContrastConfig.read(settings or {}, where="[vision.pretrain]")
    demand_folder(out)
    known = read_pictures(file, image=image, text=text)
    unknown = None if test is None else read_pictures(test, image=image, text=text)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as keep:
        reader = open_reader(config.reader, Path(keep))
        done = pretrain_pictures(
            known.pictures,
            known.texts or [],
            reader,
            asked=None if unknown is None else (unknown.pictures, unknown.texts or []),
            config=config,
            seed=seed,
            progress=progress,
        )
    done.save(out, card=titles_card(done))
    if done.course is not None:
        (out / "curves.svg").write_text(curves_file(done.course), encoding="utf-8")
    facts = done.facts
    return PretrainedVision(
        base=config.base,
        reader=config.reader,
        method=config.method,
        pictures=facts["pictures"],
        titles=facts["titles"],
        titles_held_out=facts["titles_held_out"],
        pictures_held_out=facts["pictures_held_out"],
        left_out=known.left_out + len(known) - facts["pictures"],
        held=done.held,
        test=done.test,
        test_pictures=facts["test_pictures"],
        test_titles=facts["test_titles"],
        seconds=round(done.seconds, 1),
        folder=out,
    )
