"""One call from rows to prices, in the form that serving apps expect."""

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest

import regression_model
from regression_model import InputError, Model, make_prediction
from regression_model.runtime.contract import Field


def test_rows_give_prices_and_a_version(rows: list[dict[str, Any]], model: Model) -> None:
    """Plain floats, no errors, and which model it was."""
    result = make_prediction(input_data=rows)
    assert ["predictions", "version", "errors", "warnings", "lower", "upper"] == list(result)
    prediction = model.predict(rows)
    assert prediction.lower.tolist() == result["lower"]
    assert prediction.upper.tolist() == result["upper"]
    assert result["warnings"] is None or prediction.warnings
    assert {float} == {type(price) for price in result["predictions"]}
    assert model.predict(rows).values.tolist() == result["predictions"]
    assert (regression_model.__version__, None) == (result["version"], result["errors"])


def test_errors_are_a_json_text(rows: list[dict[str, Any]], required_number: Field) -> None:
    """A list of what is wrong; a row in error has None in its place, the others their price."""
    prices = make_prediction(input_data=rows)["predictions"]
    rows[2][required_number.name] = -1
    result = make_prediction(input_data=rows)
    assert [2] == [at for at, price in enumerate(result["predictions"]) if price is None]
    np.testing.assert_allclose(
        [price for price in result["predictions"] if price is not None],
        [price for at, price in enumerate(prices) if at != 2 and price is not None],
        rtol=1e-12,
    )
    assert isinstance(result["errors"], str)
    name = required_number.name
    assert [
        {
            "row": 2,
            "field": name,
            "code": "below_minimum",
            "message": f"{name} is -1: expected {required_number.expected}.",
            "severity": "error",
        }
    ] == json.loads(result["errors"])


def test_a_result_can_be_sent_as_json(rows: list[dict[str, Any]], required_number: Field) -> None:
    """Without NaN and infinities, which JSON does not have, whatever was wrong."""
    odd = [
        None,
        np.float64("nan"),
        float("inf"),
        10**400,
        "x\n\ud800",
        b"\xff",
        np.array([1, 2]),
        {1},
    ]
    bad = [rows[0] | {required_number.name: cell} for cell in odd]
    for data in ([*bad, *rows], pd.DataFrame([*bad, *rows], dtype=object), [{}], [5], [], {1: 2}):
        result = make_prediction(input_data=data)
        assert result == json.loads(json.dumps(result, allow_nan=False))


def test_warnings_are_no_errors(rows: list[dict[str, Any]], nominal: Field) -> None:
    """An app that shows the errors to its users is not to show these."""
    rows[0] |= {"colour": "red", nominal.name: "Elsewhere"}
    result = make_prediction(input_data=rows)
    assert result["errors"] is None
    assert None not in result["predictions"]
    codes = [warning["code"] for warning in json.loads(result["warnings"] or "[]")]
    assert {"unknown_field", "unseen_level"} <= {*codes}


def test_warnings_do_not_slip_in_beside_errors(
    rows: list[dict[str, Any]], required_number: Field
) -> None:
    """Of a row with both, only the error is told."""
    rows[0] |= {"colour": "red", required_number.name: None}
    errors = json.loads(make_prediction(input_data=rows)["errors"] or "[]")
    assert ["missing_value"] == [error["code"] for error in errors]


def test_a_column_that_no_row_has_is_one_error(
    rows: list[dict[str, Any]], required_number: Field
) -> None:
    """And no row has a price."""
    for row in rows:
        del row[required_number.name]
    result = make_prediction(input_data=rows)
    assert [None] * 10 == result["predictions"]
    (error,) = json.loads(result["errors"] or "[]")
    assert (None, required_number.name, "missing_column") == (
        error["row"],
        error["field"],
        error["code"],
    )


def test_no_rows_give_no_prices() -> None:
    """And no errors."""
    version = regression_model.__version__
    for rows in ([], {}, pd.DataFrame()):
        assert {
            "predictions": [],
            "version": version,
            "errors": None,
            "warnings": None,
            "lower": [],
            "upper": [],
        } == make_prediction(input_data=rows)


@pytest.mark.parametrize("data", [None, 5, "rows", {"a": [1], "b": [1, 2]}, {"a": 1, "b": [2]}])
def test_what_is_no_rows_is_refused(data: Any) -> None:
    """With one sentence, and an error that this package owns."""
    with pytest.raises(InputError) as raised:
        make_prediction(input_data=data)
    assert str(raised.value).count(". ") == 0
    assert str(raised.value).endswith(".")
    assert isinstance(raised.value, regression_model.RegressionModelError)


def test_the_rows_are_named() -> None:
    """As apps call it: with a keyword, and only with that."""
    with pytest.raises(TypeError):
        make_prediction([])  # type: ignore[call-arg]


def test_public_names_are_there() -> None:
    """Each once, in order, and no other is made up."""
    assert sorted(regression_model.__all__) == regression_model.__all__
    assert set(regression_model.__all__) <= set(dir(regression_model))
    for name in regression_model.__all__:
        assert getattr(regression_model, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'make_predictions'"):
        _ = regression_model.make_predictions


@pytest.mark.parametrize(
    "name",
    [n for n in regression_model.__all__ if n.endswith("Error") and n != "RegressionModelError"],
)
def test_every_error_has_the_one_root(name: str) -> None:
    """One except clause catches whatever the package raises on purpose; each says when it is."""
    error = getattr(regression_model, name)
    assert issubclass(error, regression_model.RegressionModelError)
    assert error.__doc__.startswith("Raised when ")


IMPORTED = """
import sys
before = set(sys.modules)
{code}
loaded = {{name.partition(".")[0] for name in set(sys.modules) - before}}
print(" ".join(sorted(loaded & set({watched!r}))))
"""
HEAVY = ["feature_engine", "joblib", "narwhals", "numpy", "onnx", "onnxruntime", "pandas", "polars"]
HEAVY += ["pyarrow", "pydantic", "rich", "scipy", "sklearn", "strictyaml", "typer"]


def imported_by(code: str) -> list[str]:
    """The heavy libraries that some code imports in a Python of its own."""
    script = IMPORTED.format(code=code, watched=HEAVY)
    command = [sys.executable, "-W", "error", "-c", script]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


def test_importing_the_package_imports_nothing_heavy() -> None:
    """A program that only asks for the version does not wait for numpy."""
    assert [] == imported_by("import regression_model; regression_model.__version__")
    assert [] == imported_by("from regression_model import InputError, ModelFileError")


def test_predicting_dicts_imports_what_predicts_and_no_more() -> None:
    """Neither pandas nor scikit-learn, nor what reads tables."""
    code = "from regression_model import make_prediction; make_prediction(input_data=[{}, 5])"
    assert ["numpy", "onnxruntime"] == imported_by(code)
    code = "from regression_model import make_prediction; make_prediction(input_data={'a': [1]})"
    assert ["numpy", "onnxruntime"] == imported_by(code)
