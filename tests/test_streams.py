"""The cells of CSV files found with numpy: the same that `csv.reader` finds, or left to it."""

import csv
import io
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import regression_model
from regression_model import InputError, load_model
from regression_model.files.streams import cells, opened_source, sources
from regression_model.files.streams.sinks import opened_sink
from regression_model.files.tables import read_table


def columns_of(path: Path) -> dict[str, list[str]]:
    """Read a file slice by slice, as the model is given it, and as it is carried over."""
    with opened_source(str(path)) as source:
        assert source.names is not None
        given: dict[str, list[str]] = {name: [] for name in source.names}
        carried: dict[str, list[str]] = {name: [] for name in source.names}
        for unread in source.slices(set(source.names), source.names):
            part = unread()
            for name in source.names:
                column = part.rows[name]
                given[name] += [column[row] for row in range(part.count)]
                carried[name] += part.carried[name]
    assert given == carried
    return given


def expected_columns(content: bytes) -> dict[str, list[str]]:
    """Read the same with the standard library alone."""
    header, *rows = filter(None, csv.reader(io.StringIO(content.decode(), newline="")))
    columns = zip(*rows, strict=True) if rows else [()] * len(header)
    return {name: list(column) for name, column in zip(header, columns, strict=True)}


LONG = ["a text of more than eight bytes", "a text of more than eight letters", "x" * 100, "x" * 99]
PLAIN = ["", "1", "1.5", "NA", "RL", "abcdefgh", "abcdefg", " 7 ", "Dölker", "日本語", *LONG]
QUOTED = [*PLAIN, "a,b", "two\nlines", "12345678,", "\n"]
HARD = [*QUOTED, 'a "b" c', '"', "nul\0", "a\r\nb"]


@pytest.mark.parametrize("seed", range(60))
def test_the_cells_are_those_of_the_standard_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Whatever the cells, the line ends, the quotes and the lengths of the slices."""
    draw = random.Random(seed)
    monkeypatch.setattr(cells, "_ROWS", draw.choice([1, 7, 64, 8192]))
    monkeypatch.setattr(cells, "_MOST_BYTES", draw.choice([64, 1000, 8 << 20]))
    texts = [PLAIN, QUOTED, HARD][seed % 3]
    width, rows = draw.randint(1, 6), draw.randint(0, 300)
    text = io.StringIO(newline="")
    quoting: Any = draw.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
    writer = csv.writer(text, quoting=quoting, lineterminator=draw.choice(["\n", "\r\n"]))
    writer.writerow([f"c{i}" for i in range(width)])
    for row in range(rows):
        if draw.random() < 0.01:
            text.write("\n")
        easy = draw.random() < 0.9
        writer.writerow([draw.choice(PLAIN if easy else texts) for _ in range(width)])
    content = text.getvalue()[: None if draw.random() < 0.5 else -1].encode()
    path = tmp_path / "rows.csv"
    path.write_bytes(content)
    assert columns_of(path) == expected_columns(content)


def test_numbers_that_never_repeat(tmp_path: Path) -> None:
    """As many values as rows, more than the hash table has room for without two in one place."""
    content = "a,b\n" + "".join(f"{i / 7},{i}\n" for i in range(20_000))
    path = tmp_path / "rows.csv"
    path.write_text(content, encoding="utf-8")
    assert columns_of(path) == expected_columns(content.encode())


def numpy_rows(path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Count the rows that are not left to the standard library."""
    left = 0

    def counted(rows: Any, *_: Any) -> Any:
        nonlocal left
        left += sum(1 for _ in rows)
        return iter(())

    monkeypatch.setattr(sources, "_csv_slices", counted)
    with opened_source(str(path)) as source:
        found = sum(unread().count for unread in source.slices({"a"}, ()))
    return found if left == 0 else -left


@pytest.mark.parametrize("line", ["1,2\n", '"1","2"\n', "1,2\r\n", '1,"2,3"\r\n', '"a\nb",2\n'])
@pytest.mark.parametrize("last", ["", "3,4"])
def test_usual_files_are_not_left_to_the_standard_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, last: str
) -> None:
    """Which would take five times as long."""
    path = tmp_path / "rows.csv"
    path.write_text("a,b\n" + line * 20_000 + last, encoding="utf-8", newline="")
    rows = numpy_rows(path, monkeypatch)
    assert rows == 20_000 + bool(last) or (last and line.endswith("\r\n") and rows < 0)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (b"1\n", "1 values for 2 columns"),
        (b"1,2,3\n", "3 values for 2 columns"),
        (b'1,"2\n', "not CSV: unexpected end of data"),
        (b'1,"2"x\n', "not CSV: ',' expected after '\"'"),
        (b"1,\xff\n", "byte 0xff is not UTF-8: save the file as UTF-8"),
        (b"1," + b"x" * 200_000 + b"\n", "not CSV: field larger than field limit (131072)"),
    ],
)
@pytest.mark.parametrize("before", [b"1,2\n", b'"1","2"\n', b'"a\nb",2\n'])
def test_mistakes_far_down_keep_their_line(
    tmp_path: Path, wrong: bytes, said: str, before: bytes
) -> None:
    """Counted over the whole file, also where cells have several lines."""
    path = tmp_path / "rows.csv"
    path.write_bytes(b"a,b\n" + before * 30_000 + wrong)
    lines = 30_000 * before.count(b"\n") + 2
    with pytest.raises(InputError) as caught:
        columns_of(path)
    assert str(caught.value) == f"{path}, line {lines}: {said}."


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_what_is_written_is_what_csv_writes(tmp_path: Path, separator: str) -> None:
    """Quotes only where they are needed, numbers with all their digits, nothing for None."""
    columns: dict[str, list[Any]] = {
        "name;of, it": ["", "a,b", "a;b", 'a "b"', "two\nlines", None, "ü\tx"],
        "number": [1.0, 0.1, 1e300, 5e-324, -0.0, 1e16, 123456.789],
        "count": [1, -2, 0, 2**70, 5, 6, 7],
        "any": [1, 0.1, "x", None, True, "", "a,b"],
    }
    path = tmp_path / f"out{'.tsv' if separator == chr(9) else '.csv'}"
    from regression_model.files.streams import Format

    with opened_sink(str(path), format_=Format("csv", separator)) as sink:
        sink.write(columns)
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    assert path.read_bytes().decode() == text.getvalue()


@pytest.mark.parametrize("rows", [1, 10, 1000, 20_000])
@pytest.mark.parametrize("dictionary", [True, False])
def test_parquet_in_row_groups_is_predicted_like_the_table(
    tmp_path: Path, rows: int, dictionary: bool
) -> None:
    """Every type of number, with and without missing ones, however the file is cut."""
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    test_rows = read_table(str(Path(regression_model.__file__).parent / "datasets" / "test.csv"))
    times = 6 if rows == 1 else 15  # more than one slice of either
    table = pyarrow.table({name: cells * times for name, cells in test_rows.items()})
    types = ["int16", "uint32", "int64", "float", "double", "halffloat"]
    for at, name in enumerate(["OverallQual", "YrSold", "LotArea", "GrLivArea", "BsmtFinSF1"]):
        texts = [text if text != "NA" else None for text in table[name].to_pylist()]
        numbers = [None if text is None else int(text) for text in texts]
        if at > 3:
            numbers[::7] = [None] * len(numbers[::7])
        column = pyarrow.array(numbers, "int64").cast(types[at])
        table = table.set_column(table.column_names.index(name), name, column)
    path = tmp_path / "rows.parquet"
    parquet.write_table(table, path, row_group_size=rows * 17, use_dictionary=dictionary)
    expected = load_model().predict(table)
    found = []
    with opened_source(str(path)) as source:
        assert source.names is not None
        for unread in source.slices(set(source.names), ()):
            found.append(load_model().predict(unread().rows))
    values = np.concatenate([one.values for one in found])
    np.testing.assert_allclose(values, expected.values, rtol=1e-9)
    assert np.concatenate([one.assumed for one in found]).tolist() == expected.assumed.tolist()
    assert sum(len(one.problems) for one in found) == len(expected.problems)


def test_parquet_is_written_with_what_is_missing(tmp_path: Path) -> None:
    """NaN is missing, in the first rows as in later ones; counts stay whole numbers."""
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "out.parquet"
    slices: list[dict[str, Any]] = [
        {"Id": [1, 2], "price": np.array([np.nan, 1.5]), "count": np.array([0, 3])},
        {"Id": [3], "price": np.array([np.nan]), "count": np.array([1])},
        {"Id": [None], "price": np.array([2.5]), "count": np.array([2])},
    ]
    with opened_sink(str(path)) as sink:
        for columns in slices:
            sink.write(columns)
    assert parquet.read_table(path).to_pydict() == {
        "Id": [1, 2, 3, None],
        "price": [None, 1.5, None, 2.5],
        "count": [0, 3, 1, 2],
    }
    types = [str(kind) for kind in parquet.read_schema(path).types]
    assert types == ["int64", "double", "int64"]
