"""The whole shipped pipeline: rows that hypothesis writes cost the same in either half."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regression_model.config.core import config
from regression_model.runtime.model import Model, load_model
from regression_model.runtime.model_file.sealing import seal
from regression_model.training.data import dataset_path, read_dataset
from regression_model.training.export import export_pipeline
from regression_model.training.intervals import ConformalInterval
from regression_model.training.pipeline import build_pipeline
from regression_model.training.rows import contract_of, read_training_data

INTERVAL = ConformalInterval(0.9, 0.2)
UNSEEN = ("", " ", "NA", "Rare", "any other level", "none of these", "\u00e9t\u00e9", "NAMES")
SMALLEST = 1e-290  # below it a float has fewer than 15 digits, so there is nothing to compare
TIMES_BEYOND = 20.0  # how far beyond the training range a number without a maximum goes


@pytest.fixture(scope="module")
def both() -> Any:
    """Fit the shipped pipeline on all rows; return it with the model made from it."""
    path = dataset_path(config.data.training)
    data = read_training_data(config, read_dataset(path), source=str(path))
    pipeline = build_pipeline(config).fit(data.frame, data.target)
    graph = export_pipeline(pipeline, data.contract, interval=INTERVAL)
    manifest = load_model().manifest | {"name": "houses", "contract": data.contract.to_dict()}
    return pipeline, Model(seal(graph, manifest))


def value_of(field: Any) -> Any:
    """Generate what a client may send for a field and get a price."""
    if field.is_number:
        low, high = field.training_range
        far = TIMES_BEYOND * max(abs(low), abs(high))
        least = -far if field.minimum is None else field.minimum
        most = far if field.maximum is None else field.maximum
        values = (
            st.sampled_from([low, high, least, most, max(least, 0.0)])
            | st.floats(least, most).map(lambda value: max(round(value, 6), least))
            | st.integers(math.ceil(low), math.floor(high))
        )
    else:
        values = st.sampled_from(field.levels)
        if field.kind == "nominal":
            unseen = UNSEEN if not field.required else UNSEEN[3:]
            values |= st.sampled_from(unseen) | st.text(min_size=1, max_size=3).filter(str.strip)
    return values if field.required else values | st.none()


def rows_of(contract: Any) -> Any:
    """Generate rows for the fields that the model uses."""
    used = [field for field in contract.fields if field.used]
    row = st.fixed_dictionaries({field.name: value_of(field) for field in used})
    return st.lists(row, min_size=1, max_size=15)


def frame_of(pipeline: Any, contract: Any, rows: Any) -> Any:
    """Return rows as the frame that a pipeline takes, without the package's own reading."""
    columns = {}
    for name in pipeline.feature_names_in_:
        cells = [row[name] for row in rows]
        if contract.field(name).is_number:
            columns[name] = pd.Series(cells, dtype=float)
        else:
            texts = [None if cell is None else cell.strip() for cell in cells]
            missing = ("", *contract.missing_values)
            columns[name] = pd.Series(
                [None if text in missing else text for text in texts], dtype=object
            )
    return pd.DataFrame(columns)


@settings(max_examples=20, deadline=None)  # of many rows: a frame costs more than its rows
@given(data=st.data())
def test_any_row_costs_the_same_in_either_half(both: Any, data: Any) -> None:
    """Within and beyond the training range, with gaps and levels that nobody has seen."""
    pipeline, model = both
    rows = data.draw(rows_of(model.contract))

    prediction = model.predict(rows)

    expected = pipeline.predict(frame_of(pipeline, model.contract, rows))
    assert np.isfinite(expected).all()
    nothing = np.flatnonzero(expected == 0)  # e to the power of a very large negative number
    assert {*nothing} == {problem.row for problem in prediction.errors}
    expected[expected < SMALLEST] = prediction.values[expected < SMALLEST]
    np.testing.assert_allclose(prediction.values, expected, rtol=1e-9)
    np.testing.assert_allclose(prediction.lower, expected * np.exp(-0.2), rtol=1e-9)
    np.testing.assert_allclose(prediction.upper, expected * np.exp(0.2), rtol=1e-9)


@pytest.mark.parametrize("name", [config.data.training, config.data.scoring])
def test_every_row_of_the_datasets_costs_the_same_in_either_half(both: Any, name: str) -> None:
    """Ten digits and more, for rows as texts and for rows as the pipeline's own frame."""
    pipeline, model = both
    columns = read_dataset(dataset_path(name))
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    for row in rows:
        for field in model.contract.numbers:
            text = row[field.name].strip()
            row[field.name] = None if text in ("", "NA") else float(text)

    expected = pipeline.predict(frame_of(pipeline, model.contract, rows))

    np.testing.assert_allclose(model.predict(columns).values, expected, rtol=1e-10)
    np.testing.assert_allclose(model.predict(rows).values, expected, rtol=1e-10)


def test_a_price_does_not_depend_on_the_rows_beside_it(both: Any) -> None:
    """One row at a time and all together give the same digits."""
    _, model = both
    columns = read_dataset(dataset_path(config.data.scoring))
    first = {name: cells[:40] for name, cells in columns.items()}

    together = model.predict(first).values
    alone = [
        model.predict({name: cells[i : i + 1] for name, cells in first.items()}).values[0]
        for i in range(40)
    ]

    np.testing.assert_allclose(alone, together, rtol=1e-12)


def test_a_row_with_nothing_but_what_is_required_gets_a_price(both: Any) -> None:
    """All policies for missing values at once, as the pipeline has them."""
    pipeline, model = both
    used = [field for field in model.contract.fields if field.used]
    row = {
        field.name: (
            None
            if not field.required
            else sum(field.training_range) / 2 if field.is_number else field.training_levels[0]
        )
        for field in used
    }
    sparse = {name: value for name, value in row.items() if value is not None}

    prediction = model.predict([row, sparse])

    expected = pipeline.predict(frame_of(pipeline, model.contract, [row, row]))
    np.testing.assert_allclose(prediction.values, expected, rtol=1e-9)


def test_exporting_twice_gives_the_same_bytes(both: Any) -> None:
    """Nothing in the graph depends on when or how often it is made."""
    pipeline, model = both

    first, second = (export_pipeline(pipeline, model.contract, interval=INTERVAL) for _ in range(2))

    assert first == second


def test_the_pipeline_takes_the_columns_of_the_contract(both: Any) -> None:
    """Used fields and no others, in the order of the configuration."""
    pipeline, _ = both

    used = [field.name for field in contract_of(config).fields if field.used]

    assert used == list(pipeline.feature_names_in_)
