"""This package, its scikit-learn pipeline and its graph alone, measured in one environment."""

from __future__ import annotations

import pickle
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .serve import Timed, outcome_of, outcome_of_table, serve, time_calls

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from regression_model import Model
    from regression_model.runtime.checking import Checked

__all__ = ["main"]

Feed = dict[str, "npt.NDArray[Any]"]
_OUTPUTS = ["prediction", "lower", "upper"]
_ROWS_AT_ONCE = 8_192  # as Model has it
_LARGEST_DIFFERENCE = 1e-9


class Ours:
    """Answers requests for measurements of the package."""

    def __init__(self) -> None:
        self._timed: dict[str, Timed] = {}

    def prepare(
        self, records: list[dict[str, Any]], csv: str, times: int, pipeline: str, folder: str
    ) -> None:
        """Make all inputs ready, and see to it that all ways give the same prices."""
        import joblib
        import pandas as pd

        from regression_model import load_model, make_prediction

        self._predict = make_prediction
        self._model = load_model()
        self._pipeline = joblib.load(pipeline)
        self._session = _open_session()
        self._folder = Path(folder)
        self._csv = csv
        self._table = pd.read_csv(csv)
        many = pd.concat([self._table] * times, ignore_index=True)
        for name, rows in {"dicts": records, "table": self._table, "many": many}.items():
            self._prepare(name, rows)
        _check_agreement(self._timed)

    def choose(self, rows: list[dict[str, Any]]) -> None:
        """Take the rows that are sent one at a time; save the first for new processes."""
        import joblib

        checked = [self._check([row]) for row in rows]
        frames = [_frame_of(self._model, one) for one in checked]
        codes = [self._feed_of_codes(one) for one in checked]
        texts = [_feed_of_texts(self._model, one) for one in checked]
        self._timed |= {
            "one": (self._call, [[row] for row in rows]),
            "one, pipeline": (self._pipeline.predict, frames),
            "one, codes": (self._run, codes),
            "one, texts": (self._run, texts),
            "explain": (self._model.explain, [[row] for row in rows]),
        }
        joblib.dump(frames[0], self._folder / "frame.joblib")
        (self._folder / "feed.pickle").write_bytes(pickle.dumps(codes[0]))

    def time(self, what: str, calls: int, warm_up: int) -> list[float]:
        """Return the seconds of some calls."""
        return time_calls(self._timed[what], calls=calls, warm_up=warm_up)

    def behave(self, rows: Any) -> dict[str, Any]:
        """Return what comes of some rows; None for the whole table."""
        if rows is None:
            outcome, rows = outcome_of_table(self._predict, self._csv), self._table
        else:
            outcome = outcome_of(self._predict, rows)
        problems = [p.to_dict() for p in self._model.predict(rows).problems]
        return outcome | {"problems": problems}

    def versions(self) -> dict[str, str]:
        """Return the versions of the libraries that matter."""
        import regression_model

        names = ("onnxruntime", "numpy", "narwhals", "pandas", "pyarrow", "scikit-learn")
        versions = {"regression-model": regression_model.__version__}
        for name in (*names, "feature-engine"):
            try:
                versions[name] = version(name)
            except PackageNotFoundError:
                versions[name] = "absent"
        return versions

    def model_file(self) -> str:
        """Return the path of the shipped model file."""
        return str(_model_path())

    def _prepare(self, name: str, rows: Any) -> None:
        checked = self._check(rows)
        codes, texts = self._feed_of_codes(checked), _feed_of_texts(self._model, checked)
        self._timed |= {
            name: (self._call, [rows]),
            f"{name}, pipeline": (self._pipeline.predict, [_frame_of(self._model, checked)]),
            f"{name}, codes": (self._run, [codes]),
            f"{name}, texts": (self._run, [texts]),
            f"{name}, codes in slices": (self._run_slices, [codes]),
            f"{name}, texts in slices": (self._run_slices, [texts]),
        }

    def _check(self, rows: Any) -> Checked:
        from regression_model.runtime.checking import Checker

        return Checker(self._model.contract).check(rows)

    def _call(self, rows: Any) -> Any:
        return self._predict(input_data=rows)

    def _run(self, feed: Feed) -> Any:
        return self._session.run(_OUTPUTS, feed)

    def _run_slices(self, feed: Feed) -> Any:
        import numpy as np

        parts = []
        for at in range(0, len(feed["numbers"]), _ROWS_AT_ONCE):
            part = {name: array[at : at + _ROWS_AT_ONCE] for name, array in feed.items()}
            parts.append(self._session.run(_OUTPUTS, part))
        return [np.concatenate(output) for output in zip(*parts, strict=True)]

    def _feed_of_codes(self, checked: Checked) -> Feed:
        import numpy as np

        no_levels = np.empty((0, checked.codes.shape[1]), dtype=object)
        return {"numbers": checked.numbers, "levels": no_levels, "codes": checked.codes}


def _feed_of_texts(model: Model, checked: Checked) -> Feed:
    import numpy as np

    levels = np.empty(checked.codes.shape, dtype=object)
    for j, (field, offset) in enumerate(
        zip(model.contract.categories, model.contract.offsets, strict=True)
    ):
        texts = np.array([*field.coded_levels, "", "any other level"], dtype=object)
        levels[:, j] = texts[checked.codes[:, j] - offset]
    return {"numbers": checked.numbers, "levels": levels}


def _frame_of(model: Model, checked: Checked) -> Any:
    from regression_model.training.rows import frame_of

    return frame_of(model.contract, checked)


def _model_path() -> Path:
    from regression_model.runtime.model import PACKAGE_ROOT
    from regression_model.runtime.model_file.release import find_model_file

    path = find_model_file(PACKAGE_ROOT)
    if path is None:
        raise SystemExit("There is no trained model to measure: tox -e train makes it.")
    return path


def _open_session() -> Any:
    """Open the shipped graph as Model does: one thread, no logging."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        str(_model_path()), options, providers=["CPUExecutionProvider"]
    )


def _check_agreement(timed: dict[str, Timed]) -> None:
    """Stop when two ways to price the table differ: then they are not the same model."""
    import numpy as np

    expected: Any = None
    for way in ("", ", pipeline", ", codes", ", texts", ", codes in slices", ", texts in slices"):
        function, (rows,) = timed[f"table{way}"]
        result = function(rows)
        prices = result["predictions"] if not way else result if way == ", pipeline" else result[0]
        expected = np.array(prices, dtype=float) if expected is None else expected
        difference = _largest_difference(expected, np.array(prices))
        if difference > _LARGEST_DIFFERENCE:
            raise SystemExit(f"Ours and ours{way} differ by {difference:.1e} of the price.")


def _largest_difference(
    expected: npt.NDArray[np.float64], actual: npt.NDArray[np.float64]
) -> float:
    return float(abs(actual / expected - 1).max())


def main() -> None:
    """Serve until standard input ends."""
    ours = Ours()
    names = ("prepare", "choose", "time", "behave", "versions", "model_file")
    serve({name: getattr(ours, name) for name in names})
