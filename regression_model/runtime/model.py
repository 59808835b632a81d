"""The model file at run time: open it, describe it, predict with it."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from ..errors import MissingExtraError, ModelFileError
from .checking import Checked, Checker, Counts
from .contract import Contract
from .intake import Codes, Floats
from .model_file.manifest import ManifestError, check_manifest
from .model_file.operators import GraphError, check_graph
from .model_file.release import PACKAGE_ROOT, find_model_file
from .model_file.sealing import open_sealed, read_content
from .problems import MOST_TOLD, Finding, Problem, told_in_an_answer

if TYPE_CHECKING:
    import pandas

    from .explanation import Explanation, Explanations

__all__ = ["Model", "Prediction", "load_model"]

_OUTPUTS = ["prediction", "lower", "upper"]
_ROWS_AT_ONCE = 8_192  # the arrays between the graph's nodes then stay in the processor's cache
_ROWS_SHOWN = 10
_ONLY_ERRORS = 3  # onnxruntime's severity level
_ONNXRUNTIME_ERRORS = (
    ort_errors.Fail,
    ort_errors.InvalidArgument,
    ort_errors.InvalidGraph,
    ort_errors.InvalidProtobuf,
    ort_errors.NotImplemented,
    ort_errors.RuntimeException,
)


@dataclass(frozen=True, eq=False, repr=False)
class Prediction:
    """What the model says of some rows, in their order.

    Attributes
    ----------
    values : array of float64, shape (rows,)
        The predicted target in its unit; NaN for a row with an error.
    lower, upper : array of float64, shape (rows,)
        The ends of the prediction interval, at the level that the model file states.
    version : str
        Version of the model that answered.

    Its length is the number of rows, `prediction[i]` is row i as a dict, and as an array it is
    its `values`: `frame["predicted"] = model.predict(frame)`.
    """

    values: Floats
    lower: Floats
    upper: Floats
    version: str
    findings: list[Finding] = field(default_factory=list)
    _checked: tuple[Checked, Codes] | None = None

    @cached_property
    def problems(self) -> list[Problem]:
        """Every error and warning; those of all rows first, then by row."""
        return _problems(self.findings)

    @property
    def told(self) -> list[Problem]:
        """The problems that an answer tells: all up to 20,000, then one for each further row.

        An answer is then in proportion to its request, whatever is wrong with the rows.
        """
        if not self.findings:
            return []
        findings = told_in_an_answer(self.findings)
        return self.problems if findings is self.findings else _problems(findings)

    @property
    def errors(self) -> list[Problem]:
        """The problems that left a row without a value."""
        return _problems(one for one in self.findings if one.severity == "error")

    @property
    def warnings(self) -> list[Problem]:
        """The problems of rows that have a value all the same."""
        return _problems(one for one in self.findings if one.severity == "warning")

    @cached_property
    def assumed(self) -> Counts:
        """How many fields of each row were missing and filled, shape (rows,); 0 for an error."""
        if self._checked is None:
            return np.zeros(len(self), dtype=np.int64)
        checked, missing_codes = self._checked
        assumed = checked.assumed(missing_codes)
        return np.where(np.isnan(self.values), 0, assumed)

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.to_dicts())

    def __getitem__(self, row: int) -> dict[str, Any]:
        return self.to_dicts()[row]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        if copy is False and dtype in (None, self.values.dtype):
            return self.values
        return np.array(self.values, dtype=dtype)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Prediction):
            return NotImplemented
        arrays = zip(self._arrays, other._arrays, strict=True)
        same = all(np.array_equal(a, b, equal_nan=True) for a, b in arrays)
        return same and self.version == other.version and self.problems == other.problems

    __hash__ = None  # type: ignore[assignment]

    @property
    def _arrays(self) -> tuple[Floats, ...]:
        return self.values, self.lower, self.upper, self.assumed.astype(np.float64)

    def __repr__(self) -> str:
        failed = int(np.isnan(self.values).sum())
        return (
            f"<Prediction of {len(self):,} rows: {len(self) - failed:,} predicted, "
            f"{failed:,} in error, version {self.version}>"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return _prediction, (
            self.values,
            self.lower,
            self.upper,
            self.version,
            self.findings,
            self.assumed,
        )

    def _repr_html_(self) -> str:
        """Return the first rows as a table, for a notebook."""
        shown = [*zip(*(plain(a[:_ROWS_SHOWN]) for a in self._arrays[:3]), strict=True)]
        rows = "".join(
            f"<tr><th>{row}</th>"
            + "".join(f"<td>{'' if v is None else f'{v:,.6g}'}</td>" for v in cells)
            + "</tr>"
            for row, cells in enumerate(shown)
        )
        head = "<tr><th></th><th>value</th><th>lower</th><th>upper</th></tr>"
        return f"<p>{escape(repr(self))}</p><table>{head}{rows}</table>"

    def to_pandas(self, index: Any = None) -> pandas.DataFrame:
        """Return a frame with the columns value, lower, upper and assumed.

        Raises
        ------
        MissingExtraError
            When pandas is not installed.
        """
        try:
            import_module("pandas")
        except ImportError:
            raise MissingExtraError(
                "to_pandas needs pandas: pip install 'regression-model[train]', or pandas itself."
            ) from None
        frame = import_module("pandas").DataFrame
        columns = {"value": self.values, "lower": self.lower, "upper": self.upper}
        return frame({**columns, "assumed": self.assumed}, index=index)

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return one dict of plain JSON types a row.

        Its keys are value, lower, upper, problems, version and assumed. What is wrong with all
        rows stands in each, as one object that they share. The problems are those of `told`, and
        only the first of those of all rows where there would be more than 20,000.
        """
        told = self.told
        of_all = [problem.to_dict() for problem in told if problem.row is None]
        if len(of_all) * len(self) > MOST_TOLD:
            del of_all[1:]
        dicts: list[dict[str, Any]] = [
            {
                "value": value,
                "lower": lower,
                "upper": upper,
                "problems": list(of_all),
                "version": self.version,
                "assumed": assumed,
            }
            for value, lower, upper, assumed in zip(
                plain(self.values),
                plain(self.lower),
                plain(self.upper),
                self.assumed.tolist(),
                strict=True,
            )
        ]
        for problem in told:
            if problem.row is not None:
                dicts[problem.row]["problems"].append(problem.to_dict())
        return dicts


def _prediction(*parts: Any) -> Prediction:
    """Make a prediction again, where a pickle has brought it."""
    *fields, assumed = parts
    prediction = Prediction(*fields)
    prediction.__dict__["assumed"] = assumed
    return prediction


def _problems(findings: Iterable[Finding]) -> list[Problem]:
    """Write the sentences of findings; those of all rows first, then by row."""
    found = [problem for finding in findings for problem in finding.problems()]
    return sorted(found, key=lambda problem: -1 if problem.row is None else problem.row)


def plain(values: Floats) -> list[float | None]:
    """Return an array as plain floats, with None for NaN."""
    floats = values.tolist()
    return [None if value != value else value for value in floats]


class Model:
    """A model file, opened. Safe to share between threads, and to open before a server forks.

    Attributes
    ----------
    manifest : dict
        The metadata of the file: name, version, target, metrics, interval, training.
    contract : Contract
        What a row must look like.
    """

    def __init__(self, content: bytes, *, name: str = "The model file") -> None:
        """Open the bytes of a model file; `name` is what error messages call it.

        Raises
        ------
        ModelFileError
            When the bytes are damaged, foreign, or of a newer format.
        """
        self._manifest = open_sealed(content, name=name)
        try:
            self.contract: Contract = check_manifest(self._manifest)
            check_graph(content, self.contract)
        except ManifestError as error:
            raise ModelFileError(f"{name} has a manifest that cannot be read: {error}.") from None
        except GraphError as error:
            raise ModelFileError(f"{name} holds a graph that cannot be run: {error}.") from None
        self._checker = Checker(self.contract)
        self._name, self._content = name, content
        options = onnxruntime.SessionOptions()
        # One thread and so no pool of them: the lowest latency for a row, and safe to fork.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = _ONLY_ERRORS
        try:
            self._session = onnxruntime.InferenceSession(
                content, options, providers=["CPUExecutionProvider"]
            )
        except _ONNXRUNTIME_ERRORS as error:
            raise self._cannot_run(error) from None
        self._no_levels = np.empty((0, len(self.contract.categories)), dtype=object)
        self._try_out()

    def __repr__(self) -> str:
        used = len(self.contract.numbers) + len(self.contract.categories)
        return f"<Model {self.name} {self.version}: {self.contract.target} from {used} fields>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopen, (self._content, self._name)

    @property
    def manifest(self) -> dict[str, Any]:
        """The metadata of the file, as a copy: changing it changes no prediction."""
        return deepcopy(self._manifest)

    @property
    def name(self) -> str:
        """The model's name."""
        return cast(str, self._manifest["name"])

    @property
    def version(self) -> str:
        """The version of the package that the model was trained as."""
        return cast(str, self._manifest["version"])

    def predict(self, rows: object) -> Prediction:
        """Predict the target for every row, in order.

        Parameters
        ----------
        rows : list of dicts, dict of columns or of scalars, or a pandas, polars or pyarrow table
            It is never changed.

        Returns
        -------
        Prediction
            As many values as rows; NaN and a problem for a row that cannot be priced.

        Raises
        ------
        InputError
            When `rows` is none of these kinds, or its columns differ in length.
        """
        return self._predict(self._checker.check(rows))

    def _predict(self, checked: Checked) -> Prediction:
        if checked.priced is None:
            values, lower, upper = self._run(checked)
        else:
            values, lower, upper = np.full((3, len(checked.numbers)), np.nan)
            priced = self._run(checked.only_priced())
            values[checked.priced], lower[checked.priced], upper[checked.priced] = priced
        if not (np.isfinite(lower).all() and np.isfinite(upper).all() and lower.all()):
            positive = self._manifest["target"]["transform"] == "log"
            _refuse_overflow(values, lower, upper, checked, positive=positive)
        read = checked, self._checker.missing_codes
        return Prediction(values, lower, upper, self.version, checked.findings, read)

    def explain(self, rows: object) -> Explanations:
        """Say what each field adds to, or takes from, the prediction of every row, in order.

        Parameters
        ----------
        rows : as for `predict`

        Returns
        -------
        Explanations
            A list of Explanation, with None for a row that has no prediction; its `problems` say
            why. The contributions are seeded estimates of Shapley values, and add up to the
            prediction exactly.

        Raises
        ------
        InputError
            As for `predict`.
        """
        from .explanation import Explanations

        prediction = self.predict(rows)
        explained = self.explain_rows(prediction, range(len(prediction)))
        return Explanations(explained, prediction.problems)

    def explain_rows(
        self, prediction: Prediction, rows: Iterable[int]
    ) -> Iterator[Explanation | None]:
        """Explain some rows of a prediction that this model has just made, as `explain` does."""
        from .explanation import explain_row

        def run(numbers: Floats, codes: Codes) -> Floats:
            values, *_ = self._run(Checked(numbers, codes, None, []))
            return values

        assert prediction._checked is not None, "a copy out of a pickle has no rows"
        checked, _ = prediction._checked
        typical, fillers = self._background, self._manifest.get("fillers", {})
        for row in rows:
            if np.isnan(prediction.values[row]):
                yield None
            else:
                cells = checked.numbers[row], checked.codes[row]
                yield explain_row(run, self.contract, cells, typical, fillers)

    @cached_property
    def _background(self) -> tuple[Floats, Codes]:
        if "background" not in self._manifest:
            raise ModelFileError(
                f"{self._name} holds no rows to explain others by: train it again."
            )
        checked = self._checker.check(self._manifest["background"])
        if checked.priced is not None:
            raise ModelFileError(
                f"{self._name} holds rows to explain others by that break its own contract."
            )
        return checked.numbers, checked.codes

    def _run(self, checked: Checked) -> Iterable[Floats]:
        """Run the graph over rows without errors; three arrays of shape (rows,)."""
        rows = len(checked.numbers)
        if rows <= _ROWS_AT_ONCE:
            return self._run_slice(checked, slice(None))
        slices = [slice(at, at + _ROWS_AT_ONCE) for at in range(0, rows, _ROWS_AT_ONCE)]
        parts = [self._run_slice(checked, part) for part in slices]
        return [np.concatenate(output) for output in zip(*parts, strict=True)]

    def _run_slice(self, checked: Checked, part: slice) -> list[Floats]:
        feed = {
            "numbers": checked.numbers[part],
            "levels": self._no_levels,
            "codes": checked.codes[part],
        }
        try:
            outputs = cast(list[Floats], self._session.run(_OUTPUTS, feed))
        except _ONNXRUNTIME_ERRORS as error:
            raise self._cannot_run(error) from None
        if any(output.shape != (len(feed["numbers"]),) for output in outputs):
            raise ModelFileError(
                f"{self._name} holds a graph that cannot be run: it gives another number of "
                "predictions than it has rows."
            )
        return outputs

    def _try_out(self) -> None:
        """Predict a row with the lowest and one with the highest value and code of every field."""
        ends = [field.training_range or (0.0, 0.0) for field in self.contract.numbers]
        codes = [
            (offset, offset + len(field.coded_levels) + 1)
            for field, offset in zip(self.contract.categories, self.contract.offsets, strict=True)
        ]
        numbers = np.array(ends, dtype=np.float64).reshape(-1, 2).T
        self._run_slice(
            Checked(numbers, np.array(codes, dtype=np.int64).reshape(-1, 2).T, None, []),
            slice(None),
        )

    def _cannot_run(self, error: Exception) -> ModelFileError:
        reason = str(error).partition("\n")[0].rstrip(".")
        return ModelFileError(f"{self._name} holds a graph that cannot be run: {reason}.")


def _reopen(content: bytes, name: str) -> Model:
    """Open a model file again, where a pickle has brought it."""
    return Model(content, name=name)


def _refuse_overflow(
    values: Floats, lower: Floats, upper: Floats, checked: Checked, *, positive: bool
) -> None:
    """Take back the value of each row that the model could not put into a number.

    Where the model learns a logarithm, a value that is exactly 0 is one that was too small.
    """
    overflown = ~(np.isfinite(values) & np.isfinite(lower) & np.isfinite(upper))
    if positive:
        overflown |= values == 0
    if checked.priced is not None:
        overflown &= checked.priced
    rows = np.flatnonzero(overflown).tolist()
    if not rows:
        return
    for array in (values, lower, upper):
        array[rows] = np.nan
    checked.findings.append(Finding(None, "not_finite", rows, [None] * len(rows)))


_shipped_lock = threading.Lock()
_shipped: Model | None = None


def load_model(path: str | Path | None = None) -> Model:
    """Open the model file at `path`, or the shipped one, which is opened once and kept.

    Raises
    ------
    ModelFileError
        When the file is absent, damaged, foreign, or of a newer format.
    """
    if path is not None:
        return Model(read_content(Path(path)), name=str(path))
    global _shipped
    if _shipped is None:
        with _shipped_lock:
            if _shipped is None:
                _shipped = _open_shipped()
    return _shipped


def _open_shipped() -> Model:
    path = find_model_file(PACKAGE_ROOT)
    if path is None:
        version = (PACKAGE_ROOT / "VERSION").read_text(encoding="utf-8").strip()
        raise ModelFileError(
            f"There is no model file for version {version} in {PACKAGE_ROOT / 'trained_models'}: "
            "train it with tox -e train, or name a model file."
        )
    return Model(read_content(path), name=str(path))
