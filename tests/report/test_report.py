"""The page: it needs nothing else, can be read without eyes, and says what the facts say."""

import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from regression_model.errors import OutputError
from regression_model.evaluation import Estimate, Group, TrainedOn
from regression_model.report import make_report, write_report
from regression_model.report.charts.dependence import _values as values_to_try
from regression_model.report.charts.groups import by_group, coverage_by_group
from regression_model.report.facts import Facts
from regression_model.runtime.contract import Field

VOID = {"meta", "br", "img", "link", "input", "hr"}
LINKS = {"src", "href", "xlink:href", "srcset", "action", "data", "poster"}


class Page(HTMLParser):
    """Every element with its attributes; elements that are not closed in order are mistakes."""

    def __init__(self, text: Any) -> None:
        super().__init__()
        self.elements, self.open, self.mistakes, self.words = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: Any, attributes: Any) -> None:
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: Any, attributes: Any) -> None:
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag: Any) -> None:
        if not self.open or self.open.pop() != tag:
            self.mistakes.append(tag)

    def handle_data(self, data: Any) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> Any:
        return " ".join(" ".join(self.words).split())

    def named(self, *tags: Any) -> Any:
        return [attributes for tag, attributes in self.elements if tag in tags]


@pytest.fixture(scope="module", params=["houses", "power"])
def case(request: Any) -> Any:
    """Each of the two cases."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="session")
def report_of() -> Callable[[Any], bytes]:
    """The bytes of the report of a case, made once."""
    made: dict[str, bytes] = {}

    def report(case: Any) -> bytes:
        name = case.evaluation.name
        if name not in made:
            made[name] = make_report(case.evaluation, model=case.model, rows=case.rows)
        return made[name]

    return report


@pytest.fixture(scope="module")
def made(case: Any, report_of: Callable[[Any], bytes]) -> Any:
    """The bytes of the report of a case."""
    return report_of(case)


@pytest.fixture(scope="module")
def page(made: Any) -> Any:
    """The report of a case, parsed."""
    return Page(made.decode())


@pytest.fixture(scope="module")
def house_page(houses: Any, report_of: Callable[[Any], bytes]) -> Any:
    """The report of the shipped model, parsed."""
    return Page(report_of(houses).decode())


@pytest.fixture(scope="module")
def power_page(power: Any, report_of: Callable[[Any], bytes]) -> Any:
    """The report of the model of another domain, parsed."""
    return Page(report_of(power).decode())


def test_every_element_is_closed_in_its_order(page: Any) -> None:
    """Nothing depends on how a browser mends a page."""
    assert [] == page.mistakes
    assert [] == page.open


def test_the_page_needs_nothing_else(page: Any) -> None:
    """No script, no style sheet, no font, no picture from anywhere."""
    assert {"script", "link", "iframe", "object", "embed", "base"}.isdisjoint(
        tag for tag, _ in page.elements
    )
    for _, attributes in page.elements:
        for name in LINKS & attributes.keys():
            assert attributes[name].startswith(("#", "data:image/png;base64,"))
        assert not any(name.startswith("on") for name in attributes)


def test_no_style_refers_to_a_network(made: Any) -> None:
    """Neither the style sheet nor a picture imports anything."""
    assert not re.search(rb"url\((?!#)", made)
    assert b"@import" not in made
    assert b"default-src 'none'" in made


def test_identifiers_are_unique_and_every_link_has_its_end(page: Any) -> None:
    """The table of contents and the parts of pictures find what they point to."""
    names = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(set(names)) == len(names)
    for attributes in page.named("a", "use"):
        target = attributes.get("href") or attributes.get("xlink:href")
        assert target.removeprefix("#") in names


def test_every_picture_says_in_words_what_it_shows(page: Any) -> None:
    """The alternative text holds numbers of the facts, and no two are alike."""
    pictures = page.named("svg")
    texts = [attributes["aria-label"] for attributes in pictures]
    assert pictures
    assert len(set(texts)) == len(texts)
    assert all(attributes["role"] == "img" for attributes in pictures)
    assert all(len(re.findall(r"\d", text)) >= 3 for text in texts)
    assert all("viewbox" in attributes and "width" not in attributes for attributes in pictures)


def test_no_number_was_lost_on_the_way(case: Any, page: Any) -> None:
    """Nothing undefined, and no bare NaN, reaches a reader; a level may be called None."""
    levels = {level for field in case.model.contract.categories for level in field.levels}
    words = "|".join(sorted({"nan", "None", "inf", "undefined"} - levels))
    texts = [page.text, *(attributes["aria-label"] for attributes in page.named("svg"))]
    for text in texts:
        assert not re.search(rf"\b({words})\b", text)


def test_the_same_facts_give_the_same_bytes(case: Any, made: Any) -> None:
    """Nothing in the page depends on the clock or on chance."""
    assert made == make_report(case.evaluation, model=case.model, rows=case.rows)


def test_another_process_gives_the_same_bytes(
    power: Any, report_of: Callable[[Any], bytes], tmp_path: Path
) -> None:
    """Nor on the order of a set."""
    code = (
        "import pickle, sys; from pathlib import Path; from regression_model import load_model;"
        "from regression_model.report import make_report;"
        "evaluation, rows = pickle.loads(Path(sys.argv[1]).read_bytes());"
        "model = load_model(sys.argv[2]);"
        "sys.stdout.buffer.write(make_report(evaluation, model=model, rows=rows))"
    )
    facts = tmp_path / "facts.pkl"
    facts.write_bytes(pickle.dumps((power.evaluation, power.rows)))
    found = subprocess.run(
        [sys.executable, "-c", code, facts, power.path], capture_output=True, check=True
    )
    assert report_of(power) == found.stdout


def test_the_page_is_small(made: Any) -> None:
    """Small enough to be mailed."""
    assert len(made) < 2_500_000


def test_the_metrics_are_those_of_the_evaluation(house_page: Any) -> None:
    """Each with its interval, in its unit."""
    for words in (
        "0.1234 0.1111 to 0.1399",
        "$12,346 $11,111 to $14,000",
        "0.912 0.890 to 0.935",
        "90.2% 88.0% to 92.0%",
        "27.2% 26.0% to 28.0%",
        "0.1357 0.1200 to 0.1500",
        "plain linear 0.1888 (0.1700 to 0.2000)",
        "without it, and without all that is made from it, 0.1555",
        "0.1234 0.1432 −0.0198 −0.0300 to −0.0100",
        "One width for all 90.0% 31.4%",
        "GrLivArea matters most: shuffled, it costs +0.0777 RMSLE",
        "By Neighborhood: weakest at OldTown, RMSLE 0.1717",
        "Coverage by Neighborhood: lowest at OldTown, 81.2%",
        "By target band: weakest at $163,000 to $755,000, RMSLE 0.1500",
        "10 folds: RMSLE from 0.1000 to 0.1140",
        "Intervals hold what they promise to within 1.5 percentage points",
        "1 row could not be scored",
        "8 SalePrice is missing.",
        "A column was not used.",
    ):
        assert words in house_page.text


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(
    ("trained_on", "words", "at_the_top"),
    [
        (TrainedOn(59), "59 of 59 rows were in the training data of this model", True),
        (TrainedOn(1), "1 of 59 rows was in the training data of this model", True),
        (TrainedOn(30, is_estimate=True), "About 30 of 59 rows were in the training data", True),
        (TrainedOn(0), "recognises none of these rows as training rows", False),
        (None, "honest if the model was trained on none of these rows", False),
    ],
)
def test_the_page_says_whether_the_rows_were_unseen(
    power: Any, trained_on: Any, words: Any, at_the_top: Any
) -> None:
    """Where the model was trained on any of them, above everything else."""
    evaluation = replace(power.evaluation, trained_on=trained_on)
    page = Page(make_report(evaluation, model=power.model, rows=power.rows).decode())
    notes = [element for element in page.named("p") if element.get("role") == "note"]
    assert at_the_top == bool(notes)
    assert words in page.text.split("Purpose")[0 if at_the_top else -1]


def test_the_page_says_what_the_model_file_says(houses: Any, house_page: Any) -> None:
    """Name, version, source of the data, digests and the quality bar."""
    manifest = houses.model.manifest
    training = manifest["training"]
    for words in (
        f"{manifest['name']} {manifest['version']}",
        " ".join(training["data_source"].split()),
        training["data_sha256"],
        training["config_sha256"],
        training["libraries"]["scikit-learn"],
    ):
        assert words in house_page.text
    bar = [allowed for allowed in manifest["quality"].values() if allowed is not None]
    assert len(bar) == house_page.text.count("Passed.")


@pytest.mark.usefixtures("undrawn")
def test_the_record_names_time_and_commit_where_they_are_known(power: Any) -> None:
    """And says of the time why it is not; of the commit there is then nothing to say."""
    for created, commit in (("2026-11-21T00:00:00+00:00", "0123abcd, with changes"), (None, None)):
        manifest = {**power.model.manifest, "created": created}
        manifest["training"] = {**manifest["training"], "commit": commit}
        evaluation = replace(power.evaluation, manifest=manifest)
        text = Page(make_report(evaluation, model=power.model, rows=power.rows).decode()).text
        assert f"Created {created or 'not recorded, because SOURCE_DATE_EPOCH'}" in text
        assert (f"Commit of the sources {commit}" in text) == bool(commit)


def test_a_group_of_few_rows_has_no_interval(house_page: Any) -> None:
    """Neither in its picture nor in its table: three rows cannot tell one."""
    assert "Of fewer than 10 rows no interval is drawn." in house_page.text
    assert "Few 3 0.1666 –" in house_page.text
    assert "NAmes 90 0.0808 (0.0700 to 0.0900)" in house_page.text


def test_coverage_by_group_stands_in_the_open(house_page: Any) -> None:
    """Not only in a table that somebody has to unfold, and with its axis explained."""
    texts = [attributes["aria-label"] for attributes in house_page.named("svg")]
    assert any("by Neighborhood: OldTown 81.2% (40 rows); NAmes 93.2%" in text for text in texts)
    assert "The axis does not begin at zero." in house_page.text


def test_an_effect_is_shown_where_the_rows_are() -> None:
    """The middle 98% of a field with an order, of which few values or many are known."""
    grade = Field("grade", "ordinal", levels=("bad", "fair", "good"), training_levels=())
    grades = np.array(["bad"] * 2 + ["fair"] * 500 + ["good"] * 498, dtype=object)
    rooms = np.array([1.0] * 3 + [2.0] * 500 + [3.0] * 490 + [9.0] * 7)
    area = np.concatenate([np.linspace(100, 200, 999), [9000.0]])
    assert ["fair", "good"] == values_to_try(grade, grades)
    assert [2.0, 3.0] == values_to_try(Field("rooms", "number"), rooms)
    assert max(values_to_try(Field("area", "number"), area)) < 200


def test_a_wide_table_shows_that_it_goes_on(made: Any) -> None:
    """A shadow stands at the edge behind which there is more, also where no scroll bar does."""
    style = made.decode().split(".scroll {")[1].split("}")[0]
    assert "overflow-x: auto" in style
    assert style.count(" local") == style.count(" scroll,") + 1 == 2


@pytest.mark.usefixtures("undrawn")
def test_a_missed_bar_is_not_called_passed(houses: Any) -> None:
    """The verdict comes from the metrics, not from the fact that there is a page."""
    manifest = {**houses.model.manifest, "quality": {"rmsle": 0.001, "coverage": None}}
    evaluation = replace(houses.evaluation, manifest=manifest)
    text = Page(make_report(evaluation, model=houses.model, rows=houses.rows).decode()).text
    assert "✗ Missed. RMSLE, cross-validated, 5 times 10 folds, is " in text
    assert "Passed" not in text


def test_the_most_wrong_rows_are_those_furthest_off(houses: Any, house_page: Any) -> None:
    """By identifier, the worst first, each with the field that moved it most."""
    details = houses.evaluation.details
    order = np.argsort(-np.abs(np.log(details.prediction / details.target)))[:10]
    table = house_page.text.split("The 10 rows furthest off")[1]
    places = [
        table.index(f" {houses.rows[i]['Id']} ${details.target[i]:,.0f} ") for i in order.tolist()
    ]
    assert sorted(places) == places
    (explanation,) = houses.model.explain([houses.rows[order[0]]])
    name = next(iter(explanation.contributions))
    assert name in table[places[0] : places[1]]


def test_a_name_cannot_become_markup(power_page: Any) -> None:
    """Levels, identifiers, descriptions and the name of the file stay text."""
    assert "<script>alert('x')</script>" in power_page.text
    assert "<img src=x onerror=alert(1)>" in power_page.text
    assert {"script", "img", "b", "i"} & {tag for tag, _ in power_page.elements} <= {"b"}
    assert [] == [a for a in power_page.named("b") if a]
    assert any("<script>" in a["aria-label"] for a in power_page.named("svg"))


def test_another_domain_has_its_own_unit_and_no_houses(power_page: Any) -> None:
    """Negative values, no folds, no groups: what has nothing to say is left out."""
    text = power_page.text
    assert "0.8765 kWh" in text
    assert not re.search(r"\$|dollar|house|price|RMSLE", text)
    keys = {attributes.get("id") for attributes in power_page.named("section")}
    assert {"purpose", "metrics", "accuracy", "intervals", "most-wrong", "record"} <= keys
    assert keys.isdisjoint({"folds", "groups", "importance", "baselines", "without"})


def test_one_row_is_enough(power: Any) -> None:
    """A file with one labelled row has a report as well."""
    details = power.evaluation.details
    one = replace(
        details,
        **{name: np.asarray(getattr(details, name))[:1] for name in details.__dataclass_fields__},
    )
    evaluation = replace(power.evaluation, details=one, rows=1, refused=[])
    page = Page(make_report(evaluation, model=power.model, rows=power.rows[:1]).decode())
    assert [] == page.mistakes
    assert "The 1 row furthest off" in page.text


@pytest.mark.usefixtures("undrawn")
def test_the_file_is_named_after_model_and_version(power: Any, tmp_path: Path) -> None:
    """And nothing else is left in the folder."""
    path = write_report(
        power.evaluation, model=power.model, rows=power.rows, folder=tmp_path, name="power"
    )
    assert tmp_path / f"power-{power.model.version}.html" == path
    assert [path] == list(tmp_path.iterdir())
    assert path.read_bytes().startswith(b"<!DOCTYPE html>")


@pytest.mark.usefixtures("undrawn")
def test_a_folder_that_is_a_file_is_refused(power: Any, tmp_path: Path) -> None:
    """In one sentence."""
    (tmp_path / "taken").write_text("", encoding="utf-8")
    with pytest.raises(OutputError, match="cannot be written"):
        write_report(
            power.evaluation,
            model=power.model,
            rows=power.rows,
            folder=tmp_path / "taken",
            name="power",
        )


@pytest.mark.parametrize("library", ["jinja2", "matplotlib"])
@pytest.mark.parametrize("call", ["require_extra()", "make_report(None, model=None, rows=[])"])
def test_a_missing_extra_is_named(library: str, call: Any) -> None:
    """With the command that installs it."""
    code = (
        f"import sys; sys.modules[{library!r}] = None\n"
        "from regression_model.errors import MissingExtraError\n"
        "from regression_model.report import make_report, require_extra\n"
        f"try:\n    {call}\n"
        "except MissingExtraError as error:\n    print(error)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, encoding="utf-8"
    )
    assert found.stdout.startswith(f"{library} is not installed; it comes with the extra report: ")
    assert "pip install 'regression-model[report]==" in found.stdout


def test_importing_the_package_loads_no_drawing_library() -> None:
    """The heavy imports wait for the first report."""
    code = (
        "import sys, regression_model.report\n"
        "print({'jinja2', 'matplotlib', 'pandas'} & set(sys.modules))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, encoding="utf-8"
    )
    assert "set()" == found.stdout.strip()


def test_groups_that_a_chart_has_no_room_for_are_counted(houses: Any) -> None:
    """Neither those with few rows nor those beyond the last bar are left out in silence."""
    one = Estimate(0.1, 0.09, 0.11)
    sizes = [*range(50, 90), 20, 5]
    every = [Group(f"zone {n}", n, {"rmsle": one, "coverage": one}) for n in sizes]
    facts = Facts(replace(houses.evaluation, groups={"zone": every}), houses.model, houses.rows)

    bars, dots = by_group(facts, "zone", number=0), coverage_by_group(facts, "zone", number=0)
    assert bars is not None and dots is not None
    assert bars.caption.endswith("10 groups with few rows or after the first 32 not shown.")
    assert dots.caption.endswith("10 groups of fewest rows not shown.")
