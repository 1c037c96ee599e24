"""Join the wings: what the models foresee and what the log says become profiles."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from limner.cli.describing import reader_of
from limner.cli.progress import Tell, silent
from limner.cli.settings import SETTINGS_NAME, Settings
from limner.engine import Executor, Here
from limner.events.log import EventLog
from limner.heads.forecast import Forecast
from limner.profiles.inputs import PredictionInput, RankedInput, TraitInput
from limner.profiles.portrait import PortraitConfig, about, portray
from limner.profiles.record import Profile
from limner.profiles.references import References, learn_references
from limner.profiles.store import ProfileStore

__all__ = ["draw", "portrait_config", "predictions_of", "ranked_of"]

_RANKER = "reranked"
"""Which method ranks the items of a forecast."""


def draw(
    log: EventLog,
    forecasts: Sequence[Forecast],
    store: ProfileStore,
    *,
    as_of: datetime,
    computed_at: datetime,
    version: str,
    config: PortraitConfig,
    traits: Sequence[TraitInput] = (),
    describing: Path | None = None,
    without: Callable[[str], bool] = lambda _: False,
    executor: Executor | None = None,
    progress: Tell = silent,
) -> int:
    """Draw every customer's profile as of a moment and put them all into the store at once.

    Parameters
    ----------
    log, forecasts
        What happened, and what the models make of it.
    store
        Where the profiles go; whatever it held before is gone in the same moment.
    as_of, computed_at
        The moment the profiles speak of, and when this is being done.
    version
        Which models those are.
    traits
        What is known of customers beside what the log counts.
    describing
        The workspace whose behaviour model reads the events themselves; none: nobody.
    without
        Whether somebody was erased, also while this goes on; nothing is kept of them.

    Returns
    -------
    How many profiles there are.
    """
    buckets = range(log.manifest.buckets)
    progress("comparing", 0.0)
    references = learn_references(
        (log.scan(bucket=bucket) for bucket in buckets),
        log.catalogue(),
        as_of=as_of,
        config=config.traits,
    )
    work = partial(
        _draw_bucket,
        folder=log.folder,
        references=references,
        computed_at=computed_at,
        traits=traits,
        predictions=predictions_of(forecasts, currency=references.currency),
        ranked=ranked_of(forecasts),
        describing=describing,
        version=version,
        config=config,
    )
    everybody = _told((executor or Here()).map(work, buckets), len(buckets), progress)
    drawn = (each for each in everybody if not without(each.customer_id))
    whole = about(references, computed_at=computed_at, model_version=version)
    return store.put(drawn, about=whole, replace=True)


def _draw_bucket(
    bucket: int,
    *,
    folder: Path,
    references: References,
    computed_at: datetime,
    traits: Sequence[TraitInput],
    predictions: Sequence[PredictionInput],
    ranked: RankedInput | None,
    describing: Path | None,
    version: str,
    config: PortraitConfig,
) -> list[Profile]:
    """Draw the profiles of one bucket."""
    log = EventLog(folder)
    return list(
        portray(
            [log.scan(bucket=bucket)],
            references,
            computed_at=computed_at,
            attributes=log.attributes(),
            traits=traits,
            predictions=predictions,
            ranked=ranked,
            describes=None if describing is None else reader_of(describing),
            model_version=version,
            config=config,
        )
    )


def _told(buckets: Iterable[list[Profile]], count: int, progress: Tell) -> Iterator[Profile]:
    for done, profiles in enumerate(buckets):
        progress("drawing profiles", done / count)
        yield from profiles
    progress("drawing profiles", 1.0)


def predictions_of(
    forecasts: Iterable[Forecast], *, currency: str | None
) -> tuple[PredictionInput, ...]:
    """Return the forecasts as the wing that serves takes them; money gets its currency.

    A ranking of items is no prediction: see :func:`ranked_of`.
    """
    return tuple(
        PredictionInput(
            question=each.question,
            shape=each.shape,
            horizon_days=round(each.horizon_days),
            unit=(currency or each.unit) if each.shape == "how_much" else each.unit,
            model_version=each.model_version,
            customers=each.customers.tolist(),
            values=each.values,
            classes=each.classes,
            factor_names=each.factor_names,
            factor_indices=each.factor_places if each.factor_names else None,
            factor_effects=each.factor_effects if each.factor_names else None,
            factor_values=each.factor_values if each.factor_names else None,
        )
        for each in forecasts
        if each.shape != "what_next"
    )


def ranked_of(forecasts: Iterable[Forecast]) -> RankedInput | None:
    """Return the ranking of items, or None where there is no question ``what_next``.

    Where there are several, the first is taken.
    """
    forecast = next((each for each in forecasts if each.shape == "what_next"), None)
    if forecast is None:
        return None
    items, places = np.unique(forecast.items, return_inverse=True)
    top = np.where(forecast.items == "", -1, places.reshape(forecast.items.shape))
    return RankedInput(
        source=_RANKER,
        customers=forecast.customers.tolist(),
        items=items.tolist(),
        top=top.astype(np.int64),
        scores=forecast.scores,
    )


def portrait_config(settings: Settings) -> PortraitConfig:
    """Return how profiles are drawn, with the shop's time zone and category unless told."""
    given = dict(settings.profiles)
    traits: Mapping[str, Any] = {
        "time_zone": settings.shop.time_zone,
        "category_steps": settings.fit.category_steps,
        **given.pop("traits", {}),
    }
    return PortraitConfig.read({**given, "traits": traits}, where=f"{SETTINGS_NAME} [profiles]")
