"""`regression-model compare`: for people, for programs and for a release workflow."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from regression_model import compare_models
from regression_model.cli import app
from regression_model.runtime.model_file.release import PACKAGE_ROOT, find_model_file
from regression_model.runtime.model_file.sealing import open_sealed, reseal

Write = Callable[..., Path]


@pytest.fixture(scope="module")
def shipped() -> Path:
    """The shipped model file."""
    path = find_model_file(PACKAGE_ROOT)
    assert path is not None
    return path


@pytest.fixture
def write(shipped: Path, tmp_path: Path) -> Write:
    """Write a copy of the shipped model file with other values in its manifest and in a field."""

    def written(
        name: str, *, field: str = "", change: dict[str, Any] | None = None, **values: Any
    ) -> Path:
        content = shipped.read_bytes()
        manifest = open_sealed(content, name="shipped") | values
        for one in manifest["contract"]["fields"]:
            if one["name"] == field:
                one.update(change or {})
        path = tmp_path / name
        path.write_bytes(reseal(content, manifest, name=name))
        return path

    return written


def run(*arguments: str | Path, given: str | None = None) -> Result:
    """Run the command inside this process."""
    return CliRunner().invoke(app, ["compare", *map(str, arguments)], input=given)


def flat(text: str) -> str:
    """Return a text without the line breaks that a narrow terminal makes."""
    return " ".join(text.split())


def test_the_same_file_is_a_patch(shipped: Path) -> None:
    """Exit code 0, and a person reads why."""
    result = run(shipped, shipped)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("From house-prices 4.0.0 to house-prices 4.0.0: a patch rel")
    assert "Both are the same file." in result.stdout
    assert "Moved by more than 10%" in result.stdout


def test_what_changed_is_shown_field_by_field(write: Write, shipped: Path) -> None:
    """Exit code 11, the field, its bounds before and after, and how many rows it costs."""
    newer = write("new.onnx", field="GrLivArea", change={"minimum": 1000}, version="4.0.1")
    result = run(shipped, newer)
    text = flat(result.stdout)
    assert result.exit_code == 11
    assert "a major release, at least version 5.0.0" in text
    assert "GrLivArea has another minimum: it was 1 and is 1000." in text
    assert "have no prediction any more, such as the typical row with GrLivArea 334: " in text
    assert "GrLivArea bound narrowed 1 1000 major" in text


def test_an_optional_alias_is_minor(write: Write, shipped: Path) -> None:
    """Exit code 10."""
    newer = write("new.onnx", field="GrLivArea", change={"aliases": ["area"]})
    assert run(shipped, newer).exit_code == 10


def test_json_is_what_python_gives(write: Write, shipped: Path, scoring_file: Path) -> None:
    """One JSON text on standard output and nothing else."""
    newer = write("new.onnx", field="GrLivArea", change={"minimum": 1000})
    result = run(shipped, newer, "--data", scoring_file, "--json", "--top", "1")
    assert (result.exit_code, result.stderr) == (11, "")
    found = json.loads(result.stdout)
    with scoring_file.open(encoding="utf-8", newline="") as file:
        rows = [*csv.DictReader(file)]
    expected = compare_models(shipped, newer, rows, top=1).to_dict()
    assert found["profile"] == json.loads(json.dumps(expected["profile"]))
    for name in ("rows", "compared", "lost", "lost_by", "over", "mean", "interval_widths"):
        assert found["data"][name] == expected["data"][name]
    assert found["data"]["lost_example"].startswith("row 1, Id 1461: GrLivArea is '896'")
    assert found["differences"] == expected["differences"]


def test_rows_come_from_standard_input_too(shipped: Path, scoring_file: Path) -> None:
    """Of any kind, by their content."""
    with scoring_file.open(encoding="utf-8", newline="") as file:
        rows = [row for row, _ in zip(csv.DictReader(file), range(3), strict=False)]
    lines = "\n".join(map(json.dumps, rows))
    result = run(shipped, shipped, "--data", "-", "--json", given=lines)
    assert result.exit_code == 0
    assert json.loads(result.stdout)["data"]["compared"] == 3


def test_a_url_is_named_without_its_secrets(
    shipped: Path, scoring_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The result goes into logs and releases."""
    content = b"".join(scoring_file.read_bytes().splitlines(keepends=True)[:4])
    stored = (io.BytesIO(content), None, lambda: True)
    monkeypatch.setattr("regression_model.remote.opened", lambda url: stored)
    url = "https://me:pass@storage/rows.csv?token=word"
    result = run(shipped, shipped, "--data", url, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "rows.csv" in result.stdout and "word" not in result.stdout


@pytest.mark.parametrize(
    ("version", "code", "sentence"),
    [
        ("4.0.0", 1, "Version 4.0.0 is too small: after house-prices 4.0.0 this is a minor rel"),
        ("4.0.9", 1, "whose version must be at least 4.1.0 and above 4.0.0."),
        ("4.1.0rc1", 0, "Version 4.1.0rc1 is large enough"),
        ("4.1.0", 0, "Version 4.1.0 is large enough"),
        ("latest", 2, "are not two versions that can be compared"),
    ],
)
def test_a_release_workflow_refuses_a_version_that_is_too_small(
    write: Write, shipped: Path, version: str, code: int, sentence: str
) -> None:
    """With one sentence that names the smallest one."""
    change = {"aliases": ["area"]}
    newer = write("new.onnx", field="GrLivArea", change=change, version=version)
    result = run(shipped, newer, "--check-version")
    assert result.exit_code == code
    assert sentence in result.stderr
    assert result.stderr.count("\n") == 1


def test_two_wheels_are_compared(write: Write, shipped: Path, tmp_path: Path) -> None:
    """The wheel of this package as it is published, and the next one."""
    wheels = []
    for version in ("4.0.0", "4.0.1"):
        model = write("model.onnx", version=version)
        wheels.append(tmp_path / f"regression_model-{version}-py3-none-any.whl")
        with zipfile.ZipFile(wheels[-1], "w") as archive:
            archive.write(model, f"regression_model/trained_models/house-prices-{version}.onnx")
    result = run(*wheels, "--check-version", "--json")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert (found["release"], found["smallest_version"]) == ("patch", "4.0.1")


def broken(folder: Path, shipped: Path) -> dict[str, tuple[list[str], str]]:
    """Return calls that cannot work, each with a part of the sentence that says so."""
    model = str(shipped)
    damaged, wheel = folder / "damaged.onnx", folder / "damaged.whl"
    content = bytearray(shipped.read_bytes())
    content[len(content) // 2] ^= 0xFF
    damaged.write_bytes(content)
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("a/model.onnx", bytes(content))
    rows, other, empty = folder / "rows.csv", folder / "other.csv", folder / "empty.csv"
    rows.write_text("Neighborhood,LotArea\nNAmes,5000\n")
    other.write_text("Neighborhood;LotArea;OverallQual\nNAmes;5000;5\n")
    required = "Neighborhood,LotArea,OverallQual,OverallCond,YearBuilt,YrSold,GrLivArea\n"
    empty.write_text(required)
    lines = folder / "rows.jsonl"
    lines.write_text('{"LotArea": 5000}\n')
    return {
        "a file that is not there": ([model, "absent.onnx"], "absent.onnx does not exist"),
        "an unknown name": ([model, "carz"], "There is no file carz and no model of that name"),
        "a damaged model": ([str(damaged), model], "damaged.onnx is damaged or was changed"),
        "a damaged model in a wheel": ([str(wheel), model], "a/model.onnx in"),
        "a missing column": ([model, model, "--data", str(rows)], "has the required fields"),
        "no row with a field": ([model, model, "--data", str(lines)], "the old model requires"),
        "another separator": ([model, model, "--data", str(other)], "add --separator ';'"),
        "no rows": ([model, model, "--data", str(empty)], "There are no rows in empty.csv"),
        "no table": ([model, model, "--data", "absent.csv"], "absent.csv"),
        "a negative tolerance": ([model, model, "--tolerance", "-1"], "The tolerance is -1"),
        "a word as tolerance": ([model, model, "--tolerance", "x"], "tolerance"),
        "a separator of nothing": ([model, model, "--separator", ";"], "is for the rows of --data"),
    }


@pytest.mark.parametrize(
    "call",
    [
        "a file that is not there",
        "an unknown name",
        "a damaged model",
        "a damaged model in a wheel",
        "a missing column",
        "no row with a field",
        "another separator",
        "no rows",
        "no table",
        "a negative tolerance",
        "a word as tolerance",
        "a separator of nothing",
    ],
)
def test_what_cannot_be_compared_is_one_sentence(call: str, tmp_path: Path, shipped: Path) -> None:
    """And exit code 2, so that no workflow takes it for a patch."""
    calls = broken(tmp_path, shipped)
    arguments, sentence = calls[call]
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert sentence in flat(result.stderr)


def test_the_documentation_uses_options_that_exist() -> None:
    """And a reader finds each of them there."""
    text = (Path(__file__).parents[1] / "docs" / "comparing.md").read_text(encoding="utf-8")
    calls = " ".join(re.findall(r"^regression-model compare (.+)$", text, flags=re.MULTILINE))
    told = CliRunner().invoke(app, ["compare", "--help"]).stdout
    known = {*re.findall(r"--[a-z-]+", told)}
    assert {*re.findall(r"--[a-z-]+", calls)} <= known
    assert known - {"--help", "--runs", "--separator"} <= {*re.findall(r"--[a-z-]+", text)}


def test_a_reader_that_goes_away_ends_the_program_silently(shipped: Path) -> None:
    """As `head` does."""
    program = [sys.executable, "-P", "-m", "regression_model", "compare", *[str(shipped)] * 2]
    read, written = os.pipe()
    os.close(read)
    done = subprocess.run(program, stdout=written, stderr=subprocess.PIPE, text=True, check=False)
    os.close(written)
    assert (done.returncode, done.stderr) == (141, "")
