"""A Spark data frame, predicted where its partitions are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from ..extras import needs
from .arrow import AnyModel, Keep, opened_model, output_schema, predict_arrow

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

__all__ = ["predict_spark"]


def predict_spark(
    frame: DataFrame, model: AnyModel = None, *, interval: bool = False, keep: Keep = False
) -> DataFrame:
    """Return a Spark data frame with the prediction of every row, by `mapInArrow`.

    The model is opened here and broadcast to the executors, which open it once in each Python
    process. They need this package, with its extra spark, and nothing else of the model.

    Parameters
    ----------
    frame : pyspark.sql.DataFrame
    model, interval, keep : as for `predict_arrow`

    Raises
    ------
    InputError
        As `predict_arrow`.
    MissingExtraError
        Without the extra spark.
    """
    with needs("spark"):
        from pyspark.errors import PySparkException
        from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema
    opened = opened_model(model)
    options: dict[str, Any] = {"interval": interval, "keep": keep}
    schema = output_schema(to_arrow_schema(frame.schema), opened, **options)
    content: Any = opened.content
    try:
        content = frame.sparkSession.sparkContext.broadcast(content)
    except (AttributeError, PySparkException):  # Spark Connect has none: it goes with the function
        pass
    predict = partial(_predicted, content, options)
    return frame.mapInArrow(predict, from_arrow_schema(schema))


def _predicted(content: Any, options: dict[str, Any], batches: Iterable[Any]) -> Iterator[Any]:
    model = content if isinstance(content, bytes) else content.value
    return predict_arrow(batches, model, **options)
