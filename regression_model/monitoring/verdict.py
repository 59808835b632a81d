"""From counts to a verdict: the tests of all fields, corrected for how many they are."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..evaluation.results import headline_of
from ..runtime.contract import Field
from .distributions import adjusted
from .outcomes import RunningErrors
from .reference import Reference
from .results import Compared, OutcomeDrift, Part, Test, Verdict
from .running import PROBLEMS, Parts, RunningProfile
from .settings import Settings
from .statistics import TOO_FEW, Found, of_levels, of_missing, of_numbers, of_shares

__all__ = ["part_of"]

_FAR = 1e6  # stands for infinity
_Z = 1.959964  # of a 95% interval, as the model file has them
_ORDER: Mapping[Verdict, int] = {"drift": 0, "no drift": 1}  # then the others


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
    counted, contract = Parts(reference, counts), reference.contract
    rows, refused = (int(total) for total in counted.totals)
    problems = [dict(zip(PROBLEMS, map(int, line), strict=True)) for line in counted.problems]
    compared: list[Compared] = []
    for j, field in enumerate(contract.numbers):
        gone = int(counted.missing[j])
        found = of_numbers(*counted.numbers[j], settings, field)
        if counted.numbers[j][0] is None:
            found = found._replace(rows=rows - refused - gone)
        compared.append(_field(field, reference, j, found, gone, problems[j], rows, settings))
    for j, field in enumerate(contract.categories):
        offset, levels = contract.offsets[j], len(field.coded_levels)
        codes = counted.codes[offset : offset + levels + 2]
        new = np.append(codes[:levels], codes[levels + 1])
        found, gone = of_levels(reference.levels[j], new, settings, field), int(codes[levels])
        at = len(contract.numbers) + j
        compared.append(_field(field, reference, at, found, gone, problems[at], rows, settings))
    found = of_numbers(*counted.predictions, settings, None)
    predictions = _compared(contract.target, "predictions", found, found.tests, {})
    refusals = _refusals(reference, rows, refused, problems, settings)
    others = [] if errors is None else [_outcomes(reference, errors, settings)]
    judged: Any = _judged([*compared, predictions, refusals, *others], settings, significance)
    fields = [
        one if one.verdict == "drift" else replace(one, distributions=None)  # looked at there only
        for one in judged[: len(compared)]
    ]
    fields.sort(key=lambda one: (_ORDER.get(one.verdict, 2), -one.effect))
    predictions, refusals, *outcomes = judged[len(compared) :]
    return Part(
        name,
        rows,
        refused,
        significance,
        tuple(fields),
        predictions,
        refusals,
        *(outcomes or [None]),
    )


def _judged(
    compared: Sequence[Compared | OutcomeDrift], settings: Settings, significance: float
) -> list[Compared | OutcomeDrift]:
    """Correct the p-values for how many they are, and let each of the compared have a verdict."""
    counting = [one for one in compared if one.verdict != "ignored"]
    corrected = iter(adjusted([test.p_value for one in counting for test in one.tests]))
    least = {
        "refused": settings.refused,
        "error": settings.error_increase,
        "coverage": settings.coverage_loss,
    }
    judged = []
    for one in compared:
        if one.verdict == "ignored" or not one.tests:
            judged.append(one)
            continue
        decided = []
        for test in one.tests:
            p_value = next(corrected)
            enough = test.effect >= least.get(test.of, settings.effect)
            counts = p_value <= significance and enough
            decided.append(replace(test, adjusted=p_value, counts=counts))
        verdict: Verdict = "drift" if any(test.counts for test in decided) else "no drift"
        judged.append(replace(one, tests=tuple(decided), verdict=verdict))
    return judged


def _field(
    field: Field,
    reference: Reference,
    place: int,
    found: Found,
    gone: int,
    problems: Mapping[str, int],
    rows: int,
    settings: Settings,
) -> Compared:
    """Add the missing values of a field, and what was wrong with others."""
    gone += problems["missing_value"] + problems["missing_column"]
    before, tests = reference.missing[place], found.tests
    of = max(1, found.rows + gone)
    if before is not None:
        tests = [*tests, *of_missing(before, reference.rows, gone, found.rows + gone, settings)]
    rates = {"missing": gone / of}
    rates |= {code: times / rows for code, times in problems.items() if times}
    share = None if before is None else before / max(1, reference.rows)
    compared = _compared(field.name, field.kind, found, tests, rates, share)
    return replace(compared, verdict="ignored") if field.name in settings.ignore else compared


def _compared(
    name: str,
    kind: str,
    found: Found,
    tests: Sequence[Test],
    rates: Mapping[str, float],
    training_missing: float | None = None,
) -> Compared:
    verdict: Verdict = "too few rows" if found.why == TOO_FEW else "not tested"
    return Compared(
        name,
        kind,
        verdict,
        found.why,
        tuple(tests),
        found.psi,
        found.rows,
        rates,
        training_missing,
        found.distributions,
    )


def _refusals(
    reference: Reference,
    rows: int,
    refused: int,
    problems: Sequence[Mapping[str, int]],
    settings: Settings,
) -> Compared:
    """Compare how many rows got no prediction; of the training rows, none."""
    enough = rows >= settings.minimum_rows
    test = (of_shares("refused", 0, reference.rows, refused, rows),) if refused and enough else ()
    rates = {"refused": refused / max(1, rows)}
    for code in PROBLEMS:
        if times := sum(of_field[code] for of_field in problems):
            rates[code] = times / rows
    verdict: Verdict = "no drift" if enough else TOO_FEW
    return Compared("refused rows", "rows", verdict, "", test, None, rows, rates)


def _outcomes(reference: Reference, errors: RunningErrors, settings: Settings) -> OutcomeDrift:
    """Compare error and coverage with those of cross-validation; only worse ones are drift."""
    manifest, metrics = reference.manifest, errors.metrics
    recorded = {name: manifest["metrics"][name] for name in metrics if name in manifest["metrics"]}
    headline = headline_of(manifest["target"], recorded or manifest["metrics"])
    if errors.rows < settings.minimum_rows or headline not in recorded:
        return OutcomeDrift(errors.rows, metrics, recorded, headline, TOO_FEW, ())
    before, now = recorded[headline], metrics[headline]
    spread = manifest.get("spread", {}).get(headline)  # not in every file
    recorded_error = (spread["high"] - spread["low"]) / (2 * _Z) if spread else 0.0
    noise = math.hypot(errors.standard_error(headline), recorded_error)
    level, inside = manifest["interval"]["level"], metrics["coverage"]
    of_level = math.sqrt(level * (1 - level) / errors.rows)
    tests = (
        _worse("error", headline, before, now, now - before, noise, of=before),
        _worse("coverage", "coverage", level, inside, level - inside, of_level),
    )
    return OutcomeDrift(errors.rows, metrics, recorded, headline, "no drift", tests)


def _worse(
    kind: str, at: str, training: float, new: float, change: float, noise: float, of: float = 1.0
) -> Test:
    """Test whether a value has become worse; the effect is the change relative to `of`."""
    z = change / noise if noise else math.copysign(_FAR, change) if change else 0.0
    effect = change / of if of else math.copysign(_FAR, change)
    p_value = math.erfc(z / math.sqrt(2)) / 2
    return Test(kind, "z", z, p_value, effect=effect, at=at, training=training, new=new)
