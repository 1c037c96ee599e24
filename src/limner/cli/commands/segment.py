"""Segments of a shop: make them, say how many, who and why, and take the list elsewhere."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from limner.cli.console import emit, narrate, show
from limner.cli.options import AsJson, SeedOption, StoreOption, WorkspaceOption
from limner.cli.outputs import demand_file
from limner.cli.segments import FORMATS, desk_of, read_rule
from limner.cli.workspace import Workspace
from limner.errors import BadConfig

if TYPE_CHECKING:
    from limner.apps.segments.judging import Verdict

__all__ = ["segment"]

segment = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Segments: rules over what is known of customers. Needs `pip install 'limner[serve]'`.",
)
SegmentId = Annotated[str, typer.Argument(metavar="ID", help="Which, as `segment list` says.")]
RuleOption = Annotated[
    str, typer.Option(metavar="JSON|FILE", help="The rule as JSON, or a file with it; - is stdin.")
]
PurposeOption = Annotated[
    str,
    typer.Option(
        metavar="PURPOSE",
        help="For what: service, marketing, risk or analytics; whoever may not be told of is left"
        " out.",
    ),
]


@segment.command("create")
def create(
    segment_id: Annotated[str, typer.Argument(metavar="ID", help="Of a-z, 0-9, _ and -.")],
    rule: RuleOption,
    name: Annotated[
        str, typer.Option(metavar="NAME", help="What it is called.  [default: the id]")
    ] = "",
    description: Annotated[str, typer.Option(metavar="TEXT", help="What it is for.")] = "",
    store: StoreOption = None,
    workspace: WorkspaceOption = None,
    as_json: AsJson = False,
    seed: SeedOption = 0,
) -> None:
    """Make a segment: `all`, `any` and `not` over clauses of a field, an operator and a value.

    Example: limner segment create twice --rule '{"field": "traits.orders", "op": "ge", "value": 2}'
    """
    del seed
    with desk_of(Workspace(workspace), store) as desk:
        asked = read_rule(rule)
        made = desk.make(segment_id, name=name or segment_id, rule=asked, description=description)
    if as_json:
        emit(made.to_dict())
    narrate(f"made {made.id}; how many: limner segment estimate {made.id} --purpose analytics")


@segment.command("list")
def listed(
    store: StoreOption = None,
    workspace: WorkspaceOption = None,
    as_json: AsJson = False,
    seed: SeedOption = 0,
) -> None:
    """List the segments: the eleven RFM groups, the six stages of life, and the shop's own.

    Example: limner segment list --json
    """
    del seed
    with desk_of(Workspace(workspace), store) as desk:
        found = desk.all()
    if as_json:
        emit([each.to_dict() for each in found])
    for each in found:
        show(f"{each.id}  {each.name}  {each.description}".rstrip(), aside=as_json)


@segment.command("drop")
def drop(
    segment_id: SegmentId,
    store: StoreOption = None,
    workspace: WorkspaceOption = None,
    seed: SeedOption = 0,
) -> None:
    """Take a segment away.

    Example: limner segment drop twice
    """
    del seed
    with desk_of(Workspace(workspace), store) as desk:
        desk.drop(segment_id)
    narrate(f"took {segment_id} away")


@segment.command("estimate")
def estimate(
    purpose: PurposeOption,
    segment_id: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="Which; or say --rule.")
    ] = None,
    rule: Annotated[
        str | None,
        typer.Option(metavar="JSON|FILE", help="A rule that has no name yet; - is stdin."),
    ] = None,
    sample: Annotated[
        int, typer.Option(metavar="N", min=1, help="How many customers to look at.")
    ] = 1_000,
    exact: Annotated[bool, typer.Option("--exact", help="Count everybody as well.")] = False,
    store: StoreOption = None,
    workspace: WorkspaceOption = None,
    as_json: AsJson = False,
    seed: SeedOption = 0,
) -> None:
    """Say how many fulfil a rule: from a sample with a 95 % interval, and exactly with --exact.

    Example: limner segment estimate rfm.champions --purpose analytics --exact
    """
    if (segment_id is None) == (rule is None):
        raise BadConfig("say which segment, or a --rule, and not both")
    with desk_of(Workspace(workspace), store) as desk:
        asked = desk.get(segment_id).rule if segment_id is not None else read_rule(rule or "")
        told, counted = desk.estimate(asked, purpose, sample=sample, seed=seed, exact=exact)
        withheld = desk.people(purpose).withheld()
    if as_json:
        emit({**told.to_dict(), "exact": counted, "withheld": withheld})
    about = (
        f"{counted:,} of {told.people:,}, counted"
        if counted is not None
        else f"about {told.members:,} of {told.people:,} ({told.low:,} to {told.high:,},"
        f" {told.sampled:,} looked at)"
    )
    show(about, aside=as_json)
    if withheld:
        narrate(f"of {withheld:,} more it may not be told for {purpose}: nobody looked at them")


@segment.command("explain")
def explain(
    segment_id: SegmentId,
    customer_id: Annotated[str, typer.Argument(metavar="USER", help="The customer's id.")],
    purpose: PurposeOption = "service",
    store: StoreOption = None,
    workspace: WorkspaceOption = None,
    as_json: AsJson = False,
    seed: SeedOption = 0,
) -> None:
    """Say why a customer is in a segment or not, clause by clause.

    Example: limner segment explain rfm.champions 1042
    """
    del seed
    with desk_of(Workspace(workspace), store) as desk:
        verdict = desk.explain(desk.get(segment_id).rule, customer_id, purpose)
    if as_json:
        emit({"segment": segment_id, "customer_id": customer_id, **verdict.to_dict()})
    show(f"{customer_id} is {'' if verdict.holds else 'not '}in {segment_id}", aside=as_json)
    for line in _lines(verdict, 1):
        show(line, aside=as_json)


@segment.command("export")
def export(
    segment_id: SegmentId,
    purpose: PurposeOption,
    out: Annotated[
        Path,
        typer.Option(metavar="FILE", help="A .csv, .jsonl or .parquet; - is CSV on stdout."),
    ],
    fewest: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=1,
            help="A list of fewer is not written: it tells of people one by one.",
        ),
    ] = 100,
    store: StoreOption = None,
    workspace: WorkspaceOption = None,
    seed: SeedOption = 0,
) -> None:
    """Write the ids of all members of whom it may be told for a purpose; the audit log names each.

    Example: limner segment export rfm.at_risk --purpose marketing --out at_risk.csv
    """
    del seed
    demand_file(out, option="--out", endings=FORMATS)
    with desk_of(Workspace(workspace), store) as desk:
        count = desk.export(desk.get(segment_id), purpose, out, fewest=fewest)
    narrate(f"{count:,} members of {segment_id} in {out}")


def _lines(verdict: "Verdict", depth: int) -> list[str]:
    mark = "+" if verdict.holds else "-"
    said = verdict.why if verdict.clause is not None else f"{verdict.kind}: {verdict.why}"
    below = [line for part in verdict.parts for line in _lines(part, depth + 1)]
    return [f"{'  ' * depth}{mark} {said}", *below]
