"""Draw ``portrait.svg`` from the demo: some lines of the log, and the portrait made of them.

``python docs/pictures/draw.py [WORKSPACE] [CUSTOMER]`` after ``make demo``; the same workspace
gives the same picture. Without a customer, the champion with the most telling summary is drawn.
"""

import sys
import textwrap
from html import escape
from pathlib import Path

import polars as pl

import limner as lm
from limner.events.event import amount

FILE = Path(__file__).parent / "portrait.svg"
WIDTH, HEIGHT = 1240, 570
INK, DIM, LINE, PAPER, ACCENT, SOFT = (
    "#1f2933",
    "#6b7785",
    "#d5dbe1",
    "#ffffff",
    "#b4532a",
    "#f3e3da",
)
SERIF = "Georgia, 'Times New Roman', serif"
SANS = "system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif"
MONO = "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace"


def text(x: float, y: float, what: str, *, size: float = 14, **style: str) -> str:
    """Return one line of text; ``style`` names SVG attributes, underscores for hyphens."""
    given = {"font_family": SANS, "fill": INK} | style
    told = " ".join(f'{name.replace("_", "-")}="{escape(value)}"' for name, value in given.items())
    return f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" {told}>{escape(what)}</text>'


def box(x: float, y: float, width: float, height: float, fill: str, **style: str) -> str:
    """Return a rectangle."""
    told = " ".join(f'{name.replace("_", "-")}="{value}"' for name, value in style.items())
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" fill="{fill}" {told}/>'


def lines_of_log(shop: lm.Workspace, customer_id: str, *, most: int = 11) -> list[tuple[str, ...]]:
    """Return the newest lines of one customer, the newest last: day, kind, title, amount."""
    titles = shop.log.catalogue().select("item_id", "title")
    rows = (
        shop.log.scan()
        .filter(pl.col("customer_id") == customer_id)
        .with_columns(worth=amount())
        .sort("time", "item_id")
        .tail(most)
        .collect()
        .join(titles, on="item_id", how="left", maintain_order="left")
    )
    return [
        (
            f"{row['time']:%Y-%m-%d %H:%M}",
            row["kind"],
            (row["title"] or "").lower()[:24],
            f"{row['worth']:.2f}" if row["item_id"] else "",
        )
        for row in rows.iter_rows(named=True)
    ]


def choose(shop: lm.Workspace) -> lm.Profile:
    """Return the champion of whom the most is told."""
    champions = [one for one in shop.profiles() if one.lifecycle.rfm_group == "CHAMPIONS"]
    return max(champions, key=lambda one: (len(one.predictions), len(one.summary), one.customer_id))


def log_part(rows: list[tuple[str, ...]]) -> list[str]:
    """Return the left side: the log."""
    parts = [
        text(40, 62, "a shop's log", size=22, font_family=SERIF),
        text(40, 84, "one household, the newest lines", size=13, fill=DIM),
    ]
    for number, (day, kind, title, worth) in enumerate(rows):
        y = 122 + 34 * number
        mono = {"font_family": MONO, "fill": INK if kind == "purchase" else ACCENT}
        parts += [
            text(40, y, day, size=12, font_family=MONO, fill=DIM),
            text(172, y, kind, size=12, **mono),
            text(246, y, title, size=12, **mono),
            text(470, y, worth, size=12, text_anchor="end", **mono),
        ]
    return parts


def arrow() -> list[str]:
    """Return what stands between log and portrait."""
    path = f"M492 {HEIGHT / 2:g} h40 m-9 -7 l9 7 l-9 7"
    return [f'<path d="{path}" fill="none" stroke="{ACCENT}" stroke-width="2"/>']


def portrait_part(profile: lm.Profile) -> list[str]:
    """Return the right side: the portrait."""
    left, right = 556, WIDTH - 36
    group = profile.lifecycle.rfm_group.replace("_", " ").lower()
    parts = [
        box(left, 30, right - left, HEIGHT - 76, PAPER, rx="10", stroke=LINE),
        text(left + 24, 66, f"household {profile.customer_id}", size=22, font_family=SERIF),
        text(
            right - 24, 66, f"{group} · {profile.lifecycle.stage}", fill=ACCENT, text_anchor="end"
        ),
    ]
    told = summary(profile)
    parts += [text(left + 24, 96 + 20 * at, line, size=13.5) for at, line in enumerate(told)]
    parts += predictions(profile, left + 24, 206) + weeks(profile, left + 24, 424)
    return parts + favourites(profile, left + 344, 206) + offers(profile, left + 344, 366)


def summary(profile: lm.Profile, *, letters: int = 82, most: int = 4) -> list[str]:
    """Return as many whole clauses of the summary as fit into the lines."""
    lines: list[str] = []
    for count in range(1, len(profile.summary) + 1):
        said = " ".join(clause.text_en for clause in profile.summary[:count])
        if len(wrapped := textwrap.wrap(said, letters)) > most:
            break
        lines = wrapped
    return lines


def predictions(profile: lm.Profile, x: float, y: float) -> list[str]:
    """Return what is expected: a bar from 0 to 100 for where the customer stands among all."""
    parts = [text(x, y, "what comes next", size=15, font_family=SERIF)]
    shown = [one for one in profile.predictions if one.shape != "which"][:5]
    for at, one in enumerate(shown):
        row = y + 30 + 33 * at
        value = f"{one.value:.0%}" if one.unit == "probability" else f"{one.value:,.1f} {one.unit}"
        rank = one.percentile or 0.0
        parts += [
            text(x, row, f"{one.question}, {one.horizon_days} days", size=12.5),
            text(x + 280, row, value, size=12.5, text_anchor="end", font_weight="600"),
            box(x, row + 6, 280, 5, SOFT, rx="2.5"),
            box(x, row + 6, max(3.0, 2.8 * rank), 5, ACCENT, rx="2.5"),
        ]
    return parts


def weeks(profile: lm.Profile, x: float, y: float) -> list[str]:
    """Return a year of weekly spend."""
    spend = profile.rhythm.weekly_spend
    highest = max(spend, default=0.0) or 1.0
    step = 280 / max(1, len(spend))
    bars = [
        box(
            x + at * step,
            y + 62 - 44 * max(0.0, one) / highest,
            step * 0.7,
            44 * max(0.0, one) / highest,
            DIM,
        )
        for at, one in enumerate(spend)
    ]
    return [text(x, y + 4, "spend, week by week", size=12.5, fill=DIM), *bars]


def favourites(profile: lm.Profile, x: float, y: float) -> list[str]:
    """Return what the customer likes."""
    parts = [text(x, y, "what it likes", size=15, font_family=SERIF)]
    for at, one in enumerate(profile.categories[:4]):
        row = y + 28 + 27 * at
        name = one.name.rsplit(" > ", 1)[-1].lower()[:30]
        parts += [
            text(x, row, name, size=12.5),
            text(
                x + 280,
                row,
                f"{one.share:.0%} of {one.basis}",
                size=12.5,
                text_anchor="end",
                fill=DIM,
            ),
        ]
    return parts


def offers(profile: lm.Profile, x: float, y: float) -> list[str]:
    """Return what to offer, and why."""
    parts = [text(x, y, "what to offer, and why", size=15, font_family=SERIF)]
    for at, one in enumerate(profile.recommendations[:3]):
        row = y + 26 + 36 * at
        parts += [
            text(x, row, (one.title or one.item_id).lower()[:40], size=12.5),
            text(x, row + 15, one.reason_en[:52], size=11.5, fill=DIM),
        ]
    return parts


def draw(shop: lm.Workspace, profile: lm.Profile) -> str:
    """Return the picture as SVG."""
    note = f"Drawn from the demo as of {profile.as_of:%Y-%m-%d}. Bars: place among all households."
    notes = [note, shop.settings.shop.about]
    parts = [
        box(0, 0, WIDTH, HEIGHT, "#faf8f5", rx="14"),
        *log_part(lines_of_log(shop, profile.customer_id)),
        *arrow(),
        *portrait_part(profile),
        *(
            text(40, HEIGHT - 26 + 15 * at, line, size=10.5, fill=DIM)
            for at, line in enumerate(notes)
        ),
    ]
    title = "A shop's log becomes the portrait of one household"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">\n'
        f"<title>{title}</title>\n" + "\n".join(parts) + "\n</svg>\n"
    )


def main() -> None:
    """Draw the picture."""
    shop = lm.Workspace(sys.argv[1] if len(sys.argv) > 1 else "demo")
    profile = shop.profile(sys.argv[2]) if len(sys.argv) > 2 else choose(shop)
    FILE.write_text(draw(shop, profile), encoding="utf-8")
    print(FILE)


if __name__ == "__main__":
    main()
