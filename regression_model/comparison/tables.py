"""A comparison of two models as tables and sentences for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..display import Amounts, Table, count, listed, percent, plain, share
from ..evaluation.tables import amounts_of, known, metric, written
from .results import ComparedModel, ModelComparison, MovedRow, Movement

__all__ = ["headline", "notes", "sentences", "tables", "version_sentence"]

_NONE = "–"
_MOST_DIFFERENCES = 30
_MOST_REASONS = 10
_MOST_LISTED = 5
_MOST_FIELDS = 3  # that explain a move; the others as one
_LONGEST = 40


def headline(comparison: ModelComparison) -> str:
    """Name the two models and the release that it takes."""
    names = [f"{one.name} {one.version}" for one in (comparison.old, comparison.new)]
    smallest = comparison.smallest_version
    at_least = "" if smallest is None else f", at least version {smallest}"
    return f"From {names[0]} to {names[1]}: a {comparison.release} release{at_least}"


def sentences(comparison: ModelComparison) -> Iterator[str]:
    """Say what it takes this release for."""
    if comparison.old.sha256 == comparison.new.sha256:
        yield "Both are the same file."
    elif not comparison.reasons:
        yield "No row is refused that was accepted, and no prediction moves."
    decisive = [one for one in comparison.reasons if one.release == comparison.release]
    for reason in decisive[:_MOST_REASONS]:
        yield reason.message
    if (more := len(decisive) - _MOST_REASONS) > 0:
        yield f"And {count(more, 'more reason')}: --json lists all."


def version_sentence(comparison: ModelComparison) -> str:
    """Say whether the version of the new model is large enough."""
    old, new = comparison.old, comparison.new
    takes = f"after {old.name} {old.version} this is a {comparison.release} release"
    if comparison.version_is_enough:
        return f"Version {new.version} is large enough: {takes}."
    return (
        f"Version {new.version} is too small: {takes}, whose version must be at least "
        f"{comparison.smallest_version} and above {old.version}."
    )


def tables(comparison: ModelComparison) -> Iterator[Table | None]:
    """Yield the tables, most important first."""
    yield _differences(comparison)
    yield _movements(comparison)
    amounts = amounts_of(comparison.new.target)
    if comparison.profile.most_moved:
        yield _most_moved(comparison.profile, "the training profile", amounts)
    if comparison.data is not None and comparison.data.most_moved:
        yield _most_moved(comparison.data, comparison.data.source, amounts)
    yield _metrics(comparison)
    yield _intervals(comparison)


def notes(comparison: ModelComparison) -> Iterator[str]:
    """Say what the rows of the profile are, and whether the recorded metrics can be compared."""
    yield f"The rows of the training profile are {comparison.profile.source}."
    if comparison.old.data_sha256 == comparison.new.data_sha256:
        yield "The metrics are those that each file records, both on the same training rows."
        return
    yield (
        "The metrics are those that each file records, on different training rows. On the same "
        "rows: regression-model evaluate --data ROWS --model NEW --compare OLD."
    )


def _differences(comparison: ModelComparison) -> Table | None:
    found = sorted(comparison.differences, key=lambda one: one.release)  # as the alphabet has them
    if not found:
        return None
    rows = [
        [one.field or "", one.code.replace("_", " "), _cell(one.old), _cell(one.new), one.release]
        for one in found[:_MOST_DIFFERENCES]
    ]
    more = len(found) - _MOST_DIFFERENCES
    caption = "What the files promise" + (f"; {more:,} more with --json" if more > 0 else "")
    return Table(caption, ["Field", "Difference", "Old", "New", "Release"], rows, numbers_to=0)


def _cell(value: Any) -> str:
    if value is None:
        return _NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return listed([_cell(one) for one in value], _MOST_LISTED)
    text = f"{value:.15g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST - 3]}..."


def _movements(comparison: ModelComparison) -> Table:
    several = [comparison.profile, *([comparison.data] if comparison.data else [])]
    lines: dict[str, list[str]] = {
        "Rows": [f"{one.rows:,}" for one in several],
        "Predicted by both": [f"{one.compared:,}" for one in several],
        "No prediction any more": [f"{one.lost:,}" for one in several],
        "A prediction only now": [f"{one.gained:,}" for one in several],
        "Refused by both": [f"{one.refused:,}" for one in several],
    }
    for name in comparison.profile.over:
        lines[f"Moved by more than {name}"] = [_over(one, name) for one in several]
    lines["Largest move"] = [_percent(one.largest) for one in several]
    lines["Mean move"] = [_percent(one.mean, sign=True) for one in several]
    heads = ["", "Training profile", *(one.source for one in several[1:])]
    return Table("Predictions", heads, [[name, *cells] for name, cells in lines.items()])


def _over(movement: Movement, name: str) -> str:
    found = movement.share(movement.over[name])
    return _NONE if found is None or movement.largest is None else percent(found)


def _percent(move: float | None, *, sign: bool = False) -> str:
    if move is None:
        return _NONE
    size = abs(move)
    if size >= 1e4:
        return f"{plain(100 * move, sign=sign)}%"
    return percent(move, 1 if size >= 0.001 or not size else 6, sign=sign)


def _most_moved(movement: Movement, source: str, amounts: Amounts) -> Table:
    rows = [
        [
            row.label,
            amounts.full(row.old),
            amounts.full(row.new),
            _percent(row.move, sign=True),
            "\n".join(_why(row, amounts)),
        ]
        for row in movement.most_moved
    ]
    caption = f"The rows of {source} that moved most, and how far each field moved them"
    return Table(caption, ["Row", "Old", "New", "Move", "Why"], rows, numbers_to=4)


def _why(row: MovedRow, amounts: Amounts) -> Iterator[str]:
    if row.base is None:
        yield "not explained: a file holds no rows to explain others by"
        return
    yield f"a typical row {amounts.full(row.base, sign=True)}"
    parts = list(row.changes.items())
    for name, change in parts[:_MOST_FIELDS]:
        value = row.values.get(name)
        shown = _NONE if value is None else plain(value) if isinstance(value, float) else value
        yield f"{name} {shown} {amounts.full(change, sign=True)}"
    if others := parts[_MOST_FIELDS:]:
        change = sum(change for _, change in others)
        yield f"{count(len(others), 'other field')} {amounts.full(change, sign=True)}"


def _metrics(comparison: ModelComparison) -> Table:
    models = (comparison.old, comparison.new)
    names = {name for one in models for name in one.metrics}
    rows = [
        [metric(name).name, *(_metric(one, name) for one in models)]
        for name in known(names, comparison.new.target)
    ]
    return Table("The metrics in the files", _head(comparison, "Metric"), rows)


def _metric(model: ComparedModel, name: str) -> str:
    if name not in model.metrics:
        return _NONE
    return written(name, model.metrics[name], amounts_of(model.target))


def _intervals(comparison: ModelComparison) -> Table:
    models = {"old": comparison.old, "new": comparison.new}
    rows = [
        ["Made to hold", *(share(one.level) for one in models.values())],
        ["Held, as the files record", *(_metric(one, "coverage") for one in models.values())],
    ]
    places = {"the profile's rows": comparison.profile, "the given rows": comparison.data}
    for name, movement in places.items():
        if movement is not None and movement.compared:
            widths = [
                amounts_of(one.target).full(movement.widths[which]) for which, one in models.items()
            ]
            rows.append([f"Mean width on {name}", *widths])
    return Table("The intervals", _head(comparison, "Intervals"), rows)


def _head(comparison: ModelComparison, first: str) -> Sequence[str]:
    return [first, f"Old, {comparison.old.version}", f"New, {comparison.new.version}"]
