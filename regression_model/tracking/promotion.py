"""Whether a model may become the champion, and the move of the alias if it may.

A challenger must meet the quality bar in its file, take the rows that the champion takes, and not
be worse on the same rows. That it is not worse has to be shown: the 95% interval of the difference,
by a paired bootstrap, must end within a margin (a test of non-inferiority).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from ..comparison.run import RunningComparison
from ..errors import InputError, ModelFileError, TrackingError
from ..evaluation.metrics import check_metric, difference
from ..evaluation.results import Estimate, headline_of
from ..evaluation.scoring import evaluate_model
from ..named_metrics import more_is_better
from ..remote import shown
from ..runtime.model import Model, open_place
from ..runtime.model_file.sealing import digest
from .building import made_of_model
from .held_out import FILE, METRICS, read_held_out
from .interface import Runs
from .values import AliasRecord, RunRecord, now

__all__ = ["MARGIN", "Evidence", "Promotion", "promote", "rollback"]

MARGIN = 0.02  # of the champion's metric; a retrained model moves by less on a thousand rows
_SEED = 0


@dataclass(frozen=True)
class Evidence:
    """The two models on the same rows.

    Attributes
    ----------
    metric : what they are compared by
    rows : which these are
    number : how many
    challenger, champion : their metrics
    difference, low, high : challenger minus champion, with its 95% interval
    margin : by how much the challenger may be worse, in the unit of the metric
    """

    metric: str
    rows: str
    number: int
    challenger: float
    champion: float
    difference: float
    low: float
    high: float
    margin: float

    @property
    def is_enough(self) -> bool:
        """Whether it is shown that the challenger is not worse by more than the margin."""
        return self.low >= -self.margin if more_is_better(self.metric) else self.high <= self.margin

    def sentence(self) -> str:
        """Return it in one sentence."""
        worse = "less" if more_is_better(self.metric) else "more"
        return (
            f"{self.metric.upper()} {_short(self.challenger)}, and {_short(self.champion)} of the "
            f"champion, on {self.number:,} {self.rows}: the difference is "
            f"{_short(self.difference)} (95% interval {_short(self.low)} to {_short(self.high)}), "
            f"and at most {_short(self.margin)} {worse} is allowed."
        )


@dataclass(frozen=True)
class Promotion:
    """What was decided.

    Attributes
    ----------
    promoted : whether the alias names the challenger now
    refusals : a sentence for each reason against it
    notes : what a reader should know beside it
    move : None where the alias was not moved
    """

    challenger: str
    champion: str | None
    name: str
    alias: str
    promoted: bool
    refusals: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    evidence: Evidence | None = None
    move: AliasRecord | None = field(default=None, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON types."""
        return asdict(self)


def promote(
    runs: Runs,
    challenger: str,
    *,
    alias: str = "champion",
    data: str | Path | None = None,
    metric: str | None = None,
    margin: float = MARGIN,
    force: bool = False,
    reason: str | None = None,
) -> Promotion:
    """Give an alias to a model, if nothing speaks against it.

    Parameters
    ----------
    challenger : a run as for `Runs.run`, or a model file, which is recorded first
    alias : what it is to be
    data : labelled rows to compare both models on; None for the held-out errors of both trainings
    metric : what to compare by; None for the one that stands for the model
    margin : how much worse the challenger may be, as a share of the champion's metric
    force : promote in spite of what speaks against it
    reason : why it is forced, which is recorded

    Raises
    ------
    InputError
        When `force` has no reason, or the margin or the rows cannot be used.
    TrackingError
        When there is no such run.
    AliasMovedError
        When another process has moved the alias meanwhile.
    """
    if force and not (reason and reason.strip()):
        raise InputError("A forced promotion needs its reason: give one with --reason.")
    if not 0 <= margin < float("inf"):
        raise InputError(f"The margin is {margin}: expected a number of at least 0, such as 0.02.")
    record = _recorded(runs, challenger)
    new = _open(runs, record)
    present = runs.alias(new.name, alias)
    holder = None if present is None else present.run
    base = Promotion(record.id, holder, new.name, alias, promoted=False)
    if present is not None and present.run == record.id:
        return replace(base, promoted=True, notes=(f"It is {new.name}@{alias} already.",))
    refusals, notes, evidence = [*_missed(new)], [], None
    if present is not None:
        try:
            champion = runs.run(f"{new.name}@{alias}")
            old = _open(runs, champion)
        except (ModelFileError, TrackingError) as error:
            refusals.append(f"The champion cannot be opened to compare with it. {error}")
        else:
            refusals += _incompatible(old, new)
            try:
                evidence = _compared(
                    runs, (record, new), (champion, old), data=data, metric=metric, margin=margin
                )
            except (InputError, ModelFileError, TrackingError) as error:
                if not force and not refusals:
                    raise
                notes.append(str(error))
            if evidence is not None and not evidence.is_enough:
                refusals.append(f"It is not shown that it is as good. {evidence.sentence()}")
    found = replace(base, refusals=tuple(refusals), notes=tuple(notes), evidence=evidence)
    if refusals and not force:
        return found
    move = runs.set_alias(
        new.name,
        alias,
        record.id,
        expected=holder,
        action="forced" if refusals else "promoted",
        reason=reason,
        evidence={
            "refusals": refusals,
            "notes": notes,
            "comparison": evidence and asdict(evidence),
            "sha256": new.sha256,
            "version": new.version,
        },
    )
    return replace(found, promoted=True, move=move)


def rollback(
    runs: Runs, name: str, *, alias: str = "champion", reason: str | None = None
) -> AliasRecord:
    """Give an alias back to the model that had it before, and then to the one before that.

    Raises
    ------
    TrackingError
        When there is none, or its run was deleted.
    AliasMovedError
        When another process has moved the alias meanwhile.
    """
    moves = {move.number: move for move in runs.history(name, alias)}
    if not moves:
        there = ", ".join(f"{one.name}@{one.alias}" for one in runs.aliases()) or "none"
        raise TrackingError(
            f"There is no {name}@{alias} in {runs.where} (aliases there: {there}): nothing to roll "
            "back."
        )
    present = moves[max(moves)]
    before = moves.get(present.before or 0)
    if before is None:
        raise TrackingError(
            f"{name}@{alias} has named no other run before {present.run}: nothing to roll back to."
        )
    _open(runs, runs.run(before.run))  # before anything is changed
    return runs.set_alias(
        name,
        alias,
        before.run,
        expected=present.run,
        action="rolled back",
        before=before.before or 0,
        reason=reason,
    )


def _recorded(runs: Runs, challenger: str) -> RunRecord:
    """Return the run of a challenger; a model file that is not recorded yet is recorded."""
    path = Path(challenger)
    if not path.is_file():
        return runs.run(challenger)
    made = made_of_model(path)
    sha256 = digest(path)
    for record in runs.runs():
        if record.model_file and record.files[record.model_file] == sha256:
            return record
    return runs.run(runs.record(replace(made.run, started=now()), made.files))


def _open(runs: Runs, record: RunRecord) -> Model:
    return open_place(runs.resolve(record.id), name=f"The model of the run {record.id}")


def _missed(model: Model) -> list[str]:
    from ..evaluation.tables import quality_bar

    missed = (sentence for met, sentence in quality_bar(model.manifest) if not met)
    return [f"It misses its quality bar: {sentence}" for sentence in missed]


def _incompatible(old: Model, new: Model) -> list[str]:
    comparison = RunningComparison(old, new, top=0).result()
    if comparison.release != "major":
        return []
    reasons = [reason.message for reason in comparison.reasons if reason.release == "major"]
    more = f" (and {len(reasons) - 1} more: regression-model compare)" if len(reasons) > 1 else ""
    return [f"It is not compatible with the champion: {reasons[0]}{more}"]


def _compared(
    runs: Runs,
    challenger: tuple[RunRecord, Model],
    champion: tuple[RunRecord, Model],
    *,
    data: str | Path | None,
    metric: str | None,
    margin: float,
) -> Evidence:
    """Compare both on labelled rows, or by the errors of their held-out predictions."""
    (record, new), (old_record, old) = challenger, champion
    manifest = new.manifest
    metric = metric or headline_of(manifest["target"], manifest["metrics"])
    check_metric(metric)
    if data is None:
        number, rows, found = _on_held_out(runs, record, old_record, metric)
    else:
        number, rows, found = _on_data(new, old, data, metric)
    this, other = found["this"], found["other"]
    estimate: Estimate = found["difference"]
    ends, allowed = (estimate.low, estimate.high), margin * abs(other)
    return Evidence(metric, rows, number, this, other, estimate.value, *ends, allowed)


def _on_held_out(
    runs: Runs, record: RunRecord, champion: RunRecord, metric: str
) -> tuple[int, str, Mapping[str, Any]]:
    asked = "give labelled rows that neither was trained on, with --data"
    if metric not in METRICS:
        raise InputError(f"{metric} cannot be compared by held-out errors: {asked}.")
    if FILE not in record.files or FILE not in champion.files:
        which = record.id if FILE not in record.files else champion.id
        raise InputError(f"The run {which} has no held-out errors: {asked}.")
    this, other = (read_held_out(runs.file(one.id, FILE)) for one in (record, champion))
    if this.targets != other.targets:
        raise InputError(f"The two models have held out other rows: {asked}.")
    found = difference(this.scored(metric), other.scored(metric), seed=_SEED)
    if metric not in found:
        raise InputError(f"{metric} is not defined for these rows: name another with --metric.")
    return len(this.rows[0]["row"]), "held-out rows", found[metric]


def _on_data(
    new: Model, old: Model, data: str | Path, metric: str
) -> tuple[int, str, Mapping[str, Any]]:
    from ..files.tables import read_recorded

    name = Path(shown(data)).name
    rows, records = read_recorded(str(data), role="evaluation")
    result = evaluate_model(
        new, rows, source=name, compare=old, data=records, groups=(), metrics=[metric]
    )
    if result.caution is not None:
        raise InputError(f"{name}: {result.caution} Give rows that it has not seen.")
    assert result.comparison is not None
    if metric not in result.comparison.metrics:
        raise InputError(f"{metric} is not defined for the rows of {name}.")
    return result.comparison.rows, f"rows of {name}", result.comparison.metrics[metric]


def _short(value: float) -> str:
    return f"{value:.4g}"
