"""`regression-model predict`: tables in and out, and what can be wrong with them."""

import codecs
import csv
import gzip
import io
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import regression_model
from regression_model.cli import app

PACKAGE = Path(regression_model.__file__).parent
PROGRAM = [sys.executable, "-P", "-m", "regression_model"]  # -P: nothing from this folder
HEADER, *LINES = (PACKAGE / "datasets" / "test.csv").read_text(encoding="utf-8").splitlines()
NAMES = HEADER.split(",")


def run(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[bytes]:
    """Run the program."""
    streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    return subprocess.run([*PROGRAM, *map(str, arguments)], check=False, text=False, **streams)


def predict(*arguments: str | Path, given: str | bytes | None = None) -> Result:
    """Run `predict` inside this process."""
    return CliRunner().invoke(app, ["predict", *map(str, arguments)], input=given)


def without_closing(said: str) -> str:
    """What was said on standard error before the closing sentence, which has to be there."""
    before, closing, after = re.split(
        r"^([\d,]+ rows? in [\d,.]+ s: .*\.|There are no rows in .*)\n", said, flags=re.MULTILINE
    )
    assert closing and not after
    return before


def rows(count: int, **changed: Any) -> list[dict[str, Any]]:
    """The first rows of the test data as dicts, each with some fields changed."""
    return [
        dict(zip(NAMES, line.split(","), strict=True)) | changed
        for line in islice(cycle(LINES), count)
    ]


def csv_of(records: list[dict[str, Any]]) -> str:
    """Rows as CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, records[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()


def jsonl_of(records: list[dict[str, Any]]) -> str:
    """Rows as JSON Lines."""
    return "".join(json.dumps(record) + "\n" for record in records)


def results(text: str) -> list[dict[str, str]]:
    """Read what `predict` wrote as CSV."""
    return list(csv.DictReader(io.StringIO(text)))


def of(name: str, table: list[dict[str, Any]]) -> list[Any]:
    """One column of a table."""
    return [row[name] for row in table]


@pytest.fixture(scope="module")
def prices() -> list[str]:
    """What the first five rows cost, as CSV has it."""
    return of("prediction", results(predict("-", given=csv_of(rows(5))).stdout))


# What is read


def test_every_row_of_the_test_data_has_a_price() -> None:
    """The data that the model was never shown is priced whole, in its order."""
    done = run("predict", PACKAGE / "datasets" / "test.csv", "--interval")
    assert (done.returncode, without_closing(done.stderr.decode())) == (0, "")
    table = results(done.stdout.decode())
    assert list(table[0]) == ["Id", "prediction", "lower", "upper", "assumed", "problems"]
    assert of("Id", table) == [line.split(",")[0] for line in LINES]
    assert all(float(r["lower"]) < float(r["prediction"]) < float(r["upper"]) for r in table)


@pytest.mark.parametrize(
    "given",
    [
        csv_of(rows(5)),
        codecs.BOM_UTF8 + csv_of(rows(5)).encode(),
        csv_of(rows(5)).replace("\n", "\r\n"),
        "\n" + csv_of(rows(5)).replace("\n", "\n\n"),
        csv_of(rows(5)).rstrip("\n"),
        jsonl_of(rows(5)),
        codecs.BOM_UTF8 + jsonl_of(rows(5)).encode(),
        json.dumps(rows(5), indent=2),
    ],
    ids=["csv", "bom", "crlf", "blank", "no-end", "jsonl", "jsonl-bom", "json"],
)
def test_standard_input_is_known_by_how_it_begins(given: str | bytes, prices: list[str]) -> None:
    """The same rows give the same prices however they are written."""
    result = predict("-", given=given)
    assert (result.exit_code, without_closing(result.stderr)) == (0, "")
    assert of("prediction", results(result.stdout)) == prices


def test_line_ends_inside_a_cell_do_not_end_a_row(prices: list[str]) -> None:
    """A quoted newline in CSV, and U+2028 in a JSON text, belong to the value."""
    by_csv = predict("-", given=csv_of(rows(2, Id="a\nb")))
    assert of("Id", results(by_csv.stdout)) == ["a\nb", "a\nb"]
    text = json.dumps(rows(1, Id="a\u2028b")[0], ensure_ascii=False)
    by_json = predict("-", given=text.encode())
    assert of("Id", results(by_json.stdout)) == ["a\u2028b"]
    assert of("prediction", results(by_csv.stdout)) == prices[:2]


@pytest.mark.parametrize("given", [HEADER, HEADER + "\r\n", "[]"], ids=["header", "crlf", "json"])
def test_zero_rows_give_zero_results(given: str) -> None:
    """An input without rows is no mistake."""
    result = predict("-", given=given)
    assert result.exit_code == 0
    assert results(result.stdout) == []
    assert result.stdout.endswith("prediction,assumed,problems\n")


def cut_parquet() -> bytes:
    """A Parquet file that lost its end."""
    parquet = pytest.importorskip("pyarrow.parquet")
    sink = io.BytesIO()
    parquet.write_table(pytest.importorskip("pyarrow").Table.from_pylist(rows(5)), sink)
    return sink.getvalue()[:-100]


def spoilt_parquet() -> bytes:
    """A Parquet file with a hole in it."""
    parquet = pytest.importorskip("pyarrow.parquet")
    sink = io.BytesIO()
    parquet.write_table(pytest.importorskip("pyarrow").Table.from_pylist(rows(5)), sink)
    content = sink.getvalue()
    return content[:20] + bytes(200) + content[220:]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("rows.csv", b"", "is empty"),
        ("rows.csv", b"Id\ncaf\xe9\n", "line 2: byte 0xe9 is not UTF-8"),
        ("rows.csv", csv_of(rows(1)).encode() + b"3\n", "line 3: 1 values for 80 columns"),
        ("rows.csv", csv_of(rows(1)).strip().encode() + b",3\n", "line 2: 81 values for 80"),
        ("rows.csv", csv_of(rows(1)).encode() + b'1,"2\n', "not CSV"),
        ("rows.jsonl", b'{"Id": 1}\n{"Id": \n', "line 2: not JSON"),
        ("rows.jsonl", b'[{"Id": 1},\n{"Id": ]', "line 2: not JSON"),
        ("rows.jsonl", b'{"Id": ' + b"9" * 5000 + b"}", "line 1: not JSON"),
        ("rows.jsonl", b"[" * 200_000, "line 1: not JSON"),
        ("rows.jsonl", b"\xff\xfe{\x00", "line 1: byte 0xff is not UTF-8"),
        ("rows.parquet", cut_parquet, "not a complete Parquet file"),
        ("rows.parquet", spoilt_parquet, "not a complete Parquet file"),
        ("rows.parquet", HEADER.encode(), "not a complete Parquet file"),
        (
            "rows.csv",
            csv_of(rows(1)).encode() + f"{LINES[0]}\n".encode() * 39_999 + b"3\n",
            "line 40002: 1 values for 80",
        ),
        ("rows.csv.gz", gzip.compress(csv_of(rows(99)).encode())[:-20], "not a complete gzip file"),
        ("rows.xlsx", b"PK", "spreadsheets are not supported: use CSV in UTF-8"),
        ("rows.json", b"{}", "add --from jsonl"),
        ("rows.txt", b"Id", "or what it holds with --from: csv, jsonl or parquet"),
        ("rows.zip", b"PK", "unpack it first"),
        ("rows.parquet.gz", b"PK", "leave out the .gz"),
    ],
)
def test_a_file_that_cannot_be_read_as_rows(
    tmp_path: Path, name: str, content: bytes | Callable[[], bytes], said: str
) -> None:
    """One sentence names the file and the line, the exit code is 2, and nothing is written."""
    path, output = tmp_path / name, tmp_path / "prices.csv"
    path.write_bytes(content() if callable(content) else content)
    result = predict(path, "--output", output)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"Error: {path}")
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert not output.exists()


def test_an_input_that_is_no_file(tmp_path: Path) -> None:
    """An absent file and a folder are each named in one sentence."""
    absent = predict(tmp_path / "absent.csv")
    assert (absent.exit_code, absent.stdout) == (2, "")
    assert absent.stderr == f"Error: {tmp_path / 'absent.csv'} does not exist.\n"
    folder = predict(tmp_path, "--from", "csv")
    assert (folder.exit_code, folder.stdout) == (2, "")
    assert folder.stderr == f"Error: {tmp_path} cannot be read: Is a directory.\n"


def test_parquet_without_its_extra(tmp_path: Path) -> None:
    """The sentence says what to install."""
    (tmp_path / "rows.parquet").write_bytes(b"PAR1")
    code = (
        "import sys; sys.modules['pyarrow'] = None; sys.modules['pyarrow.parquet'] = None\n"
        "from regression_model.cli import main\nmain()"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code, "predict", str(tmp_path / "rows.parquet")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert f"pip install 'regression-model[batch]=={regression_model.__version__}'." in done.stderr
    assert done.stderr.count("\n") == 1


# What is wrong with rows


def test_rows_with_errors_keep_their_place() -> None:
    """As many results as rows; the exit code and a sentence say that some have no price."""
    records = rows(4)
    records[1] |= {"LotArea": "-5", "OverallQual": "", "Neighborhood": "Atlantis"}
    records[2] |= {"Neighborhood": "Atlantis"}
    result = predict("-", given=csv_of(records))
    assert result.exit_code == 1
    assert (
        re.fullmatch(
            r"4 rows in \d+\.\d s: 3 predicted, 1 refused \(missing_value 1, below_minimum 1\)\.\n",
            result.stderr,
        )
        or "below_minimum 1, missing_value 1" in result.stderr
    )
    table = results(result.stdout)
    assert of("Id", table) == of("Id", records)
    assert [bool(row["prediction"]) for row in table] == [True, False, True, True]
    assert [bool(row["problems"]) for row in table] == [False, True, True, False]
    texts = table[1]["problems"].split("; ")
    assert len(texts) == 3
    assert "'-5'" in table[1]["problems"]
    assert "Atlantis" in texts[2]  # a warning, after the errors


@pytest.mark.parametrize("of_records", [csv_of, jsonl_of], ids=["csv", "jsonl"])
def test_a_column_that_no_row_has_is_said_once(
    tmp_path: Path, of_records: Callable[[list[dict[str, Any]]], str]
) -> None:
    """In one sentence, and nothing is written: the table is not one of this model."""
    records = [{k: v for k, v in row.items() if k != "OverallQual"} for row in rows(3)]
    result = predict("-", given=of_records(records))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(
        "Error: No row of standard input has the required field OverallQual: expected "
    )
    assert result.stderr.count("\n") == 1
    output = tmp_path / "prices.csv"
    assert predict("-", "--output", output, given=of_records(records)).exit_code == 2
    assert not output.exists()


def test_a_column_that_some_rows_of_json_lines_have() -> None:
    """A row without it is refused, and the others are predicted."""
    first, second = rows(2)
    del first["OverallQual"]
    result = predict("-", given=jsonl_of([first, second]))
    assert result.exit_code == 1
    table = results(result.stdout)
    assert [bool(row["prediction"]) for row in table] == [False, True]
    assert "OverallQual" in table[0]["problems"]


def test_an_unknown_column_is_said_once(prices: list[str]) -> None:
    """It is no reason to leave a row without a price, nor to repeat it in every row."""
    result = predict("-", given=csv_of(rows(5, LotArae="1")))
    assert result.exit_code == 0
    said = without_closing(result.stderr)
    assert re.fullmatch(r"Warning in every row: .*LotArae.*LotArea\?\n", said)
    assert of("prediction", results(result.stdout)) == prices
    assert set(of("problems", results(result.stdout))) == {""}


def test_a_column_that_comes_twice() -> None:
    """Nobody can say which of the two is meant: no row is priced."""
    lines = [
        f"{line},LotArea" if at == 0 else f"{line},5"
        for at, line in enumerate([HEADER, *LINES[:2]])
    ]
    result = predict("-", given="\n".join(lines))
    assert result.exit_code == 1
    assert "LotArea" in result.stderr
    assert of("prediction", results(result.stdout)) == ["", ""]


def test_json_lines_that_are_no_rows(prices: list[str]) -> None:
    """A line that is no object has a problem of its own."""
    first, second = rows(2)
    given = f"{json.dumps(first)}\n17\nnull\n{json.dumps(second)}\n"
    result = predict("-", "--to", "jsonl", given=given)
    assert result.exit_code == 1
    table = [json.loads(line) for line in result.stdout.splitlines()]
    assert of("prediction", table) == [float(prices[0]), None, None, float(prices[1])]
    assert of("Id", table) == [first["Id"], None, None, second["Id"]]
    assert "17" in table[1]["problems"]


# What is written


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_each_kind_comes_out_as_it_went_in(tmp_path: Path, kind: str, prices: list[str]) -> None:
    """The name says the kind, and results can be read with the tools for it."""
    if kind == "parquet":
        pytest.importorskip("pyarrow")
    polars = pytest.importorskip("polars")
    source, output = tmp_path / f"rows.{kind}", tmp_path / f"prices.{kind}"
    write, read = {
        "csv": (polars.DataFrame.write_csv, polars.read_csv),
        "jsonl": (polars.DataFrame.write_ndjson, polars.read_ndjson),
        "parquet": (polars.DataFrame.write_parquet, polars.read_parquet),
    }[kind]
    write(polars.DataFrame(rows(5)), source)
    result = predict(source, "--output", output, "--interval")
    assert (result.exit_code, without_closing(result.output)) == (0, "")
    table = read(output)
    assert table.columns == ["Id", "prediction", "lower", "upper", "assumed", "problems"]
    assert table["prediction"].to_list() == [float(price) for price in prices]


def test_parquet_keeps_its_types_without_any_price(tmp_path: Path) -> None:
    """A column of prices is one of numbers, even where no row has one."""
    parquet = pytest.importorskip("pyarrow.parquet")
    for given in (HEADER, csv_of(rows(2, LotArea="-1"))):
        predict("-", "--output", tmp_path / "prices.parquet", given=given)
        types = parquet.read_schema(tmp_path / "prices.parquet").types
        assert [str(kind) for kind in types] == ["string", "double", "int64", "string"]


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_identifiers_of_any_type_are_carried_over(tmp_path: Path, kind: str) -> None:
    """What identifies a row is no reason to fail, however odd it is."""
    odd: list[Any] = [7, "seven", 7.5, True, None, ["a"], float("nan"), "half \ud800", 2**80]
    records = [rows(1)[0] | {"Id": value} for value in odd]
    output = tmp_path / f"prices.{kind}"
    result = predict("-", "--output", output, given=jsonl_of(records))
    assert (result.exit_code, without_closing(result.output)) == (0, "")
    assert output.stat().st_size > 0


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """The file that it leads to is written."""
    target, link = tmp_path / "target.csv", tmp_path / "link.csv"
    target.write_text("old", encoding="utf-8")
    link.symlink_to(target)
    assert predict("-", "--output", link, given=csv_of(rows(1))).exit_code == 0
    assert link.is_symlink()
    assert len(results(target.read_text(encoding="utf-8"))) == 1


def test_an_output_that_is_a_pipe(prices: list[str]) -> None:
    """A pipe or a device is written to; no file is put in its place."""
    given = csv_of(rows(5)).encode()
    done = run("predict", "-", "--output", "/dev/stdout", "--to", "csv", input=given)
    assert of("prediction", results(done.stdout.decode())) == prices


@pytest.mark.parametrize("place", ["file/prices.csv", "folder", "prices.txt"])
def test_an_output_that_cannot_be(tmp_path: Path, place: str) -> None:
    """One sentence names it, and what stood there stays."""
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    kind = ["--to", "csv"] if place == "folder" else []
    result = predict("-", "--output", tmp_path / place, *kind, given=csv_of(rows(1)))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"Error: {tmp_path / place}")
    assert result.stderr.count("\n") == 1
    assert {path.name for path in tmp_path.iterdir()} == {"file", "folder"}
    assert (tmp_path / "file").read_text(encoding="utf-8") == "mine"


def limit_files() -> None:
    """Let this process write no file beyond 4 KiB: every write after that really fails."""
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))


@pytest.mark.limits
def test_a_write_that_fails_half_way(tmp_path: Path) -> None:
    """The old file is still whole, and no part of the new one is left behind."""
    pytest.importorskip("resource")
    output = tmp_path / "prices.csv"
    output.write_text("old", encoding="utf-8")
    source = PACKAGE / "datasets" / "test.csv"
    done = run("predict", source, "--output", output, preexec_fn=limit_files)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode().startswith(f"Error: {output} cannot be written: ")
    assert done.stderr.count(b"\n") == 1
    assert output.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [output]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("command", [["predict", "-"], ["info"], ["info", "--json"], ["schema"]])
def test_standard_output_on_a_full_disk(command: list[str]) -> None:
    """The results are not lost without a word."""
    with open("/dev/full", "wb") as full:
        done = run(*command, input=csv_of(rows(5)).encode(), stdout=full)
    assert done.returncode == 2
    assert done.stderr == (b"Error: Standard output cannot be used: No space left on device.\n")


def test_a_reader_that_goes_away_is_no_error() -> None:
    """`regression-model predict ... | head` ends in silence."""
    source = str(PACKAGE / "datasets" / "test.csv")
    with subprocess.Popen(
        [*PROGRAM, "predict", source], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
    assert said == b""
    assert process.returncode == 128 + signal.SIGPIPE


# On a terminal


def on_terminal(*arguments: str | Path, **environment: str) -> tuple[int, str, str]:
    """Run `predict` with a terminal as standard output; exit code, what it shows, and errors."""
    pty = pytest.importorskip("pty")
    parent, child = pty.openpty()
    settings = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")}
    process = subprocess.Popen(
        [*PROGRAM, "predict", *map(str, arguments)],
        stdout=child,
        stderr=subprocess.PIPE,
        env=settings | {"TERM": "xterm", "COLUMNS": "120"} | environment,
    )
    os.close(child)
    shown = b""
    while piece := read_terminal(parent):
        shown += piece
    os.close(parent)
    _, said = process.communicate()
    return process.returncode, shown.decode().replace("\r\n", "\n"), said.decode()


def read_terminal(terminal: int) -> bytes:
    """Read what a program wrote to its terminal; nothing when it has ended."""
    try:
        return os.read(terminal, 65_536)
    except OSError:  # how Linux says that nobody has the other end open
        return b""


def test_a_terminal_shows_a_table_of_the_first_rows() -> None:
    """Numbers are for people, and a sentence says how to get all rows."""
    code, shown, said = on_terminal(PACKAGE / "datasets" / "test.csv", "--interval")
    assert code == 0
    assert without_closing(said) == "1,409 more: write all 1,459 rows with --output FILE.\n"
    assert "\x1b[" in shown
    assert len(re.findall(r"^ +1[45]\d\d( +\d+,\d{3}){3} +\d+ *$", shown, flags=re.MULTILINE)) == 50


def test_no_color_is_respected(tmp_path: Path) -> None:
    """Not one escape sequence, and none that comes from the input either."""
    path = tmp_path / "rows.jsonl"
    path.write_text(jsonl_of(rows(1, Id="\x1b[31m[bold]", LotArea="-1")), encoding="utf-8")
    code, shown, said = on_terminal(path, NO_COLOR="1")
    assert (code, without_closing(said)) == (1, "")
    assert "\x1b" not in shown
    assert "?[31m[bold]" in shown
    assert "LotArea" in shown


def test_parquet_is_not_written_to_a_terminal(tmp_path: Path) -> None:
    """It would be of no use to anybody."""
    code, shown, said = on_terminal(tmp_path / "rows.csv", "--to", "parquet")
    assert (code, shown) == (2, "")
    assert "--output" in said
