"""Two models compared, in what they promise and in what they predict."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..runtime.model import Model
from .manifests import model_differences
from .movement import Both, Label, RunningMovement, predict_both, smallest_size
from .profile import ProfileRows
from .results import ComparedModel, ModelComparison, Movement, Reason
from .rules import RELEASES, RULES, largest_release
from .sources import open_model
from .versions import is_enough, smallest_version

__all__ = ["TOLERANCE", "TOP", "RunningComparison", "compare_models"]

TOLERANCE = 1e-6  # relative; releases of the libraries move predictions by 1e-9 at most
TOP = 3


def compare_models(
    old: Model | str | Path,
    new: Model | str | Path,
    data: object = None,
    *,
    tolerance: float = TOLERANCE,
    top: int = TOP,
) -> ModelComparison:
    """Say what changes for the users of a model when another takes its place.

    Parameters
    ----------
    old, new : opened models, or model files, wheels, or names of installed models
    data : rows to predict with both, as for `Model.predict`, beside those of the training profile
    tolerance : the largest relative move of a prediction that does not count
    top : how many of the most moved rows to explain

    Raises
    ------
    ModelFileError
        When a model cannot be opened.
    InputError
        When `data` cannot be read as rows, has none, or lacks a field that the old model requires;
        and for a tolerance that is not a number of at least 0.
    """
    running = RunningComparison(_opened(old), _opened(new), tolerance=tolerance, top=top)
    if data is not None:
        running.add(running.predict(data), lambda row: f"row {row + 1}")
        running.check_data("data")
    return running.result()


def _opened(model: Model | str | Path) -> Model:
    return model if isinstance(model, Model) else open_model(model)


class RunningComparison:
    """A comparison to which rows are added some at a time."""

    def __init__(
        self, old: Model, new: Model, *, tolerance: float = TOLERANCE, top: int = TOP
    ) -> None:
        if not 0 <= tolerance < float("inf"):
            raise InputError(f"The tolerance is {tolerance}: expected a number of at least 0.")
        self.old, self.new, self._tolerance = old, new, tolerance
        self._profile = ProfileRows(old)
        typical = (rows for rows, _ in self._profile.slices())
        smallest = smallest_size(old, typical)
        self._of_profile, self._of_data = (
            RunningMovement(old, new, smallest=smallest, tolerance=tolerance, top=top)
            for _ in range(2)
        )
        self._absent: set[str] | None = None  # fields that the old model requires, and no row had

    def predict(self, rows: Any) -> Both:
        """Predict rows with both models; safe to call from several threads."""
        return predict_both(self.old, self.new, rows)

    def add(self, both: Both, label: Label) -> None:
        """Take the predictions for the next rows into account."""
        self._of_data.add(both, label)
        absent = {f.field for f in both.old.findings if f.code == "missing_column" and f.field}
        self._absent = absent if self._absent is None else self._absent & absent

    @property
    def rows(self) -> int:
        """How many rows were added."""
        return self._of_data.rows

    def check_data(self, source: str) -> None:
        """Check that there were rows, and rows of the old model.

        Raises
        ------
        InputError
            When there were none, or none had some field that the old model requires.
        """
        if not self.rows:
            raise InputError(f"There are no rows in {source}: nothing can be compared on them.")
        if self._absent:
            names = ", ".join(f.name for f in self.old.contract.fields if f.name in self._absent)
            raise InputError(f"No row of {source} has what the old model requires: {names}.")

    def result(self, *, source: str = "the given rows") -> ModelComparison:
        """Return what differs; `source` is what the rows are called."""
        for rows, labels in self._profile.slices():
            self._of_profile.add(self.predict(rows), labels.__getitem__)
        profile = self._of_profile.result(self._profile.described)
        data = self._of_data.result(source) if self.rows else None
        old, new = _described(self.old), _described(self.new)
        differences = tuple(model_differences(self.old, self.new))
        reasons = [
            Reason(one.code, one.release, one.message)
            for one in differences
            if one.release != "patch"
        ]
        reasons += _of_movement(profile, "rows of the training profile", self._tolerance)
        if data is not None:
            reasons += _of_movement(data, f"rows of {source}", self._tolerance)
        reasons.sort(key=lambda reason: -RELEASES.index(reason.release))
        release = largest_release(reason.release for reason in reasons)
        is_same = old.sha256 == new.sha256
        return ModelComparison(
            old=old,
            new=new,
            tolerance=self._tolerance,
            differences=differences,
            profile=profile,
            data=data,
            reasons=tuple(reasons),
            smallest_version=smallest_version(old.version, release, is_same_file=is_same),
            version_is_enough=is_enough(new.version, old.version, release, is_same_file=is_same),
        )


def _described(model: Model) -> ComparedModel:
    manifest = model.manifest
    return ComparedModel(
        name=model.name,
        version=model.version,
        file=model.source,
        sha256=model.sha256,
        target=manifest["target"],
        metrics=manifest["metrics"],
        level=manifest["interval"]["level"],
        data_sha256=manifest["training"]["data_sha256"],
    )


def _of_movement(movement: Movement, rows: str, tolerance: float) -> Iterator[Reason]:
    every = f"{movement.rows:,} {rows}"

    def reason(code: str, number: int, rest: str) -> Reason:
        verb = "has" if number == 1 else "have"
        return Reason(code, RULES[code], f"{number:,} of {every} {verb} {rest}")

    if movement.lost:
        rest = f"no prediction any more, such as {movement.lost_example}"
        yield reason("rows_refused", movement.lost, rest)
    if movement.beyond and movement.largest is not None:
        limits = f"more than {tolerance:g} and at most {movement.largest:.2g}"
        rest = f"a prediction that moves by {limits} of its size."
        yield reason("predictions_moved", movement.beyond, rest)
    if movement.intervals_beyond:
        rest = f"an interval that moves by more than {tolerance:g} of the prediction's size."
        yield reason("intervals_moved", movement.intervals_beyond, rest)
    if movement.gained:
        yield reason("rows_accepted", movement.gained, "a prediction that had none.")
