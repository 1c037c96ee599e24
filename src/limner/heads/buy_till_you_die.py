"""Buy till you die: how often a customer will still buy, and for how much, from counts alone."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import eigh_tridiagonal
from scipy.optimize import minimize
from scipy.special import betainc, betaln, gammaln, psi

from limner.errors import BadShape, NotFitted, TooFew

__all__ = ["BetaGeometric", "GammaGamma"]

Floats = NDArray[np.float64]

NODES = 96
"""Points of the quadrature over the chance of leaving."""
FEWEST = 30
"""The smallest number of customers that parameters are fitted to."""
LOG_BOUND = 12.0
"""Parameters are sought within e^±12."""


@dataclass(slots=True)
class BetaGeometric:
    """BG/NBD: customers buy at random, each at an own rate, and after each purchase may leave.

    A customer is three numbers: ``frequency`` x, the purchases after the first; ``recency``, from
    the first purchase to the last; ``age``, from the first purchase to the cut. Time is
    in any one unit, the same for all.

    Attributes
    ----------
    r, alpha
        Shape and rate of the gamma distribution of buying rates; ``alpha`` is in the unit of time.
    a, b
        The beta distribution of the chance of leaving after a purchase.
    log_likelihood
        Of the customers it was fitted to, natural logarithm; 0 where parameters were given.

    References
    ----------
    Fader, Hardie, Lee: "Counting your customers the easy way: an alternative to the Pareto/NBD
    model", Marketing Science 24 (2005), equations 6 and 10. The expectation is computed as
    an integral over the chance of leaving, which is smooth where equation 10 divides nought by
    nought (a = 1).

    Examples
    --------
    >>> model = BetaGeometric(r=0.243, alpha=4.414, a=0.793, b=2.426)
    >>> model.expected(2, 30.43, 38.86, horizon=39).round(3)
    array([1.226])
    """

    r: float = np.nan
    alpha: float = np.nan
    a: float = np.nan
    b: float = np.nan
    log_likelihood: float = 0.0

    def fit(
        self,
        frequency: ArrayLike,
        recency: ArrayLike,
        age: ArrayLike,
        *,
        weights: ArrayLike | None = None,
    ) -> Self:
        """Find the parameters under which these customers are likeliest.

        Parameters
        ----------
        frequency, recency, age
            One number a customer, (N,).
        weights
            How many customers each row stands for (N,); one each by default.

        Returns
        -------
        This model.

        Raises
        ------
        TooFew
            If there are fewer than 30 customers, or none ever came back.
        BadShape
            If the numbers cannot be a customer's.
        """
        x, recency_, age_ = _history(frequency, recency, age)
        weigh = np.ones(len(x)) if weights is None else np.asarray(weights, np.float64)
        if weigh.sum() < FEWEST or not (x > 0).any():
            raise TooFew(
                f"BG/NBD needs {FEWEST} customers, some of them with a second purchase, "
                f"got {int(weigh.sum())} customers, {int(weigh[x > 0].sum())} of them with one"
            )
        # Times are divided by their mean, so that all four parameters are sought near 1.
        unit = float(np.average(age_, weights=weigh)) or 1.0
        rows, places = np.unique(
            np.column_stack([x, recency_ / unit, age_ / unit]), axis=0, return_inverse=True
        )
        counts = np.bincount(places.ravel(), weights=weigh).astype(np.float64)

        def cost(logs: Floats) -> tuple[float, Floats]:
            value, slope = _negative_log_likelihood(np.exp(logs), rows, counts)
            return value, slope * np.exp(logs)

        best = _search(
            cost, starts=[(0.0, 0.0, 0.0, 0.0), (-1.0, -1.0, -0.5, 1.0), (0.5, 1.0, -1.0, 2.0)]
        )
        self.r, scaled, self.a, self.b = (float(one) for one in np.exp(best.x))
        self.alpha = scaled * unit
        # A density per unit of time: x purchases were timed.
        self.log_likelihood = float(-best.fun * counts.sum() - np.log(unit) * (weigh * x).sum())
        return self

    def alive(self, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> Floats:
        """Return the probability that a customer has not left for good, (N,).

        It is no answer to "will they buy": who bought once only is alive for certain in this model.
        """
        self._check()
        x, recency_, age_ = _history(frequency, recency, age)
        log_odds = (
            np.log(self.a)
            - np.log(np.maximum(self.b + x - 1, 1e-300))
            + (self.r + x) * (np.log(self.alpha + age_) - np.log(self.alpha + recency_))
        )
        gone = np.where(x > 0, log_odds, -np.inf)
        return np.exp(-np.logaddexp(0.0, gone))

    def any_purchase(
        self, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike, *, horizon: float
    ) -> Floats:
        """Return the probability of at least one purchase within the horizon, (N,)."""
        x, _, age_ = _history(frequency, recency, age)
        silent = -(self.r + x) * np.log1p(horizon / (self.alpha + age_))
        return self.alive(frequency, recency, age) * -np.expm1(silent)

    def expected(
        self, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike, *, horizon: float
    ) -> Floats:
        """Return the expected number of purchases within the horizon, (N,)."""
        x, _, age_ = _history(frequency, recency, age)
        alive = self.alive(frequency, recency, age)
        result = np.empty(len(x))
        for count in np.unique(x):
            rows = x == count
            leaving, weights = _beta_quadrature(self.a, self.b + count)
            pace = np.outer(horizon / (self.alpha + age_[rows]), leaving)
            # (1 - e^-λpt) / p, averaged over λ, is its own limit where p vanishes.
            bought = -np.expm1(-(self.r + count) * np.log1p(pace)) / np.maximum(leaving, 1e-300)
            result[rows] = bought @ weights
        return result * alive

    def expected_function(
        self,
        frequency: ArrayLike,
        recency: ArrayLike,
        age: ArrayLike,
        *,
        horizon: float,
        value: ArrayLike = 1.0,
        most: int = 4096,
    ) -> Floats:
        """Return E[log(1 + value · n)] for the number n of purchases within the horizon, (N,).

        Parameters
        ----------
        value
            What one purchase counts, (N,) or one number.
        most
            The largest n that is looked at.
        """
        x, _, age_ = _history(frequency, recency, age)
        worth = np.broadcast_to(np.asarray(value, np.float64), x.shape)
        alive = self.alive(frequency, recency, age)
        share = horizon / (self.alpha + age_ + horizon)
        total, stayed, rows = np.zeros(len(x)), np.ones(len(x)), np.arange(len(x))
        for n in range(1, most + 1):
            # P(n or more) = alive · E[(1 - p)^(n-1)] · P(a Poisson stream gives n or more).
            reached = alive[rows] * stayed[rows] * betainc(n, self.r + x[rows], share[rows])
            gain = np.log1p(worth[rows] / (1 + (n - 1) * worth[rows]))
            total[rows] += reached * gain
            rows = rows[reached > 1e-7]
            if not len(rows):
                break
            stayed[rows] *= (self.b + x[rows] + n - 1) / (self.a + self.b + x[rows] + n - 1)
        return total

    def expected_anew(self, horizon: float) -> float:
        """Return the expected number of purchases of a new customer after the first."""
        return float(self.expected(0.0, 0.0, 0.0, horizon=horizon)[0])

    def to_dict(self) -> dict[str, float]:
        """Return the parameters by name."""
        return {name: float(getattr(self, name)) for name in ("r", "alpha", "a", "b")}

    def _check(self) -> None:
        if not np.isfinite([self.r, self.alpha, self.a, self.b]).all():
            raise NotFitted("BetaGeometric has no parameters yet", hint="call fit(...) first")


@dataclass(slots=True)
class GammaGamma:
    """What one purchase of a customer is worth, drawn towards what purchases in general are.

    Attributes
    ----------
    p
        Shape of the gamma distribution of one customer's purchases.
    q, gamma
        Shape and rate of the gamma distribution of the customers' own rates; ``gamma`` is money.
        ``q`` is sought above 1, where the population has a mean.
    log_likelihood
        Of the customers it was fitted to.

    References
    ----------
    Fader, Hardie: "The Gamma-Gamma model of monetary value", note 025 (2013), equations 1a and 5.

    Examples
    --------
    >>> GammaGamma(p=6.25, q=3.74, gamma=15.44).expected([0, 2], [0.0, 50.0]).round(2)
    array([35.22, 47.34])
    """

    p: float = np.nan
    q: float = np.nan
    gamma: float = np.nan
    log_likelihood: float = 0.0

    def fit(self, purchases: ArrayLike, mean_value: ArrayLike) -> Self:
        """Find the parameters; customers without purchases or of no positive value are left out.

        Parameters
        ----------
        purchases
            How many purchases of a customer were averaged (N,).
        mean_value
            Their mean value (N,), in money.

        Raises
        ------
        TooFew
            If fewer than 30 customers remain.
        """
        n, mean = _pair(purchases, mean_value)
        keep = (n > 0) & (mean > 0)
        if keep.sum() < FEWEST:
            raise TooFew(
                f"Gamma-Gamma needs {FEWEST} customers with purchases of a positive value, "
                f"got {int(keep.sum())}"
            )
        n, mean = n[keep], mean[keep]
        unit = float(mean.mean())
        scaled = mean / unit

        def cost(logs: Floats) -> float:
            p, above, gamma = np.exp(logs)
            q = 1 + above
            likelihood = (
                gammaln(p * n + q)
                - gammaln(p * n)
                - gammaln(q)
                + q * np.log(gamma)
                + (p * n - 1) * np.log(scaled)
                + p * n * np.log(n)
                - (p * n + q) * np.log(gamma + scaled * n)
            )
            return float(-likelihood.mean())

        best = _search(cost, starts=[(0.0, 1.0, 0.0), (1.5, 1.0, -0.5), (0.5, 2.0, 1.0)])
        self.p, above, gamma = (float(one) for one in np.exp(best.x))
        self.q = 1 + above
        self.gamma = gamma * unit
        self.log_likelihood = float(-best.fun * len(n) - np.log(unit) * len(n))
        return self

    def expected(self, purchases: ArrayLike, mean_value: ArrayLike) -> Floats:
        """Return the expected value of one purchase (N,); without any, that of the population."""
        if not np.isfinite([self.p, self.q, self.gamma]).all():
            raise NotFitted("GammaGamma has no parameters yet", hint="call fit(...) first")
        n, mean = _pair(purchases, mean_value)
        total = np.where(n > 0, n * mean, 0.0)
        return np.asarray(self.p * (self.gamma + total) / (self.p * n + self.q - 1))


def _history(*numbers: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Check and return frequency, recency, age as float arrays of one length."""
    x, recency, age = np.broadcast_arrays(
        *(np.atleast_1d(np.asarray(one, np.float64)) for one in numbers)
    )
    if not (np.isfinite(x) & (x >= 0) & (recency >= 0) & (age >= recency)).all():
        raise BadShape(
            "frequency must not be negative and 0 <= recency <= age must hold for every customer",
            hint="recency counts from the first purchase to the last, age from it to the cut",
        )
    return x, recency, age


def _pair(purchases: ArrayLike, mean_value: ArrayLike) -> tuple[Floats, Floats]:
    n, mean = np.broadcast_arrays(
        np.atleast_1d(np.asarray(purchases, np.float64)),
        np.atleast_1d(np.asarray(mean_value, np.float64)),
    )
    return n, mean


def _negative_log_likelihood(
    parameters: Floats, rows: Floats, counts: Floats
) -> tuple[float, Floats]:
    """Return the mean cost and its slope in r, alpha, a, b."""
    r, alpha, a, b = parameters
    x, recency, age = rows.T
    came_back = x > 0
    long, short = np.log(alpha + age), np.log(alpha + recency)
    stayed = -(r + x) * long
    tail = np.maximum(b + x - 1, 1e-300)
    left = np.where(came_back, np.log(a) - np.log(tail) - (r + x) * short, -np.inf)
    both = np.logaddexp(stayed, left)
    value = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + betaln(a, b + x) - betaln(a, b) + both
    share = np.exp(left - both)
    slopes = np.stack(
        [
            psi(r + x) - psi(r) + np.log(alpha) - (1 - share) * long - share * short,
            r / alpha - (r + x) * ((1 - share) / (alpha + age) + share / (alpha + recency)),
            psi(a + b) - psi(a + b + x) + share / a,
            psi(b + x) - psi(a + b + x) - psi(b) + psi(a + b) - share / tail,
        ]
    )
    weight = counts / counts.sum()
    return float(-(value * weight).sum()), -(slopes * weight).sum(axis=1)


def _search(cost: Any, *, starts: list[tuple[float, ...]]) -> Any:  # noqa: ANN401 - scipy's own
    """Return the best of several descents over the logarithms of the parameters."""
    graded = isinstance(cost(np.asarray(starts[0])), tuple)
    found = [
        minimize(
            cost,
            np.asarray(start),
            jac=graded,
            method="L-BFGS-B",
            bounds=[(-LOG_BOUND, LOG_BOUND)] * len(start),
            options={"maxiter": 500, "ftol": 1e-13, "gtol": 1e-8},
        )
        for start in starts
    ]
    finite = [one for one in found if np.isfinite(one.fun)]
    if not finite:
        raise TooFew(
            "no parameters make these customers likely", hint="check the amounts and times"
        )
    return min(finite, key=lambda one: one.fun)


def _beta_quadrature(a: float, b: float) -> tuple[Floats, Floats]:
    """Return points and weights (K,) that average a smooth function over Beta(a, b).

    Golub, Welsch: "Calculation of Gauss quadrature rules", 1969, with the recurrence of the shifted
    Jacobi polynomials; weights are squares of an orthogonal matrix' first row, so they sum to 1
    and cannot overflow.
    """
    k = np.arange(1, NODES, dtype=np.float64)
    s = a + b - 2  # sum of the Jacobi exponents (b - 1, a - 1)
    two = 2 * k + s
    middle = np.empty(NODES)
    middle[0] = (a - b) / (a + b)
    middle[1:] = ((a - 1) ** 2 - (b - 1) ** 2) / (two * (two + 2))
    side = np.empty(NODES - 1)
    side[0] = 4 * a * b / ((a + b) ** 2 * (a + b + 1))
    k, two = k[1:], two[1:]
    side[1:] = 4 * k * (k + b - 1) * (k + a - 1) * (k + s) / (two**2 * (two + 1) * (two - 1))
    points, vectors = eigh_tridiagonal(middle, np.sqrt(side))
    return np.clip((points + 1) / 2, 0.0, 1.0), vectors[0] ** 2
