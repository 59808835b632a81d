"""A program that uses the public names, for the type checker: it is checked, never run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from regression_model import (
    ConfigError,
    DataError,
    Explanation,
    Explanations,
    ExportError,
    InputError,
    MissingExtraError,
    Model,
    ModelComparison,
    ModelFileError,
    OutputError,
    PackageError,
    Prediction,
    Problem,
    QualityError,
    RegressionModelError,
    VerificationError,
    __version__,
    compare_models,
    load_model,
    make_prediction,
)
from regression_model.predict import PredictionResult
from regression_model.runtime.row_model import (
    HouseDataInputSchema,
    HouseDataInputSchemaWithUnknownFields,
    MultipleHouseDataInputs,
    MultipleHouseDataInputsWithUnknownFields,
    PredictedRow,
    RowProblem,
    row_model,
    rows_model,
)
from regression_model.verification import Check, Verification, sign, verify

version: str = __version__

rows: list[dict[str, object]] = [{"LotArea": 8450, "Neighborhood": "NAmes"}]
result: PredictionResult = make_prediction(input_data=rows)
prices: list[float | None] = result["predictions"]
errors: str | None = result["errors"]
of_model: str = result["version"]

shipped: Model = load_model()
other: Model = load_model("other.onnx")
named: PredictionResult = make_prediction(input_data=rows, model=load_model("cars-model"))
name: str = shipped.name
contract_title: dict[str, object] = shipped.contract.json_schema(title="Row")
required: list[str] = [field.name for field in shipped.contract.fields if field.required]

prediction: Prediction = shipped.predict(rows)
values: npt.NDArray[np.float64] = prediction.values
width: npt.NDArray[np.float64] = prediction.upper - prediction.lower
count: int = len(prediction)
as_dicts: list[dict[str, object]] = prediction.to_dicts()


def told(problem: Problem) -> str:
    """Use every attribute of a problem."""
    row: int | None = problem.row
    field: str | None = problem.field
    code: str = problem.code
    if problem.severity == "error":
        return f"{row} {field} {code}: {problem.message}"
    return problem.message


sentences: list[str] = [told(problem) for problem in prediction.problems]
first_error: Problem | None = next(iter(prediction.errors), None)
as_json: list[dict[str, object]] = [problem.to_dict() for problem in prediction.warnings]

as_array: npt.NDArray[np.float64] = np.asarray(prediction)
in_answers: list[Problem] = prediction.reported
assumed: npt.NDArray[np.int64] = prediction.assumed
lower: list[float | None] = result["lower"]
warnings: str | None = result["warnings"]

comparison: ModelComparison = compare_models(shipped, "other.whl", rows, tolerance=0.01, top=1)
release: str = comparison.release
reasons_of_release: list[str] = [reason.message for reason in comparison.reasons]
smallest: str | None = comparison.smallest_version
largest_move: float | None = comparison.profile.largest
compared: dict[str, object] = comparison.to_dict()

explanations: Explanations = shipped.explain(rows)
reasons: list[str] = [told(problem) for problem in explanations.problems]
explanation: Explanation | None = explanations[0]
if explanation is not None:
    base: float = explanation.base
    contributions: dict[str, float] = explanation.contributions
    used: dict[str, float | str | None] = explanation.values
    filled: tuple[str, ...] = explanation.assumed

response: list[PredictedRow] = [PredictedRow(**row) for row in prediction.to_dicts()]
value: float | None = response[0].value
of_row: list[RowProblem] = response[0].problems

try:
    make_prediction(input_data=5)
except InputError as error:
    sentence: str = str(error)
except (ConfigError, DataError, ExportError, ModelFileError, OutputError, QualityError) as error_:
    root: RegressionModelError = error_
except PackageError as error_of_package:
    why: str = str(error_of_package)
except VerificationError as unknown:
    what: str = str(unknown)
except MissingExtraError as missing:
    also: ImportError = missing

row = HouseDataInputSchema(**{"LotArea": 8450})
again: dict[str, object] = row.model_dump()
own = row_model(other.contract, name="Row")(**again)
many = MultipleHouseDataInputs(inputs=rows)
open_row = HouseDataInputSchemaWithUnknownFields(**{"LotArea": 8450, "colour": "red"})
open_rows = MultipleHouseDataInputsWithUnknownFields(inputs=rows)
own_rows = rows_model(row_model(other.contract, name="Row", unknown="allow"), name="Rows")

verification: Verification = verify("cars.whl", key=Path("release.pub"))
refused: tuple[Check, ...] = verification.refused
why_not: list[str] = [check.message for check in refused if check.status == "refused"]
for_programs: dict[str, object] = verification.to_dict()
signature: Path = sign(Path("cars.whl"), key=Path("release.key"))
