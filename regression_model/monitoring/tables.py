"""A report on drift as tables and sentences for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..display import Table, count, decimal, percent, share
from ..evaluation.tables import amounts_of, known, metric, written
from .results import Compared, DriftReport, OutcomeDrift, Part, Test

__all__ = ["fields", "headline", "outcomes", "sentences", "summary", "where", "windows"]

_NONE = "–"
_SMALLEST_P = 0.0001
_MOST_NAMED = 5
_OUTSIDE = ("unseen_level", "outside_training_range")


def headline(report: DriftReport) -> str:
    """Say whether there is drift, and in which rows."""
    part, model = report.everything, f"{report.model['name']} {report.model['version']}"
    found = "Drift" if report.has_drift else "No drift"
    if not part.tested and not report.has_drift:
        found = "Nothing could be tested"
    return f"{found}: {count(part.rows, 'row')} of {report.source} beside those of {model}"


def sentences(report: DriftReport) -> Iterator[str]:
    """Say what drifted, most important first."""
    yield from _of_part(report.everything, "")
    for part in report.windows:
        if part.has_drift:
            yield from _of_part(part, f"{part.name}: ")
    settings, part = report.settings, report.everything
    shared = f" ({percent(part.significance, 2)} for each window)" if report.windows else ""
    yield (
        f"Tested at {share(settings.significance)} over all tests together{shared}; differences "
        f"count from {share(settings.effect)} of the rows on."
    )


def _of_part(part: Part, before: str) -> Iterator[str]:
    drifted = part.drifted
    if drifted:
        named = ", ".join(one.name for one in drifted[:_MOST_NAMED])
        more = f" and {len(drifted) - _MOST_NAMED} more" if len(drifted) > _MOST_NAMED else ""
        tested = count(part.tested, "tested field")
        yield f"{before}{len(drifted)} of {tested} drifted: {named}{more}."
    if part.predictions.verdict == "drift":
        yield f"{before}The predictions drifted: {where(part.predictions.tests[0])}."
    if part.refusals.verdict == "drift":
        yield f"{before}{percent(part.refused / part.rows)} of the rows are refused."
    for test in part.outcomes.tests if part.outcomes is not None else ():
        if test.counts and test.of == "coverage":
            yield (
                f"{before}The intervals hold {percent(test.new)} of the outcomes, and are made "
                f"to hold {share(test.training)}."
            )
        elif test.counts:
            increase = f"{percent(test.effect)} ({metric(test.at).label})"
            yield f"{before}The error has increased by {increase}."


def where(test: Test) -> str:
    """Say where a difference is, with the share in the training rows and in the new ones."""
    return f"{test.at}: {percent(test.training)} before, {percent(test.new)} now"


def fields(part: Part, *, most: int | None = None) -> Table:
    """Every field with its verdict; with `most`, so many of those that did not drift."""
    shown: Sequence[Compared] = part.fields
    if most is not None:
        shown = shown[: max(len(part.drifted), most)]
    rows = [[one.name, *_tested(one), _missing(one), _outside(one), _where(one)] for one in shown]
    more = len(part.fields) - len(shown)
    caption = "By field, the largest differences first"
    caption += f"; {more:,} more with --json" if more else ""
    head = ["Field", "Verdict", "Difference", "p", "PSI", "Missing", "New values", "Where"]
    return Table(caption, head, rows, numbers_from=2, numbers_to=7)


def summary(part: Part) -> Table:
    """The predictions and the refused rows."""
    predictions, refusals = part.predictions, part.refusals
    rows = [
        [f"Predictions of {predictions.name}", *_tested(predictions), _where(predictions)],
        ["Refused rows", *_tested(refusals), _reasons(refusals)],
    ]
    head = ["", "Verdict", "Difference", "p", "PSI", "Where"]
    return Table("Predictions and refused rows", head, rows, numbers_from=2, numbers_to=5)


def windows(report: DriftReport) -> Table | None:
    """One row a window."""
    if not report.windows:
        return None
    has_outcomes = any(part.outcomes and part.outcomes.rows for part in report.windows)
    headline_metric = next((p.outcomes.headline for p in report.windows if p.outcomes), "")
    rows = []
    for part in (*report.windows, report.everything):
        drifted = part.drifted
        row = [
            part.name,
            f"{part.rows:,}",
            "drift" if part.has_drift else "no drift" if part.tested else "too few rows",
            f"{len(drifted)} of {part.tested}",
            ", ".join(one.name for one in drifted[:3]) or _NONE,
            _difference(part.predictions),
            percent(part.refused / part.rows) if part.rows else _NONE,
        ]
        if has_outcomes:
            row += _in_short(part.outcomes, report)
        rows.append(row)
    head = ["Window", "Rows", "Verdict", "Fields", "Most", "Predictions", "Refused"]
    if has_outcomes:
        head += ["Outcomes", metric(headline_metric).label, "Coverage"]
    return Table("By window", head, rows, numbers_from=5)


def outcomes(report: DriftReport) -> Table | None:
    """The metrics of the rows whose outcome is known, beside those in the model file."""
    found = report.everything.outcomes
    if found is None or not found.rows:
        return None
    amounts = amounts_of(report.target)
    tested = {test.at: test for test in found.tests}
    rows = []
    for name in known([*found.metrics], report.target):
        if name == "mean_error":
            continue
        recorded, test = found.recorded.get(name), tested.get(name)
        before = _NONE if recorded is None else written(name, recorded, amounts)
        verdict = _NONE if test is None else "drift" if test.counts else "no drift"
        rows.append(
            [metric(name).name, before, written(name, found.metrics[name], amounts), verdict]
        )
    mean = found.metrics["mean_error"]
    rows.append(["Mean error", _NONE, amounts.full(mean, sign=True), _NONE])
    caption = f"The predictions of {count(found.rows, 'row')} whose outcome is known"
    return Table(caption, ["Metric", "Cross-validated", "New rows", "Verdict"], rows)


def _in_short(found: OutcomeDrift | None, report: DriftReport) -> list[str]:
    if found is None or not found.rows:
        return ["0", _NONE, _NONE]
    value = found.metrics.get(found.headline)
    error = _NONE if value is None else written(found.headline, value, amounts_of(report.target))
    return [f"{found.rows:,}", error, percent(found.metrics["coverage"])]


def _difference(one: Compared) -> str:
    return percent(one.effect) if one.tests else _NONE


def _tested(one: Compared) -> list[str]:
    """Return verdict, difference, p-value and PSI."""
    p = f"<{_SMALLEST_P}" if one.p_value < _SMALLEST_P else decimal(one.p_value, 4)
    counts = one.tests and one.verdict != "ignored"
    psi = _NONE if one.psi is None else decimal(one.psi, 2)
    return [one.verdict, _difference(one), p if counts else _NONE, psi]


def _missing(one: Compared) -> str:
    now = percent(one.rates["missing"])
    if one.training_missing is None:
        return now
    before = percent(one.training_missing)
    return now if before == now else f"{before} to {now}"


def _outside(one: Compared) -> str:
    """The share of values that no training row had, or beyond all of them."""
    found = sum(one.rates.get(code, 0.0) for code in _OUTSIDE)
    return percent(found) if found else _NONE


def _where(one: Compared) -> str:
    if not one.tests:
        return one.why
    largest = max(one.tests, key=lambda test: (test.counts, test.effect))
    return where(largest)


def _reasons(one: Compared) -> str:
    codes = [f"{code} {percent(rate)}" for code, rate in one.rates.items() if code != "refused"]
    return "; ".join([percent(one.rates["refused"]), *codes])
