"""The p-values of the tests for drift, without scipy, and the correction for many tests.

Each agrees with scipy: `ks_2samp(method="asymp")`, `chi2.sf` and `fisher_exact`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["adjusted", "chi_squared_p", "fisher_p", "kolmogorov_smirnov_p"]

Floats = npt.NDArray[np.float64]

_SMALLEST = 1e-300
_TINY = 1e-16  # what a sum may leave out, relative to it
_MOST_STEPS = 100_000
_SMALLEST_OF_SERIES = 40
_SMALL_SAMPLE, _LARGE_SAMPLE = 140, 200_000
_LARGE, _LARGE_IN_SMALL = 2.2, 4.0  # n * d**2 where the one-sided tail, twice, is all but exact


def kolmogorov_smirnov_p(statistic: float, rows: int, others: int) -> float:
    """Return the p-value of a two-sample Kolmogorov-Smirnov statistic.

    Parameters
    ----------
    statistic : the largest difference of the two shares of values up to a value
    rows, others : the sizes of the two samples

    Notes
    -----
    The two-sided distribution of one sample of the effective size m * n / (m + n), rounded. It is
    computed as Simard and L'Ecuyer, "Computing the two-sided Kolmogorov-Smirnov distribution",
    Journal of Statistical Software 39(11), 2011, recommend. With ties it is conservative.
    """
    n = round(rows * others / (rows + others))
    if n < 1 or statistic <= 0.5 / n:
        return 1.0
    if statistic >= 1.0:
        return 0.0
    scaled = n * statistic**2
    if statistic >= 0.5 or scaled >= (_LARGE_IN_SMALL if n <= _SMALL_SAMPLE else _LARGE):
        return min(1.0, 2.0 * _one_sided(n, statistic))
    if n <= _SMALL_SAMPLE or (n <= 100_000 and n * statistic**1.5 <= 1.4):
        return min(1.0, max(0.0, 1.0 - _durbin(n, statistic)))
    return min(1.0, max(0.0, 1.0 - _pelz_good(n, statistic)))


def _one_sided(n: int, d: float) -> float:
    """Return how likely the one-sided statistic is to exceed `d`: Smirnov's sum, or its limit."""
    if n > _LARGE_SAMPLE:
        return math.exp(-((6 * n * d + 1) ** 2) / (18 * n))
    j = np.arange(math.floor(n * (1.0 - d)) + 1, dtype=np.float64)
    rest = 1.0 - d - j / n
    j, rest = j[rest > 0], rest[rest > 0]
    logs = _log_binomial(n, j) + (j - 1) * np.log(d + j / n) + (n - j) * np.log(rest)
    return float(d * np.exp(logs).sum())


def _durbin(n: int, d: float) -> float:
    """Return how likely the two-sided statistic is to be at most `d`.

    Marsaglia, Tsang and Wang, "Evaluating Kolmogorov's distribution", Journal of Statistical
    Software 8(18), 2003: an entry of the n-th power of a matrix.
    """
    k = math.ceil(n * d)
    h = k - n * d
    size = 2 * k - 1
    inverse_factorials = np.exp(-_log_factorials(np.arange(size + 1, dtype=np.float64)))
    place = np.subtract.outer(np.arange(size), np.arange(size)) + 1
    matrix = np.where(place >= 0, inverse_factorials[np.maximum(place, 0)], 0.0)
    powers = np.arange(1, size + 1)
    column = (1.0 - h**powers) * inverse_factorials[1:]
    corner = 1.0 - 2.0 * h**size + max(2.0 * h - 1.0, 0.0) ** size
    column[-1] = corner * inverse_factorials[size]
    matrix[:, 0] = column
    matrix[-1] = column[::-1]
    power, exponent = np.eye(size), 0.0
    factor, of_factor, left = matrix, 0.0, n
    while left:
        if left % 2:
            power, exponent = power @ factor, exponent + of_factor
        factor, of_factor, left = factor @ factor, 2.0 * of_factor, left // 2
        if (largest := float(np.abs(factor).max())) > 1e100:
            factor, of_factor = factor / largest, of_factor + math.log(largest)
        if (largest := float(np.abs(power).max())) > 1e100:
            power, exponent = power / largest, exponent + math.log(largest)
    entry = float(power[k - 1, k - 1])
    if entry <= 0:
        return 0.0
    return math.exp(math.log(entry) + exponent + math.lgamma(n + 1) - n * math.log(n))


def _pelz_good(n: int, d: float) -> float:
    """Return the same, by the first four terms of its expansion in 1 / sqrt(n).

    Pelz and Good, "Approximating the lower tail-areas of the Kolmogorov-Smirnov one-sample
    statistic", Journal of the Royal Statistical Society B 38(2), 1976.
    """
    z, square = math.sqrt(n) * d, math.pi**2
    terms = math.ceil(16 * z / math.pi) + 2
    odd = (np.arange(-terms, terms) + 0.5) ** 2
    whole = np.arange(-terms, terms + 1, dtype=np.float64) ** 2
    of_odd, of_whole = (np.exp(-square * k / (2 * z**2)) for k in (odd, whole))
    root = math.sqrt(math.pi / 2)
    first = 2 * root * of_odd.sum() / (2 * z)
    second = root / (6 * z**4) * ((square * odd - z**2) * of_odd).sum()
    terms_of_third = (
        6 * z**6
        + 2 * z**4
        + square * odd * (2 * z**4 - 5 * z**2)
        + square**2 * odd**2 * (1 - 2 * z**2)
    )
    third = root / (72 * z**7) * (terms_of_third * of_odd).sum()
    third -= root * square / (36 * z**3) * (whole * of_whole).sum()
    terms_of_fourth = (
        square**3 * odd**3 * (5 - 30 * z**2)
        + square**2 * odd**2 * (212 * z**4 - 60 * z**2)
        + square * odd * (135 * z**4 - 96 * z**6)
        - 30 * z**6
        - 90 * z**8
    )
    fourth = root / (6480 * z**10) * (terms_of_fourth * of_odd).sum()
    terms_of_fourth = 3 * square * z**2 * whole - square**2 * whole**2
    fourth += root / (216 * z**6) * (terms_of_fourth * of_whole).sum()
    return float(first + second / math.sqrt(n) + third / n + fourth / n**1.5)


def chi_squared_p(statistic: float, freedom: int) -> float:
    """Return the p-value of a chi-squared statistic: the upper incomplete gamma function.

    A series below the mean and a continued fraction above it: Press et al., *Numerical Recipes*
    (2007), section 6.2.
    """
    a, x = freedom / 2.0, statistic / 2.0
    if x <= 0:
        return 1.0
    front = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1:
        term = total = 1.0 / a
        for step in range(1, _MOST_STEPS):
            term *= x / (a + step)
            total += term
            if term < total * _TINY:
                break
        return min(1.0, max(0.0, 1.0 - front * total))
    b = x + 1.0 - a
    c, d = 1.0 / _SMALLEST, 1.0 / b
    found = d
    for step in range(1, _MOST_STEPS):
        numerator = -step * (step - a)
        b += 2.0
        d = 1.0 / _not_zero(numerator * d + b)
        c = _not_zero(b + numerator / c)
        found *= c * d
        if abs(c * d - 1.0) < _TINY * 4:
            break
    return min(1.0, front * found)


def _not_zero(value: float) -> float:
    return value if abs(value) > _SMALLEST else _SMALLEST


def fisher_p(hits: int, rows: int, others_hits: int, others: int) -> float:
    """Return the two-sided p-value of Fisher's exact test that two shares are the same.

    It is the sum over all tables that are at most as likely as the one that was seen.
    """
    total = hits + others_hits
    low, high = max(0, total - others), min(total, rows)
    at = np.arange(low, high + 1, dtype=np.float64)
    logs = _log_binomial(rows, at) + _log_binomial(others, total - at)
    logs -= logs.max()
    likely = np.exp(logs)
    as_seen = likely[hits - low]
    return min(1.0, float(likely[likely <= as_seen * (1 + 1e-7)].sum() / likely.sum()))


def adjusted(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for how many they are.

    Those at most `q` are the rejections of Benjamini and Hochberg, "Controlling the false discovery
    rate", Journal of the Royal Statistical Society B 57(1), 1995, at the level `q`.
    """
    values, many = np.array(p_values, dtype=np.float64), len(p_values)
    largest_first = values.argsort()[::-1]
    raised = values[largest_first] * many / np.arange(many, 0, -1)
    values[largest_first] = np.minimum.accumulate(np.minimum(raised, 1.0))
    found: list[float] = values.tolist()
    return found


def _log_binomial(n: int, k: Floats) -> Floats:
    return math.lgamma(n + 1) - _log_factorials(k) - _log_factorials(n - k)


def _log_factorials(k: Floats) -> Floats:
    """Stirling's series for all but the smallest."""
    large = np.maximum(k, 1.0) if len(k) else k
    found = (large + 0.5) * np.log(large) - large + 0.5 * math.log(2 * math.pi)
    found += (1 / 12 - (1 / 360 - (1 / 1260 - 1 / 1680 / large**2) / large**2) / large**2) / large
    small = k < _SMALLEST_OF_SERIES
    found[small] = [math.lgamma(one + 1.0) for one in k[small].tolist()]
    return found
