"""The form of the page: made from the contract of any model, and answered as one types."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route, expect

from regression_model import Model
from tests.browser.conftest import served

Open = Callable[..., Page]
FIRST_LOAD = 100_000  # bytes that the page may take, all in all


def field(page: Page, name: str, row: str = "A") -> Any:
    """The input of a field in a row, found as a screen reader does."""
    labels = page.locator(".field", has=page.locator(f'.name:text-is("{name}")'))
    return labels.locator(f"[id^={row.lower()}-]:not(datalist)")


def sent_row(page: Page) -> dict[str, Any]:
    """Change nothing, and take what the page sends when it is opened."""
    with page.expect_request("**/api/v1/predict") as request:
        page.reload()
    return dict(request.value.post_data_json["inputs"][0])


def shown(page: Page, place: int = 0) -> float:
    """The exact number behind a prediction on the page."""
    return float(page.locator("#result .value data").nth(place).get_attribute("value"))


@pytest.mark.parametrize("which", ["houses", "bikes"])
def test_the_page_predicts_what_the_model_predicts(
    which: str, open_page: Open, request: pytest.FixtureRequest, pictures: Path
) -> None:
    """Of the typical row, whatever the model is about; the interval and its level are shown."""
    model: Model = request.getfixturevalue(which)
    page = open_page(request.getfixturevalue(f"{which}_address"))
    row = sent_row(page)
    page.wait_for_selector("#result data")
    expected = model.predict([row])
    assert shown(page) == pytest.approx(expected.values[0], rel=1e-12)
    assert page.locator("h1").inner_text() == model.name
    assert model.version in page.locator("#model-version").inner_text()
    assert "90% interval" in page.locator("#result").inner_text()
    # The number itself is written in the target's unit.
    written = page.locator("#result .value data").inner_text()
    assert written[0] == {"houses": "$", "bikes": "€"}[which]
    assert round(float(written[1:].replace(",", ""))) == round(expected.values[0])
    page.wait_for_selector("#chart svg")
    page.screenshot(path=pictures / f"{which}.png")
    names = page.locator("#form .field .name").all_text_contents()
    assert sorted(names) == sorted(one.name for one in model.contract.fields)
    assert page.locator("#form .unused .name").all_text_contents() == [
        one.name for one in model.contract.fields if not one.used
    ]


def test_first_load_is_small(open_page: Open, houses_address: str) -> None:
    """All that the page fetches until it shows a prediction stays below its limit."""
    page = open_page(houses_address)
    loaded: int = page.evaluate(
        "performance.getEntriesByType('navigation')"
        ".concat(performance.getEntriesByType('resource'))"
        ".reduce((sum, one) => sum + one.transferSize, 0)"
    )
    assert 10_000 < loaded < FIRST_LOAD


def test_a_prediction_follows_typing(open_page: Open, bikes_address: str, bikes: Model) -> None:
    """Each kind of input reaches the model; what is empty is assumed, and listed."""
    page = open_page(bikes_address)
    field(page, "weight").fill("9.5")
    field(page, "gears").fill("")
    field(page, "sold").fill("2012-02-03T14:30")
    field(page, "built").fill("2009-04-05")
    field(page, "electric").select_option("yes")
    field(page, "state").select_option("new")
    field(page, "maker").select_option("Maker & <b>2</b>")
    row = {"weight": 9.5, "gears": None, "sold": "2012-02-03T14:30:00", "built": "2009-04-05"}
    row |= {"electric": True, "state": "new", "maker": "Maker & <b>2</b>"}
    expected = bikes.predict([row])
    value = str(float(expected.values[0]))
    expect(page.locator("#result .value data")).to_have_attribute("value", value)
    expect(page.locator("#assumed summary")).to_have_text("1 field assumed")
    page.locator("#assumed summary").click()
    expect(page.locator("#assumed li")).to_contain_text("gears: ")
    assert field(page, "gears").get_attribute("placeholder") == "A single gear"


def test_a_late_answer_is_dropped(open_page: Open, bikes_address: str, bikes: Model) -> None:
    """An answer to what was typed before never replaces the one to what was typed last."""
    page = open_page(bikes_address)
    held: list[Route] = []

    def hold_first(route: Route) -> None:
        if '"weight":11' in (route.request.post_data or "") and not held:
            held.append(route)
        else:
            route.continue_()

    page.route("**/api/v1/predict", hold_first)
    with page.expect_request("**/api/v1/predict"):
        field(page, "weight").fill("11")
    with page.expect_response("**/api/v1/predict") as answered:
        field(page, "weight").fill("22")
    expected = str(answered.value.json()["results"][0]["prediction"])
    expect(page.locator("#result .value data")).to_have_attribute("value", expected)
    page.wait_for_timeout(300)
    expect(page.locator("#result .value data")).to_have_attribute("value", expected)


def test_a_problem_stands_at_its_field(open_page: Open, houses_address: str) -> None:
    """And in the summary, from where a link leads to the field."""
    page = open_page(houses_address)
    area = field(page, "LotArea")
    area.fill("-4")
    expect(area).to_have_attribute("aria-invalid", "true")
    described = [page.locator(f"#{one}") for one in area.get_attribute("aria-describedby").split()]
    assert "expected a number of at least 1" in described[-1].inner_text()
    expect(page.locator("#result .value")).to_have_text("No prediction")
    page.locator("#summary a").click()
    expect(area).to_be_focused()
    area.fill("9000")
    expect(page.locator("#result .value data")).to_be_visible()
    expect(page.locator("#summary a")).to_have_count(0)
    assert area.get_attribute("aria-invalid") is None


def test_what_moved_a_prediction(open_page: Open, bikes_address: str, bikes: Model) -> None:
    """The chart has a table as its text, with the contributions that the model gives."""
    page = open_page(bikes_address)
    row = sent_row(page)
    page.wait_for_selector("#chart svg")
    page.locator("#chart summary").click()
    explained = bikes.explain([row])[0]
    names = page.locator("#chart tbody th").all_inner_texts()
    assert names == [name for name, moved in explained.contributions.items() if moved]
    assert "Bar chart" in page.locator("#chart svg").get_attribute("aria-label")


def test_two_rows_side_by_side(open_page: Open, bikes_address: str) -> None:
    """Row B begins as a copy; differing fields are marked, and both predictions compared."""
    page = open_page(bikes_address)
    page.get_by_role("button", name="Compare two rows").click()
    expect(page.locator("#result .value data")).to_have_count(2)
    assert shown(page, 0) == shown(page, 1)
    page.get_by_label("electric, row B").select_option("yes")
    expect(page.locator(".differs .name")).to_have_text(["electric"])
    expect(page.locator(".difference")).to_contain_text("more")
    by = float(page.locator(".difference data").get_attribute("value"))
    assert by == pytest.approx(shown(page, 1) - shown(page, 0))
    page.locator("#differences").check()
    expect(page.locator("#form .field:visible .name")).to_have_text(["electric"])
    expect(page.locator("#why-heading")).to_have_text("What makes the difference")


def test_a_row_is_shared_by_its_link(open_page: Open, bikes_address: str) -> None:
    """Both rows come back from the fragment of the address, which no request carries."""
    page = open_page(bikes_address)
    field(page, "weight").fill("12.5")
    page.get_by_role("button", name="Compare two rows").click()
    page.get_by_label("gears, row B").fill("3")
    expect(page.locator(".difference")).to_be_visible()
    assert "a.weight=12.5" in page.url.partition("#")[2]
    other = open_page(page.url)
    assert field(other, "weight").input_value() == "12.5"
    assert field(other, "weight", "B").input_value() == "12.5"
    assert field(other, "gears", "B").input_value() == "3"
    expect(other.locator("#result .value data")).to_have_count(2)
    assert [shown(other, i) for i in range(2)] == [shown(page, i) for i in range(2)]


def test_a_field_is_found_by_its_words(open_page: Open, houses_address: str) -> None:
    """By name, description, unit or level; the number of the others is told."""
    page = open_page(houses_address)
    page.get_by_label("Find a field").fill("size lot")
    expect(page.locator("#form .field:visible .name")).to_have_text(["LotArea"])
    expect(page.locator("#filter-count")).to_have_text("1 of 80 fields")
    page.get_by_label("Find a field").fill("zzz")
    expect(page.locator("#filter-count")).to_have_text("No field has these words.")


def test_everything_is_reached_by_keyboard(open_page: Open, bikes_address: str) -> None:
    """Tab visits every control in the order of the page, and the focus is always to be seen."""
    page = open_page(bikes_address)
    page.wait_for_selector("#chart svg")
    wanted: set[str] = set(
        page.evaluate(
            "[...document.querySelectorAll('button, input, select, summary, a')]"
            ".filter((one) => one.checkVisibility() && one.tabIndex >= 0)"
            ".map((one) => one.id || one.textContent)"
        )
    )
    reached = set()
    for _ in range(len(wanted) + 30):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate("document.activeElement.id || document.activeElement.textContent")
        )
        seen = page.evaluate(
            "document.activeElement === document.body"
            " || getComputedStyle(document.activeElement).outlineStyle !== 'none'"
        )
        assert seen, page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
    assert wanted <= reached
    page.locator("#tab-row").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#panel-file")).to_be_visible()
    expect(page.locator("#tab-file")).to_be_focused()


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 320])
def test_no_accessibility_rule_is_broken(
    colours: str, width: int, open_page: Open, houses_address: str, pictures: Path
) -> None:
    """axe finds nothing, in light and dark, wide and narrow, with a problem and two rows shown."""
    size = {"width": width, "height": 900 if width > 500 else 700}
    page = open_page(houses_address, color_scheme=colours, viewport=size, bypass_csp=True)
    page.wait_for_selector("#chart svg")
    page.screenshot(path=pictures / f"row-{colours}-{width}.png")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    page.get_by_role("button", name="Compare two rows").click()
    page.get_by_label("LotArea (square feet), row B").fill("-4")
    page.wait_for_selector("#summary li")
    page.screenshot(path=pictures / f"problem-{colours}-{width}.png")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_service_that_is_gone_is_told(
    open_page: Open, bikes_address: str, troubles: list[str]
) -> None:
    """In a sentence, with a button that asks again."""
    page = open_page(bikes_address)
    page.route("**/api/v1/predict", lambda route: route.abort())
    field(page, "weight").fill("10")
    expect(page.locator("#summary")).to_contain_text("The service cannot be reached.")
    page.unroute("**/api/v1/predict")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#summary .notice")).to_have_count(0)
    troubles.clear()  # the browser reports the aborted request


def test_the_key_is_asked_for(open_page: Open, bikes: Model, troubles: list[str]) -> None:
    """Once a tab; a wrong one is told, and the right one opens the page."""
    with served(bikes, REGRESSION_MODEL_API_KEY="open sesame") as address:
        page = open_page(address, wait="#key-dialog[open]")
        page.get_by_role("textbox", name="API key").fill("wrong")
        page.keyboard.press("Enter")
        expect(page.locator("#key-problem")).to_contain_text("key")
        page.get_by_role("textbox", name="API key").fill("open sesame")
        page.keyboard.press("Enter")
        expect(page.locator("#result data")).to_be_visible()
        page.reload()
        expect(page.locator("#result data")).to_be_visible()
        troubles.clear()  # the browser reports each status 401
