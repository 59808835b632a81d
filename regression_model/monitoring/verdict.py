"""From counts to a verdict: the tests of all fields, corrected for how many they are."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..display import plain
from ..evaluation.results import headline_of
from ..runtime.contract import Field
from .distributions import adjusted, chi_squared_p, fisher_p, kolmogorov_smirnov_p
from .outcomes import RunningErrors
from .reference import Counts, Reference, Sketch
from .results import Compared, OutcomeDrift, Part, Test, Verdict
from .running import PROBLEMS, RunningProfile, parts_of
from .settings import Settings

__all__ = ["FEWEST_FOR_PSI", "part_of"]

FEWEST_FOR_PSI = 300  # with fewer rows the index is large by chance
_GROUPS = 10  # of the index
_FEWEST_EXPECTED = 5.0  # rows of a level, in both samples: else the chi-squared test errs
_LONGEST_NUMBER = 8  # characters: a year has no comma
_UNSEEN = "any other level"
_RARE = "the rare levels together"


def part_of(
    running: RunningProfile,
    settings: Settings,
    *,
    name: str,
    significance: float | None = None,
    errors: RunningErrors | None = None,
) -> Part:
    """Test what a profile has counted.

    Parameters
    ----------
    significance : of all tests of this part; None for that of the settings
    errors : of the rows whose outcomes are known
    """
    reference, counts = running.reference, running.counts
    significance = settings.significance if significance is None else significance
    found = parts_of(reference, counts)
    rows, refused = (int(total) for total in found.totals)
    contract, numbers = reference.contract, len(reference.contract.numbers)
    problems = [dict(zip(PROBLEMS, map(int, line), strict=True)) for line in found.problems]
    compared = []
    for j, field in enumerate(contract.numbers):
        gone = int(found.missing[j])
        sketch, bins = found.numbers[j]
        tests, why = _of_values(sketch, bins, settings, field)
        psi = _psi_of_bins(sketch.counts, bins) if sketch else None
        known = int(bins.sum()) if sketch else rows - refused - gone
        compared.append(
            _field(field, reference, j, problems[j], settings, tests, why, psi, known, gone, rows)
        )
    for j, field in enumerate(contract.categories):
        offset, levels = contract.offsets[j], len(field.coded_levels)
        of_field = found.codes[offset : offset + levels + 2]
        new = np.append(of_field[:levels], of_field[levels + 1])
        tests, why, psi = _of_levels(reference.levels[j], new, settings, field)
        known, gone = int(new.sum()), int(of_field[levels])
        place = numbers + j
        compared.append(
            _field(
                field,
                reference,
                place,
                problems[place],
                settings,
                tests,
                why,
                psi,
                known,
                gone,
                rows,
            )
        )
    sketch, bins = found.predictions
    tests, why = _of_values(sketch, bins, settings, None)
    enough = rows - refused >= FEWEST_FOR_PSI
    psi = _psi_of_bins(sketch.counts, bins) if sketch and enough else None
    predictions = Compared(
        contract.target,
        "predictions",
        why if why == _TOO_FEW else "not tested",
        why,
        tuple(tests),
        psi,
        rows - refused,
        {},
    )
    refusals = _refusals(reference, rows, refused, problems, settings)
    outcomes = None if errors is None else _outcomes(reference, errors, settings)
    everything = [*compared, predictions, refusals, *([outcomes] if outcomes else [])]
    *fields, predictions, refusals, outcomes = _judged(
        everything if outcomes else [*everything, None], settings, significance
    )
    order = {"drift": 0, "no drift": 1}
    fields.sort(key=lambda one: (order.get(one.verdict, 2), -one.effect))
    return Part(name, rows, refused, significance, tuple(fields), predictions, refusals, outcomes)


def _judged(compared: Sequence[Any], settings: Settings, significance: float) -> list[Any]:
    """Correct the p-values for how many they are, and let each of the compared have a verdict."""
    is_ignored = [one is None or one.verdict == "ignored" for one in compared]
    tests = [t for one, out in zip(compared, is_ignored, strict=True) if not out for t in one.tests]
    corrected = iter(adjusted([test.p_value for test in tests]))
    least = {
        "refused": settings.refused,
        "error": settings.error_increase,
        "coverage": settings.coverage_loss,
    }
    judged: list[Any] = []
    for one, out in zip(compared, is_ignored, strict=True):
        if one is None or out or not one.tests:
            judged.append(one)
            continue
        decided = []
        for test in one.tests:
            p_value = next(corrected)
            enough = test.effect >= least.get(test.of, settings.effect)
            decided.append(
                replace(test, adjusted=p_value, counts=p_value <= significance and enough)
            )
        verdict: Verdict = "drift" if any(test.counts for test in decided) else "no drift"
        judged.append(replace(one, tests=tuple(decided), verdict=verdict))
    return judged


def _field(
    field: Field,
    reference: Reference,
    place: int,
    problems: Mapping[str, int],
    settings: Settings,
    tests: list[Test],
    why: str,
    psi: float | None,
    known: int,
    gone: int,
    rows: int,
) -> Compared:
    gone += problems["missing_value"] + problems["missing_column"]
    before = reference.missing[place]
    if before is not None:
        tests = [*tests, *_of_missing(before, reference.rows, gone, known + gone, settings)]
    verdict: Verdict = "not tested" if why != _TOO_FEW else "too few rows"
    if field.name in settings.ignore:
        verdict = "ignored"
    rates = {"missing": gone / max(1, known + gone)}
    rates |= {code: times / rows for code, times in problems.items() if times}
    share = None if before is None else before / max(1, reference.rows)
    enough = known >= FEWEST_FOR_PSI
    return Compared(
        field.name,
        field.kind,
        verdict,
        why,
        tuple(tests),
        psi if enough else None,
        known,
        rates,
        share,
    )


_TOO_FEW: Verdict = "too few rows"
_OLD_FILE = "the model file does not hold its distribution"


def _of_values(
    sketch: Sketch | None, bins: Counts, settings: Settings, field: Field | None
) -> tuple[list[Test], str]:
    """Compare the distributions of numbers: Kolmogorov and Smirnov."""
    if sketch is None:
        return [], _OLD_FILE
    rows = int(bins.sum())
    if rows < settings.minimum_rows:
        return [], _TOO_FEW
    ours = sketch.counts.cumsum() / sketch.rows
    theirs = bins.cumsum() / rows
    gaps = np.abs(ours - theirs)
    at = int(gaps[:-1].argmax())
    statistic = float(gaps[at])
    value = float(sketch.values[at // 2])
    written = field.time_text(value) if field and field.is_time else f"{value:.15g}"
    if len(written) > _LONGEST_NUMBER and not (field and field.is_time):
        written = plain(value)
    p_value = kolmogorov_smirnov_p(statistic, sketch.rows, rows)
    where = f"{'up to' if at % 2 else 'below'} {written}"
    shares = float(ours[at]), float(theirs[at])
    return [
        Test(
            "values",
            "Kolmogorov-Smirnov",
            statistic,
            p_value,
            1.0,
            statistic,
            where,
            *shares,
            False,
        )
    ], ""


def _of_levels(
    ours: Counts | None, new: Counts, settings: Settings, field: Field
) -> tuple[list[Test], str, float | None]:
    """Compare the shares of levels: chi-squared, rare levels as one."""
    if ours is None or not ours.sum():
        return [], _OLD_FILE if ours is None else "no training row had a value", None
    if new.sum() < settings.minimum_rows:
        return [], _TOO_FEW, None
    both = np.array([np.append(ours, 0), new], dtype=np.float64)
    table, names = _pooled(both, [*field.coded_levels, _UNSEEN])
    psi = _psi(table[0], table[1])
    if len(names) < 2:
        return [], "nearly all rows have one level", psi
    rows = table.sum(axis=1, keepdims=True)
    expected = rows * table.sum(axis=0) / table.sum()
    statistic = float(((table - expected) ** 2 / expected).sum())
    p_value = chi_squared_p(statistic, len(names) - 1)
    shares = table / rows
    change = shares[1] - shares[0]
    at = int(np.abs(change).argmax())
    effect = float(np.abs(change).sum() / 2)
    before_after = float(shares[0, at]), float(shares[1, at])
    return (
        [
            Test(
                "values",
                "chi-squared",
                statistic,
                p_value,
                1.0,
                effect,
                names[at],
                *before_after,
                False,
            )
        ],
        "",
        psi,
    )


def _pooled(table: Any, names: list[str]) -> tuple[Any, list[str]]:
    """Put the rarest levels together, until enough rows of each are expected in both samples."""
    seen = np.flatnonzero(table.sum(axis=0))
    totals, smaller = table.sum(axis=0), table.sum(axis=1).min() / table.sum()
    order = sorted(seen.tolist(), key=lambda at: (totals[at], at))
    rare: list[int] = []
    while order and (
        totals[order[0]] * smaller < _FEWEST_EXPECTED
        or (rare and totals[rare].sum() * smaller < _FEWEST_EXPECTED)
    ):
        rare.append(order.pop(0))
    kept = sorted(order)
    columns, labels = [table[:, at] for at in kept], [names[at] for at in kept]
    if rare:
        columns.append(table[:, rare].sum(axis=1))
        labels.append(names[rare[0]] if len(rare) == 1 else _RARE)
    return np.array(columns).T, labels


def _of_missing(before: int, of: int, gone: int, rows: int, settings: Settings) -> Iterator[Test]:
    """Compare the shares of missing values, if any is missing."""
    if rows >= settings.minimum_rows and before + gone and before + gone < of + rows:
        yield _two_shares("missing", "missing", before, of, gone, rows)


def _two_shares(kind: str, at: str, before: int, of: int, hits: int, rows: int) -> Test:
    """Compare two shares: chi-squared, or Fisher's exact test where few rows are expected."""
    table = np.array([[before, of - before], [hits, rows - hits]], dtype=np.float64)
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    shares = before / of, hits / rows
    if expected.min() >= _FEWEST_EXPECTED:
        statistic = float(((table - expected) ** 2 / expected).sum())
        method, p_value = "chi-squared", chi_squared_p(statistic, 1)
    else:
        statistic = shares[1] - shares[0]
        method, p_value = "Fisher's exact test", fisher_p(hits, rows, before, of)
    effect = abs(shares[1] - shares[0])
    return Test(kind, method, statistic, p_value, 1.0, effect, at, *shares, False)


def _refusals(
    reference: Reference,
    rows: int,
    refused: int,
    problems: Sequence[Mapping[str, int]],
    settings: Settings,
) -> Compared:
    """Compare how many rows got no prediction; of the training rows, none."""
    tests = []
    if refused and rows >= settings.minimum_rows:
        tests = [_two_shares("refused", "refused", 0, reference.rows, refused, rows)]
    rates = {"refused": refused / max(1, rows)}
    for code in PROBLEMS:
        if times := sum(of_field[code] for of_field in problems):
            rates[code] = times / rows
    verdict: Verdict = "no drift" if rows >= settings.minimum_rows else "too few rows"
    return Compared("refused rows", "rows", verdict, "", tuple(tests), None, rows, rates)


def _outcomes(reference: Reference, errors: RunningErrors, settings: Settings) -> OutcomeDrift:
    """Compare error and coverage with those of cross-validation; only worse ones are drift."""
    manifest, metrics = reference.manifest, errors.metrics
    recorded = {name: manifest["metrics"][name] for name in metrics if name in manifest["metrics"]}
    headline = headline_of(manifest["target"], recorded or manifest["metrics"])
    if errors.rows < settings.minimum_rows or headline not in recorded:
        return OutcomeDrift(errors.rows, metrics, recorded, headline, _TOO_FEW, ())
    before, now = recorded[headline], metrics[headline]
    noise = math.hypot(
        errors.standard_error(headline), errors.recorded_standard_error(manifest, headline)
    )
    z = (now - before) / noise if noise else math.copysign(math.inf, now - before)
    increase = now / before - 1 if before else math.inf
    tests = [Test("error", "z", z, _upper_tail(z), 1.0, increase, headline, before, now, False)]
    level, inside = manifest["interval"]["level"], metrics["coverage"]
    z = (level - inside) / math.sqrt(level * (1 - level) / errors.rows)
    tests.append(
        Test(
            "coverage",
            "z",
            z,
            _upper_tail(z),
            1.0,
            level - inside,
            "coverage",
            level,
            inside,
            False,
        )
    )
    return OutcomeDrift(errors.rows, metrics, recorded, headline, "no drift", tuple(tests))


def _upper_tail(z: float) -> float:
    return math.erfc(z / math.sqrt(2)) / 2


def _psi_of_bins(ours: Counts, theirs: Counts) -> float:
    """Return the population stability index over about ten groups of equal shares."""
    middles = (ours.cumsum() - ours / 2) / ours.sum()
    groups = np.minimum((middles * _GROUPS).astype(np.int64), _GROUPS - 1)
    both = [np.bincount(groups, weights=one, minlength=_GROUPS) for one in (ours, theirs)]
    some = both[0] + both[1] > 0
    return _psi(both[0][some], both[1][some])


def _psi(ours: Any, theirs: Any) -> float:
    """Half a row is added to each group, so that none has none."""
    p, q = ((one + 0.5) / (one.sum() + 0.5 * len(one)) for one in (ours, theirs))
    return float(((p - q) * np.log(p / q)).sum())
