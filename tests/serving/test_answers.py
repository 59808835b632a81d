"""What the service answers, compared with the model called directly."""

from __future__ import annotations

from typing import Any

import pytest

from regression_model import Model

from .conftest import Row, Served


def test_predictions_are_those_of_the_model(service: Served, model: Model, rows: list[Row]) -> None:
    """Each row has the prediction, the interval and the assumed fields of Model.predict."""
    answer = service.predict(*rows).json()
    prediction = model.predict(rows)
    assert [one["prediction"] for one in answer["results"]] == prediction.values.tolist()
    assert [one["lower"] for one in answer["results"]] == prediction.lower.tolist()
    assert [one["upper"] for one in answer["results"]] == prediction.upper.tolist()
    assert [len(one["assumed"]) for one in answer["results"]] == prediction.assumed.tolist()
    assert answer["problems"] == []
    assert answer["model"] == {"name": model.name, "version": model.version}


def test_a_row_in_error_stands_beside_good_ones(
    service: Served, model: Model, rows: list[Row]
) -> None:
    """A row that cannot be predicted has its problems, and changes nothing for the others."""
    wrong = {**rows[1], "GrLivArea": -5}
    first, second, third, fourth = service.predict(rows[0], wrong, 7, rows[2]).json()["results"]
    assert second["prediction"] is second["lower"] is second["upper"] is None
    assert second["assumed"] == []
    (problem,) = second["problems"]
    assert (problem["field"], problem["code"]) == ("GrLivArea", "below_minimum")
    assert "-5" in problem["message"] and problem["severity"] == "error"
    assert third["problems"][0]["code"] == "wrong_type"
    expected = model.predict([rows[0], wrong, 7, rows[2]]).values
    assert [first["prediction"], fourth["prediction"]] == [expected[0], expected[3]]


def test_assumed_fields_are_named(service: Served, rows: list[Row]) -> None:
    """A field that is missing and was filled is named; one that came is not."""
    row = {**rows[0], "LotFrontage": None, "GarageType": "Attchd"}
    (result,) = service.predict(row).json()["results"]
    assert "LotFrontage" in result["assumed"]
    assert "GarageType" not in result["assumed"]


def test_a_column_that_no_row_has_is_told_once(service: Served, rows: list[Row]) -> None:
    """What concerns all rows stands beside the results."""
    without = [{k: v for k, v in row.items() if k != "GrLivArea"} for row in rows]
    answer = service.predict(*without).json()
    assert [one["code"] for one in answer["problems"]] == ["missing_column"]
    assert all(one["prediction"] is None for one in answer["results"])


def test_no_rows_have_no_results(service: Served) -> None:
    """An empty list of rows is answered with one."""
    assert service.predict().json()["results"] == []


def test_an_explanation_adds_up_to_the_prediction(
    service: Served, model: Model, rows: list[Row]
) -> None:
    """The contributions are those of Model.explain, the largest first; a row in error has none."""
    body = {"inputs": [rows[0], {**rows[1], "YrSold": "?"}]}
    good, wrong = service.client.post("/api/v1/explain", json=body).json()["results"]
    (expected,) = model.explain(rows[:1])
    assert expected is not None
    assert good["contributions"] == pytest.approx(expected.contributions)
    assert good["base"] + sum(good["contributions"].values()) == pytest.approx(good["prediction"])
    sizes = [abs(value) for value in good["contributions"].values()]
    assert sizes == sorted(sizes, reverse=True)
    assert wrong["prediction"] is wrong["base"] is None
    assert wrong["contributions"] == {} and wrong["problems"]


def test_metadata_and_schema_describe_the_model(service: Served, model: Model) -> None:
    """The metadata are those of the file, without paths; the example row has a prediction."""
    about = service.client.get("/api/v1/model").json()
    assert (about["name"], about["sha256"]) == (model.name, model.sha256)
    assert about["metrics"] == model.manifest["metrics"]
    assert "/" not in str(about["training"]["data_file"])
    schema = service.client.get("/api/v1/schema").json()
    assert [one["name"] for one in schema["fields"]] == [f.name for f in model.contract.fields]
    (result,) = service.predict(schema["example"]).json()["results"]
    assert result["prediction"] is not None and result["problems"] == []


def test_health_is_answered(service: Served, model: Model) -> None:
    """A balancer sees that the service lives, and with which model."""
    assert service.client.get("/health/live").json()["status"] == "ok"
    ready = service.client.get("/health/ready").json()
    assert ready == {"status": "ok", "model": {"name": model.name, "version": model.version}}


def test_many_rows_are_answered_as_few(service: Served, model: Model, rows: list[Row]) -> None:
    """A body that is answered in a thread has the same results."""
    many = rows * 60
    answer = service.predict(*many).json()
    expected: Any = model.predict(many).values.tolist()
    assert [one["prediction"] for one in answer["results"]] == expected
