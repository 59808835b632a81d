"""The contract: what a row must look like, field by field, as it travels in the model file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property, partial
from typing import Any, Literal

from ..levels import BOOLEAN_LEVELS, is_number_text
from ..times import seconds_of_text, time_text

__all__ = ["Contract", "Field", "Kind"]

Kind = Literal["number", "year", "date", "timestamp", "boolean", "nominal", "ordinal", "identifier"]


@dataclass(frozen=True)
class Field:
    """One field of a row.

    `minimum` and `maximum` are inclusive and in `unit`. `levels` are the known texts, for an
    ordinal field from lowest to highest. `meanings` are what the levels mean to people: as many, ""
    where nothing is said, or none at all. `group` is a heading for forms and reports.
    `training_range` and `training_levels` are what the training rows held; they are empty before
    training. The bounds and the range of a date or timestamp are seconds since 1970, see
    `regression_model.times`.
    """

    name: str
    kind: Kind
    description: str = ""
    group: str | None = None
    unit: str | None = None
    used: bool = True
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    levels: tuple[str, ...] = ()
    meanings: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    missing_means: str | None = None
    training_range: tuple[float, float] | None = None
    training_levels: tuple[str, ...] = ()

    @property
    def is_number(self) -> bool:
        """Whether the field holds numbers (a year is one), or times, which count as seconds."""
        return self.kind in ("number", "year", "date", "timestamp")

    @property
    def is_time(self) -> bool:
        """Whether the field holds dates or timestamps."""
        return self.kind in ("date", "timestamp")

    def time_text(self, seconds: float) -> str:
        """Return the ISO 8601 text of one of the field's times."""
        return time_text(seconds, days=self.kind == "date")

    @property
    def is_category(self) -> bool:
        """Whether the field holds one of some levels; a boolean holds `no` or `yes`."""
        return self.kind in ("nominal", "ordinal", "boolean")

    @property
    def has_fixed_levels(self) -> bool:
        """Whether a row with any other level than those listed gets no prediction."""
        return self.kind in ("ordinal", "boolean")

    @property
    def coded_levels(self) -> tuple[str, ...]:
        """The levels that the model tells apart: a nominal's as trained on, of others all."""
        if self.kind == "boolean":
            return BOOLEAN_LEVELS
        return self.levels if self.kind == "ordinal" else self.training_levels or self.levels

    @cached_property
    def meaning_of(self) -> dict[str, str]:
        """The meanings of the levels that have one, by the level."""
        found = zip(self.levels, self.meanings, strict=bool(self.meanings))
        return {level: meaning for level, meaning in found if meaning}

    @property
    def has_numeric_levels(self) -> bool:
        """Whether a level may come as a number."""
        return any(map(is_number_text, self.coded_levels))

    @cached_property
    def expected(self) -> str:
        """What a value should be, to end a sentence with."""
        if self.kind == "boolean":
            return "true or false (or yes or no, 1 or 0)"
        if self.is_category:
            return f"one of {', '.join(self.coded_levels)}"
        if self.is_time:
            example = "a date such as 2010-06-01"
            if self.kind == "timestamp":
                example = "a date and time such as 2010-06-01T13:00:05"
            return ", ".join([example, *self._limits])
        if self.minimum is not None and self.maximum is not None:
            bounds = f" from {self.minimum:.15g} to {self.maximum:.15g}"
        elif self.minimum is not None:
            bounds = f" of at least {self.minimum:.15g}"
        elif self.maximum is not None:
            bounds = f" of at most {self.maximum:.15g}"
        else:
            bounds = ""
        noun = "a year" if self.kind == "year" else "a number"
        return f"{noun}{bounds}" + (f" ({self.unit})" if self.unit else "")

    @property
    def _limits(self) -> list[str]:
        """The bounds of a time, in words."""
        limits = (("not before", self.minimum), ("not after", self.maximum))
        return [f"{word} {self.time_text(at)}" for word, at in limits if at is not None]


@dataclass(frozen=True, repr=False)
class Contract:
    """The fields of a row in order, the texts that mean *missing*, and the target's name.

    `beside` are columns that the training rows have for another purpose, such as their weight: a
    row may have them, and they do not count as unknown.
    """

    fields: tuple[Field, ...]
    target: str
    missing_values: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()

    def __repr__(self) -> str:
        used = len(self.numbers) + len(self.categories)
        return f"<Contract of {len(self.fields)} fields, {used} of them used, for {self.target}>"

    @cached_property
    def numbers(self) -> tuple[Field, ...]:
        """The number, year and time fields that the model uses, in the order of the input."""
        return tuple(f for f in self.fields if f.used and f.is_number)

    @cached_property
    def times(self) -> dict[int, bool]:
        """The places of the times among `numbers`, and whether each holds whole days."""
        return {j: f.kind == "date" for j, f in enumerate(self.numbers) if f.is_time}

    @cached_property
    def categories(self) -> tuple[Field, ...]:
        """The fields of levels that the model uses, in the order of the graph's input."""
        return tuple(f for f in self.fields if f.used and f.is_category)

    @cached_property
    def offsets(self) -> tuple[int, ...]:
        """The code of each category field's first level.

        Codes number the levels of all category fields through: for each field its
        `coded_levels`, then one code for *missing* and one for *any other level*.
        """
        offsets, at = [], 0
        for field in self.categories:
            offsets.append(at)
            at += len(field.coded_levels) + 2
        return tuple(offsets)

    @cached_property
    def canonical_names(self) -> dict[str, str]:
        """Every name that a client may send, with the field's own name."""
        names = {alias: field.name for field in self.fields for alias in field.aliases}
        return names | {field.name: field.name for field in self.fields}

    @cached_property
    def known_names(self) -> frozenset[str]:
        """Every name that is not unknown: of the fields, their aliases, the target and others."""
        return frozenset((*self.canonical_names, self.target, *self.beside))

    @cached_property
    def used_and_identifying(self) -> tuple[frozenset[str], dict[str, str]]:
        """The names of what the model may use, and of identifiers, with the field's own name."""
        identifying = {field.name for field in self.fields if field.kind == "identifier"}
        identifiers = {
            n: field for n, field in self.canonical_names.items() if field in identifying
        }
        return frozenset(self.canonical_names) - identifiers.keys(), identifiers

    def field(self, name: str) -> Field:
        """Return the field called `name`; raises KeyError when there is none."""
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, Field]:
        return {field.name: field for field in self.fields}

    def nearest(self, name: str) -> str | None:
        """Return the known name that looks most like `name`, if one does."""
        from difflib import get_close_matches  # only wanted when something is misspelt

        folded = {known.casefold(): known for known in self.canonical_names}
        found = get_close_matches(name.casefold(), folded, n=1, cutoff=0.7)
        return folded[found[0]] if found else None

    def with_fields(self, changed: Mapping[str, Mapping[str, Any]]) -> Contract:
        """Return a copy in which the named fields have other attributes."""
        fields = tuple(replace(field, **changed.get(field.name, {})) for field in self.fields)
        return replace(self, fields=fields)

    def to_dict(self) -> dict[str, Any]:
        """Return the contract as plain JSON types; what is unset is left out."""
        fields = []
        for field in self.fields:
            entry = {key: one for key, one in asdict(field).items() if one not in (None, "", ())}
            if field.is_time:
                entry |= {key: _each(field.time_text, entry[key]) for key in _TIMES & entry.keys()}
            fields.append(entry)
        return {
            "fields": fields,
            "target": self.target,
            "missing_values": list(self.missing_values),
            **({"beside": list(self.beside)} if self.beside else {}),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Contract:
        """Rebuild what `to_dict` gave."""
        fields = []
        for entry in data["fields"]:
            attributes: dict[str, Any] = {
                key: tuple(value) if isinstance(value, list) else value
                for key, value in entry.items()
            }
            if entry["kind"] in ("date", "timestamp"):
                read = partial(seconds_of_text, days=entry["kind"] == "date")
                attributes |= {key: _each(read, attributes[key]) for key in _TIMES & entry.keys()}
            fields.append(Field(**attributes))
        missing_values, beside = tuple(data["missing_values"]), tuple(data.get("beside", ()))
        return cls(tuple(fields), data["target"], missing_values, beside)

    def json_schema(self, *, title: str = "Row") -> dict[str, Any]:
        """Return the JSON Schema (2020-12) of one row.

        It describes the rows that are predicted without an error. Texts for numbers and the aliases
        of a field are accepted at run time as well; the schema shows the one way to write a row.
        """
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": title,
            "type": "object",
            "properties": {field.name: self.field_schema(field) for field in self.fields},
            "required": [field.name for field in self.fields if field.used and field.required],
            "additionalProperties": True,
        }

    def field_schema(self, field: Field) -> dict[str, Any]:
        """Return the JSON Schema of one field, as `json_schema` has it among its properties.

        `unit`, `group` and `meanings` (by level) are annotations for programs that show a form. The
        description says the unit and the meanings as well, for viewers that know no such keywords.
        """
        schema: dict[str, Any] = {"title": field.name, "description": _described(field)}
        schema |= {key: text for key in ("group", "unit") if (text := getattr(field, key))}
        if not field.used:
            return schema
        if meanings := _meanings(field):
            schema["meanings"] = meanings
        if field.is_time:
            schema["type"] = ["string"]
            schema["format"] = "date" if field.kind == "date" else "date-time"
        elif field.is_number:
            bounds = {"minimum": field.minimum, "maximum": field.maximum}
            schema |= {"type": ["number"]} | {k: v for k, v in bounds.items() if v is not None}
        elif field.kind == "boolean":
            schema["type"] = ["boolean"]
        elif field.kind == "ordinal":
            tokens = () if field.required else ("", *self.missing_values)
            schema["enum"] = [*dict.fromkeys((*field.levels, *tokens))]
        else:
            schema["type"] = ["string", "integer"] if field.has_numeric_levels else ["string"]
            schema["examples"] = list(field.coded_levels)
        if field.required:
            if len(schema.get("type", ())) == 1:
                (schema["type"],) = schema["type"]
        elif "enum" in schema:
            schema["enum"].append(None)
        else:
            schema["type"] = [*schema["type"], "null"]
        return schema


_TIMES = {"minimum", "maximum", "training_range"}  # attributes, which JSON has as texts


def _each(function: Callable[[Any], Any], value: Any) -> Any:
    return tuple(map(function, value)) if isinstance(value, tuple) else function(value)


def _meanings(field: Field) -> dict[str, str]:
    """Return the meanings of the levels that a row may have, in their order."""
    meaning_of = field.meaning_of
    return {level: meaning_of[level] for level in field.coded_levels if level in meaning_of}


def _described(field: Field) -> str:
    text = field.description
    if field.is_time and field._limits:
        text += f"; {', '.join(field._limits)}"
    if field.unit:
        text += f" ({field.unit})"
    if field.used and (meanings := _meanings(field)):
        text += "".join(f"; {level}: {meaning}" for level, meaning in meanings.items())
    if field.missing_means:
        text += f"; missing means {field.missing_means}"
    if not field.used:
        text += "; not used by the model"
    return text.lstrip("; ")
