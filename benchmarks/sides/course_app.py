"""The app that serves this kind of package, as courses and tutorials have it.

FastAPI parses and checks each request with pydantic, the rows become a `DataFrame` with None where
a value is missing, and `make_prediction` gets all of its columns. It imports the names that both
packages have, and runs with the pydantic of either: `uvicorn benchmarks.sides.course_app:app`.
"""

import json
from typing import Any, List, Optional

import numpy as np
import pandas as pd
from fastapi import FastAPI, HTTPException
from fastapi.encoders import jsonable_encoder
from pydantic import BaseModel

from regression_model import __version__ as model_version
from regression_model.predict import make_prediction
from regression_model.processing.validation import HouseDataInputSchema

__all__ = ["app"]

app = FastAPI(title="House Price Prediction API")


class Health(BaseModel):
    """Which version answers."""

    version: str


class MultipleHouseDataInputs(BaseModel):
    """The body of a request."""

    inputs: List[HouseDataInputSchema]


class PredictionResults(BaseModel):
    """The body of an answer."""

    errors: Optional[Any] = None
    version: str
    predictions: Optional[List[float]] = None


@app.get("/api/v1/health", response_model=Health)
def health() -> Any:
    """Say that the app is there."""
    return {"version": model_version}


@app.post("/api/v1/predict", response_model=PredictionResults)
async def predict(input_data: MultipleHouseDataInputs) -> Any:
    """Predict the price of each house."""
    rows = pd.DataFrame(jsonable_encoder(input_data.inputs))
    results = make_prediction(input_data=rows.replace({np.nan: None}))
    if results["errors"] is not None:
        raise HTTPException(status_code=400, detail=json.loads(results["errors"]))
    return results
