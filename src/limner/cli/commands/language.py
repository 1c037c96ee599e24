"""Language models: tune one for texts, and ask it."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from limner.cli.compressing import compress_language
from limner.cli.console import emit, emit_to, narrate, show
from limner.cli.language import (
    language_settings,
    predict_texts,
    pretrain_language,
    tune_language,
)
from limner.cli.options import AsJson, HouseOption, LightOption, SeedOption
from limner.cli.outputs import demand_file
from limner.cli.progress import bar
from limner.cli.tables import figures_table
from limner.errors import BadConfig

__all__ = ["language"]

language = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Pretrained language models: taught a shop's texts, tuned for what is asked, and asked."
    " Needs `pip install 'limner[language]'`.",
)

TextOption = Annotated[
    list[str],
    typer.Option(metavar="COL", help="The column of the text; for pairs give it twice."),
]
BesideOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COL",
        help="A column of numbers, or of lists such as `limner embed` writes, that is read beside"
        " the text; may be given several times.",
        show_default=False,
    ),
]


@language.command("finetune")
def finetune(
    train: Annotated[Path, typer.Option(metavar="FILE", help="The table to learn from.")],
    test: Annotated[Path, typer.Option(metavar="FILE", help="The table to examine on.")],
    text: TextOption,
    label: Annotated[str, typer.Option(metavar="COL", help="The column of the label.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="The folder to write.")],
    kind: Annotated[
        str,
        typer.Option(
            metavar="KIND",
            help="classify: one class; multilabel: several, as lists or parted by |; regress: a"
            " number; pair: how well two texts belong together.",
        ),
    ] = "classify",
    base: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The model: a folder, a name of `limner language models`, or of Hugging Face's"
            " hub; use-multilingual goes with frozen alone.  [default: minilm]",
            show_default=False,
        ),
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Which weights learn: full, top, lora, adalora, adapter, fewshot or frozen."
            "  [default: full]",
            show_default=False,
        ),
    ] = None,
    epochs: Annotated[
        float | None,
        typer.Option(
            metavar="N", help="How often each text teaches.  [default: 5]", show_default=False
        ),
    ] = None,
    unlabelled: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Texts like these that have no label: a table, or a text a line. Where labels are"
            " few, what such texts are about helps; it may be the training table.",
            show_default=False,
        ),
    ] = None,
    pseudo_labels: Annotated[
        bool,
        typer.Option(
            "--pseudo-labels",
            help="Let the unlabelled texts teach too, as what they are taken for: the surest"
            " first. For one class a text.",
        ),
    ] = False,
    beside: BesideOption = None,
    json_file: Annotated[
        Path | None,
        typer.Option("--json", metavar="FILE", help="Write the figures there; - for stdout."),
    ] = None,
    workspace: HouseOption = None,
    seed: SeedOption = 0,
) -> None:
    """Tune a language model for a table of labelled texts, and examine it on another.

    A linear head upon the words answers beside the model; texts held out of the training table say
    how both are weighed. The folder holds what was changed, figures, a card and a report.

    Example: limner language finetune --train a.parquet --test b.parquet --text title --label kind
    --method lora --out models/kind

    Example: limner language finetune --base use-multilingual --method frozen --train few.parquet
    --unlabelled reviews.txt --pseudo-labels --test b.parquet --text text --label good
    --out models/good
    """
    from limner.heads.language.task import KINDS

    if kind not in KINDS:
        raise BadConfig(f"--kind must be one of {', '.join(KINDS)}, got {kind!r}")
    demand_file(json_file, option="--json")
    aside = json_file is not None and str(json_file) == "-"
    if pseudo_labels and unlabelled is None:
        raise BadConfig("--pseudo-labels needs texts without a label", hint="--unlabelled FILE")
    settings = language_settings(workspace, base=base, method=method, epochs=epochs)
    if pseudo_labels:
        settings.setdefault("pseudo_labels", {})
    with bar(f"tuning for {label}") as progress:
        done = tune_language(
            train,
            test,
            text=text,
            label=label,
            kind=kind,
            out=out,
            unlabelled=unlabelled,
            beside=beside or (),
            settings=settings,
            seed=seed,
            progress=progress,
        )
    emit_to(done.to_dict(), json_file)
    figures = ", ".join(f"{name} {value:.4f}" for name, value in done.scores.values.items())
    show(
        f"{done.scores.texts:,} texts: {figures}; {done.parameters_trained:,} of"
        f" {done.parameters:,} weights learned by {done.method} in {done.seconds:.0f} s",
        aside=aside,
    )
    if done.without_label:
        narrate(f"{done.without_label:,} rows of {train} have no {label}, and taught nothing")
    narrate(f"report: {out / 'report.html'}; ask it: limner language predict {out} --texts FILE")


@language.command("pretrain")
def pretrain(
    texts: Annotated[
        Path,
        typer.Option(
            metavar="FILE", help="A table, or a file with a text a line; any other ending is that."
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="The folder to write.")],
    text: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COL",
            help="The column of the text, where a table has several; for contrastive give it twice"
            " where two texts belong together.",
            show_default=False,
        ),
    ] = None,
    objective: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="mlm: masked tokens; clm: the next token; span: hidden spans; contrastive: what"
            " belongs together.  [default: mlm]",
            show_default=False,
        ),
    ] = None,
    base: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The model to go on from; scratch: a small one is built anew.  [default: scratch]",
            show_default=False,
        ),
    ] = None,
    epochs: Annotated[
        float | None,
        typer.Option(
            metavar="N", help="How often each text teaches.  [default: 3]", show_default=False
        ),
    ] = None,
    as_json: AsJson = False,
    workspace: HouseOption = None,
    seed: SeedOption = 0,
) -> None:
    """Let a language model learn from a shop's own texts, without a label.

    The folder is a model as `--base` takes it. A run that was killed goes on where it was, if the
    same is asked again.

    Example: limner language pretrain --texts reviews.txt --objective mlm --out models/zh
    """
    settings = language_settings(
        workspace, below="pretrain", objective=objective, base=base, epochs=epochs
    )
    with bar("learning from texts") as progress:
        done = pretrain_language(
            texts, text=text or (), out=out, settings=settings, seed=seed, progress=progress
        )
    if as_json:
        emit(done.to_dict())
    told = "" if done.loss is None else f", loss {done.first_loss:.3f} to {done.loss:.3f}"
    show(
        f"{done.texts:,} texts, {done.steps:,} steps{told}; {done.parameters:,} weights in"
        f" {done.folder}, {done.seconds:.0f} s",
        aside=as_json,
    )
    narrate(f"tune it: limner language finetune --base {done.folder} …")


@language.command("predict")
def predict(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="What finetune wrote.")],
    texts: Annotated[
        Path,
        typer.Option(
            metavar="FILE", help="A table, or a file with a text a line; any other ending is that."
        ),
    ],
    text: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COL",
            help="The column of the text, where a table has several; for pairs give it twice.",
            show_default=False,
        ),
    ] = None,
    beside: BesideOption = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A Parquet or CSV file to write.  [default: JSON, a line a text, on stdout]",
            show_default=False,
        ),
    ] = None,
    workspace: HouseOption = None,
    seed: SeedOption = 0,
) -> None:
    """Ask a tuned model about every text of a file.

    Example: limner language predict models/kind --texts new.txt
    """
    del workspace, seed  # what was tuned says all
    demand_file(out, option="--out", endings=(".parquet", ".csv"))
    table = predict_texts(folder, texts, text=text or (), beside=beside or ())
    if out is None:
        sys.stdout.write(table.write_ndjson())
        return
    if out.suffix == ".csv":
        flat = table.with_columns(table["label"].list.join("|")) if _lists(table) else table
        flat.write_csv(out)
    else:
        table.write_parquet(out)
    narrate(f"{len(table):,} texts in {out}")


@language.command("compress")
def compress(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="What finetune wrote.")],
    out: LightOption = None,
    texts: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Texts like those it will be asked, without labels: prune and distil learn from"
            " them, and both models are compared on them.  [default: the tables of finetune, of"
            " which the second compares]",
            show_default=False,
        ),
    ] = None,
    method: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="int8: 8 bits a weight; prune: fewer layers and heads; distil: a table of tokens,"
            " no network.",
        ),
    ] = "int8",
    text: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COL",
            help="The column of the text, where a table has several; for pairs give it twice.",
            show_default=False,
        ),
    ] = None,
    test: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A table with labels, to say how right both models are.",
            show_default=False,
        ),
    ] = None,
    label: Annotated[
        str | None,
        typer.Option(metavar="COL", help="The column of the label there.", show_default=False),
    ] = None,
    as_json: AsJson = False,
    workspace: HouseOption = None,
    seed: SeedOption = 0,
) -> None:
    """Make a tuned model small and fast, so that it answers without torch; say what that costs.

    Example: limner language compress models/kind --method int8

    Example: limner language compress models/kind --method distil --texts new.txt --out models/light
    """
    del workspace  # nothing of it is read
    with bar("making it light") as progress:
        done = compress_language(
            folder,
            method=method,
            texts=texts,
            text=text or (),
            out=out,
            test=test,
            label=label,
            seed=seed,
            progress=progress,
        )
    if as_json:
        emit(done.to_dict())
    show(figures_table(done.rows), aside=as_json)
    narrate(f"ask it: limner language predict {done.folder} --texts FILE; {done.seconds:.0f} s")


@language.command("models")
def models(workspace: HouseOption = None, seed: SeedOption = 0) -> None:
    """Say which language model suits what, and which of them come with `limner[language]`."""
    del workspace, seed  # the same everywhere
    from limner.encoders.language.guide import GUIDE

    rows = [
        {
            "name": each.name,
            "family": each.family.replace("_", "-"),
            "languages": each.languages,
            "million weights": each.parameters,
            "good for": each.good_for + (" (comes with limner[language])" if each.offline else ""),
        }
        for each in GUIDE
    ]
    show(figures_table(rows))


def _lists(table: object) -> bool:
    import polars as pl

    return isinstance(table, pl.DataFrame) and isinstance(table["label"].dtype, pl.List)
