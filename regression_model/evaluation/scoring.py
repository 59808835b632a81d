"""A model file scored on a labelled table, with the base install."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError, MissingExtraError
from ..files.records import DataRecord, digest_of
from ..named_metrics import OURS
from ..runtime.checking import Checked, Checker
from ..runtime.contract import Contract, Field
from ..runtime.fingerprints import Fingerprints, fingerprints_of
from ..runtime.model import Model
from ..runtime.problems import Problem
from .comparing import check_same_target, compared
from .groups import groups_of, labels_of
from .metrics import ERRORS, WITH_INTERVALS, Floats, PredictedRows, check_metric, estimates
from .results import Details, EvaluationResult, TrainedOn, headline_of, score_of

__all__ = ["evaluate_model"]

Rows = npt.NDArray[np.int64]

_SEED = 0


def evaluate_model(
    model: Model,
    rows: object,
    *,
    source: str = "rows",
    compare: Model | None = None,
    groups: Sequence[str] | None = None,
    data: Sequence[DataRecord] = (),
    metrics: Collection[str] = (),
) -> EvaluationResult:
    """Score the predictions of a model file for rows whose target is known.

    Parameters
    ----------
    rows : as for `Model.predict`, with the target as one more field
    source : what messages and the evaluation call the rows
    compare : another model file, scored on the same rows
    groups : fields to group the rows by; None for those that the model file names
    data : records of the files with the rows, by which a model recognises its training data
    metrics : more metrics by name, beside those that the model file has

    Raises
    ------
    InputError
        When no row has a usable target and a prediction, or there is no target at all.
    ModelFileError
        When `compare` predicts another target.
    """
    target = model.manifest["target"]
    if compare is not None:
        check_same_target(target, compare)
    known, problems = _targets(target, model.contract, rows, source=source)
    prediction = model.predict(rows)
    problems += prediction.errors
    refused = _refused(problems, len(prediction))
    usable = np.ones(len(prediction), dtype=bool)
    usable[[row for row, _ in refused]] = False
    if not usable.any():
        why = f": {refused[0][1]}" if refused else ", as it has no rows."
        raise InputError(f"{source}: no row can be scored{why}")
    index = np.flatnonzero(usable)
    scored = PredictedRows(
        known[index],
        prediction.values[index],
        np.zeros(len(index), dtype=np.int64),
        prediction.lower[index],
        prediction.upper[index],
    )
    more = dict.fromkeys((*_more_metrics(model), *(name for name in metrics if name not in OURS)))
    names = (*ERRORS, *WITH_INTERVALS, *more)
    found = estimates([scored], names, seed=_SEED)
    level = model.manifest["interval"]["level"]
    comparison = None
    if compare is not None:
        theirs = compare.predict(rows)
        comparison = compared([scored], index, level, compare, theirs, seed=_SEED, more=tuple(more))
    if groups is None:
        groups = model.manifest.get("evaluation", {}).get("groups", ())
    score = score_of(headline_of(target, found))
    checked = prediction.checked
    values = checked.values(model.contract)
    labels = {n: labels_of(model.contract.field(n), values[n])[index] for n in groups}
    return EvaluationResult(
        name=model.name,
        target=target,
        source=source,
        level=level,
        rows=len(index),
        refused=refused,
        metrics=found,
        groups=groups_of([scored], labels, score=score, seed=_SEED),
        calibration=[(level, found["coverage"].value)],
        comparison=comparison,
        details=Details(
            np.arange(len(known)),
            known,
            prediction.values,
            prediction.lower,
            prediction.upper,
            np.zeros(len(known), dtype=np.int64),
        ),
        manifest=model.manifest,
        notes=[p.message for p in prediction.warnings if p.row is None],
        trained_on=_trained_on(model, checked, known, index, digest_of(data) if data else None),
        data=tuple(data),
    )


def _more_metrics(model: Model) -> Iterator[str]:
    """Yield the metrics that the training names beside ours, where scikit-learn is installed."""
    for name in model.manifest["metrics"]:
        if name not in OURS and name != "rmsle_worst_fold":
            try:
                check_metric(name)
            except (InputError, MissingExtraError):  # of another version, or of no interest here
                continue
            yield name


def _targets(
    target: Mapping[str, Any], contract: Contract, rows: object, *, source: str
) -> tuple[Floats, list[Problem]]:
    """Read the target of every row, with the same checks as a feature."""
    name, unit, minimum = target["name"], target["unit"], target["minimum"]
    field = Field(name, "number", unit=unit, required=True, minimum=minimum)
    checked = Checker(Contract((field,), "", contract.missing_values)).check(rows)
    errors = [finding for finding in checked.findings if finding.severity == "error"]
    problems = [problem for finding in errors for problem in finding.problems()]
    if any(problem.code == "missing_column" for problem in problems):
        raise InputError(
            f"{source} has no column {name}: an evaluation needs the true values beside "
            "the fields."
        )
    return checked.numbers[:, 0], problems


def _trained_on(
    model: Model, checked: Checked, target: Floats, index: Rows, sha256: str | None
) -> TrainedOn | None:
    """Count the scored rows that the model was trained on; None if the file does not say."""
    if sha256 is not None and sha256 == model.manifest.get("training", {}).get("data_sha256"):
        return TrainedOn(len(index))
    if "fingerprints" not in model.manifest:  # an older file
        return None
    known = Fingerprints.from_dict(model.manifest["fingerprints"])
    rows = known.count(fingerprints_of(checked.numbers[index], checked.codes[index], target[index]))
    return None if rows is None else TrainedOn(rows, known.is_sample)


def _refused(problems: Sequence[Problem], rows: int) -> list[tuple[int, str]]:
    """Return the first sentence about each row that cannot be scored."""
    sentences: dict[int, str] = {}
    for problem in problems:
        for row in range(rows) if problem.row is None else [problem.row]:
            sentences.setdefault(row, problem.message)
    return sorted(sentences.items())
