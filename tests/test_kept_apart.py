"""`python -m benchmarks.kept_apart`: rows are paired, evaluated and recorded, or refused.

The public table is made here, from train.csv and test.csv: the prices of test.csv in it are made
up, as nobody who develops the model looks at the real ones.
"""

import csv
import io
import random
import re
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from regression_model import Model
from regression_model.errors import InputError
from regression_model.evaluation import Estimate
from regression_model.runtime.model_file.release import find_model_file
from regression_model.runtime.model_file.sealing import open_sealed, seal

ROOT = Path(__file__).parents[1]
PUBLISHED = ROOT / "docs" / "kept-apart.md"
NAMES = """
    Order,PID,MS SubClass,MS Zoning,Lot Frontage,Lot Area,Street,Alley,Lot Shape,Land Contour,
    Utilities,Lot Config,Land Slope,Neighborhood,Condition 1,Condition 2,Bldg Type,House Style,
    Overall Qual,Overall Cond,Year Built,Year Remod/Add,Roof Style,Roof Matl,Exterior 1st,
    Exterior 2nd,Mas Vnr Type,Mas Vnr Area,Exter Qual,Exter Cond,Foundation,Bsmt Qual,Bsmt Cond,
    Bsmt Exposure,BsmtFin Type 1,BsmtFin SF 1,BsmtFin Type 2,BsmtFin SF 2,Bsmt Unf SF,
    Total Bsmt SF,Heating,Heating QC,Central Air,Electrical,1st Flr SF,2nd Flr SF,Low Qual Fin SF,
    Gr Liv Area,Bsmt Full Bath,Bsmt Half Bath,Full Bath,Half Bath,Bedroom AbvGr,Kitchen AbvGr,
    Kitchen Qual,TotRms AbvGrd,Functional,Fireplaces,Fireplace Qu,Garage Type,Garage Yr Blt,
    Garage Finish,Garage Cars,Garage Area,Garage Qual,Garage Cond,Paved Drive,Wood Deck SF,
    Open Porch SF,Enclosed Porch,3Ssn Porch,Screen Porch,Pool Area,Pool QC,Fence,Misc Feature,
    Misc Val,Mo Sold,Yr Sold,Sale Type,Sale Condition,SalePrice
"""
HEADER = [name.strip() for name in NAMES.split(",")]
Rows = list[dict[str, str]]

pytestmark = pytest.mark.usefixtures("benchmarks")


def module(name: str) -> ModuleType:
    """One module of the command."""
    return import_module(f"benchmarks.kept_apart.{name}")


def packaged_name(public: str) -> str:
    """The name of a column in train.csv."""
    return public.replace(" ", "").replace("/", "")


def respelt(name: str, cell: str, chance: random.Random) -> str:
    """Write a cell as another publication does."""
    if name == "MSSubClass":
        return cell.zfill(3)
    if name == "SaleType":
        return f"{cell} "
    if cell in ("NA", "None"):
        return chance.choice([cell, ""])
    if name in ("LotFrontage", "GarageCars", "TotalBsmtSF"):
        return f"{cell}.0"
    return cell


@pytest.fixture(scope="module")
def made_up(model: Model, all_rows: tuple[dict[str, str], ...]) -> np.ndarray:
    """Prices of test.csv: predictions with a known noise, two of them far off."""
    noise = np.random.default_rng(11).normal(0.0, 0.1, len(all_rows))
    noise[[40, 900]] = -1.2, 1.4
    return np.round(model.predict(list(all_rows)).values * np.exp(noise))


@pytest.fixture(scope="module")
def public(all_rows: tuple[dict[str, str], ...], training_file: Path, made_up: np.ndarray) -> Rows:
    """The 2,919 packaged rows and eleven more, in another order and spelling."""
    chance = random.Random(7)
    with training_file.open(encoding="utf-8", newline="") as file:
        training = list(csv.DictReader(file))
    test = [row | {"SalePrice": f"{p:.0f}"} for row, p in zip(all_rows, made_up, strict=True)]
    more = [row | {"LotArea": "77777", "GrLivArea": "4321", "YrSold": "2009"} for row in test[:11]]
    rows = [
        {"Order": "", "PID": str(526_301_100 + i)}
        | {
            name: respelt(packaged_name(name), row[packaged_name(name)], chance)
            for name in HEADER[2:]
        }
        for i, row in enumerate([*training, *test, *more])
    ]
    rows[5]["Lot Area"] = "14999"
    rows[1500]["Garage Area"], rows[1500]["Exterior 2nd"] = "1", "Wd Shng?"
    chance.shuffle(rows)
    for order, row in enumerate(rows, start=1):
        row["Order"] = str(order)
    return rows


@pytest.fixture
def table(public: Rows) -> Rows:
    """The same, free to be changed."""
    return [dict(row) for row in public]


def written(folder: Path, rows: Rows, header: Sequence[str] = HEADER) -> Path:
    """Write rows as the public file."""
    path = folder / "AmesHousing.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture(scope="module")
def file(public: Rows, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The public file."""
    return written(tmp_path_factory.mktemp("public"), public)


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The page as it is published, without a release in it, on a day in March."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1772700000")
    path = tmp_path / "kept-apart.md"
    text = PUBLISHED.read_text(encoding="utf-8")
    path.write_text(re.sub(r"(\| date .*\n\|[ |-]+\n)(\|.*\n)*", r"\1", text), encoding="utf-8")
    return path


def run(*arguments: str | Path, page: Path) -> int:
    """Run the command inside this process."""
    code: int = module("__main__").main([*map(str, arguments)], page=page)
    return code


def cells_of(printed: str) -> dict[str, list[str]]:
    """The rows of the printed tables, by their first cell."""
    rows = [line.strip("| ").split(" | ") for line in printed.splitlines() if line[:1] == "|"]
    return {row[0].strip(): [cell.strip() for cell in row[1:]] for row in rows}


# The table of the other spelling


def test_every_row_is_paired_with_itself(file: Path, made_up: np.ndarray) -> None:
    """Shuffled and respelt, with a few cells that differ and rows that belong to neither file."""
    ours, known = module("tables").read_ours()
    theirs = module("tables").read_public(str(file), list(ours.columns))
    pairs = module("pairing").pair(ours, theirs)

    module("pairing").check_pairs(pairs, path="AmesHousing.csv")
    assert (1460, 2919) == (known, len({*pairs.partner.tolist()}))
    found = np.array(theirs.prices)[pairs.partner]
    np.testing.assert_array_equal(ours.prices, found[:known])
    np.testing.assert_array_equal(made_up, found[known:])
    assert {5: 1, 1500: 2} == {int(i): int(n) for i, n in enumerate(pairs.differing) if n}


@pytest.fixture(scope="module")
def printed(file: Path) -> str:
    """What the command prints of the public file."""
    with redirect_stdout(io.StringIO()) as out:
        assert 0 == run(file, "--no-record", page=Path("absent.md"))
    return out.getvalue()


def test_the_metrics_are_those_of_the_predictions(
    printed: str, model: Model, all_rows: tuple[dict[str, str], ...], made_up: np.ndarray
) -> None:
    """As numpy computes them from the prices."""
    said = cells_of(printed)

    predicted = model.predict(list(all_rows))
    logs = np.log(predicted.values / made_up)
    inside = (predicted.lower <= made_up) & (made_up <= predicted.upper)
    width = (predicted.upper - predicted.lower) / ((predicted.upper + predicted.lower) / 2)
    usual = np.delete(logs, [40, 900])
    errors = np.abs(predicted.values - made_up)
    assert f"{np.sqrt(np.mean(logs**2)):.4f}" == said["RMSLE"][0]
    assert f"{np.sqrt(np.mean(usual**2)):.4f}" == said["RMSLE without the two oddest sales"][0]
    assert f"{errors.mean():,.0f}" == said["mean absolute error, $"][0]
    assert f"{np.median(errors):,.0f}" == said["median absolute error, $"][0]
    assert f"{inside.mean():.1%}" == said["coverage of the 90% intervals"][0]
    assert f"{np.median(width):.1%}" == said["median relative width of the intervals"][0]
    percent = np.median(100 * (predicted.values / made_up - 1))
    (label,) = [name for name in said if name.startswith("median error, %")]
    assert f"{percent:+.1f}" == said[label][0]
    quartile = np.digitize(made_up, np.quantile(made_up, [0.25, 0.5, 0.75]))
    for i, name in enumerate(module("scores").QUARTILES):
        of = quartile == i
        expected = [
            f"{of.sum()}",
            f"{np.sqrt(np.mean(logs[of] ** 2)):.4f}",
            f"{inside[of].mean():.1%}",
        ]
        assert expected == said[name][:3]
        assert f"{np.median(width[of]):.1%}" == said[name][-1]
    headline = model.manifest["metrics"]["rmsle"]
    gap = np.sqrt(np.mean(logs**2)) - headline
    assert f"Cross-validated RMSLE of the model file: {headline:.4f}. Gap: {gap:+.4f} (" in printed
    assert "2 of them differ in up to 2 cells" in printed


def test_metrics_have_bootstrap_intervals(printed: str) -> None:
    """Each lies inside its own."""
    for name, (value, interval, *_) in list(cells_of(printed).items())[2:10]:
        low, high = (float(end.strip("%").replace(",", "")) for end in interval.split(" to "))
        assert low <= float(value.strip("%").replace(",", "")) <= high, name


def test_columns_may_stand_in_any_order_and_have_other_names(
    table: Rows, printed: str, page: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also as train.csv writes them, without the identifiers of the public table."""
    names = [packaged_name(name).upper() for name in HEADER]
    rows = [dict(zip(names, row.values(), strict=True)) for row in table]

    path = written(tmp_path, rows, header=names[:1:-1])

    assert 0 == run(path, "--no-record", page=page)
    assert printed == capsys.readouterr().out


# The record


def test_a_release_is_recorded_once(
    file: Path, page: Path, model: Model, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the date of SOURCE_DATE_EPOCH; the first evaluation stays, whatever is run later."""
    before = page.read_text(encoding="utf-8")

    assert 0 == run(file, page=page)

    rmsle, interval = cells_of(capsys.readouterr().out)["RMSLE"]
    text = page.read_text(encoding="utf-8")
    line = [cell.strip() for cell in text.splitlines()[-1].strip("| ").split(" | ")]
    sha = model.manifest["training"]["config_sha256"][:8]
    assert ["2026-03-05", model.version, sha, rmsle, interval] == line[:5]
    assert f"{model.manifest['metrics']['rmsle']:.4f}" == line[-2]
    assert before.splitlines()[:-2] == text.splitlines()[:-3]
    assert 0 == run(file, page=page)
    assert "was recorded on 2026-03-05" in capsys.readouterr().out
    assert text == page.read_text(encoding="utf-8")


def test_lines_of_other_releases_stay(page: Path, model: Model) -> None:
    """A new configuration of the same version is another line."""
    record = module("record")
    other = ("2026-01-01", model.version, "0badcafe", *("0.1000",) * 7)
    record.Page(page).append(other)
    estimate = Estimate(0.1, 0.09, 0.11)
    metrics = dict.fromkeys(("rmsle", "coverage", "coverage_worst_quartile"), estimate)
    scores = module("scores").Scores(metrics, estimate, {}, 0.08, None)

    line = record.line("2026-03-05", model, scores)
    assert record.Page(page).recorded(line) is None
    record.Page(page).append(line)

    assert "2026-01-01" == record.Page(page).recorded(other)
    assert "2026-03-05" == record.Page(page).recorded(line)
    assert "+0.0200" == line[-1]


def test_without_a_record_no_page_is_needed(file: Path, tmp_path: Path) -> None:
    """And none is made."""
    assert 0 == run(file, "--no-record", page=tmp_path / "absent.md")
    assert [] == [*tmp_path.iterdir()]


@pytest.mark.parametrize("text", [None, "", "# A page\n\nwithout a table\n"])
def test_a_page_without_the_table_of_releases_is_refused(
    text: str | None, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is measured."""
    path = tmp_path / "page.md"
    if text is not None:
        path.write_text(text, encoding="utf-8")

    assert 2 == run(file, page=path)

    said = capsys.readouterr()
    assert "" == said.out
    assert re.fullmatch(r"Error: \S+page\.md (cannot be read|does not end).*\n", said.err)
    assert (None if text is None else text) == (path.read_text() if path.exists() else None)


def test_the_published_page_can_be_added_to() -> None:
    """It ends with the table, and its first table has the scores that were measured outside."""
    module("record").Page(PUBLISHED)
    text = PUBLISHED.read_text(encoding="utf-8")
    assert re.search(r"26 fields, Lasso \+ linear SVR\*\* +\| 0\.0998 +\| \*\*0\.1263\*\*", text)
    assert "python -m benchmarks.kept_apart AmesHousing.csv" in text
    assert f"at most {module('pairing').MOST_CELLS} cells, {module('pairing').MOST_NUMBERS}" in text


# What is refused

Change = Callable[[Rows], Rows]


def without(name: str) -> Change:
    """Leave out a column."""
    return lambda rows: [{k: v for k, v in row.items() if k != name} for row in rows]


def with_cell(name: str, value: str, rows: int) -> Change:
    """Change a column in the first rows."""
    return lambda table: [row | {name: value} if i < rows else row for i, row in enumerate(table)]


def with_dearer_training_rows(table: Rows) -> Rows:
    """Change three prices that are known."""
    chosen = [row for row in table if row["Lot Area"] in ("8450", "9600", "11250")]
    known = {("8450", "208500"), ("9600", "181500"), ("11250", "223500")}
    for row in chosen:
        if (row["Lot Area"], row["SalePrice"]) in known:
            row["SalePrice"] = str(int(row["SalePrice"]) + 1)
    return table


REFUSED: dict[str, tuple[Change, str]] = {
    "no area": (without("Gr Liv Area"), r"lacks 1 of 80 columns: GrLivArea\."),
    "no price": (without("SalePrice"), r"lacks 1 of 80 columns: SalePrice\."),
    "another table": (
        lambda rows: [{"a": "1", "b": "2"}],
        r"lacks 80 of 80 columns: MSSubClass, .*LotConfig and 70 more\.",
    ),
    "two columns of one name": (
        lambda rows: [row | {"saleprice": row["SalePrice"]} for row in rows],
        r"has more than one column SalePrice\.",
    ),
    "prices missing": (
        with_cell("SalePrice", "NA", 9999),
        r"no usable SalePrice in 2,930 of 2,930 rows.* row 1:",
    ),
    "prices negative": (with_cell("SalePrice", "-5", 3), r"no usable SalePrice in 3 of 2,930 rows"),
    "prices infinite": (
        with_cell("SalePrice", "inf", 4),
        r"no usable SalePrice in 4 of 2,930 rows",
    ),
    "a part of the rows": (
        lambda rows: rows[:2000],
        r"is not the full public table: by their values [\d,]+ of 1,460 rows of train\.csv and "
        r"[\d,]+ of 1,459 rows of test\.csv are in it\.",
    ),
    "one row short": (
        lambda rows: [row for row in rows if row["PID"] != "526302561"],
        r"by their values 1,460 of 1,460 rows .* and 1,458 of 1,459 rows of test\.csv are in it",
    ),
    "other houses": (
        lambda rows: [
            row | {name: "3" for name in ("Year Built", "Lot Area", "Yr Sold")} for row in rows
        ],
        r"values 0 of 1,460 rows of train\.csv and 0 of 1,459",
    ),
    "other prices": (
        with_cell("SalePrice", "1", 9999),
        r"has the rows of .*, but 1,460 of 1,460 prices in train\.csv disagree, .* in row 1\.",
    ),
    "three other prices": (
        with_dearer_training_rows,
        r"but 3 of 1,460 prices in train\.csv disagree, the first of them in row 1\.",
    ),
    "no rows": (lambda rows: [], r"has no rows below the names of the columns\."),
    "too many rows": (
        lambda rows: rows * 7,
        r"has 20,510 rows: expected the public table, which has 2,930\.",
    ),
}


@pytest.mark.parametrize(("change", "sentence"), REFUSED.values(), ids=[*REFUSED])
def test_another_table_is_refused_in_one_sentence(
    change: Change,
    sentence: str,
    table: Rows,
    page: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With exit code 2, and nothing is written."""
    before = page.read_bytes()
    rows = change(table)
    path = written(tmp_path, rows, header=list(rows[0]) if rows else HEADER)

    code = run(path, page=page)

    said = capsys.readouterr()
    assert (2, "") == (code, said.out)
    assert re.search(rf"^Error: \S+AmesHousing\.csv .*{sentence}", said.err), said.err
    assert 1 == said.err.count("\n")
    assert before == page.read_bytes()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "does not exist"),
        (b"", "is empty"),
        (b"\xff\xfe\x00", "is not UTF-8"),
        (b"a,b\n1\n", "line 2: 1 values for 2 columns"),
        (b'a,b\n"1,2\n', "not CSV"),
        (b"\x00\x01,\x02\n", "lacks 80 of 80 columns"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_one_sentence(
    content: bytes | None,
    sentence: str,
    page: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Absent, empty, of another kind, or cut short."""
    before = page.read_bytes()
    path = tmp_path / "table.csv"
    if content is not None:
        path.write_bytes(content)

    assert 2 == run(path, page=page)
    assert 2 == run(tmp_path, page=page)

    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith(f"Error: {path}")
    assert sentence in first
    assert "cannot be read: Is a directory." in second
    assert before == page.read_bytes()


def test_a_date_that_is_none_is_refused(
    file: Path, page: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is measured."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")

    assert 2 == run(file, page=page)
    assert "SOURCE_DATE_EPOCH is 'yesterday'" in capsys.readouterr().err


def test_a_model_of_other_rows_is_refused(model: Model) -> None:
    """It may have been trained on those that are to be kept apart."""
    path = find_model_file(Path(import_module("regression_model").__file__ or "").parent)
    assert path is not None
    content = path.read_bytes()
    manifest = open_sealed(content, name="shipped")
    manifest["training"]["data_sha256"] = "0" * 64
    other = Model(seal(content, manifest))

    with pytest.raises(Exception, match=r"was trained on other rows than those of train\.csv"):
        module("scores").check_trained_on(other)
    module("scores").check_trained_on(model)


# Pairs


def a_table(rows: Sequence[tuple[Any, ...]], prices: Sequence[float]) -> Any:
    """Rows of three numbers and two texts."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    return module("tables").Table(dict(zip("abcde", columns, strict=True)), list(prices))


ONE = (1.0, 2.0, 3.0, "x", "y")
TWO = (7.0, 8.0, 9.0, "x", "z")


def test_twins_with_different_prices_are_told_apart_by_the_price_that_is_known() -> None:
    """The training row takes its own; the others follow the order of the files."""
    ours = a_table([ONE, TWO, ONE, ONE], [110.0, 200.0])
    theirs = a_table([ONE, ONE, TWO, ONE], [120.0, 110.0, 200.0, 130.0])

    pairs = module("pairing").pair(ours, theirs)

    assert [1, 2, 0, 3] == pairs.partner.tolist()
    assert 2 == pairs.twins
    module("pairing").check_pairs(pairs, path="it")


def test_a_twin_in_training_leaves_no_choice() -> None:
    """Two equal houses, one price of them known."""
    ours, theirs = a_table([ONE, ONE], [110.0]), a_table([ONE, ONE], [120.0, 110.0])

    pairs = module("pairing").pair(ours, theirs)

    assert ([1, 0], 0) == (pairs.partner.tolist(), pairs.twins)


def test_texts_decide_between_rows_of_equal_numbers() -> None:
    """Even if none of them agrees in all."""
    near, far = (*ONE[:3], "x", "other"), (*ONE[:3], "p", "q")
    pairs = module("pairing").pair(a_table([ONE], []), a_table([far, near], [1.0, 2.0]))

    assert ([1], [1]) == (pairs.partner.tolist(), pairs.differing.tolist())


def test_a_row_between_two_others_has_no_partner() -> None:
    """Nobody can say which of them it is."""
    first, second = (*ONE[:3], "x", "other"), (*ONE[:3], "other", "y")
    pairs = module("pairing").pair(a_table([ONE], []), a_table([first, second], [1.0, 2.0]))

    assert [-1] == pairs.partner.tolist()
    with pytest.raises(InputError, match="0 of 0 rows of train.csv and 0 of 1 rows of test.csv"):
        module("pairing").check_pairs(pairs, path="it")


def test_the_nearer_row_has_the_partner() -> None:
    """Nobody has a partner whom another row equals."""
    changed = (1.0, 2.0, 4.0, "x", "y")
    pairs = module("pairing").pair(a_table([changed, ONE], []), a_table([ONE], [1.0]))

    assert [-1, 0] == pairs.partner.tolist()


@pytest.mark.parametrize(("numbers", "paired"), [(0, True), (2, True), (3, False)])
def test_partners_differ_in_few_numbers(numbers: int, paired: bool) -> None:
    """In two at most."""
    other = (*(0.0,) * numbers, *ONE[numbers:])
    pairs = module("pairing").pair(a_table([ONE], []), a_table([other], [1.0]))

    assert paired == (pairs.partner[0] == 0)
