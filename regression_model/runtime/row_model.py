"""The row as a pydantic model, made from the contract of the shipped model.

`HouseDataInputSchema`, `MultipleHouseDataInputs`, and the two that pass unknown fields on, are made
when they are first imported.
"""

from __future__ import annotations

import math
from datetime import date, datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import AfterValidator, AliasChoices, BaseModel, BeforeValidator, ConfigDict
from pydantic import Field as ModelField
from pydantic import create_model

from ..times import times_of
from .contract import Contract, Field
from .intake.cells import NotANumber, is_missing, read_boolean, read_level, read_number, read_time
from .model import load_model

__all__ = [
    "HouseDataInputSchema",
    "HouseDataInputSchemaWithUnknownFields",
    "MultipleHouseDataInputs",
    "MultipleHouseDataInputsWithUnknownFields",
    "PredictedRow",
    "RowProblem",
    "row_model",
    "rows_model",
]


class RowProblem(BaseModel):
    """One problem of a row, as `Prediction.to_dicts` has it."""

    row: int | None
    field: str | None
    code: str
    message: str
    severity: Literal["error", "warning"]


class PredictedRow(BaseModel):
    """One row of `Prediction.to_dicts`: the typed response of an API."""

    value: float | None
    lower: float | None
    upper: float | None
    problems: list[RowProblem]
    version: str
    assumed: int


def row_model(
    contract: Contract, *, name: str, unknown: Literal["ignore", "allow", "forbid"] = "ignore"
) -> type[BaseModel]:
    """Return a pydantic model of one row, with the fields, bounds and levels of `contract`.

    It refuses what would leave the row without a prediction. Unknown fields are dropped; with
    `unknown="allow"` they are passed on, so that the model can warn of them. A field whose
    name is no Python name is an attribute under its first alias that is one.

    Its JSON Schema says of each field what `Contract.json_schema` says, also where it accepts more:
    texts for numbers, and aliases.
    """
    fields: dict[str, Any] = {}
    for field in contract.fields:
        names = (field.name, *field.aliases)
        attribute = next((n for n in names if n.isidentifier()), f"field_{field.name}")
        default = ... if field.used and field.required else None
        fields[attribute] = (
            _type(field, contract.missing_values),
            ModelField(
                default,
                description=field.description or None,
                validation_alias=AliasChoices(*names) if names != (attribute,) else None,
                ge=_bound(field, field.minimum),
                le=_bound(field, field.maximum),
                allow_inf_nan=False if field.used and _TYPES.get(field.kind) is float else None,
                json_schema_extra=partial(_replace_schema, contract.field_schema(field)),
            ),
        )
    extra: Any = {"additionalProperties": unknown != "forbid"}
    config = ConfigDict(extra=unknown, json_schema_extra=extra)
    return create_model(name, __config__=config, **fields)


def rows_model(row: type[BaseModel], *, name: str) -> type[BaseModel]:
    """Return a pydantic model of many rows, in a list under the name `inputs`."""
    of_rows: Any = list[row]  # type: ignore[valid-type]
    return create_model(name, inputs=(of_rows, ...))


def _replace_schema(by: dict[str, Any], schema: dict[str, Any]) -> None:
    schema.clear()
    schema.update(by)


_TYPES = {"number": float, "year": float, "date": date, "timestamp": datetime, "boolean": bool}


def _bound(field: Field, bound: float | None) -> Any:
    if bound is None or not field.used:
        return None
    return _time(field, bound) if field.is_time else bound


def _time(field: Field, seconds: float) -> Any:
    (moment,) = times_of(np.array([seconds]), days=field.kind == "date").tolist()
    return moment


def _type(field: Field, missing_values: tuple[str, ...]) -> Any:
    if not field.used:
        return Any
    plain: Any = _TYPES.get(field.kind, str)
    if field.kind == "ordinal":
        plain = Annotated[plain, AfterValidator(_one_of(field))]
    return Annotated[
        plain if field.required else plain | None, BeforeValidator(_reader(field, missing_values))
    ]


def _reader(field: Field, missing_values: tuple[str, ...]) -> Any:
    is_time, is_number, is_boolean = field.is_time, field.is_number, field.kind == "boolean"
    levels, is_numeric = field.coded_levels, field.has_numeric_levels

    def read_any(value: Any) -> Any:
        """Return a value of the field's type, or None for what is missing."""
        if is_time:
            seconds = read_time(value, days=field.kind == "date", missing_values=missing_values)
            return None if math.isnan(seconds) else _time(field, seconds)
        if is_number:
            number = read_number(value, missing_values)
            return None if math.isnan(number) or is_missing(number, missing_values) else number
        if is_boolean:
            level = read_boolean(value, missing_values)
        else:
            level = read_level(value, is_numeric=is_numeric, missing_values=missing_values)
        if level not in levels and is_missing(level, missing_values):
            return None
        if is_boolean and level not in levels:
            raise NotANumber
        return level == "yes" if is_boolean else level

    def read(value: Any) -> Any:
        try:
            read_ = read_any(value)
        except NotANumber:
            raise ValueError(f"expected {field.expected}") from None
        if read_ is None and field.required:
            raise ValueError(f"is missing: expected {field.expected}")
        return read_

    return read


def _one_of(field: Field) -> Any:
    def check(value: str) -> str:
        if value not in field.levels:
            raise ValueError(f"expected {field.expected}")
        return value

    return check


@cache
def _shipped(name: str) -> type[BaseModel]:
    if name.startswith("Multiple"):
        row = name.replace("MultipleHouseDataInputs", "HouseDataInputSchema")
        return rows_model(_shipped(row), name=name)
    unknown: Any = "allow" if name.endswith("WithUnknownFields") else "ignore"
    return row_model(load_model().contract, name=name, unknown=unknown)


if TYPE_CHECKING:
    HouseDataInputSchema = BaseModel
    HouseDataInputSchemaWithUnknownFields = BaseModel
    MultipleHouseDataInputs = BaseModel
    MultipleHouseDataInputsWithUnknownFields = BaseModel


def __getattr__(name: str) -> Any:
    if "HouseDataInput" in name and name in __all__:
        return _shipped(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
