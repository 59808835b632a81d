"""The form of MLflow's scoring server: what its clients send is answered as MLflow answers it."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pandas as pd
import pytest

from regression_model import Model, __version__
from regression_model.serving.http.limits import Refusal
from regression_model.serving.invocations import read_invocation

from .conftest import Served


def answered(service: Served, body: str | bytes, content_type: str | None) -> httpx.Response:
    headers = {} if content_type is None else {"content-type": content_type}
    answer: httpx.Response = service.client.post("/invocations", content=body, headers=headers)
    return answer


def predicted(service: Served, body: str, content_type: str = "application/json") -> Any:
    answer = answered(service, body, content_type)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    return answer.json()["predictions"]


@pytest.fixture
def frame(all_rows: tuple[dict[str, str], ...]) -> pd.DataFrame:
    """Ten rows, as pandas reads the file: numbers, texts and NaN."""
    return pd.DataFrame(all_rows[:10]).map(_number)


def _number(cell: str) -> Any:
    try:
        return float(cell)
    except ValueError:
        return cell if cell not in ("", "NA") else None


def test_every_form_gives_the_predictions_of_the_model(
    service: Served, model: Model, frame: pd.DataFrame
) -> None:
    """A frame in each way that a client may write it is predicted as by the model itself."""
    expected = model.predict(frame).values.tolist()
    records = json.loads(frame.to_json(orient="records"))
    split = frame.to_json(orient="split")
    bodies: dict[str, str] = {
        "split by pandas": f'{{"dataframe_split": {split}}}',
        # mlflow.utils.proto_json_utils.dump_input_data writes NaN as Python's json does
        "split by MLflow": json.dumps({"dataframe_split": frame.to_dict(orient="split")}),
        "records": json.dumps({"dataframe_records": records}),
        "instances": json.dumps({"instances": records, "params": {"temperature": 1}}),
        "inputs, rows": json.dumps({"inputs": records}),
        "inputs, columns": json.dumps({"inputs": frame.to_dict(orient="list")}),
    }
    for name, body in bodies.items():
        assert predicted(service, body) == pytest.approx(expected, rel=1e-12), name
    for text in (frame.to_csv(index=False), frame.to_csv()):
        for media_type in ("text/csv", "text/csv; charset=utf-8", "Text/CSV;charset=UTF-8"):
            assert predicted(service, text, media_type) == pytest.approx(expected, rel=1e-12)


def test_a_row_in_error_is_null(
    service: Served, model: Model, all_rows: tuple[dict[str, str], ...]
) -> None:
    """One row in error has null in its place, and the others have their predictions."""
    rows = [dict(row) for row in all_rows[:10]]
    expected = model.predict(rows).values.tolist()
    rows[3]["LotArea"] = "large"
    found = predicted(service, json.dumps({"dataframe_records": rows}))
    assert found[3] is None
    assert found[:3] + found[4:] == pytest.approx(expected[:3] + expected[4:])


def test_no_rows_give_no_predictions(service: Served, model: Model) -> None:
    """Zero rows are answered with zero predictions."""
    names = [field.name for field in model.contract.fields]
    for body in ({"dataframe_split": {"columns": names, "data": []}}, {"instances": []}):
        assert predicted(service, json.dumps(body)) == []
    assert predicted(service, ",".join(names) + "\n", "text/csv") == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ('{"inputs": NaN', "not JSON"),
        ("[" * 100_000 + "NaN", "not JSON"),
        ("[]", "exactly one of"),
        ("{}", "exactly one of"),
        ('{"inputs": [], "instances": []}', "exactly one of"),
        ('{"instances": {"a": [1]}}', "a list, not an object"),
        ('{"instances": [[1, 2]]}', "instances[0] is a list"),
        ('{"inputs": null}', "not null"),
        ('{"dataframe_records": {"a": 1}}', "a list, not an object"),
        ('{"dataframe_split": []}', "columns and data"),
        ('{"dataframe_split": {"data": [[1]]}}', "columns and data"),
        ('{"dataframe_split": {"columns": ["a"], "data": [[1]], "rows": 1}}', "'rows'"),
        ('{"dataframe_split": {"columns": [1], "data": [[1]]}}', "field names"),
        ('{"dataframe_split": {"columns": ["a", "a"], "data": [[1, 2]]}}', "'a' twice"),
        ('{"dataframe_split": {"columns": ["a", "b"], "data": [[1, 2], [3]]}}', "data[1] is 1"),
        ('{"dataframe_split": {"columns": ["a"], "data": [3]}}', "data[0] is a number"),
        ('{"inputs": {"LotArea": [1, 2], "Street": ["Pave"]}}', "differ in length"),
        ('{"inputs": {"LotArea": [1, 2], "Street": "Pave"}}', "is one value"),
    ],
)
def test_another_form_is_refused_with_a_sentence(service: Served, body: str, said: str) -> None:
    """What MLflow refuses is refused in its form: 400, BAD_REQUEST, and what is wrong."""
    answer = answered(service, body, "application/json")
    content = answer.json()
    assert (answer.status_code, content["error_code"]) == (400, "BAD_REQUEST")
    assert said in content["message"]


@pytest.mark.parametrize(
    ("body", "said"),
    [(b"", "is empty"), (b"a,b\n1\n", "line 2"), (b"a\n\xff\n", "UTF-8"), (b'a\n"', "not CSV")],
)
def test_broken_csv_is_refused_with_its_line(service: Served, body: bytes, said: str) -> None:
    """CSV that cannot be read is a 400 that says where."""
    answer = answered(service, body, "text/csv")
    assert answer.status_code == 400
    assert said in answer.json()["message"]


@pytest.mark.parametrize(
    "content_type",
    [None, "", "text/html", "text/csv; charset=latin-1", "application/json; format=pandas-split"],
)
def test_another_media_type_is_refused(service: Served, content_type: str | None) -> None:
    """As MLflow does, the service answers 415 and a text to another media type or charset."""
    answer = answered(service, b"{}", content_type)
    assert answer.status_code == 415
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert "Content-Type" in answer.text


def test_rows_beyond_the_limit_are_refused(all_rows: tuple[dict[str, str], ...]) -> None:
    """The limit counts rows in every form."""
    rows = all_rows[:10]
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    for form in (rows, columns):
        body = json.dumps({"inputs": form}).encode()
        assert read_invocation(body, "application/json", most_rows=10)
        with pytest.raises(Refusal, match="10 rows, and the maximum is 9") as caught:
            read_invocation(body, "application/json", most_rows=9)
        assert caught.value.status == 413


def test_an_orchestrator_can_ping(service: Served) -> None:
    """A service has a model, so that a ping gets 200; and the version is one of this package."""
    assert service.client.get("/ping").status_code == 200
    assert service.client.get("/version").text == __version__
