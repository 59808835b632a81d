"""Arrow record batches in, record batches with predictions out: all that an engine needs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ..errors import InputError
from ..files.results import problem_texts
from ..files.streams.arrow import array_of, pyarrow_parquet, rows_of
from ..runtime.contract import Contract
from ..runtime.model import Model, load_model

if TYPE_CHECKING:
    from ..runtime.model import Prediction

__all__ = ["AnyModel", "Keep", "opened_model", "output_schema", "predict_arrow"]

AnyModel: TypeAlias = "Model | bytes | str | Path | None"
Keep: TypeAlias = "bool | Collection[str]"

_lock = threading.Lock()


def predict_arrow(
    batches: Iterable[Any],
    model: AnyModel = None,
    *,
    interval: bool = False,
    keep: Keep = False,
    seen: Callable[[Prediction], object] | None = None,
) -> Iterator[Any]:
    """Yield a record batch of predictions for each record batch, with a row for each row, in order.

    Parameters
    ----------
    batches : iterable of pyarrow.RecordBatch
    model : Model, or its bytes, its path or the name of an installed one; None for the shipped one
        All but a Model are opened once in each process.
    interval : whether to add the columns lower and upper
    keep : True for all columns of the input, or the names of some; False for its identifiers
    seen : called with each Prediction, to count what is in it

    Yields
    ------
    pyarrow.RecordBatch
        Of `output_schema(...)`. A row with an error has no prediction, and its reason in the column
        problems.

    Raises
    ------
    InputError
        When a column of the input would be written under a name that the output has already.
    MissingExtraError
        Without pyarrow: the extra batch.
    """
    pyarrow_parquet()
    import pyarrow

    opened = opened_model(model)
    used, _ = opened.contract.used_and_identifying
    known: tuple[Any, Any, list[tuple[str, str]]] | None = None
    for batch in batches:
        if known is None or not known[0].equals(batch.schema):
            kept = _kept(opened.contract, batch.schema.names, keep, interval=interval)
            known = batch.schema, _schema(batch.schema, kept, interval=interval), kept
        _, schema, kept = known
        if not batch.num_rows:
            yield pyarrow.RecordBatch.from_pylist([], schema=schema)
            continue
        prediction = opened.predict(rows_of(batch, used))
        if seen is not None:
            seen(prediction)
        columns = [batch.column(batch.schema.get_field_index(name)) for name, _ in kept]
        ends = (prediction.lower, prediction.upper) if interval else ()
        numbers = (prediction.values, *ends, prediction.assumed.astype(np.int64))
        columns += [*map(array_of, numbers), _texts(prediction)]
        columns = [
            column if column.type == field.type else column.cast(field.type)
            for column, field in zip(columns, schema, strict=True)
        ]
        yield pyarrow.RecordBatch.from_arrays(columns, schema=schema)


def output_schema(
    schema: Any, model: AnyModel = None, *, interval: bool = False, keep: Keep = False
) -> Any:
    """Return the pyarrow.Schema of what `predict_arrow` yields for batches of a schema.

    The kept columns have the types that they have in the input; then come prediction, lower and
    upper (float64), assumed (int64, how many fields were missing and filled) and problems (string,
    empty for a row without any).

    Raises
    ------
    InputError
        As `predict_arrow`.
    """
    kept = _kept(opened_model(model).contract, schema.names, keep, interval=interval)
    return _schema(schema, kept, interval=interval)


def opened_model(model: AnyModel) -> Model:
    """Return a model, opened once in this process however often it is asked for.

    Raises
    ------
    ModelFileError
        When it cannot be opened.
    """
    if model is None or isinstance(model, Model):
        return load_model() if model is None else model
    if isinstance(model, bytes):
        name, content = "The model file", model
    else:
        from ..runtime.installed import find_model
        from ..runtime.model_file.sealing import read_content

        file = find_model(model)
        name, content = str(file), read_content(file)
    with _lock:  # two threads open a model once
        return _opened(content, name)


@lru_cache(maxsize=4)
def _opened(content: bytes, name: str) -> Model:
    return Model(content, name=name)


def _kept(
    contract: Contract, names: list[str], keep: Keep, *, interval: bool
) -> list[tuple[str, str]]:
    """Return the columns that go to the output: the name in the input, and that in the output."""
    if keep is False:
        _, identifiers = contract.used_and_identifying
        found: dict[str, str] = {}
        for name, field in identifiers.items():
            if names.count(name) == 1:
                found.setdefault(field, name)
        return [(name, field) for field, name in found.items()]
    kept = [name for name in names if keep is True or name in keep]
    if keep is not True and (absent := [name for name in keep if name not in names]):
        raise InputError(f"The input has no column {absent[0]!r} to keep.")
    for name in kept:
        if name in _added(interval=interval):
            raise InputError(
                f"The input has a column {name!r}, and the output would have two: rename it, or do "
                "not keep it."
            )
        if names.count(name) > 1:
            raise InputError(f"The input has two columns {name!r}: only distinct ones can be kept.")
    return [(name, name) for name in kept]


def _added(*, interval: bool) -> list[str]:
    return ["prediction", *(["lower", "upper"] if interval else []), "assumed", "problems"]


def _schema(schema: Any, kept: list[tuple[str, str]], *, interval: bool) -> Any:
    import pyarrow

    types = {"assumed": pyarrow.int64(), "problems": pyarrow.string()}
    fields = [schema.field(name).with_name(output).remove_metadata() for name, output in kept]
    fields += [
        pyarrow.field(name, types.get(name, pyarrow.float64()))
        for name in _added(interval=interval)
    ]
    return pyarrow.schema(fields)


def _texts(prediction: Prediction) -> Any:
    """Return the problems of each row; a lone surrogate, which Arrow cannot hold, is escaped."""
    texts = problem_texts(prediction)
    try:
        return array_of(texts)
    except UnicodeEncodeError:
        return array_of([text.encode(errors="backslashreplace").decode() for text in texts])
