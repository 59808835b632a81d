"""The p-values without scipy, beside those of scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from regression_model.monitoring.distributions import (
    adjusted,
    chi_squared_p,
    fisher_p,
    kolmogorov_smirnov_p,
)


@pytest.mark.parametrize("rows", [2, 10, 80, 280, 290, 3000, 40_000, 390_000])
@pytest.mark.parametrize("size", [0.2, 0.5, 0.8, 1.0, 1.36, 1.5, 1.95, 2.3, 3.0, 6.0])
def test_kolmogorov_and_smirnov_agree_with_scipy(rows: int, size: float) -> None:
    """From small samples to large ones, and from the middle of the distribution into its tail."""
    statistic = min(0.98, size / np.sqrt(rows / 2))

    found = kolmogorov_smirnov_p(statistic, rows, rows)

    assert found == pytest.approx(stats.kstwo.sf(statistic, rows // 2), rel=1e-9, abs=1e-300)


def test_kolmogorov_and_smirnov_agree_with_scipy_on_two_samples() -> None:
    """Of different sizes, with ties."""
    generator = np.random.default_rng(3)
    for sizes in ((40, 700), (1460, 90), (5000, 800)):
        ours, theirs = (np.round(generator.normal(0, 2, size)) for size in sizes)
        expected = stats.ks_2samp(ours, theirs, method="asymp")

        found = kolmogorov_smirnov_p(float(expected.statistic), *sizes)

        assert found == pytest.approx(expected.pvalue, rel=1e-9)


def test_very_large_samples_have_the_limit() -> None:
    """From 200,000 rows on the difference to scipy's is of no importance."""
    statistic = 1.6 / np.sqrt(210_000)

    found = kolmogorov_smirnov_p(statistic, 420_000, 420_000)

    assert found == pytest.approx(stats.kstwo.sf(statistic, 210_000), rel=1e-4)


@pytest.mark.parametrize("freedom", [1, 2, 7, 30, 400])
def test_chi_squared_agrees_with_scipy(freedom: int) -> None:
    """Below the mean, above it, and far out."""
    for statistic in (0.0, 0.01, 0.5 * freedom, freedom, 1.5 * freedom + 3, 4.0 * freedom + 20):
        expected = stats.chi2.sf(statistic, freedom)
        assert chi_squared_p(statistic, freedom) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize(
    "table", [(0, 50, 3, 1460), (2, 100, 1, 1460), (7, 30, 9, 31), (5, 5, 0, 9)]
)
def test_fisher_agrees_with_scipy(table: tuple[int, int, int, int]) -> None:
    """Two-sided."""
    hits, rows, others_hits, others = table
    expected = stats.fisher_exact([[hits, rows - hits], [others_hits, others - others_hits]])

    assert fisher_p(*table) == pytest.approx(expected.pvalue, rel=1e-9)


def test_adjusted_p_values_agree_with_scipy() -> None:
    """Benjamini and Hochberg's, also with equal ones and with none."""
    p_values = [0.04, 0.001, 0.2, 0.04, 0.9, 0.0, 1.0]

    assert [] == adjusted([])
    assert adjusted(p_values) == pytest.approx(stats.false_discovery_control(p_values).tolist())
