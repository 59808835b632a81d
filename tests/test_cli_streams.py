"""`predict` and `explain` on tables of any length: in slices, whole, and never in place."""

import csv
import gzip
import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path
from time import sleep
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import regression_model
from regression_model.cli import app
from regression_model.runtime.model_file.release import find_model_file

PACKAGE = Path(regression_model.__file__).parent
PROGRAM = "from regression_model.cli import main; main()"
NO_ARROW = f"import sys; sys.modules.update({{'pyarrow': None, 'pyarrow.csv': None}}); {PROGRAM}"
HEADER, *LINES = (PACKAGE / "datasets" / "test.csv").read_text(encoding="utf-8").splitlines()
NAMES = HEADER.split(",")


def invoke(*arguments: str | Path, given: str | bytes | None = None) -> Result:
    """Run a command inside this process."""
    return CliRunner().invoke(app, list(map(str, arguments)), input=given)


def run(code: str, *arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the program, with or without pyarrow."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    command = [sys.executable, "-P", "-c", code, *map(str, arguments)]
    return subprocess.run(command, check=False, text=True, **streams)


def table(rows: int, separator: str = ",") -> str:
    """The first rows of the test data, again and again."""
    text = "\n".join([HEADER, *islice(cycle(LINES), rows)]) + "\n"
    return text.replace(",", separator)


def rows_of(text: str) -> list[dict[str, str]]:
    """Read CSV."""
    return list(csv.DictReader(io.StringIO(text)))


def write(path: Path, content: str | bytes) -> Path:
    """Write a file, and return where it is."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def block_arrow(patch: pytest.MonkeyPatch) -> None:
    """Let pyarrow be absent."""
    for name in ["pyarrow", *(name for name in sys.modules if name.startswith("pyarrow."))]:
        patch.setitem(sys.modules, name, None)


@pytest.fixture(params=["arrow", "base"])
def installed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With pyarrow, and as in the base install."""
    if request.param == "base":
        block_arrow(monkeypatch)


@pytest.fixture(scope="module")
def expected() -> str:
    """What the first five rows give."""
    return invoke("predict", "-", given=table(5)).stdout


# An output is never an input


def linked(path: Path) -> Path:
    """Another name for a file, by a symbolic link."""
    link = path.with_name(f"link-{path.name}")
    link.symlink_to(path)
    return link


def hard_linked(path: Path) -> Path:
    """Another name for a file, by a hard link."""
    link = path.with_name(f"hard-{path.name}")
    link.hardlink_to(path)
    return link


def roundabout(path: Path) -> Path:
    """Another way to write where a file is."""
    return path.parent / "." / ".." / path.parent.name / path.name


@pytest.mark.parametrize("command", ["predict", "explain"])
@pytest.mark.parametrize("other_name", [Path, linked, hard_linked, roundabout])
def test_the_input_is_not_overwritten(
    tmp_path: Path, command: str, other_name: Callable[[Path], Path]
) -> None:
    """By whatever name; the sentence says which one it is, and the rows stay."""
    path = write(tmp_path / "rows.csv", table(2))
    output = other_name(path)
    result = invoke(command, path, "--output", output)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"Error: {output} is the input: name another file for the results.\n"
    assert path.read_text(encoding="utf-8") == table(2)


@pytest.mark.parametrize("command", ["predict", "explain"])
def test_the_model_is_not_overwritten(tmp_path: Path, command: str) -> None:
    """Its name does not save it: a link to it may end in .csv."""
    shipped = find_model_file(PACKAGE)
    assert shipped is not None
    model = write(tmp_path / "model.onnx", shipped.read_bytes())
    link = tmp_path / "results.csv"
    link.symlink_to(model)
    result = invoke(command, "-", "--model", model, "--output", link, given=table(2))
    assert (result.exit_code, result.stdout) == (2, "")
    assert "is the model: name another file" in result.stderr
    assert model.read_bytes() == shipped.read_bytes()


def test_problems_have_a_file_of_their_own(tmp_path: Path) -> None:
    """Neither the input, nor the output, also when that is not there yet."""
    path = write(tmp_path / "rows.csv", table(2))
    for place in (path, tmp_path / "out.csv"):
        result = invoke("predict", path, "-o", tmp_path / "out.csv", "--problems", place)
        assert result.exit_code == 2
        assert "name another file for the problems" in result.stderr
    assert list(tmp_path.iterdir()) == [path]


def test_streams_that_are_files_are_no_way_round(tmp_path: Path) -> None:
    """`< rows.csv -o rows.csv` and `>> rows.csv` are seen as well; the second would never end."""
    path = write(tmp_path / "rows.csv", table(2))
    with open(path, encoding="utf-8") as stream:
        read = run(PROGRAM, "predict", "-", "-o", path, stdin=stream)
    with open(path, "a", encoding="utf-8") as stream:
        appended = run(PROGRAM, "predict", path, stdout=stream)
    assert (read.returncode, appended.returncode) == (2, 2)
    assert appended.stderr.startswith("Error: standard output is the input")
    assert path.read_text(encoding="utf-8") == table(2)


# Tables of other kinds


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("separator", "named", "option"),
    [(";", "semicolons", "';'"), ("\t", "tabs", "tab"), ("|", "'|'", "'|'")],
)
def test_another_separator_is_named(
    tmp_path: Path, separator: str, named: str, option: str, expected: str
) -> None:
    """The sentence has the option to add, and with it the rows are predicted."""
    path = write(tmp_path / "rows.csv", table(5, separator))
    refused = invoke("predict", path)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr == (
        f"Error: {path}: its columns are separated by {named}, not by commas: "
        f"add --separator {option}.\n"
    )
    done = invoke("predict", path, "--separator", option.strip("'"))
    assert (done.exit_code, done.stdout) == (0, expected)


def test_an_unrelated_table_is_refused_in_one_sentence(tmp_path: Path) -> None:
    """However many rows it has, and nothing is written."""
    path = write(tmp_path / "rows.csv", "name,age\n" + "somebody,7\n" * 10_000)
    result = invoke("predict", path, "--output", tmp_path / "out.csv")
    assert (result.exit_code, result.stdout) == (2, "")
    assert re.fullmatch(
        r"Error: No row of \S+ has the required fields LotArea, .*\. Received: name, age\.\n",
        result.stderr,
    )
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("separator", ["", "long", '"', "\n", "é"])
def test_a_separator_that_cannot_be(separator: str) -> None:
    """One character, or tab."""
    result = invoke("predict", "-", "--separator", separator, given=table(1))
    assert (result.exit_code, result.stdout) == (2, "")
    assert "cannot be used: expected one character, or tab." in result.stderr


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("rows.csv.gz", gzip.compress(table(5).encode())),
        ("rows.csv", gzip.compress(table(5).encode())),
        ("rows.tsv", table(5, "\t").encode()),
        ("rows.tsv.gz", gzip.compress(table(5, "\t").encode())),
        ("rows.csv", table(5).replace(",", ", ").encode()),
        ("rows.csv", table(5).replace("MSSubClass,", ' "MSSubClass",', 1).encode()),
        ("rows.csv", table(5).replace("\n", "\r").encode()),
        ("rows.csv", table(5).replace("\n", "\r\n").encode()),
        ("rows.jsonl.gz", gzip.compress("\n".join(map(json.dumps, rows_of(table(5)))).encode())),
    ],
    ids=["gz", "unnamed-gz", "tsv", "tsv-gz", "blanks", "quotes", "cr", "crlf", "jsonl-gz"],
)
def test_kinds_that_simply_work(tmp_path: Path, name: str, content: bytes, expected: str) -> None:
    """The same rows give the same results, with pyarrow and without."""
    done = invoke("predict", write(tmp_path / name, content))
    assert (done.exit_code, done.stdout) == (0, expected), done.stderr


def test_a_header_alone_is_said() -> None:
    """The results have a header alone too."""
    result = invoke("predict", "-", given=HEADER + "\n")
    assert (result.exit_code, result.stdout) == (0, "Id,prediction,assumed,problems\n")
    assert result.stderr == "There are no rows in standard input: nothing was predicted.\n"


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_many_unknown_columns_are_one_line(kind: str) -> None:
    """With the first names, and how many more there are."""
    more = [f"extra{i}" for i in range(10_000)]
    text = f"{HEADER},{','.join(more)}\n{LINES[0]}{',1' * len(more)}\n"
    if kind == "jsonl":
        row = dict(zip([*NAMES, *more], [*LINES[0].split(","), *more], strict=True))
        text = f"{json.dumps(row)}\n{json.dumps(row)}\n"
    result = invoke("predict", "-", given=text)
    assert result.exit_code == 0
    warning, closing = result.stderr.splitlines()
    assert warning.startswith(
        "Warning in every row: 10,000 fields are not known and were not used: 'extra0', 'extra1',"
    )
    assert warning.endswith(" and 9,990 more.")
    assert re.match(r"\d rows? in ", closing)


# In slices


def spoilt(rows: int, *at: int) -> str:
    """Rows of which some have a lot of negative size."""
    lines = table(rows).splitlines()
    place = NAMES.index("LotArea")
    for row in at:
        cells = lines[row].split(",")
        cells[place] = "-5"
        lines[row] = ",".join(cells)
    return "\n".join(lines) + "\n"


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("threads", ["1", "3"])
def test_rows_are_counted_over_the_whole_file(tmp_path: Path, threads: str) -> None:
    """In the problems and in the closing sentence; every row keeps its place."""
    path = write(tmp_path / "rows.csv", spoilt(20_000, 7, 19_999))
    output, problems = tmp_path / "out.csv", tmp_path / "problems.jsonl"
    done = invoke("predict", path, "-o", output, "--problems", problems, "--threads", threads)
    assert done.exit_code == 1
    assert re.fullmatch(
        r"20,000 rows in \d+\.\d s: 19,998 predicted, 2 refused \(below_minimum 2\)\.\n",
        done.stderr,
    )
    found = [json.loads(line) for line in problems.read_text(encoding="utf-8").splitlines()]
    errors = [one for one in found if one["severity"] == "error"]
    assert [(one["row"], one["field"]) for one in errors] == [(7, "LotArea"), (19_999, "LotArea")]
    assert "LotArea is '-5'" in errors[0]["message"]
    results = rows_of(output.read_text(encoding="utf-8"))
    assert list(results[0]) == ["Id", "prediction", "assumed"]
    assert [i for i, row in enumerate(results, 1) if not row["prediction"]] == [7, 19_999]
    assert [row["Id"] for row in results] == [row["Id"] for row in rows_of(table(20_000))]
    first, later = (float(results[at]["prediction"]) for at in (8, 8 + 13 * len(LINES)))
    assert first == pytest.approx(later, rel=1e-9)


def test_both_readers_give_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers that hardly repeat, odd texts and missing values included."""
    lines = table(3000).splitlines()
    place = NAMES.index("GrLivArea")
    for at, cell in enumerate(
        ["", "NA", "nan", "1e3", " 900 ", "+900", "9_0", "inf", "x"], start=5
    ):
        cells = lines[at].split(",")
        cells[place] = cell
        lines[at] = ",".join(cells)
    for at in range(100, 3000):
        cells = lines[at].split(",")
        cells[place] = f"{1000 + at / 7}"
        lines[at] = ",".join(cells)
    odd = write(tmp_path / "odd.csv", "\n".join(lines))
    numbers = write(tmp_path / "numbers.csv", "\n".join([HEADER, *lines[100:]]))
    with_arrow = [invoke("predict", path).stdout for path in (odd, numbers)]
    block_arrow(monkeypatch)
    assert [invoke("predict", path).stdout for path in (odd, numbers)] == with_arrow
    assert all(text.count("\n") > 2000 for text in with_arrow)


def test_the_columns_of_the_input_are_kept(tmp_path: Path) -> None:
    """As they came, before the prediction; unknown ones too."""
    text = (
        table(3)
        .replace(HEADER, f"{HEADER},note")
        .replace("\n", ",mine\n")
        .replace("note,mine", "note")
    )
    path = write(tmp_path / "rows.csv", text)
    result = invoke("predict", path, "--keep")
    assert result.exit_code == 0
    kept = rows_of(result.stdout)
    assert list(kept[0]) == [*NAMES, "note", "prediction", "assumed", "problems"]
    for row, given in zip(kept, rows_of(text), strict=True):
        assert {name: row[name] for name in given} == given


def test_a_kept_column_is_not_written_twice() -> None:
    """A table that has predictions already has to give them another name."""
    text = table(1).replace("Id,", "prediction,", 1)
    result = invoke("predict", "-", "--keep", given=text)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "The input has a column 'prediction'" in result.stderr


@pytest.mark.parametrize("ending", ["csv.gz", "tsv", "jsonl.gz", "parquet"])
def test_every_kind_is_written_in_slices(tmp_path: Path, ending: str) -> None:
    """And reads the same, whatever is written."""
    pytest.importorskip("pyarrow")
    path, output = write(tmp_path / "rows.csv", table(20_000)), tmp_path / f"out.{ending}"
    assert invoke("predict", path, "--output", output).exit_code == 0
    content = output.read_bytes()
    text = gzip.decompress(content).decode() if ending.endswith("gz") else ""
    if ending == "parquet":
        from pyarrow import parquet

        found = parquet.read_table(output).to_pylist()
    elif ending == "tsv":
        found = list(csv.DictReader(io.StringIO(content.decode()), delimiter="\t"))
    else:
        found = rows_of(text) if "csv" in ending else list(map(json.loads, text.splitlines()))
    assert len(found) == 20_000
    first, later = (float(found[at]["prediction"]) for at in (0, len(LINES)))
    assert first == pytest.approx(later, rel=1e-9)


def test_an_output_takes_its_place_only_when_whole(tmp_path: Path) -> None:
    """A mistake in the last line of a long file leaves the old results, and nothing else."""
    path = write(tmp_path / "rows.csv", table(40_000) + "1,2\n")
    output = write(tmp_path / "out.csv", "old")
    result = invoke("predict", path, "-o", output, "--problems", tmp_path / "problems.csv")
    assert result.exit_code == 2
    assert "line 40002: 2 values for 80 columns" in result.stderr
    assert output.read_text(encoding="utf-8") == "old"
    assert sorted(tmp_path.iterdir()) == [output, path]


MEASURED = f"""
import resource, sys
try:
    {PROGRAM.replace('; ', chr(10) + '    ')}
finally:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere memory is counted in other units")
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_memory_does_not_grow_with_the_input(tmp_path: Path, kind: str) -> None:
    """Four times the rows need hardly more; a file of Parquet has more row groups."""
    most = []
    for times in (1, 4):
        path = tmp_path / f"rows.{kind}"
        if kind == "csv":
            write(path, table(times * 60_000))
        else:
            pytest.importorskip("pyarrow")
            from pyarrow import csv, parquet

            some = csv.read_csv(io.BytesIO(table(60_000).encode()))
            with parquet.ParquetWriter(path, some.schema) as writer:
                for _ in range(times):
                    writer.write_table(some)
        done = run(MEASURED, "predict", path, "-o", tmp_path / f"out.{kind}", "--threads", "2")
        most.append(int(done.stderr.splitlines()[-1]))
    assert most[1] < 1.25 * most[0]


def test_a_terminal_sees_a_bar() -> None:
    """Rows and speed while they pass; elsewhere there is none."""
    pty = pytest.importorskip("pty")
    parent, child = pty.openpty()
    env = os.environ | {"TERM": "xterm", "COLUMNS": "100"}
    done = subprocess.Popen(
        [sys.executable, "-P", "-c", PROGRAM, "predict", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=child,
        env=env,
    )
    assert done.stdin is not None
    done.stdin.write(table(20_000).encode())
    done.stdin.close()
    os.close(child)
    said = b""
    try:
        while piece := os.read(parent, 65_536):
            said += piece
    except OSError:  # how Linux says that nobody has the other end open
        pass
    os.close(parent)
    assert done.wait() == 0
    assert b"rows/s" in said
    assert b"20,000 rows in " in said


@pytest.mark.skipif(os.name == "nt", reason="no such signal there")
@pytest.mark.parametrize("code", [PROGRAM, NO_ARROW], ids=["arrow", "base"])
def test_an_interrupted_stream_leaves_nothing(tmp_path: Path, code: str) -> None:
    """Neither a file nor a waiting process, though standard input stays open."""
    output = tmp_path / "out.csv"
    command = [sys.executable, "-P", "-c", code, "predict", "-", "--from", "csv", "-o", str(output)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stderr=pipe) as process:
        assert process.stdin is not None and process.stderr is not None
        process.stdin.write(table(20_000).encode())
        process.stdin.flush()
        sleep(1)  # now it waits for more
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
        assert process.stderr.read() == b"Interrupted.\n"
    assert list(tmp_path.iterdir()) == []


def test_a_failed_stream_leaves_no_thread(tmp_path: Path) -> None:
    """Neither the one that reads nor those that predict."""
    before = threading.active_count()
    path = write(tmp_path / "rows.csv", table(40_000) + "1,2\n")
    assert invoke("predict", path, "-o", tmp_path / "out.csv", "--threads", "3").exit_code == 2
    assert threading.active_count() == before


def test_explanations_come_in_slices_too(tmp_path: Path) -> None:
    """A row far down is found by its number over the whole file."""
    path = write(tmp_path / "rows.csv.gz", gzip.compress(table(10_000).encode()))
    far = invoke("explain", path, "--row", "9500", "--json")
    near = invoke("explain", path, "--row", str(9500 % len(LINES)), "--json")
    assert (far.exit_code, near.exit_code) == (0, 0)
    one, other = json.loads(far.stdout), json.loads(near.stdout)
    assert (one.pop("row"), other.pop("row")) == (9_500, 9_500 % len(LINES))
    assert one == other
