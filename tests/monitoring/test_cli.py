"""`regression-model monitor`: for people, for programs, and for who reads the page."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from regression_model import Model
from regression_model.cli import app

Rows = list[dict[str, Any]]
Draw = Callable[..., Rows]
Write = Callable[..., Path]
Run = Callable[..., Result]


@pytest.fixture
def run(stand: Model) -> Run:
    """Run the command inside this process, on the small model."""

    def command(*arguments: str | Path, given: str | None = None) -> Result:
        options = ["monitor", *map(str, arguments), "--model", stand.source]
        return CliRunner().invoke(app, options, input=given, env={"COLUMNS": "200"})

    return command


@pytest.fixture
def usual(draw: Draw, write: Write, tmp_path: Path) -> Path:
    """400 rows as those of the training, without the target."""
    return write(tmp_path / "usual.csv", draw(31, 400), without=("earned",))


@pytest.fixture
def shifted(draw: Draw, write: Write, tmp_path: Path) -> Path:
    """400 warmer days, with the target."""
    return write(tmp_path / "shifted.csv", draw(22, 400, shift=0.6))


def test_rows_without_drift_give_exit_code_0(run: Run, usual: Path) -> None:
    """And the sentence that says so comes first."""
    result = run(usual)

    assert 0 == result.exit_code, result.output
    assert result.stdout.startswith("No drift: 400 rows of ")
    assert "Tested at 5% over all tests together" in result.stdout


def test_drift_gives_exit_code_1_and_names_the_field(run: Run, shifted: Path) -> None:
    """With where the difference is, in words."""
    result = run(shifted)

    assert 1 == result.exit_code, result.output
    assert result.stdout.startswith("Drift: 400 rows of ")
    assert "1 of 7 tested fields drifted: heat." in result.stdout
    [line] = [line for line in result.stdout.splitlines() if line.strip().startswith("heat ")]
    assert "before," in line and "now" in line
    assert "Root mean squared error" in result.stdout


def test_json_has_everything(run: Run, shifted: Path) -> None:
    """Plain numbers, of each field and each test."""
    found = json.loads(run(shifted, "--json").stdout)

    assert found["drift"] is True
    heat = found["everything"]["fields"][0]
    assert ("heat", "drift", "Kolmogorov-Smirnov") == (
        heat["name"],
        heat["verdict"],
        heat["tests"][0]["method"],
    )
    assert heat["tests"][0]["counts"] and heat["tests"][0]["adjusted"] < 1e-6
    assert len(heat["distributions"]["values"]) == len(heat["distributions"]["new"])
    assert 400 == found["everything"]["outcomes"]["rows"]
    assert 1500 == found["training_rows"]


def test_options_win_over_the_configuration(run: Run, shifted: Path) -> None:
    """A larger effect, or a field that may differ."""
    for options in (("--effect", "0.9"), ("--ignore", "heat", "--effect", "0.5")):
        result = run(shifted, *options, "--json")
        assert 0 == result.exit_code, result.output
    assert ["heat"] == json.loads(result.stdout)["settings"]["ignore"]


def test_rows_come_from_standard_input(run: Run, draw: Draw) -> None:
    """As JSON Lines, whose rows have the names."""
    lines = "\n".join(map(json.dumps, draw(23, 60)))

    result = run("-", given=lines)

    assert 0 == result.exit_code, result.output
    assert "60 rows of standard input" in result.stdout


def test_windows_by_time(run: Run, draw: Draw, write: Write, tmp_path: Path) -> None:
    """Each with its verdict, in their order."""
    rows = [*draw(24, 88, shift=0.8)]
    for row in rows:
        row["day"] = row["day"].replace("2024-01", "2024-05").replace("2024-02", "2024-05")
        row["day"] = row["day"].replace("2024-03", "2024-05")
    path = write(tmp_path / "spring.csv", [*rows, *draw(25, 90)])

    result = run(path, "--time", "day", "--window", "quarter", "--json")

    windows = json.loads(result.stdout)["windows"]
    assert [("2024 Q1", False), ("2024 Q2", True)] == [(w["name"], w["drift"]) for w in windows]
    assert 1 == result.exit_code
    assert "2024 Q2: 1 of" in run(path, "--time", "day", "--window", "quarter").stdout


def test_outcomes_are_joined_by_the_identifier(
    run: Run, draw: Draw, write: Write, usual: Path, tmp_path: Path
) -> None:
    """In any order, and not for all rows."""
    known = [row for row in reversed(draw(31, 400)) if row["number"] % 4]
    outcomes = write(tmp_path / "known.csv", known)

    result = run(usual, "--outcomes", outcomes, "--json")

    found = json.loads(result.stdout)
    assert 300 == found["everything"]["outcomes"]["rows"]
    assert "no drift" == found["everything"]["outcomes"]["verdict"]
    assert ["300 of 400 rows have an outcome, by number."] == found["notes"]


def test_the_page_needs_nothing_else(run: Run, stand: Model, shifted: Path, tmp_path: Path) -> None:
    """Its charts say in words what they show, and nothing is loaded from elsewhere."""
    result = run(shifted, "--report", tmp_path / "pages", "--time", "day")

    assert 1 == result.exit_code, result.output
    [page] = (tmp_path / "pages").iterdir()
    assert f"stand-shifted-drift-{stand.version}.html" == page.name
    text = page.read_text(encoding="utf-8")
    assert "http" not in text.replace("http-equiv", "")
    assert 3 <= text.count('<svg role="img" aria-label="')
    assert "heat differs most" in text
    assert "2024-01" in text


@pytest.mark.parametrize(
    ("content", "options", "sentence"),
    [
        ("a,b\n1,2\n", [], "has none of the fields that the model uses"),
        ("heat;stock\n1;2\n", [], "separate"),
        ("heat,stock\n", [], "There are no rows in"),
        ("heat,stock\n1,2\n", ["--time", "day"], "has no column 'day' for --time"),
        ("heat,stock\n1,2\n", ["--window", "month"], "name it with --time"),
        ("heat,day\n1,soon\n", ["--time", "day"], "day is 'soon' in row 1: expected a date"),
        ("heat,stock\n1,2\n", ["--ignore", "haet"], "'haet' cannot be ignored"),
        ("heat,stock\n1,2\n", ["--outcomes", "KNOWN"], "joined by the identifier: a column number"),
        ("heat,stock\n1,2\n", ["--outcomes", "TWICE"], "has two outcomes of number '1'"),
        ("heat,stock\n1,2\n", ["--outcomes", "OTHER"], "has no column number"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(
    run: Run, tmp_path: Path, content: str, options: list[str], sentence: str
) -> None:
    """Which names the thing and the way out."""
    (tmp_path / "new.csv").write_text(content)
    (tmp_path / "KNOWN").write_text('{"number": 1, "earned": 5}\n')
    (tmp_path / "TWICE").write_text('{"number": 1, "earned": 5}\n{"number": "1.0", "earned": 6}\n')
    (tmp_path / "OTHER").write_text('{"day": 1, "earned": 5}\n')
    for name in ("KNOWN", "TWICE", "OTHER"):
        (tmp_path / name).rename(tmp_path / f"{name}.jsonl")
    given = [str(tmp_path / f"{one}.jsonl") if one.isupper() else one for one in options]

    result = run(tmp_path / "new.csv", *given)

    assert 2 == result.exit_code, result.output
    assert sentence in " ".join(result.stderr.split())
    assert "" == result.stdout


def test_json_lines_without_any_field_are_refused(run: Run) -> None:
    """Also where the names are known only when all rows are read."""
    result = run("-", given='{"a": 1}\n{"b": 2}\n')

    assert 2 == result.exit_code
    assert "standard input has none of the fields" in result.stderr
