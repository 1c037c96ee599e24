"""The scoreboard as a table: coloured on a terminal, plain text in a pipe."""

# ruff: noqa: RUF001 - the minus sign and the dash are meant

from collections.abc import Iterator, Sequence
from datetime import datetime
from io import StringIO

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from limner.training.scoreboard import Row, Scoreboard

__all__ = ["BETTER", "better", "figure", "heading", "plain", "render"]

BETTER = {"brier": -1, "ece": -1, "rmse": -1, "mae": -1, "volume_ratio": 0}
"""Metrics of which less is better (-1), or that ought to be 1 (0); of all others more is better."""

WIDE = 11
"""How many letters of a metric's name fit above its column."""

BROAD = 13
"""How many letters of a method's name fit before its row: five metrics fill eighty columns."""

MARK = "*"
"""Stands beside a difference whose interval leaves out zero."""


def render(scoreboard: Scoreboard) -> Group:
    """Return one table a question and cut: methods are rows, metrics are columns.

    Each cell holds the value, its 95 % interval, and the difference to the reference; a star marks
    a difference whose interval leaves out zero, green for better and red for worse.
    """
    tables = [
        part
        for key, rows in scoreboard.blocks().items()
        for part in (*_block(rows), *_modalities(scoreboard.modalities_of(*key)))
    ]
    legend = Text(
        f"Below each value its 95 % interval, then the difference to the reference; {MARK} its "
        "interval leaves out zero.",
        style="dim",
    )
    return Group(*tables, legend)


def plain(scoreboard: Scoreboard) -> str:
    """Return the same tables as text without colours, as wide as they need to be."""
    out = StringIO()
    console = Console(file=out, width=400, color_system=None, force_terminal=False)
    console.print(render(scoreboard))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def better(row: Row) -> bool | None:
    """Return whether the row beats its reference for sure, is beaten for sure, or neither (None).

    For ``volume_ratio``, where 1 is best, the distance to 1 decides.
    """
    if not row.differs or row.delta is None or row.value is None:
        return None
    direction = BETTER.get(row.metric, 1)
    if direction:
        return row.delta * direction > 0
    return abs(row.value - 1) < abs(row.value - row.delta - 1)


def figure(value: float | None, *, signed: bool = False) -> str:
    """Return a number with the digits that are worth reading: three decimals, fewer if large."""
    if value is None:
        return "–"
    size = abs(value)
    decimals = 3 if size < 10 else 2 if size < 100 else 1 if size < 1000 else 0
    text = f"{value:{'+' if signed else ''}.{decimals}f}"
    return text.replace("-", "−")


def heading(row: Row) -> str:
    """Return what a question's block is called."""
    when = f"{_days(row.horizon_days)} from" if row.horizon_days else "as of"
    return f"{row.question} · {row.shape} · {when} {_date(row.cut)}"


def _block(rows: Sequence[Row]) -> Iterator[RenderableType]:
    """Return the tables of one question: one for each part of the truth, or one line if too few."""
    for part in ("", ":repeat", ":new"):
        of_part = [row for row in rows if row.metric.partition(":")[2] == part[1:]]
        if not of_part:
            continue
        first = of_part[0]
        title = f"{heading(first)}{part.replace(':', ' · ')}"
        title = f"{title} · {first.n:,} customers, {first.positives:,} positives"
        if any(row.value is not None for row in of_part):
            yield Text(title, style="bold")
            yield _table(of_part)
        else:
            yield Text.assemble((title, "bold"), f"\n too few to say: {first.too_few}\n")


def _table(rows: Sequence[Row]) -> Table:
    metrics = list(dict.fromkeys(row.metric for row in rows))
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("method", no_wrap=True)
    for metric in metrics:
        table.add_column(_header(metric), justify="right")
    cells = {(row.method, row.metric): row for row in rows}
    for method in dict.fromkeys(row.method for row in rows):
        table.add_row(
            _broken(method, BROAD), *(_cell(cells.get((method, metric))) for metric in metrics)
        )
    return table


def _modalities(rows: Sequence[Row]) -> Iterator[RenderableType]:
    """Return what each modality adds to a question: a table, or nothing."""
    columns = {row.slice: row.metric for row in rows if row.delta is not None}
    if not columns:
        return
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("with", no_wrap=True)
    table.add_column("beside", no_wrap=True)
    for name, metric in columns.items():
        table.add_column(f"{name}\n{metric}", justify="right")
    cells = {(row.beside, row.modality, row.slice): row for row in rows}
    for beside, modality in dict.fromkeys((row.beside, row.modality) for row in rows):
        told = (cells.get((beside, modality, name)) for name in columns)
        table.add_row(modality, beside, *(_added(row) for row in told))
    yield Text(f"{heading(rows[0])} · what each modality adds", style="bold")
    yield table


def _added(row: Row | None) -> Text:
    if row is None or row.delta is None:
        return Text("–", style="dim")
    style = {True: "green", False: "red", None: "dim"}[better(row)]
    text = Text(f"{figure(row.delta, signed=True)}{MARK if row.differs else ' '}", style=style)
    around = f"{figure(row.delta_low, signed=True)}…{figure(row.delta_high, signed=True)}"
    return text.append(f"\n{around}", style="not bold dim")


def _header(metric: str) -> str:
    """Return what stands above a metric's column."""
    return _broken(metric.partition(":")[0], WIDE)


def _broken(name: str, most: int) -> str:
    """Break a name after its first word if it has more letters than that."""
    return name.replace("_", "_\n", 1) if len(name) > most else name


def _cell(row: Row | None) -> Text:
    if row is None:
        return Text("")
    if row.value is None:
        return Text("–", style="dim")
    text = Text(figure(row.value), style="bold")
    if row.low is not None:
        text.append(f"\n{figure(row.low)}…{figure(row.high)}", style="not bold dim")
    if row.delta is not None:
        if row.delta == row.delta_low == row.delta_high == 0:
            text.append("\n±0", style="not bold dim")
        else:
            style = {True: "green", False: "red", None: "dim"}[better(row)]
            mark = MARK if row.differs else " "
            text.append(f"\n{figure(row.delta, signed=True)}{mark}", style=f"not bold {style}")
    return text


def _days(days: float) -> str:
    return "1 day" if days == 1 else f"{days:g} days"


def _date(cut: datetime) -> str:
    return cut.date().isoformat() if not (cut.hour or cut.minute or cut.second) else cut.isoformat()
