"""A CSV file on the page: read, predicted in slices, shown, and handed back."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

import regression_model
from regression_model import Model

Open = Callable[..., Page]
SCORING = Path(regression_model.__file__).parent / "datasets" / "test.csv"


def choose(page: Page, name: str, content: bytes) -> None:
    """Give the page a file."""
    page.get_by_role("tab", name="A CSV file").click()
    chosen: Any = {"name": name, "mimeType": "text/csv", "buffer": content}
    page.locator("#file").set_input_files(chosen)


def downloaded(page: Page) -> str:
    """Download the result, and return its text."""
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as CSV").click()
    return Path(download.value.path()).read_bytes().decode("utf-8-sig")


def test_a_file_comes_back_predicted(
    open_page: Open, houses_address: str, houses: Model, pictures: Path
) -> None:
    """Ten thousand rows: every prediction is the model's, and the table has them page by page."""
    with SCORING.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    area = header.index("LotArea")
    rows = [list(rows[i % len(rows)]) for i in range(10_000)]
    rows[3][area] = "-4"
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    page = open_page(houses_address, bypass_csp=True)
    choose(page, "houses.csv", text.getvalue().encode())
    page.wait_for_selector("table.rows", timeout=60_000)
    expect(page.locator("#file-status")).to_contain_text("9,999 predicted, 1 with errors")
    page.screenshot(path=pictures / "file.png")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.locator("table.rows tbody tr").count() == 50
    page.get_by_role("button", name="Next").click()
    expect(page.locator(".pager")).to_contain_text("Rows 51 to 100 of 10,000")
    page.locator("#only-problems").check()
    assert "LotArea is '-4'" in page.locator("table.rows tbody tr.is-error").inner_text()
    lines = list(csv.DictReader(io.StringIO(downloaded(page))))
    expected = houses.predict([dict(zip(header, row, strict=True)) for row in rows])
    assert len(lines) == 10_000
    assert lines[3]["prediction"] == "" and "LotArea is '-4'" in lines[3]["problems"]
    for name, values in (
        ("prediction", expected.values),
        ("lower", expected.lower),
        ("upper", expected.upper),
    ):
        got = [float(line[name]) for i, line in enumerate(lines) if i != 3]
        assert got == pytest.approx([one for i, one in enumerate(values) if i != 3], rel=1e-12)


@pytest.mark.parametrize(
    "separator, encoding", [(",", "utf-8"), (";", "utf-8-sig"), ("\t", "utf-16"), (";", "cp1252")]
)
def test_files_of_spreadsheets(
    separator: str, encoding: str, open_page: Open, bikes_address: str, bikes: Model
) -> None:
    """Quotes, separators, line ends, byte order marks, and decimal commas beside semicolons."""
    weight = "9,5" if separator == ";" else "9.5"
    text = separator.join(["weight", "state", "maker", "electric", "note"]) + "\r\n"
    text += separator.join([weight, "new", '"Maker & <b>1</b>"', "yes", '"a ""é""\r\nb"']) + "\r\n"
    text += separator.join(["20", "used", '"Maker & <b>0</b>"', "", "-1"]) + "\r\n"
    page = open_page(bikes_address)
    choose(page, "bikes.csv", text.encode(encoding))
    expect(page.locator("#file-status")).to_contain_text("2 rows of bikes.csv: 2 predicted")
    rows = [{"weight": 9.5, "state": "new", "maker": "Maker & <b>1</b>", "electric": "yes"}]
    rows += [{"weight": 20, "state": "used", "maker": "Maker & <b>0</b>", "electric": None}]
    back = io.StringIO(downloaded(page), newline="")
    lines = list(csv.DictReader(back, delimiter=separator))
    got = [float(line["prediction"]) for line in lines]
    assert got == pytest.approx([float(one) for one in bikes.predict(rows).values])
    assert lines[0]["note"] == 'a "é"\r\nb'
    assert lines[0]["weight"] == weight and lines[1]["note"] == "-1"


def test_no_cell_becomes_a_formula(open_page: Open, bikes_address: str) -> None:
    """What a spreadsheet would run is handed back as text; numbers stay numbers."""
    cells = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "-5", "plain"]
    text = "weight,state,note\n" + "".join(f'{9 + i},new,"{one}"\n' for i, one in enumerate(cells))
    page = open_page(bikes_address)
    choose(page, "=bikes.csv", text.encode())
    page.wait_for_selector("table.rows")
    notes = [line["note"] for line in csv.DictReader(io.StringIO(downloaded(page)))]
    assert notes == [*(f"'{one}" for one in cells[:5]), "-5", "plain"]


@pytest.mark.parametrize(
    "content, sentence",
    [
        (b"", "bikes.csv is empty."),
        (b"weight,state\n", "bikes.csv has a header, and no row below it."),
        (b"weight,weight\n1,2\n", "bikes.csv has two columns called weight"),
        (b'weight,state\n1,"new\n', "a quoted cell is never closed"),
    ],
    ids=["empty", "no rows", "twice", "open quote"],
)
def test_a_file_that_cannot_be_read(
    content: bytes, sentence: str, open_page: Open, bikes_address: str
) -> None:
    """Is told in a sentence, and another can be chosen."""
    page = open_page(bikes_address)
    choose(page, "bikes.csv", content)
    expect(page.locator("#file-status")).to_contain_text(sentence)
    choose(page, "bikes.csv", b"weight,state\n12,new\n")
    expect(page.locator("#file-status")).to_contain_text("1 row of bikes.csv: 1 predicted")


def test_a_missing_column_is_told_once(open_page: Open, bikes_address: str) -> None:
    """For the whole file; each row is marked."""
    page = open_page(bikes_address)
    choose(page, "bikes.csv", b"state,colour\n" + b"new,red\n" * 700)
    expect(page.locator("#file-status")).to_contain_text("700 with errors")
    assert page.locator("#file-status li", has_text="weight").count() == 1
    assert page.locator("table.rows tr.is-error").count() == 50


def test_a_row_of_a_file_opens_in_the_form(open_page: Open, bikes_address: str) -> None:
    """Where it can be changed and explained; a file is taken where it is dropped as well."""
    page = open_page(bikes_address)
    page.evaluate("""() => {
            const data = new DataTransfer();
            data.items.add(new File(['weight,state\\n31.5,broken\\n'], 'dropped.csv'));
            const dropped = {dataTransfer: data, bubbles: true};
            document.body.dispatchEvent(new DragEvent('dragover', dropped));
            document.body.dispatchEvent(new DragEvent('drop', dropped));
        }""")
    page.get_by_role("button", name="Open row 1 in the form").click()
    assert page.get_by_role("spinbutton", name="weight").input_value() == "31.5"
    expect(page.locator("#panel-row")).to_be_visible()
