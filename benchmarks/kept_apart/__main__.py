"""python -m benchmarks.kept_apart FILE: the shipped model on the rows of test.csv.

Say how good the shipped model is on rows whose prices its developers have not seen. FILE is the
full public table of the same city (De Cock 2011): AmesHousing.csv, 2,930 rows with their prices,
separated by commas. The rows of train.csv and test.csv are found in it by their values, and all
prices in train.csv must agree. The model then predicts the prices of test.csv, and one dated line
is added to docs/kept-apart.md, unless this version and configuration have one.

Whoever develops the model does not run this: prices that somebody tuned to are no longer kept
apart.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from regression_model import Model, load_model
from regression_model.errors import RegressionModelError
from regression_model.evaluation import Estimate
from regression_model.files.tables import read_table

from ..environments import ROOT
from ..table import markdown
from .pairing import MOST_CELLS, MOST_NUMBERS, Pairs, check_pairs, pair
from .record import Page, date_of_record, line
from .scores import Scores, check_trained_on, score
from .tables import TEST, read_ours, read_public

PAGE = ROOT / "docs" / "kept-apart.md"

_NAMES = {
    "rmsle": "RMSLE",
    "mae": "mean absolute error, $",
    "median_absolute_error": "median absolute error, $",
    "median_error_percent": "median error, % (above 0: predictions are too high)",
    "coverage": "coverage of the {level:.0%} intervals",
    "coverage_worst_quartile": "coverage, worst quartile of the price",
    "median_relative_width": "median relative width of the intervals",
}
_MONEY = ("mae", "median_absolute_error")


def main(arguments: Sequence[str] | None = None, *, page: Path = PAGE) -> int:
    """Print the metrics and record them; return 2 when that cannot be done."""
    options = _parse(arguments)
    try:
        _run(options.file, page if options.record else None)
    except RegressionModelError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 2
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.kept_apart",
        description=(__doc__ or "").partition("\n\n")[2],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", metavar="FILE", help="the full public table, with its prices")
    parser.add_argument(
        "--no-record",
        dest="record",
        action="store_false",
        help="print only, and leave docs/kept-apart.md as it is",
    )
    return parser.parse_args(arguments)


def _run(file: str, path: Path | None) -> None:
    page = None if path is None else Page(path)  # what cannot be recorded is not measured
    date = date_of_record() if page else ""
    model = load_model()
    check_trained_on(model)
    ours, known = read_ours()
    public = read_public(file, list(ours.columns))
    pairs = pair(ours, public)
    check_pairs(pairs, path=file)
    prices = [public.prices[row] for row in pairs.partner[known:].tolist()]
    scores = score(model, read_table(str(TEST)), prices)
    print("\n\n".join(_output(model, pairs, scores)))
    if page is None:
        return
    record = line(date, model, scores)
    if earlier := page.recorded(record):
        print(
            f"\n{model.version} with this configuration was recorded on {earlier}, and the "
            "line is left as it is."
        )
    else:
        page.append(record)
        print(f"\nRecorded in {path}.")


def _output(model: Model, pairs: Pairs, scores: Scores) -> Iterator[str]:
    if scores.caution:
        yield scores.caution
    yield f"{model.name} {model.version} on the rows of {TEST.name}, kept apart from training."
    yield _on_pairs(pairs)
    yield markdown(("metric", "value", "95% interval"), list(_metrics(model, scores)))
    yield markdown(
        ("quartile of the price", "rows", "RMSLE", "coverage", "95% interval", "median width"),
        [
            (
                name,
                f"{rows:,}",
                f"{metrics['rmsle'].value:.4f}",
                f"{metrics['coverage'].value:.1%}",
                f"{metrics['coverage'].low:.1%} to {metrics['coverage'].high:.1%}",
                f"{metrics['median_relative_width'].value:.1%}",
            )
            for name, (rows, metrics) in scores.quartiles.items()
        ],
    )
    gap = scores.gap
    yield (
        f"Cross-validated RMSLE of the model file: {scores.cross_validated:.4f}. Gap: "
        f"{gap.value:+.4f} ({gap.low:+.4f} to {gap.high:+.4f}, from the rows kept apart)."
    )
    yield (
        "The two oddest sales are those with the largest absolute log errors of this model, "
        "whichever they are. Intervals are from 1,000 bootstrap resamples."
    )


def _on_pairs(pairs: Pairs) -> str:
    differing = int((pairs.differing > 0).sum())
    said = f"All {len(pairs.partner):,} rows of train.csv and test.csv are in the table"
    if differing:
        said += (
            f"; {differing:,} of them differ in up to {pairs.differing.max()} cells (at most "
            f"{MOST_CELLS} are allowed, {MOST_NUMBERS} of them numeric)"
        )
    if pairs.twins:
        said += (
            f"; {pairs.twins:,} rows of test.csv are equal to another in all but the price, and "
            "were taken in the order of the files"
        )
    return f"{said}."


def _metrics(model: Model, scores: Scores) -> Iterator[tuple[str, str, str]]:
    level = model.manifest["interval"]["level"]
    for name, label in _NAMES.items():
        estimate = scores.metrics[name]
        yield label.format(level=level), _shown(name, estimate.value), _range(name, estimate)
        if name == "rmsle":
            without = scores.without_oddest
            yield (
                "RMSLE without the two oddest sales",
                _shown(name, without.value),
                _range(name, without),
            )


def _shown(name: str, value: float) -> str:
    if name in _MONEY:
        return f"{value:,.0f}"
    if name == "median_error_percent":
        return f"{value:+.1f}"
    return f"{value:.4f}" if name == "rmsle" else f"{value:.1%}"


def _range(name: str, estimate: Estimate) -> str:
    return f"{_shown(name, estimate.low)} to {_shown(name, estimate.high)}"


if __name__ == "__main__":
    sys.exit(main())
