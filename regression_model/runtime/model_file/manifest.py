"""The manifest of a model file, checked whole when the file is opened.

Whoever reads it later finds every value that training writes, of the type that it has there. Values
that this version does not know are left alone: a file of the same format may have more of them.
Written without pydantic, whose import would take longer than opening the model.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, get_args

from ...levels import BOOLEAN_LEVELS
from ...times import seconds_of_text
from ..contract import Contract, Kind

__all__ = ["FIELD", "ManifestError", "check_manifest"]

Check = Callable[[Any, str], None]

_MOST = 1e308  # what a double holds, with a little to spare
_DEEPEST = 16  # of values that this version does not know
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", re.ASCII)
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+!-]{0,99}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_SPLIT = re.compile(r"random|(grouped by|by time) [^\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_CONTROL = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_METRICS = ("coverage", "coverage_worst_quartile")  # for every target
_LIMITS = ("rmsle", "rmse", "mae", "r2")  # may be in the quality bar, and then have a value
_WIDTHS = ("median_relative_width", "median_width")  # one of them, as the target has a zero or not
_CELLS = {str, int, float, type(None)}


class ManifestError(ValueError):
    """A manifest is not one that training writes."""


def check_manifest(manifest: Mapping[str, Any]) -> Contract:
    """Check every value of a manifest and return the contract in it.

    Raises ManifestError with the first value that is missing or of another type.
    """
    _MANIFEST(manifest, "")
    contract = Contract.from_dict(manifest["contract"])
    _check_names(contract)
    names = {field.name for field in contract.fields}
    for row in manifest.get("background", ()):
        if not row.keys() <= names:
            raise ManifestError("background has a field that the contract does not have")
    for group in manifest.get("evaluation", {}).get("groups", ()):
        if group not in names or not contract.field(group).used:
            raise ManifestError("evaluation.groups has a field that the model does not use")
    for name, filler in manifest.get("fillers", {}).items():
        if name not in names or not contract.field(name).used:
            raise ManifestError("fillers has a field that the model does not use")
        field = contract.field(name)
        if field.is_time:
            _time(filler, f"fillers.{name}")
        elif field.is_number is (type(filler) is str):
            raise _wrong(f"fillers.{name}", "a number" if field.is_number else "a level")
    _check_metrics(manifest)
    return contract


def _check_metrics(manifest: Mapping[str, Any]) -> None:
    metrics, spread = manifest["metrics"], manifest.get("spread", {})
    bar = manifest.get("quality", {})
    for name in (*_METRICS, *(name for name in _LIMITS if bar.get(name) is not None)):
        if name not in metrics:
            raise ManifestError(f"metrics.{name} is missing")
    if not metrics.keys() & {*_WIDTHS}:
        raise ManifestError(f"metrics.{_WIDTHS[0]} is missing")
    if not spread.keys() <= metrics.keys() or (spread and not spread.keys() & {"rmse", "rmsle"}):
        raise ManifestError("spread is of other metrics than the model file has")


def _check_names(contract: Contract) -> None:
    names = [n for field in contract.fields for n in (field.name, *field.aliases)]
    if len(names) != len(set(names)):
        raise ManifestError("contract.fields has two fields of one name or alias")
    if not any(field.used for field in contract.fields):
        raise ManifestError("contract.fields has no field that the model uses")
    for field in contract.fields:
        if field.used and not (field.is_number or field.is_category):
            raise ManifestError(f"contract.fields uses {field.name!r}, which is an identifier")
        if field.kind == "boolean" and field.levels != BOOLEAN_LEVELS:
            raise ManifestError(f"contract.fields has other levels of {field.name!r} than no, yes")
        if field.meanings and len(field.meanings) != len(field.levels):
            raise ManifestError(
                f"contract.fields has not a meaning for each level of {field.name!r}"
            )
        for levels in (field.levels, field.training_levels):
            if len(levels) != len(set(levels)):
                raise ManifestError(f"contract.fields has a level of {field.name!r} twice")


def _wrong(path: str, expected: str) -> ManifestError:
    return ManifestError(f"{path or 'it'} is not {expected}")


def _value(expected: str, is_right: Callable[[Any], object]) -> Check:
    def check(value: Any, path: str) -> None:
        if not is_right(value):
            raise _wrong(path, expected)

    return check


def _like(pattern: re.Pattern[str], expected: str) -> Check:
    return _value(expected, lambda value: type(value) is str and pattern.fullmatch(value))


def _is_text(value: Any) -> bool:
    return type(value) is str and not _CONTROL.search(value)


def _is_name(value: Any) -> bool:
    return _is_text(value) and bool(value.strip())


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and -_MOST <= value <= _MOST


_any_text = _value("a text", lambda value: type(value) is str and not _SURROGATE.search(value))
_text = _value("a text", _is_text)
_name = _value("a name", _is_name)
_number = _value("a finite number", _is_number)
_count = _value(
    "a whole number of at least 0", lambda value: type(value) is int and 0 <= value < 1 << 63
)
_flag = _value("true or false", lambda value: type(value) is bool)
_sha256 = _like(_SHA256, "a SHA-256")
_row = _value(
    "a row of texts and numbers",
    lambda value: type(value) is dict and {*map(type, value.values())} <= _CELLS,
)


def _both(first: Check, second: Check) -> Check:
    def check_both(value: Any, path: str) -> None:
        first(value, path)
        second(value, path)

    return check_both


_file_name = _both(
    _name, _value("the name of a file", lambda value: "/" not in value and "\\" not in value)
)
_share = _both(_number, _value("a share between 0 and 1", lambda value: 0 < value < 1))


def _filler(value: Any, path: str) -> None:
    (_any_text if type(value) is str else _number)(value, path)


def _time(value: Any, path: str) -> None:
    try:
        seconds_of_text(value, days=False)
    except (TypeError, ValueError, AttributeError):
        raise _wrong(path, "a date") from None


def _plain(value: Any, path: str, depth: int = 0) -> None:
    """Let any JSON value pass that is not nested deeply."""
    if depth > _DEEPEST:
        raise _wrong(path, "a value that nests so little that it can be read")
    if isinstance(value, dict | list):
        for below in value.values() if isinstance(value, dict) else value:
            _plain(below, path, depth + 1)


def _one_of(*words: str) -> Check:
    expected = f"one of {', '.join(words)}"
    return _value(expected, lambda value: type(value) is str and value in words)


def _or_null(check: Check) -> Check:
    return lambda value, path: None if value is None else check(value, path)


def _list_of(check: Check) -> Check:
    def check_list(value: Any, path: str) -> None:
        if type(value) is not list:
            raise _wrong(path, "a list")
        for one in value:
            check(one, path)

    return check_list


def _map_of(check: Check) -> Check:
    def check_map(value: Any, path: str) -> None:
        if type(value) is not dict:
            raise _wrong(path, "a table of names and values")
        for key, one in value.items():
            _text(key, path)
            check(one, f"{path}.{key}")

    return check_map


def _ends(check: Check, expected: str) -> Check:
    return _both(
        _list_of(check), _value(expected, lambda ends: len(ends) == 2 and ends[0] <= ends[1])
    )


def _record(
    required: Mapping[str, Check],
    optional: Mapping[str, Check] = MappingProxyType({}),
    *,
    closed: bool = False,
) -> Check:
    checks = {**required, **optional}

    def check_record(value: Any, path: str) -> None:
        if type(value) is not dict:
            raise _wrong(path, "a table of names and values")
        below = f"{path}." if path else ""
        for key in required:
            if key not in value:
                raise ManifestError(f"{below}{key} is missing")
        for key, one in value.items():
            if key in checks:
                checks[key](one, below + key)
            elif closed:
                raise ManifestError(f"{path} has an attribute that is not known")
            else:
                _plain(one, below + key)

    return check_record


# As in `contract.Field`: what is unset is left out.
FIELD: Mapping[str, Check] = {
    "name": _name,
    "kind": _one_of(*get_args(Kind)),
    "description": _text,
    "group": _name,
    "unit": _text,
    "used": _flag,
    "required": _flag,
    "minimum": _number,
    "maximum": _number,
    "levels": _list_of(_any_text),
    "meanings": _list_of(_text),
    "aliases": _list_of(_name),
    "missing_means": _text,
    "training_range": _ends(_number, "a lowest and a highest number"),
    "training_levels": _list_of(_any_text),
}
_TIME_FIELD = {
    **FIELD,
    "minimum": _time,
    "maximum": _time,
    "training_range": _ends(_time, "a first and a last date"),
}
_FIELD_OF_NUMBERS, _FIELD_OF_TIMES = (
    _record({key: checks[key] for key in ("name", "kind")}, checks, closed=True)
    for checks in (FIELD, _TIME_FIELD)
)


def _field(value: Any, path: str) -> None:
    is_time = type(value) is dict and value.get("kind") in ("date", "timestamp")
    (_FIELD_OF_TIMES if is_time else _FIELD_OF_NUMBERS)(value, path)


_CONTRACT = _record(
    {"fields": _list_of(_field), "target": _name, "missing_values": _list_of(_any_text)},
    {"beside": _list_of(_name)},
)
_TARGET = _record(
    {
        "name": _name,
        "description": _text,
        "unit": _or_null(_text),
        "transform": _one_of("log", "log1p", "none"),
        "minimum": _or_null(_number),
    }
)
_SPREAD = _record({"low": _number, "high": _number}, {"over_seeds": _number})
_DATA = _record({"path": _text, "sha256": _sha256, "rows": _count, "columns": _map_of(_text)})
_TRAINING = _record(
    {
        "rows": _count,
        "data_file": _file_name,
        "data_sha256": _sha256,
        "data_source": _or_null(_text),
        "config_sha256": _sha256,
        "folds": _count,
        "seed": _count,
        "estimator": _map_of(_map_of(_plain)),
        "python": _text,
        "libraries": _map_of(_text),
    },
    {"repeats": _count, "weight": _name, "data": _list_of(_DATA)},
)
_REQUIRED: Mapping[str, Check] = {
    "format": _count,
    "name": _like(_NAME, "lower-case words joined by dashes"),
    "version": _like(_VERSION, "a version"),
    "description": _text,
    "created": _or_null(_text),
    "target": _TARGET,
    "contract": _CONTRACT,
    "metrics": _map_of(_number),
    "interval": _record({"level": _share, "method": _text}, {"adaptive": _flag}),
    "training": _TRAINING,
    "parity": _record({"rows": _count, "largest_relative_difference": _number}),
}
# What the first model files did not have.
_OPTIONAL: Mapping[str, Check] = {
    "spread": _map_of(_SPREAD),
    "quality": _record(
        {"rmsle": _or_null(_number), "coverage": _or_null(_number)},
        {name: _number for name in ("rmse", "mae", "r2")},
    ),
    "evaluation": _record(
        {},
        {
            "groups": _list_of(_name),
            "without": _list_of(_name),
            "split": _like(_SPLIT, "a way to split the rows"),
            "stratify": _or_null(_name),
            "baseline": _or_null(_name),
        },
    ),
    "without": _map_of(_or_null(_text)),
    "reference": _record({}, {"predictions": _list_of(_number), "data_file": _or_null(_text)}),
    "profile": _map_of(_map_of(_plain)),
    "background": _both(_list_of(_row), _value("a list with at least one row", len)),
    "choice": _record(
        {
            "tried": _count,
            "repeated": _number,
            "compared": _list_of(
                _record(
                    {
                        "members": _map_of(_map_of(_number)),
                        "error": _number,
                        "above_lowest": _number,
                        "standard_error": _number,
                        "chosen": _flag,
                    }
                )
            ),
        }
    ),
    "fillers": _map_of(_filler),
    "fingerprints": _record({"hashes": _text, "limit": _count}),
}
_MANIFEST = _record(_REQUIRED, _OPTIONAL)
