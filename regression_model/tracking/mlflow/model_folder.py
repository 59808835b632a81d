"""A model file as a model of MLflow: models-from-code, without a pickle.

Its requirement is the runtime half alone, and its input example is the typical row of the training
profile, not a row of the data.
"""

from __future__ import annotations

import warnings
from pathlib import Path

from ... import __version__
from ...distribution import distribution_name
from ...extras import needs
from ...runtime.model import Model

__all__ = ["write_model"]

_CODE = Path(__file__).with_name("model_code.py.template")


def write_model(model: Model, file: Path, folder: Path) -> str:
    """Write the model folder that MLflow loads; return where in it the model file is."""
    with warnings.catch_warnings(record=True), needs("mlflow"):  # about mlflow's own type hints
        import pandas
        from mlflow.models import ModelSignature
        from mlflow.pyfunc import save_model
        from mlflow.types.schema import AnyType, ColSpec, ParamSchema, ParamSpec, Schema

    used = [field for field in model.contract.fields if field.used]
    # Any type: the check of a model file takes numbers and texts in more forms than MLflow's, which
    # refuses whole numbers for a column of doubles.
    inputs = Schema([ColSpec(AnyType(), field.name, required=False) for field in used])
    outputs = Schema([ColSpec("double")])
    params = ParamSchema([ParamSpec("intervals", "boolean", False)])
    code = folder.with_name("model_code.py")
    code.write_text(_CODE.read_text(encoding="utf-8"), encoding="utf-8")
    with warnings.catch_warnings(record=True):  # about type hints, and missing whole numbers
        save_model(
            path=str(folder),
            python_model=str(code),
            artifacts={"model": str(file)},
            signature=ModelSignature(inputs, outputs, params),
            input_example=pandas.DataFrame([model.typical_row]),
            pip_requirements=[f"{distribution_name()}=={__version__}", "mlflow-skinny", "pandas"],
            metadata={"name": model.name, "version": model.version, "sha256": model.sha256},
        )
    return f"artifacts/{file.name}"
