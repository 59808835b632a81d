"""`regression-model evaluate` and `explain`: metrics and reasons for people and for programs."""

import csv
import io
import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import regression_model
from regression_model import Model
from regression_model.cli import app
from regression_model.cli.explaining import _bars
from regression_model.runtime.model_file.release import find_model_file
from regression_model.runtime.model_file.sealing import open_sealed, seal

PACKAGE = Path(regression_model.__file__).parent
TRAINING_HALF = ("sklearn", "pandas", "feature_engine", "joblib", "strictyaml", "onnx")
BOATS_CONFIG = """\
name: boats
description: Prices of second-hand boats
target:
  name: Price
  description: Price asked
  unit: euros
  minimum: 1
data:
  training: boats.csv
features:
  Length:
    description: From bow to stern
    kind: number
    unit: m
    minimum: 1
  Hull:
    description: What it is made of
    kind: nominal
    levels: steel, wood
    encode: mean
estimator:
  ridge:
    alpha: 1
evaluation:
  folds: 4
  groups: Hull
  baseline: Hull
  without: Length
"""


def run(command: str, *arguments: str | Path, given: str | None = None) -> Result:
    """Run a command inside this process."""
    return CliRunner().invoke(app, [command, *map(str, arguments)], input=given)


def run_without(modules: Sequence[str], *arguments: str | Path) -> tuple[int, str, str]:
    """Run the program as if these modules were not installed."""
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({list(modules)!r}))\n"
        "from regression_model.cli import main\nmain()"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def flat(text: str) -> str:
    """Return a text without the line breaks that a narrow terminal makes."""
    return " ".join(text.split())


@pytest.fixture(scope="module")
def lines(training_file: Path) -> list[str]:
    """The header and forty rows with their prices."""
    return training_file.read_text(encoding="utf-8").splitlines()[:41]


@pytest.fixture
def sold(lines: list[str], tmp_path: Path) -> Path:
    """A file with forty priced rows."""
    return written(tmp_path, lines)


def written(folder: Path, lines: Sequence[str]) -> Path:
    """Write lines to a file."""
    path = folder / "sold.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def with_cells(lines: Sequence[str], row: int, **cells: str) -> list[str]:
    """Change cells of one row, counted from 1; forty rows of this file hold no quotes."""
    names = lines[0].split(",")
    values = lines[row].split(",")
    for name, cell in cells.items():
        values[names.index(name)] = cell
    return [*lines[:row], ",".join(values), *lines[row + 1 :]]


def without_column(lines: Sequence[str], name: str) -> list[str]:
    """Leave out a column."""
    at = lines[0].split(",").index(name)
    return [",".join(c for i, c in enumerate(line.split(",")) if i != at) for line in lines]


def changed_model(folder: Path, **changed: Any) -> Path:
    """Write the shipped model with other things said in its manifest."""
    shipped = find_model_file(PACKAGE)
    assert shipped is not None
    content = shipped.read_bytes()
    path = folder / "changed.onnx"
    path.write_bytes(seal(content, open_sealed(content, name="shipped") | changed))
    return path


@pytest.fixture(scope="module")
def boats(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small configuration beside its training rows."""
    folder, chance = tmp_path_factory.mktemp("boats"), random.Random(0)
    table = ["Length,Hull,Price"]
    for _ in range(60):
        length, hull = chance.randint(5, 30), chance.choice(["steel", "wood"])
        price = 1000 * length + 5000 * (hull == "steel") + chance.randint(0, 2000)
        table.append(f"{length},{hull},{price}")
    (folder / "boats.csv").write_text("\n".join(table) + "\n", encoding="utf-8")
    path = folder / "boats.yml"
    path.write_text(BOATS_CONFIG, encoding="utf-8")
    return path


# A model file against a labelled table


def test_a_labelled_file_is_scored(sold: Path) -> None:
    """Estimates with their unit and interval, and where the model is weak."""
    result = run("evaluate", "--data", sold)

    assert (result.exit_code, result.stderr) == (0, "")
    said = flat(result.stdout)
    assert "house-prices: SalePrice, 40 rows of sold.csv" in said
    assert re.search(r"Mean absolute error \$[\d,]+ \$[\d,]+ to \$[\d,]+", said)
    assert re.search(r"Root mean squared log error \(RMSLE\) 0\.\d{4} 0\.\d{4} to 0\.\d{4}", said)
    assert "By target band, worst first" in said


def test_a_program_gets_json(sold: Path) -> None:
    """Everything, and nothing else on standard output."""
    result = run("evaluate", "--data", sold, "--json")

    found = json.loads(result.stdout)
    assert (result.exit_code, found["rows"], found["source"]) == (0, 40, "sold.csv")
    assert found["metrics"]["mae"]["low"] < found["metrics"]["mae"]["value"]
    assert len(found["details"]["prediction"]) == 40


CAUTION = "in the training data of this model: these metrics are not of unseen rows"


@pytest.fixture(scope="module")
def unseen(lines: list[str]) -> list[str]:
    """The same forty rows, each with another price."""
    at = lines[0].split(",").index("SalePrice")
    assert at == len(lines[0].split(",")) - 1
    return [
        lines[0],
        *(f"{line.rpartition(',')[0]},{150_000 + i}" for i, line in enumerate(lines[1:])),
    ]


def test_another_separator_is_named_and_read(tmp_path: Path, sold: Path) -> None:
    """The sentence has the option to add; with it the rows give the same metrics."""
    path = tmp_path / "semicolons.csv"
    with open(sold, encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=";").writerows(rows)
    refused = run("evaluate", "--data", path)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr == (
        f"Error: {path}: its columns are separated by semicolons, not by commas: "
        "add --separator ';'.\n"
    )
    found = json.loads(run("evaluate", "--data", path, "--separator", ";", "--json").stdout)
    same = json.loads(run("evaluate", "--data", sold, "--json").stdout)
    assert found["details"] == same["details"]


def test_a_separator_is_for_rows() -> None:
    """Not for the training rows of a configuration."""
    result = run("evaluate", "--separator", ";")
    assert result.exit_code == 2
    assert "is for the rows of --data." in result.stderr


def test_the_training_file_is_known_again(training_file: Path) -> None:
    """The first line says that the model was trained on all of it."""
    first, second = run("evaluate", "--data", training_file).stdout.splitlines()[:2]

    assert first == f"1,460 of 1,460 rows were {CAUTION}."
    assert second == "house-prices: SalePrice, 1,460 rows of train.csv"


def test_training_rows_are_known_again_however_they_are_written(
    lines: list[str], tmp_path: Path
) -> None:
    """In another order of rows and columns, with other decimals and blanks, among other rows."""
    rows = list(csv.DictReader(lines))
    names = sorted(rows[0], reverse=True)
    for row in rows:
        row.update(
            {k: f" {v}.0 " if v.isdigit() and k != "MSSubClass" else v for k, v in row.items()}
        )
    rows[3]["SalePrice"] = "123456"
    table = io.StringIO()
    writer = csv.DictWriter(table, names)
    writer.writeheader()
    writer.writerows(reversed(rows[:12]))

    path = written(tmp_path, table.getvalue().splitlines())

    first = run("evaluate", "--data", path).stdout.splitlines()[0]
    assert first == f"11 of 12 rows were {CAUTION} alone."
    found = json.loads(run("evaluate", "--data", path, "--json").stdout)
    assert {"rows": 11, "is_estimate": False} == found["trained_on"]
    given = path.read_text(encoding="utf-8")
    assert first == run("evaluate", "--data", "-", given=given).stdout.splitlines()[0]


def test_nothing_is_said_of_unseen_rows(unseen: list[str], tmp_path: Path) -> None:
    """A program reads that there are none."""
    path = written(tmp_path, unseen)

    first = run("evaluate", "--data", path).stdout.splitlines()[0]
    assert first == "house-prices: SalePrice, 40 rows of sold.csv"
    found = json.loads(run("evaluate", "--data", path, "--json").stdout)
    assert {"rows": 0, "is_estimate": False} == found["trained_on"]


def test_an_older_model_file_knows_its_training_file(
    sold: Path, training_file: Path, tmp_path: Path
) -> None:
    """By the digest; of single rows it cannot say anything."""
    shipped = find_model_file(PACKAGE)
    assert shipped is not None
    content = shipped.read_bytes()
    manifest = open_sealed(content, name="shipped")
    del manifest["fingerprints"]
    older = tmp_path / "older.onnx"
    older.write_bytes(seal(content, manifest))

    def first(path: Path) -> str:
        return run("evaluate", "--data", path, "--model", older).stdout.splitlines()[0]

    assert first(training_file) == f"1,460 of 1,460 rows were {CAUTION}."
    assert first(sold) == "house-prices: SalePrice, 40 rows of sold.csv"
    result = run("evaluate", "--data", sold, "--model", older, "--json")
    assert json.loads(result.stdout)["trained_on"] is None


def test_rows_come_from_standard_input_as_well(lines: list[str]) -> None:
    """A dash stands for it."""
    result = run("evaluate", "--data", "-", given="\n".join(lines))

    assert result.exit_code == 0
    assert "40 rows of standard input" in result.stdout


def test_a_labelled_file_is_scored_by_the_base_install(sold: Path) -> None:
    """Nothing of the training half is needed."""
    code, out, err = run_without(TRAINING_HALF, "evaluate", "--data", sold)

    assert (code, err) == (0, "")
    assert "40 rows of sold.csv" in out


def test_rows_that_cannot_be_scored_are_listed(lines: list[str], tmp_path: Path) -> None:
    """The others are scored, and exit code 1 says that there were some."""
    spoilt = with_cells(lines, 3, GrLivArea="-7")
    path = written(tmp_path, with_cells(spoilt, 5, SalePrice="0"))

    result = run("evaluate", "--data", path)

    assert result.exit_code == 1
    said = flat(result.stdout)
    assert "38 rows of sold.csv" in said
    assert "Row 3 was not scored: GrLivArea is '-7'" in said
    assert "Row 5 was not scored: SalePrice is '0'" in said
    assert result.stderr == "Not scored: 2 of 40 rows.\n"
    listed = json.loads(run("evaluate", "--data", path, "--json").stdout)["refused"]
    assert [2, 4] == [row for row, _ in listed]


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda lines: without_column(lines, "SalePrice"), "sold.csv has no column SalePrice"),
        (lambda lines: lines[:1], "sold.csv: no row can be scored, as it has no rows."),
        (
            lambda lines: with_cells(lines[:2], 1, SalePrice="-1"),
            "sold.csv: no row can be scored: SalePrice is '-1': expected a number of at least 1",
        ),
        (
            lambda lines: without_column(lines, "GrLivArea"),
            "sold.csv: no row can be scored: No row has the field GrLivArea",
        ),
        (lambda lines: [], "sold.csv is empty"),
    ],
)
def test_a_file_that_cannot_be_scored_exits_2_with_one_sentence(
    spoil: Any, sentence: str, lines: list[str], tmp_path: Path
) -> None:
    """No target, no rows, no usable price, or no required column."""
    path = written(tmp_path, spoil(lines)) if spoil(lines) else tmp_path / "sold.csv"
    path.touch()

    result = run("evaluate", "--data", path)

    assert (result.exit_code, result.stdout) == (2, "")
    assert sentence in result.stderr
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1


def test_one_row_is_scored(lines: list[str], tmp_path: Path) -> None:
    """There is no R squared of one row, and nothing is said of it."""
    result = run("evaluate", "--data", written(tmp_path, lines[:2]))

    assert (result.exit_code, result.stderr) == (0, "")
    assert "1 row of sold.csv" in result.stdout
    assert "R²" not in result.stdout


def test_another_model_file_is_set_beside(sold: Path, tmp_path: Path) -> None:
    """Row by row, with the difference and its interval."""
    older = changed_model(tmp_path, version="1.0.0")

    result = run("evaluate", "--data", sold, "--compare", older)

    assert result.exit_code == 0
    assert "Beside house-prices 1.0.0, on 40 rows that both can predict" in flat(result.stdout)
    assert "Difference" in result.stdout


@pytest.mark.parametrize("data", [True, False])
def test_a_model_of_another_target_is_refused_in_one_sentence(
    data: bool, sold: Path, tmp_path: Path
) -> None:
    """Dollars are not compared with degrees."""
    shipped = find_model_file(PACKAGE)
    assert shipped is not None
    target = open_sealed(shipped.read_bytes(), name="shipped")["target"]
    other = changed_model(tmp_path, target=target | {"name": "Temperature", "unit": None})

    result = run("evaluate", "--compare", other, *(("--data", sold) if data else ()))

    assert (result.exit_code, result.stdout) == (2, "")
    told = result.stderr.splitlines()[-1]
    assert told.startswith("Error: house-prices ")
    assert "predicts Temperature, and the evaluated model SalePrice in US dollars." in told


# A configuration against its training rows


def test_a_configuration_is_cross_validated(boats: Path) -> None:
    """Estimates, simpler models, folds, groups, importances and intervals."""
    result = run("evaluate", "--config", boats)

    assert result.exit_code == 0, result.stderr
    said = flat(result.stdout)
    assert "boats: Price, 60 rows, cross-validated, 4 folds" in said
    for words in (
        "Beside simpler models",
        "median by Hull",
        "plain linear",
        "without Length",
        "this model, on a fifth",
        "By fold",
        "By Hull, worst first",
        "Rise of RMSE when the values of a field are shuffled",
        "Intervals at every level",
        "90% intervals on held-out rows",
        "One width for all",
    ):
        assert words in said
    assert "Cross-validating ..." in result.stderr


def test_repeats_are_further_seeds(boats: Path) -> None:
    """Estimates are their means."""
    result = run("evaluate", "--config", boats, "--repeats", "2")

    assert "boats: Price, 60 rows, cross-validated, 2 times 4 folds" in flat(result.stdout)
    found = json.loads(run("evaluate", "--config", boats, "--repeats", "2", "--json").stdout)
    assert (2, 8) == (found["repeats"], len(found["folds"]))


def test_a_configuration_needs_the_training_half(boats: Path) -> None:
    """One sentence says what to install."""
    code, out, err = run_without(TRAINING_HALF, "evaluate", "--config", boats)

    assert (code, out) == (2, "")
    assert "it comes with the extra train" in err
    assert "pip install 'regression-model[train]==" in err
    assert "Traceback" not in err


@pytest.mark.parametrize("level", ["0", "1", "1.5"])
def test_an_interval_of_nothing_or_all_is_refused(level: str, boats: Path) -> None:
    """By the line in the file."""
    path = boats.parent / "level.yml"
    path.write_text(BOATS_CONFIG + f"interval:\n  level: {level}\n", encoding="utf-8")

    result = run("evaluate", "--config", path)

    assert (result.exit_code, result.stdout) == (2, "")
    assert re.search(r"level\.yml:\d+: interval\.level: expected .+", result.stderr)


def test_a_report_needs_its_extra_before_the_work(sold: Path, tmp_path: Path) -> None:
    """Nobody waits for metrics that cannot be drawn."""
    arguments = ("evaluate", "--data", sold, "--report", tmp_path / "report")
    code, out, err = run_without(["matplotlib"], *arguments)

    assert (code, out) == (2, "")
    assert "matplotlib is not installed; it comes with the extra report" in err
    assert "pip install 'regression-model[report]==" in err
    assert not (tmp_path / "report").exists()


def test_a_report_is_written_where_it_should_be(sold: Path, tmp_path: Path) -> None:
    """Named after the model and the file; the card belongs to the cross-validation."""
    pytest.importorskip("matplotlib")
    pytest.importorskip("jinja2")

    result = run("evaluate", "--data", sold, "--report", tmp_path / "report")

    assert result.exit_code == 0, result.stderr
    (page,) = (tmp_path / "report").iterdir()
    assert re.fullmatch(r"house-prices-sold-[\d.]+\.html", page.name)
    assert str(page) in result.stderr
    assert f"40 of 40 rows were {CAUTION}." in page.read_text(encoding="utf-8").split("<nav")[0]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--data", "x.csv", "--config", "y.yml"), "give --model with --data"),
        (("--data", "x.csv", "--repeats", "5"), "give no --data with it"),
        (("--model", "x.onnx"), "needs --data"),
        (("--config", "y.yml", "--report", "out"), "name the model file by --model"),
        (("--repeats", "0"), "Invalid value for '--repeats'"),
        (("--data", "absent.csv"), "absent.csv does not exist."),
        (("--data", __file__), "expected a name that ends in .csv"),
        (("--model", "absent.onnx", "--data", "x.csv"), "absent.onnx"),
        (("--compare", "absent.onnx", "--data", "x.csv"), "absent.onnx"),
        (("--config", "absent.yml"), "absent.yml: cannot be read"),
    ],
)
def test_arguments_that_do_not_fit_exit_2(arguments: Sequence[str], sentence: str) -> None:
    """With a sentence and without a traceback."""
    result = run("evaluate", *arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert sentence in flat(result.stderr)


# Why a row has its price


def test_contributions_are_lines_that_add_up(scoring_file: Path) -> None:
    """One for each field that the model uses, and the typical price beside them."""
    result = run("explain", scoring_file, "--row", "2")

    assert (result.exit_code, result.stderr) == (0, "")
    table = list(csv.DictReader(io.StringIO(result.stdout)))
    assert {"2"} == {line["row"] for line in table}
    assert {"1462"} == {line["Id"] for line in table}
    together = float(table[0]["base"]) + sum(float(line["contribution"]) for line in table)
    assert float(table[0]["prediction"]) == pytest.approx(together, rel=1e-9)
    sizes = [abs(float(line["contribution"])) for line in table]
    assert sorted(sizes, reverse=True) == sizes


def test_a_program_gets_one_json_text_a_row(scoring_file: Path, tmp_path: Path) -> None:
    """With all contributions by name."""
    rows = scoring_file.read_text(encoding="utf-8").splitlines()[:4]
    result = run("explain", "-", "--json", given="\n".join(rows))

    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert [1, 2, 3] == [one["row"] for one in found]
    for one in found:
        together = one["base"] + sum(one["contributions"].values())
        assert one["prediction"] == pytest.approx(together, rel=1e-9)
    path = tmp_path / "reasons.jsonl"
    assert run("explain", scoring_file, "--row", "1", "--output", path).exit_code == 0
    assert json.loads(path.read_text(encoding="utf-8")) == found[0]


def test_the_others_are_one_line(scoring_file: Path) -> None:
    """With --top the sum is the same."""
    whole = json.loads(run("explain", scoring_file, "--row", "1", "--json").stdout)
    short = json.loads(run("explain", scoring_file, "--row", "1", "--json", "--top", "3").stdout)

    *named, others = short["contributions"]
    assert [*whole["contributions"]][:3] == named
    assert others == f"{len(whole['contributions']) - 3} other fields"
    assert sum(whole["contributions"].values()) == pytest.approx(
        sum(short["contributions"].values())
    )
    every = run("explain", scoring_file, "--row", "1", "--json", "--top", "500").stdout
    assert whole == json.loads(every)


def test_a_row_without_a_price_says_why(scoring_file: Path) -> None:
    """It keeps its line, its neighbours keep theirs, and exit code 1 tells."""
    header, first, second = scoring_file.read_text(encoding="utf-8").splitlines()[:3]
    table = with_cells([header, first, second], 1, GrLivArea="-2")

    result = run("explain", "-", "--top", "1", given="\n".join(table))

    assert result.exit_code == 1
    assert "s: 1 explained, 1 refused (below_minimum 1)." in result.stderr
    first_line, *others = csv.DictReader(io.StringIO(result.stdout))
    assert ("1", "", "") == tuple(first_line[name] for name in ("row", "field", "contribution"))
    assert "GrLivArea is '-2'" in first_line["problems"]
    assert ["2", "2"] == [line["row"] for line in others]
    alone = run("explain", "-", "--row", "1", given="\n".join(table))
    assert (alone.exit_code, alone.stdout.count("GrLivArea is '-2'")) == (1, 1)
    assert run("explain", "-", "--row", "2", given="\n".join(table)).exit_code == 0


def test_a_row_that_is_not_there_is_an_error(scoring_file: Path) -> None:
    """The sentence says how many there are."""
    result = run("explain", scoring_file, "--row", "5000")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "Error: There is no row 5000: the input has 1,459 rows.\n"


def test_repeated_columns_are_told_for_every_row(scoring_file: Path) -> None:
    """A table that no row of can be read is no crash."""
    header, first = scoring_file.read_text(encoding="utf-8").splitlines()[:2]
    result = run("explain", "-", given=f"{header},GrLivArea\n{first},2000\n")

    assert result.exit_code == 1
    assert "s: 0 explained, 1 refused (duplicate_field 1)." in result.stderr


def test_prices_are_explained_by_the_base_install(scoring_file: Path) -> None:
    """Nothing of the training half is needed."""
    code, out, err = run_without(TRAINING_HALF, "explain", scoring_file, "--row", "1")

    assert (code, err) == (0, "")
    assert "GrLivArea" in out


def test_parquet_comes_out_as_well(scoring_file: Path, tmp_path: Path) -> None:
    """One line a contribution, numbers as numbers."""
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "reasons.parquet"

    assert run("explain", scoring_file, "--row", "1", "-o", path).exit_code == 0

    table = parquet.read_table(path)
    before, after = ["row", "Id", "prediction", "base", "field", "contribution"], ["problems"]
    assert [*before, "value", "assumed", *after] == table.column_names
    assert str(table.schema.field("contribution").type) == "double"


def test_what_was_assumed_is_shown_with_its_value(model: Model, tmp_path: Path) -> None:
    """In lines and in records, and beside the bars."""
    whole = {n: c for n, c in model.manifest["background"][0].items() if c is not None}
    least = {n: c for n, c in whole.items() if model.contract.field(n).required}
    path = tmp_path / "row.jsonl"
    path.write_text(json.dumps(least), encoding="utf-8")
    lines = list(csv.DictReader(io.StringIO(run("explain", path).stdout)))
    of_field = {line["field"]: (line["value"], line["assumed"]) for line in lines}
    assert ("69", "True") == of_field["LotFrontage"]
    assert ("None", "True") == of_field["Fence"]
    assert "False" == of_field["LotArea"][1]
    record = json.loads(run("explain", path, "--json").stdout)
    assert (69.0, "None") == (record["values"]["LotFrontage"], record["values"]["Fence"])
    assert {*least}.isdisjoint(record["assumed"])
    (found,) = model.explain([least])
    table = _bars(found, "US dollars", None)
    read = [*table.columns[3].cells]
    assert {"69 (assumed)", "None (assumed)"} <= {*read}
    assert f"{least['LotArea']:.15g}" in read


def test_a_person_sees_bars(scoring_file: Path) -> None:
    """On a terminal: the way from the typical price to this one, in the unit of the target."""
    pty = pytest.importorskip("pty", reason="there are no pseudo-terminals")
    main_end, terminal = pty.openpty()
    command = [sys.executable, "-P", "-m", "regression_model", "explain", str(scoring_file)]
    done = subprocess.Popen(
        [*command, "--row", "1", "--top", "4"],
        stdout=terminal,
        stderr=subprocess.PIPE,
        env=os.environ | {"NO_COLOR": "1", "COLUMNS": "100", "TERM": "xterm"},
    )
    os.close(terminal)
    shown = b""
    while True:
        try:
            part = os.read(main_end, 4096)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        shown += part
    os.close(main_end)
    assert done.wait() == 0
    assert done.stderr is not None
    done.stderr.close()
    said = shown.decode()
    assert "Row 1, Id 1461" in said
    assert re.search(r"typical +[\d,]+ +US dollars", said)
    assert re.search(r"GrLivArea +[+-][\d,]+ +█+", said)
    assert re.search(r"75 other fields +[+-][\d,]+", said)
    assert re.search(r"prediction +[\d,]+ +US dollars", said)
