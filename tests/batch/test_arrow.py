"""Record batches in, record batches with predictions out."""

import pickle
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regression_model import InputError, Model, load_model
from regression_model.batch import output_schema, predict_arrow
from regression_model.batch.arrow import opened_model


@pytest.fixture(scope="module")
def table(scoring_file: Path) -> pa.Table:
    """The packaged rows to price, with the types that pyarrow finds."""
    return pa.csv.read_csv(
        scoring_file,
        convert_options=pa.csv.ConvertOptions(strings_can_be_null=True, null_values=["NA", ""]),
    )


def test_a_row_comes_out_for_each_row_that_goes_in(model: Model, table: pa.Table) -> None:
    """In order, with the identifier, in batches as long as those that were given."""
    batches = table.to_batches(max_chunksize=500)
    predicted = [*predict_arrow(batches, model, interval=True)]
    assert [batch.num_rows for batch in predicted] == [500, 500, 459]
    joined = pa.Table.from_batches(predicted)
    assert joined.schema == output_schema(table.schema, model, interval=True)
    assert joined.column_names == ["Id", "prediction", "lower", "upper", "assumed", "problems"]
    assert joined["Id"] == table["Id"]
    expected = [model.predict(pa.Table.from_batches([batch])) for batch in batches]
    for name in ("values", "lower", "upper"):
        column = joined["prediction" if name == "values" else name].to_numpy()
        np.testing.assert_array_equal(column, np.concatenate([getattr(e, name) for e in expected]))


@pytest.mark.parametrize("keep", [False, True, ["Neighborhood", "LotArea"]])
def test_a_batch_without_rows_gives_one_without_rows(
    model: Model, table: pa.Table, keep: Any
) -> None:
    """Engines send them to learn the columns."""
    empty = table.schema.empty_table().to_batches() or [
        pa.RecordBatch.from_pylist([], schema=table.schema)
    ]
    (predicted,) = predict_arrow(empty, model, keep=keep)
    assert predicted.num_rows == 0
    assert predicted.schema == output_schema(table.schema, model, keep=keep)


def test_kept_columns_stay_as_they_are(model: Model, table: pa.Table) -> None:
    """With their types, whether the model uses them or not."""
    (predicted,) = predict_arrow(table.slice(0, 9).to_batches(), model, keep=True)
    assert pa.Table.from_batches([predicted]).select(table.column_names) == table.slice(0, 9)


def test_a_row_in_error_has_a_reason_and_no_prediction(
    model: Model, table: pa.Table, required_number: Any
) -> None:
    """Its neighbours are not affected."""
    at = table.column_names.index(required_number.name)
    cells = [None, *table.column(at)[1:3].to_pylist()]
    column = pa.array(cells, table.schema.field(at).type)
    (batch,) = table.slice(0, 3).set_column(at, required_number.name, column).to_batches()
    (predicted,) = predict_arrow([batch], model)
    rows = predicted.to_pylist()
    assert rows[0]["prediction"] is None
    assert required_number.name in rows[0]["problems"]
    assert all(row["prediction"] is not None for row in rows[1:])


@pytest.mark.parametrize(
    ("keep", "sentence"),
    [
        (True, "The input has a column 'prediction', and the output would have two"),
        (["absent"], "The input has no column 'absent' to keep."),
    ],
)
def test_what_cannot_be_kept_is_said(model: Model, keep: Any, sentence: str) -> None:
    """Before any row is predicted."""
    schema = pa.schema([("prediction", pa.int64())])
    with pytest.raises(InputError, match=sentence):
        output_schema(schema, model, keep=keep)


def test_a_model_may_be_given_in_any_form(model: Model, table: pa.Table) -> None:
    """As itself, its bytes, its path, its name or nothing; it is opened once in a process."""
    batches = table.slice(0, 5).to_batches()
    forms = (model, model.content, model.source, Path(model.source), model.name, None)
    answers = [[*predict_arrow(batches, form)] for form in forms]
    assert all(answer == answers[0] for answer in answers)
    assert opened_model(model.content) is opened_model(bytes(model.content))
    assert pickle.loads(pickle.dumps(predict_arrow)) is predict_arrow


NUMBERS = st.one_of(
    st.none(), st.integers(-5, 3000), st.floats(-1e3, 1e6), st.sampled_from(["7", "x", "", "NA"])
)


@cache
def shipped() -> Model:
    """The shipped model, where no fixture can be used."""
    return load_model()


@st.composite
def batches(draw: st.DrawFn) -> Any:
    """A batch with columns of any type that could stand for a field, and some that could not."""
    rows = draw(st.integers(0, 6))
    contract = shipped().contract
    columns: dict[str, Any] = {}
    fields = draw(st.sets(st.sampled_from([f.name for f in contract.fields]), min_size=1))
    for name in sorted(fields):
        kind = draw(
            st.sampled_from(["int", "float", "text", "dictionary", "bool", "null", "small"])
        )
        texts = st.sampled_from(["NAmes", "TA", "RL", "5", "7.5", "", "NA", "Straße", None])
        cells: Any = {
            "int": st.one_of(st.none(), st.integers(-5, 3000)),
            "small": st.one_of(st.none(), st.integers(0, 200)),
            "float": st.one_of(st.none(), st.floats()),
            "bool": st.one_of(st.none(), st.booleans()),
            "null": st.none(),
        }.get(kind, texts)
        types = {
            "int": pa.int64(),
            "small": pa.uint8(),
            "float": pa.float64(),
            "bool": pa.bool_(),
            "null": pa.null(),
            "text": pa.string(),
        }
        values = draw(st.lists(cells, min_size=rows, max_size=rows))
        array = pa.array(values, types.get(kind, pa.string()))
        columns[name] = array.dictionary_encode() if kind == "dictionary" else array
    return pa.RecordBatch.from_pydict(columns)


@given(batch=batches())
@settings(max_examples=60)
def test_the_predictions_are_those_of_the_model(batch: Any) -> None:
    """Values, intervals and which rows are refused, whatever the types of the columns."""
    model = shipped()
    seen: list[Any] = []
    (predicted,) = predict_arrow([batch], model, interval=True, seen=seen.append)
    assert predicted.num_rows == batch.num_rows
    if not batch.num_rows:
        return
    used = [name for name in batch.schema.names if name != "Id"]
    expected = model.predict(
        pa.Table.from_batches([batch]).select(used) if used else [{}] * batch.num_rows
    )
    assert seen == [expected]
    values = [None if np.isnan(v) else v for v in expected.values.tolist()]
    assert predicted["prediction"].to_pylist() == values
