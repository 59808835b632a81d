"""The manifest is checked whole when a model file is opened: nobody meets an odd value later."""

import json
from collections.abc import Callable
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import regression_model
from regression_model import Model, ModelFileError
from regression_model.runtime.contract import Field
from regression_model.runtime.model_file.manifest import FIELD, ManifestError, check_manifest
from regression_model.runtime.model_file.release import find_model_file
from regression_model.runtime.model_file.sealing import FORMAT, open_sealed, seal
from regression_model.runtime.model_file.wire import delimited

QUICK = 200  # mutations; `python -m benchmarks.fuzz` makes 20,000


@pytest.fixture(scope="module")
def content() -> bytes:
    """The shipped model file."""
    path = find_model_file(Path(regression_model.__file__).parent)
    assert path is not None
    return path.read_bytes()


@pytest.fixture
def manifest(content: bytes) -> dict[str, Any]:
    """The manifest of the shipped model file, free to be changed."""
    return open_sealed(content, name="shipped")


def refusal(content: bytes) -> str:
    """The sentence with which these bytes are refused."""
    with pytest.raises(ModelFileError) as raised:
        Model(content, name="house.onnx")
    sentence = str(raised.value)
    assert sentence.startswith("house.onnx ")
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert len(sentence) < 300
    return sentence


def with_text(content: bytes, text: bytes) -> bytes:
    """Seal a model file with other bytes as its manifest."""
    import hashlib

    entry = delimited(1, b"regression_model.manifest") + delimited(2, text)
    body = content + delimited(14, entry)
    digest = hashlib.sha256(body).hexdigest().encode()
    return body + delimited(14, delimited(1, b"regression_model.sha256") + delimited(2, digest))


TEXTS = {
    "nested 100,000 times": b'{"format":1,"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "infinity as format": b'{"format":Infinity}',
    "not a number": b'{"format":1,"metrics":{"rmse":NaN}}',
    "a format of 400 digits": b'{"format":1' + b"0" * 400 + b"}",
    "a format of 5,000 digits": b'{"format":1' + b"0" * 5000 + b"}",
    "no UTF-8": b'{"format":1,"name":"\xff"}',
    "UTF-16": '{"format":1}'.encode("utf-16"),
    "nothing": b"",
    "null": b"null",
    "a text": b'"format"',
    "a truth for a format": b'{"format":true}',
    "half a format": b'{"format":1.5}',
    "format 0": b'{"format":0}',
    "format -1": b'{"format":-1}',
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_manifest_that_is_not_plain_json_is_refused(content: bytes, text: bytes) -> None:
    """With a digest that is right, and without the recursion, overflow and encoding behind it."""
    refusal(with_text(content, text))


def put(*path: str | int, value: Any) -> Callable[[dict[str, Any]], None]:
    """Return a change that puts a value into a place of the manifest."""

    def change(manifest: dict[str, Any]) -> None:
        at: Any = manifest
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = value

    return change


def emptied(manifest: dict[str, Any]) -> None:
    manifest["contract"]["fields"] = []


def all_unused(manifest: dict[str, Any]) -> None:
    for field in manifest["contract"]["fields"]:
        field["used"] = False


def twice(manifest: dict[str, Any]) -> None:
    manifest["contract"]["fields"].append(manifest["contract"]["fields"][0])


def one_field_less(manifest: dict[str, Any]) -> None:
    manifest["contract"]["fields"].pop()
    manifest.pop("background")
    manifest.pop("evaluation")


def one_level_more(manifest: dict[str, Any]) -> None:
    """The last code then has no number in the graph."""
    field = [f for f in manifest["contract"]["fields"] if f["kind"] == "nominal"][-1]
    field["training_levels"] += [f"new {i}" for i in range(500)]


def nested(depth: int) -> list[Any]:
    """Return an empty list in so many others."""
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


HOSTILE: dict[str, Callable[[dict[str, Any]], None]] = {
    "target of nothing": put("target", value=None),
    "target without a transform": put("target", value={"name": "SalePrice"}),
    "an unknown transform": put("target", "transform", value="sqrt"),
    "whole numbers as levels": put("contract", "fields", 1, "levels", value=[20, 30]),
    "levels as one text": put("contract", "fields", 1, "levels", value="20"),
    "a level twice": put("contract", "fields", 1, "levels", value=["20", "20"]),
    "half a text as level": put("contract", "fields", 1, "training_levels", value=["\ud800"]),
    "no fields": emptied,
    "no field that is used": all_unused,
    "a field twice": twice,
    "a field less than the graph takes": one_field_less,
    "fewer meanings than levels": put("contract", "fields", 1, "meanings", value=["one storey"]),
    "a number as meaning": put("contract", "fields", 1, "meanings", value=[1] * 16),
    "a group without a name": put("contract", "fields", 1, "group", value=" "),
    "more levels than the graph knows": one_level_more,
    "a number as name": put("name", value=5),
    "a name that leaves the folder": put("name", value="../../houses"),
    "a version that leaves the folder": put("version", value="../4.0.0"),
    "an escape sequence": put("description", value="\x1b[2Jhouses"),
    "a minimum in words": put("contract", "fields", 3, "minimum", value="low"),
    "a minimum of 1e999": put("contract", "fields", 3, "minimum", value=10**999),
    "a range of one number": put("contract", "fields", 3, "training_range", value=[1]),
    "a range the wrong way round": put("contract", "fields", 3, "training_range", value=[2, 1]),
    "an unknown kind": put("contract", "fields", 3, "kind", value="text"),
    "metrics of nothing": put("metrics", value={}),
    "a metric in words": put("metrics", "rmse", value="good"),
    "an interval of 1": put("interval", "level", value=1),
    "an interval of nothing": put("interval", value=None),
    "training of nothing": put("training", value={}),
    "a digest of something else": put("training", "data_sha256", value="abc"),
    "data in another folder": put("training", "data_file", value="../train.csv"),
    "a quality bar in words": put("quality", "rmsle", value="0.1"),
    "spread of nothing": put("spread", "rmse", value={}),
    "no background": put("background", value=[]),
    "background in lists": put("background", value=[[1, 2]]),
    "background of another table": put("background", value=[{"x": 1}]),
    "a filler of another field": put("fillers", value={"Pool": 1.0}),
    "a filler of a field that is not used": put("fillers", value={"Id": 1.0}),
    "a level in the place of a number": put("fillers", "LotFrontage", value="wide"),
    "a number in the place of a level": put("fillers", "Fence", value=1.0),
    "a filler of nothing": put("fillers", "Fence", value=None),
    "half a text as a filler": put("fillers", "Fence", value="\ud800"),
    "900 lists in lists, in a value that is not checked": put(
        "training", "commit", value=nested(900)
    ),
    "900 lists in lists, in a value that is not known": put("interval", "more", value=nested(900)),
    "fillers in a list": put("fillers", value=[1.0]),
    "a background of lists": put("background", 0, "LotArea", value=[]),
    "groups that are not fields": put("evaluation", "groups", value=["Colour"]),
    "fingerprints of nothing": put("fingerprints", value=5),
    "something unknown nested deeply": put("new", value=[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]),
}


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE)
def test_a_manifest_with_an_odd_value_is_refused(
    content: bytes, manifest: dict[str, Any], change: Callable[[dict[str, Any]], None]
) -> None:
    """Not when the value is used: when the file is opened."""
    change(manifest)
    refusal(with_text(content, json.dumps(manifest).encode()))


@pytest.mark.parametrize(
    "key",
    ["name", "version", "description", "created", "target", "contract", "metrics", "interval",
     "training", "parity"],
)  # fmt: skip
def test_what_every_model_file_has_may_not_be_missing(manifest: dict[str, Any], key: str) -> None:
    """The sentence names it."""
    del manifest[key]
    with pytest.raises(ManifestError, match=f"^{key} is missing$"):
        check_manifest(manifest)


def test_a_model_file_of_the_first_days_still_opens(
    content: bytes, manifest: dict[str, Any]
) -> None:
    """Without what was added later, and with what a later version may add."""
    later = "spread", "quality", "evaluation", "without", "background", "fillers", "fingerprints"
    old = {key: value for key, value in manifest.items() if key not in later}
    del old["training"]["repeats"]
    old["interval"]["method"] = "cross-conformal"
    assert "house-prices" == Model(seal(content, old)).name
    assert "house-prices" == Model(seal(content, manifest | {"more": {"of": [1, "kind"]}})).name


def test_every_attribute_of_a_field_is_checked() -> None:
    """A new one comes with its check."""
    assert {field.name for field in fields(Field)} == FIELD.keys()


def test_a_value_is_named_by_its_place(content: bytes, manifest: dict[str, Any]) -> None:
    """So that whoever wrote the file finds it."""
    manifest["training"]["rows"] = -5
    assert (
        "house.onnx has a manifest that cannot be read: training.rows is not a whole number of at "
        "least 0."
    ) == refusal(seal(content, manifest))
    manifest["format"] = FORMAT + 10**30
    assert "has format of a million or more and" in refusal(seal(content, manifest))


def test_background_rows_that_break_the_contract_explain_nothing(
    content: bytes, manifest: dict[str, Any], rows: list[dict[str, Any]]
) -> None:
    """A sentence, and no number made of a row that could not be read."""
    manifest["background"][0]["LotArea"] = "large"
    model = Model(seal(content, manifest))
    with pytest.raises(ModelFileError, match="rows to explain others by that break its own"):
        model.explain(rows[:1])


@pytest.mark.usefixtures("benchmarks")
def test_mutated_model_files_are_refused_or_predict() -> None:
    """Some hundred of the mutations of `python -m benchmarks.fuzz`, always the same ones."""
    pytest.importorskip("onnx")
    outcome = import_module("benchmarks.fuzz").fuzz(QUICK, seed=7)
    assert [] == outcome.wrong
    assert QUICK == outcome.opened + sum(outcome.refused.values())
    assert outcome.opened > QUICK / 20
