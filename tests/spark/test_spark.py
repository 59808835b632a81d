"""A real Spark session on this machine, with two executors' threads."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from regression_model import Model, load_model
from regression_model.batch import predict_spark

# It runs with pandas 3 all the same.
pytestmark = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support:FutureWarning")


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    """A session."""
    if shutil.which("java") is None:
        pytest.fail("Java is not installed: install Java 17 or newer, as openjdk-17-jre-headless.")
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable  # or the workers are another Python of the PATH
    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.shuffle.partitions", "2")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()


@pytest.fixture(scope="module")
def frame(spark: Any, scoring_file: Path) -> Any:
    """The packaged rows to price, as Spark reads them, in three partitions."""
    read = spark.read.csv(str(scoring_file), header=True, inferSchema=True, nullValue="NA")
    return read.repartition(3).cache()


def test_every_row_has_the_prediction_of_the_model(frame: Any, model: Model) -> None:
    """With the identifier of the row, and no reason why not."""
    columns = ["Id", "prediction", "lower", "upper", "assumed", "problems"]
    predicted = predict_spark(frame, interval=True)
    assert predicted.columns == columns
    rows = {row["Id"]: row for row in predicted.collect()}
    given = [row.asDict() for row in frame.collect()]
    expected = model.predict(given)
    assert len(rows) == len(given)
    for row, value, upper in zip(given, expected.values, expected.upper, strict=True):
        assert rows[row["Id"]]["prediction"] == pytest.approx(value, rel=1e-12)
        assert rows[row["Id"]]["upper"] == pytest.approx(upper, rel=1e-12)


def test_a_row_in_error_has_a_reason(frame: Any, required_number: Any) -> None:
    """And no prediction; the columns that are kept stand before it."""
    from pyspark.sql.functions import lit

    name = required_number.name
    broken = frame.limit(3).withColumn(name, lit(None).cast("double"))
    rows = predict_spark(broken, load_model(), keep=["Id", "Street"]).collect()
    assert [*rows[0].asDict()] == ["Id", "Street", "prediction", "assumed", "problems"]
    assert [row["prediction"] for row in rows] == [None] * 3
    assert all(name in row["problems"] for row in rows)


def test_a_model_file_may_be_named(frame: Any, model: Model) -> None:
    """The executors need not see it: its bytes travel."""
    assert predict_spark(frame.limit(2), model.source).count() == 2
