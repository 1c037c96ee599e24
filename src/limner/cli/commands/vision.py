"""Vision models: tune one for pictures, and ask it."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from limner.cli.console import emit, emit_to, narrate, show
from limner.cli.language import language_settings
from limner.cli.options import AsJson, HouseOption, LightOption, SeedOption
from limner.cli.outputs import demand_file
from limner.cli.progress import bar
from limner.cli.tables import figures_table
from limner.cli.vision import compress_vision, tune_vision
from limner.cli.vision_asking import predict_pictures, predict_table
from limner.cli.vision_pretraining import pretrain_vision
from limner.errors import BadConfig

__all__ = ["vision"]

TextOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COL",
        help="A column of what is written of the picture, read beside it; several are read one"
        " after the other.",
        show_default=False,
    ),
]

vision = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Pretrained vision models: tuned for a shop's pictures, and asked."
    " Needs `pip install 'limner[vision]'`.",
)


@vision.command("finetune")
def finetune(
    train: Annotated[Path, typer.Option(metavar="FILE", help="The table to learn from.")],
    test: Annotated[Path, typer.Option(metavar="FILE", help="The table to examine on.")],
    image: Annotated[
        str,
        typer.Option(
            metavar="COL", help="The column of the picture: bytes, or paths beside the table."
        ),
    ],
    label: Annotated[str, typer.Option(metavar="COL", help="The column of the label.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="The folder to write.")],
    text: TextOption = None,
    kind: Annotated[
        str,
        typer.Option(
            metavar="KIND",
            help="classify: one class; multilabel: several, as lists or parted by |; regress: a"
            " number.",
        ),
    ] = "classify",
    base: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The model: a folder, or a name of Hugging Face's hub."
            "  [default: efficientnet-lite0]",
            show_default=False,
        ),
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Which weights learn: full, top or frozen; of transformers also lora, adalora and"
            " adapter.  [default: full]",
            show_default=False,
        ),
    ] = None,
    epochs: Annotated[
        float | None,
        typer.Option(
            metavar="N", help="How often each picture teaches.  [default: 12]", show_default=False
        ),
    ] = None,
    json_file: Annotated[
        Path | None,
        typer.Option("--json", metavar="FILE", help="Write the figures there; - for stdout."),
    ] = None,
    workspace: HouseOption = None,
    seed: SeedOption = 0,
) -> None:
    """Tune a vision model for a table of labelled pictures, and examine it on another.

    Pictures are opened from bytes or files alone: nothing is fetched from anywhere. With --text a
    language model reads what is written of them, and both answers are weighed.

    Example: limner vision finetune --train a.parquet --test b.parquet --image photo --label kind
    --out models/photos
    """
    if kind not in {"classify", "multilabel", "regress"}:
        raise BadConfig(f"--kind must be classify, multilabel or regress, got {kind!r}")
    demand_file(json_file, option="--json")
    aside = json_file is not None and str(json_file) == "-"
    settings = language_settings(workspace, table="vision", base=base, method=method, epochs=epochs)
    text_settings = language_settings(workspace, table="vision", below="text")
    with bar(f"tuning for {label}") as progress:
        done = tune_vision(
            train,
            test,
            image=image,
            label=label,
            kind=kind,  # type: ignore[arg-type] # one of three, as was seen above
            out=out,
            text=text or (),
            settings=settings,
            text_settings=text_settings,
            seed=seed,
            progress=progress,
        )
    emit_to(done.to_dict(), json_file)
    figures = ", ".join(f"{name} {value:.4f}" for name, value in done.scores.values.items())
    show(
        f"{done.scores.texts:,} pictures: {figures}; {done.parameters_trained:,} of"
        f" {done.parameters:,} weights learned by {done.method} in {done.seconds:.0f} s",
        aside=aside,
    )
    for name, each in done.readers.items():
        alone = ", ".join(f"{metric} {value:.4f}" for metric, value in each.values.items())
        show(f"{name} alone: {alone}", aside=aside)
    for file, count in ((train, done.without), (test, done.without_test)):
        if count:
            narrate(f"{file}: {count:,} rows without a picture or a label were left out")
    if done.shared:
        narrate(
            f"{done.shared:,} of {done.scores.texts:,} test pictures taught too, byte for byte:"
            " the figures flatter"
        )
    narrate(f"report: {out / 'report.html'}; ask it: limner vision predict {out} PICTURE…")


@vision.command("pretrain")
def pretrain(
    train: Annotated[Path, typer.Option(metavar="FILE", help="The table to learn from.")],
    image: Annotated[
        str,
        typer.Option(
            metavar="COL", help="The column of the picture: bytes, or paths beside the table."
        ),
    ],
    text: Annotated[
        list[str],
        typer.Option(
            metavar="COL",
            help="A column of the title, or of what is said of the item; several are read one after"
            " the other.",
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="The folder to write.")],
    test: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A table of pictures and titles to be asked before and after.",
            show_default=False,
        ),
    ] = None,
    base: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The model to go on from: a folder, or a name of Hugging Face's hub."
            "  [default: efficientnet-lite0]",
            show_default=False,
        ),
    ] = None,
    reader: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The language model that reads the titles.  [default: minilm]",
            show_default=False,
        ),
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Which weights learn: full, top or frozen; of transformers also lora."
            "  [default: top]",
            show_default=False,
        ),
    ] = None,
    epochs: Annotated[
        float | None,
        typer.Option(
            metavar="N", help="How often each picture teaches.  [default: 5]", show_default=False
        ),
    ] = None,
    as_json: AsJson = False,
    workspace: HouseOption = None,
    seed: SeedOption = 0,
) -> None:
    """Let a vision model learn contrastively against titles, without a label.

    The folder is a model as `--base` of `limner vision finetune` and `encoder` of `[image]` take
    it. How often a picture's own title is among the nearest is said before and after, for titles
    that were held out with all their pictures.

    Example: limner vision pretrain --train items.parquet --image photo --text title --out
    models/sees
    """
    settings = language_settings(
        workspace,
        table="vision",
        below="pretrain",
        base=base,
        reader=reader,
        method=method,
        epochs=epochs,
    )
    with bar("learning what pictures are called") as progress:
        done = pretrain_vision(
            train,
            image=image,
            text=text,
            out=out,
            test=test,
            settings=settings,
            seed=seed,
            progress=progress,
        )
    if as_json:
        emit(done.to_dict())
    show(
        f"{done.pictures:,} pictures of {done.titles:,} titles, {done.titles_held_out:,} of these"
        f" held out; {done.folder}, {done.seconds:.0f} s",
        aside=as_json,
    )
    exams = {"titles held out": (done.held, done.titles_held_out)}
    exams["titles asked"] = (done.test, done.test_titles)
    for name, (exam, count) in exams.items():
        for at, after in exam.get("after", {}).items():
            told = f"{at} {exam['before'][at]:.4f} before, {after:.4f} after"
            show(f"{count:,} {name}: {told}", aside=as_json)
    if done.left_out:
        narrate(f"{done.left_out:,} rows without a picture or a title taught nothing")
    narrate(f"tune it: limner vision finetune --base {done.folder} …")


@vision.command("compress")
def compress(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="What finetune wrote.")],
    out: LightOption = None,
    test: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A table of labelled pictures that did not teach: one half says in which ranges"
            " numbers lie, the other how right both models are.  [default: that of finetune]",
            show_default=False,
        ),
    ] = None,
    image: Annotated[
        str | None,
        typer.Option(metavar="COL", help="The column of the picture.", show_default=False),
    ] = None,
    label: Annotated[
        str | None,
        typer.Option(metavar="COL", help="The column of the label.", show_default=False),
    ] = None,
    method: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="whole: the same numbers without torch; int8: in 8 bits each."
        ),
    ] = "int8",
    as_json: AsJson = False,
    workspace: HouseOption = None,
    seed: SeedOption = 0,
) -> None:
    """Make a tuned model small and fast, so that it answers without torch; say what that costs.

    Example: limner vision compress models/photos --method int8

    Example: limner vision compress models/photos --test b.parquet --image photo --label kind --out
    models/light
    """
    del workspace  # nothing of it is read
    done = compress_vision(
        folder,
        method=method,
        pictures=test,
        image=image,
        label=label,
        out=out,
        seed=seed,
    )
    if as_json:
        emit(done.to_dict())
    show(figures_table(done.rows), aside=as_json)
    narrate(f"ask it: limner vision predict {done.folder} PICTURE…; {done.seconds:.0f} s")


@vision.command("predict")
def predict(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="What finetune wrote.")],
    pictures: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PICTURE…]", help="Files to look at.", show_default=False),
    ] = None,
    table: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A table of pictures instead.", show_default=False),
    ] = None,
    image: Annotated[
        str | None,
        typer.Option(metavar="COL", help="The column of the picture there.", show_default=False),
    ] = None,
    text: TextOption = None,
    workspace: HouseOption = None,
    seed: SeedOption = 0,
) -> None:
    """Ask a tuned model about pictures: JSON, a line a picture, on stdout.

    Pictures that cannot be opened are named on stderr with the reason; the others are answered.
    Those of a table that has their bytes are named by their row.

    Examples: limner vision predict models/photos new/*.jpg, limner vision predict models/photos
    --table new.parquet --image photo --text title
    """
    del workspace, seed  # what was tuned says all
    if (table is None) == (not pictures) or (table is None) != (image is None):
        raise BadConfig(
            "pictures must be given as files, or as --table FILE with --image COL, and not as both"
        )
    if text and table is None:
        raise BadConfig("--text names a column of a table", hint="--table FILE --image COL")
    if table is not None and image is not None:
        done = predict_table(folder, table, image=image, text=text or ())
    else:
        done = predict_pictures(folder, pictures or [])
    sys.stdout.write(done.answers.write_ndjson())
    for why in done.refused.values():
        narrate(why)
    if done.refused:
        count = len(done.refused) + len(done.answers)
        narrate(f"{len(done.refused):,} of {count:,} pictures were refused")
