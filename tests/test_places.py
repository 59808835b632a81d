"""Patterns, records and files that change, with local files; what a URL needs."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from regression_model import InputError, load_model
from regression_model.cli import app
from regression_model.files.streams import opened_source
from regression_model.files.tables import read_recorded, read_table
from regression_model.remote import shown, url_of


@pytest.fixture
def parts(tmp_path: Path) -> str:
    """The pattern of two files with the same columns."""
    (tmp_path / "2024-1.csv").write_text("Id,area\n1,10\n2,20\n", encoding="utf-8")
    (tmp_path / "2024-2.csv").write_text("Id,area\n3,30\n", encoding="utf-8")
    return str(tmp_path / "2024-*.csv")


@pytest.mark.parametrize("options", [["-o", "URL"], ["--separator", ";"]])
def test_a_refused_url_is_named_without_its_secrets(options: list[str]) -> None:
    """As an output that is the input, and where an option does not fit it."""
    url = "https://me:pass@storage/rows.jsonl?token=word"
    options = [url if one == "URL" else one for one in options]
    result = CliRunner().invoke(app, ["predict", url, *options])
    assert result.exit_code == 2
    assert "https://storage/rows.jsonl is" in result.stderr and "word" not in result.stderr


def test_a_pattern_stands_for_several_files(parts: str) -> None:
    """In the order of their names, as a whole and slice by slice, with a record of each."""
    table, records = read_recorded(parts, role="monitoring")
    assert {"Id": ["1", "2", "3"], "area": ["10", "20", "30"]} == table
    assert [2, 1] == [one.rows for one in records]
    content = Path(records[1].path).read_bytes()
    assert hashlib.sha256(content).hexdigest() == records[1].sha256
    with opened_source(parts) as source:
        read = [unread() for unread in source.slices({"area"}, ["Id"])]
        assert [["1", "2"], ["3"]] == [part.carried["Id"] for part in read]
        assert records == source.records("monitoring")
        assert source.fraction() == 1


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("Id\n4\n", "has no column 'area'"),
        ("Id,area,zone\n4,40,A\n", "has a column 'zone'"),
        ("area,Id\n40,4\n", "has its columns in another order"),
    ],
)
def test_a_file_with_other_columns_is_named(
    parts: str, tmp_path: Path, text: str, what: str
) -> None:
    """Its rows would be put under the wrong names."""
    (tmp_path / "2024-3.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=rf"2024-3\.csv {what}"):
        read_table(parts)
    with (
        pytest.raises(InputError, match=rf"2024-3\.csv {what}"),
        opened_source(parts) as source,
    ):
        for unread in source.slices({"area"}, None):
            unread()


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tmp_path: Path) -> None:
    """Nobody has to rename it."""
    path = tmp_path / "rows[1].csv"
    path.write_text("Id\n1\n", encoding="utf-8")
    assert {"Id": ["1"]} == read_table(str(path))


def test_predictions_of_several_files_are_one_result(scoring_file: Path, tmp_path: Path) -> None:
    """A pattern without files is told in one sentence."""
    header, *lines = scoring_file.read_bytes().splitlines(keepends=True)[:21]
    (tmp_path / "a-1.csv").write_bytes(header + b"".join(lines[:10]))
    (tmp_path / "a-2.csv").write_bytes(header + b"".join(lines[10:]))
    found = CliRunner().invoke(app, ["predict", str(tmp_path / "a-*.csv"), "--to", "jsonl"])
    assert found.exit_code == 0 and len(found.stdout.splitlines()) == 20
    found = CliRunner().invoke(app, ["predict", str(tmp_path / "b-*.csv")])
    assert found.exit_code == 2 and "there is no file whose name matches" in found.stderr


def test_a_file_that_grows_while_it_is_read_is_refused(tmp_path: Path) -> None:
    """Another program has not finished it."""
    path = tmp_path / "rows.csv"
    path.write_text("Id,area\n" + "1,10\n" * 600_000, encoding="utf-8")
    with (
        pytest.raises(InputError, match=r"rows\.csv changed while it was read"),
        opened_source(str(path)) as source,
    ):
        slices = source.slices({"area"}, None)
        next(slices)
        with path.open("a", encoding="utf-8") as file:
            file.write("2,20\n")
        for _ in slices:
            pass


@pytest.mark.parametrize(
    ("place", "url", "name"),
    [
        ("rows.csv", None, "rows.csv"),
        ("C:/rows.csv", None, "C:/rows.csv"),
        ("models:/houses@champion", None, "models:/houses@champion"),
        ("s3://bucket/a b.csv", "s3://bucket/a b.csv", "s3://bucket/a b.csv"),
        (
            "https://me:word@host/a.csv?t=word#b",
            "https://me:word@host/a.csv?t=word#b",
            "https://host/a.csv",
        ),
        (Path("s3://bucket/a.csv"), "s3://bucket/a.csv", "s3://bucket/a.csv"),
    ],
)
def test_a_url_is_shown_without_what_is_secret(
    place: str | Path, url: str | None, name: str
) -> None:
    """A path, and the name of a model in a registry, stay what they are."""
    assert (url, name) == (url_of(place), shown(place))


def test_a_url_without_the_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a table and for a model; nothing secret is in the sentence."""
    monkeypatch.setitem(sys.modules, "fsspec", None)
    for command in (["predict", "s3://bucket/a.csv"], ["info", "--model", "s3://bucket/a.onnx"]):
        found = CliRunner().invoke(app, command)
        assert found.exit_code == 2
        assert "fsspec is not installed; it comes with the extra remote" in found.stderr


def test_nothing_for_urls_is_imported_before_there_is_one(scoring_file: Path) -> None:
    """Whoever has the extra pays nothing for it."""
    program = (
        "import sys; from regression_model.files.tables import read_table; "
        "from regression_model import load_model; "
        f"load_model(); read_table({os.fspath(scoring_file)!r}); "
        "assert not {'fsspec', 's3fs', 'aiohttp'} & {*sys.modules}"
    )
    subprocess.run([sys.executable, "-P", "-c", program], check=True)
    assert load_model().source
