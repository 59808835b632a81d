"""The row as a pydantic model, made from the contract of the shipped model.

`HouseDataInputSchema` and `MultipleHouseDataInputs` are made when they are first imported.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, AliasChoices, BaseModel, BeforeValidator, create_model
from pydantic import Field as ModelField

from ..contract import Contract, Field
from ..intake import is_missing
from ..model import load_model

__all__ = ["HouseDataInputSchema", "MultipleHouseDataInputs", "row_model"]


def row_model(contract: Contract, *, name: str) -> type[BaseModel]:
    """Return a pydantic model of one row, with the fields, bounds and levels of `contract`.

    It refuses what would leave the row without a price, and ignores unknown fields. A field whose
    name is no Python name is an attribute under its first alias that is one.
    """
    fields: dict[str, Any] = {}
    for field in contract.fields:
        names = (field.name, *field.aliases)
        attribute = next((n for n in names if n.isidentifier()), f"field_{field.name}")
        others = [n for n in names if n != attribute]
        default = ... if field.used and field.required else None
        fields[attribute] = (
            _type(field, contract.missing_values),
            ModelField(
                default,
                description=field.description or None,
                validation_alias=AliasChoices(attribute, *others) if others else None,
                ge=field.minimum if field.used else None,
                le=field.maximum if field.used else None,
                allow_inf_nan=False if field.used and field.is_number else None,
                json_schema_extra={"unit": field.unit} if field.unit else None,
            ),
        )
    return create_model(name, **fields)


def _type(field: Field, missing_values: tuple[str, ...]) -> Any:
    if not field.used:
        return Any
    plain: Any = float if field.is_number else str
    if field.kind == "ordinal":
        plain = Annotated[plain, AfterValidator(_one_of(field))]
    return Annotated[
        plain if field.required else plain | None, BeforeValidator(_reader(field, missing_values))
    ]


def _reader(field: Field, missing_values: tuple[str, ...]) -> Any:
    def read(value: Any) -> Any:
        if isinstance(value, bool):
            raise ValueError(f"expected {field.expected}")
        if isinstance(value, str) and value.strip() in field.coded_levels:
            return value.strip()
        if is_missing(value, missing_values):
            return None
        return str(value) if field.is_category and isinstance(value, int) else value

    return read


def _one_of(field: Field) -> Any:
    def check(value: str) -> str:
        if value not in field.levels:
            raise ValueError(f"expected {field.expected}")
        return value

    return check


@cache
def _shipped_row_model() -> type[BaseModel]:
    return row_model(load_model().contract, name="HouseDataInputSchema")


@cache
def _shipped_rows_model() -> type[BaseModel]:
    rows = list[_shipped_row_model()]  # type: ignore[misc]
    return create_model("MultipleHouseDataInputs", inputs=(rows, ...))


if TYPE_CHECKING:
    HouseDataInputSchema = BaseModel
    MultipleHouseDataInputs = BaseModel


def __getattr__(name: str) -> Any:
    if name == "HouseDataInputSchema":
        return _shipped_row_model()
    if name == "MultipleHouseDataInputs":
        return _shipped_rows_model()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
