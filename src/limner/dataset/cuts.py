"""Moments in time: what may be learned from what, so that the future never leaks."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from limner.errors import TooFew

__all__ = ["CutPlan", "Window", "plan_cuts"]


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """One cut and the label window that begins there.

    Features read events strictly before ``cut``; labels read ``[cut, end)``.
    """

    cut: datetime
    horizon_days: float

    @property
    def end(self) -> datetime:
        """The first moment after the label window."""
        return self.cut + timedelta(days=self.horizon_days)


@dataclass(frozen=True, slots=True)
class CutPlan:
    """Which windows train, which one validates, and at which one the question is put.

    No training window reaches past the validation cut, and the validation window does not reach
    past the test cut: the embargo is as long as the horizon.

    ``shortened`` is true where the log is too short for training windows of the whole horizon;
    the training and validation windows are then shorter than the test window.
    """

    train: tuple[Window, ...]
    validation: Window
    test: Window
    shortened: bool = False

    def __post_init__(self) -> None:
        if self.validation.end > self.test.cut:
            raise TooFew(
                f"the validation window ends {self.validation.end}, after the cut {self.test.cut}"
            )
        for window in self.train:
            if window.end > self.validation.cut:
                raise TooFew(
                    f"a training window ends {window.end}, after the validation cut "
                    f"{self.validation.cut}"
                )

    @property
    def learnable(self) -> tuple[Window, ...]:
        """All windows whose labels are known at the test cut, the oldest first."""
        return (*self.train, self.validation)


def plan_cuts(
    first: datetime,
    test: datetime,
    *,
    horizon_days: float,
    gap_days: float | None = None,
    step_days: float | None = None,
    most: int = 6,
) -> CutPlan:
    """Lay the training and validation cuts before a test cut.

    The validation cut lies ``gap_days`` before the test cut, the newest training cut as much
    before that, and earlier ones every ``step_days``, while at least half a gap, or 30 days, of
    history lie before each. Where the log is too short for one such training cut, the label windows
    of training and validation are shortened: the time before the test cut is parted so
    that each training window is followed by a validation window as long.

    Parameters
    ----------
    first
        The time of the first event of the log.
    test
        The moment at which the question is put.
    horizon_days
        How far the question looks ahead, in days.
    gap_days
        The distance between validation and test cut, in days; at least the horizon, which is also
        the default. Questions that share it share their features.
    step_days
        The distance between training cuts, in days. The default is the gap.
    most
        The largest number of training cuts; the newest are kept. More were no better, and slower:
        docs/experiments.md.

    Raises
    ------
    TooFew
        If less than four days, or nothing, lies before the test cut.
    """
    gap = max(gap_days or horizon_days, horizon_days)
    step = step_days or gap
    span = (test - first) / timedelta(days=1)
    if span < 4 * min(gap, 1.0):
        raise TooFew(
            f"the cut {test:%Y-%m-%d} must lie at least four days after the first event "
            f"{first:%Y-%m-%d}",
            hint="choose a later cut",
        )
    validation = test - timedelta(days=gap)
    train = []
    for number in range(most):
        cut = validation - timedelta(days=gap + number * step)
        if (cut - first) / timedelta(days=1) < min(gap, 60.0) / 2:
            break
        train.append(Window(cut, horizon_days))
    if train:
        return CutPlan(
            tuple(reversed(train)), Window(validation, horizon_days), Window(test, horizon_days)
        )
    return _shortened(first, test, horizon_days=horizon_days)


def _shortened(first: datetime, test: datetime, *, horizon_days: float) -> CutPlan:
    """Part a short history: about half of it to look back on, a quarter to train, one to validate.

    Four training windows overlap, an eighth of their length apart: the same customers, older.
    """
    quarter = (test - first) / 4
    days = min(quarter / timedelta(days=1), horizon_days)
    return CutPlan(
        tuple(Window(test - 2 * quarter - step * quarter / 8, days) for step in (3, 2, 1, 0)),
        Window(test - quarter, days),
        Window(test, horizon_days),
        shortened=days < horizon_days,
    )
