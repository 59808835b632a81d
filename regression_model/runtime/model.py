"""The model file at run time: open it, describe it, predict with it."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from copy import deepcopy
from functools import cached_property, partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ..errors import ModelFileError
from ..remote import shown
from .checking import Checked, Checker, Mask, is_true_everywhere
from .contract import Contract
from .engine import errors as ort_errors
from .engine import onnxruntime
from .installed import find_model
from .intake import Codes, Floats
from .model_file.manifest import ManifestError, check_manifest
from .model_file.operators import GraphError, check_graph
from .model_file.release import PACKAGE_ROOT, find_model_file
from .model_file.sealing import open_sealed, read_content
from .prediction import Prediction
from .problems import Finding

if TYPE_CHECKING:
    from .explanation import Explanation, Explanations

__all__ = ["Model", "Prediction", "load_model", "open_place"]

_OUTPUTS = ["prediction", "lower", "upper"]
_ROWS_AT_ONCE = 8_192  # the arrays between the graph's nodes then stay in the processor's cache
_ONLY_ERRORS = 3  # onnxruntime's severity level
_ONNXRUNTIME_ERRORS = (
    ort_errors.Fail,
    ort_errors.InvalidArgument,
    ort_errors.InvalidGraph,
    ort_errors.InvalidProtobuf,
    ort_errors.NotImplemented,
    ort_errors.RuntimeException,
)


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
        """Open the bytes of a model file, which messages call `name`.

        Raises ModelFileError when the bytes are damaged, foreign, or of a newer format.
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
        return partial(Model, name=self._name), (self._content,)

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

    @property
    def source(self) -> str:
        """What messages call the file: its path, if it was opened by one."""
        return self._name

    @property
    def content(self) -> bytes:
        """The bytes of the file."""
        return self._content

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the file, as hexadecimal digits."""
        return sha256(self._content).hexdigest()

    @cached_property
    def _typical_row(self) -> dict[str, Any]:
        from .profile import typical_row

        return typical_row(self.contract, self._manifest)

    @property
    def typical_row(self) -> dict[str, Any]:
        """A row with the median or the most frequent level of the training rows in every field.

        It has the fields that the model uses, in the order of the contract. Numbers are as exact as
        the training rows, and None stands where most of those had nothing.
        """
        return dict(self._typical_row)

    def predict(self, rows: object) -> Prediction:
        """Predict the target for every row, in order.

        Parameters
        ----------
        rows : list of dicts, dict of columns or of scalars, or a pandas, polars or pyarrow table
            It is never changed.

        Returns
        -------
        Prediction
            As many values as rows; NaN and a problem for a row with an error.

        Raises
        ------
        InputError
            When `rows` is none of these kinds, or its columns differ in length.
        """
        checked = self._checker.check(rows)
        if checked.accepted is None:
            values, lower, upper = self._run(checked)
        else:
            values, lower, upper = every = np.full((3, len(checked.numbers)), np.nan)
            every[:, checked.accepted] = self._run(checked.only_accepted())
        findings = checked.findings
        is_sound = np.isfinite(lower) & np.isfinite(upper) & (lower != 0)
        if not is_true_everywhere(is_sound):
            overflown = self._overflown(values, lower, upper, checked.accepted)
            for array in (values, lower, upper):
                array[overflown] = np.nan
            if overflown:
                nothing = [None] * len(overflown)
                findings = [*findings, Finding(None, "not_finite", overflown, nothing)]
        read = checked, self._checker.missing_codes
        return Prediction(values, lower, upper, self.version, findings, read)

    def _overflown(
        self, values: Floats, lower: Floats, upper: Floats, accepted: Mask | None
    ) -> list[int]:
        """Return the rows that the model could not put into a number.

        Where the model learns a logarithm, a value that is exactly 0 is one that was too small.
        """
        overflown = ~(np.isfinite(values) & np.isfinite(lower) & np.isfinite(upper))
        if self._manifest["target"]["transform"] == "log":
            overflown |= values == 0
        if accepted is not None:
            overflown &= accepted
        rows: list[int] = np.flatnonzero(overflown).tolist()
        return rows

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
        """Explain some rows of a prediction that this model has just made, as `explain` does.

        Raises
        ------
        InputError
            When the prediction came out of a pickle, which holds no rows.
        """
        from .explanation import explain_row

        def run(numbers: Floats, codes: Codes) -> Floats:
            values, *_ = self._run(Checked(numbers, codes, None, []))
            return values

        checked = prediction.checked
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
        if checked.accepted is not None:
            raise ModelFileError(
                f"{self._name} holds rows to explain others by that break its own contract."
            )
        return checked.numbers, checked.codes

    def _run(self, checked: Checked) -> list[Floats]:
        """Run the graph over rows without errors; three arrays of shape (rows,)."""
        rows = len(checked.numbers)
        if rows <= _ROWS_AT_ONCE:
            return self._run_slice(checked, slice(None))
        slices = [slice(at, at + _ROWS_AT_ONCE) for at in range(0, rows, _ROWS_AT_ONCE)]
        parts = [self._run_slice(checked, part) for part in slices]
        return [np.concatenate(output) for output in zip(*parts, strict=True)]

    def _run_slice(self, checked: Checked, part: slice) -> list[Floats]:
        numbers, codes = checked.numbers[part], checked.codes[part]
        rows = len(numbers)
        if rows % 2:
            # Of an odd number of rows onnxruntime multiplies the last one in another way, to other
            # last bits: with one more, a row's prediction is the same in any slice.
            numbers, codes = (np.concatenate([one, one[-1:]]) for one in (numbers, codes))
        feed = {"numbers": numbers, "levels": self._no_levels, "codes": codes}
        try:
            outputs = cast(list[Floats], self._session.run(_OUTPUTS, feed))
        except _ONNXRUNTIME_ERRORS as error:
            raise self._cannot_run(error) from None
        if any(output.shape != (len(numbers),) for output in outputs):
            raise ModelFileError(
                f"{self._name} holds a graph that cannot be run: it gives another number of "
                "predictions than it has rows."
            )
        return [output[:rows] for output in outputs] if rows % 2 else outputs

    def _try_out(self) -> None:
        """Predict a row with the lowest and one with the highest value and code of every field."""
        ends = [field.training_range or (0.0, 0.0) for field in self.contract.numbers]
        codes = [
            (offset, offset + len(field.coded_levels) + 1)
            for field, offset in zip(self.contract.categories, self.contract.offsets, strict=True)
        ]
        numbers = np.array(ends, dtype=np.float64).reshape(-1, 2).T
        levels = np.array(codes, dtype=np.int64).reshape(-1, 2).T
        self._run_slice(Checked(numbers, levels, None, []), slice(None))

    def _cannot_run(self, error: Exception) -> ModelFileError:
        reason = str(error).partition("\n")[0].rstrip(".")
        return ModelFileError(f"{self._name} holds a graph that cannot be run: {reason}.")


_shipped_lock = threading.Lock()
_shipped: Model | None = None


def load_model(path: str | Path | None = None) -> Model:
    """Open a model file, or the shipped one, which is opened once and kept.

    Parameters
    ----------
    path : path or URL of the file, or the name of an installed model
        The names are those that `regression-model models` lists. A file wins over a name.

    Raises
    ------
    ModelFileError
        When the file is absent, damaged, foreign, or of a newer format, or no model of that name is
        installed.
    """
    if path is not None:
        file = find_model(path)
        return Model(read_content(file), name=shown(file))
    global _shipped
    if _shipped is None:
        with _shipped_lock:
            if _shipped is None:
                _shipped = _open_shipped()
    return _shipped


def open_place(place: Path | bytes, *, name: str) -> Model:
    """Open a model file by its path or its bytes; raises ModelFileError as `load_model`."""
    return Model(place if isinstance(place, bytes) else read_content(place), name=name)


def _open_shipped() -> Model:
    path = find_model_file(PACKAGE_ROOT)
    if path is None:
        version = (PACKAGE_ROOT / "VERSION").read_text(encoding="utf-8").strip()
        raise ModelFileError(
            f"There is no model file for version {version} in {PACKAGE_ROOT / 'trained_models'}: "
            "train it with tox -e train, or name a model file."
        )
    return Model(read_content(path), name=str(path))
