"""The metrics of the benchmark are worked out and shown as they should be."""

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from regression_model import load_model
from regression_model.config.core import load_config
from regression_model.training.data import dataset_path, read_dataset
from regression_model.training.rows import TrainingData, read_training_data

ROOT = Path(__file__).parents[1]


pytestmark = pytest.mark.usefixtures("benchmarks")


def module(name: str) -> ModuleType:
    """One module of the benchmarks."""
    return import_module(f"benchmarks.{name}")


def page_rows(name: str) -> dict[str, list[str]]:
    """The rows of all tables of a page, by their first cell."""
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    lines = [line.strip("| ") for line in text.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.split(" | ")] for line in lines]
    return {row[0]: row for row in rows}


def test_a_ratio_is_the_median_of_the_ratios_of_the_rounds() -> None:
    """A machine that is twice as slow for one round changes nothing."""
    ratio = module("timings").ratio
    peer = [[20.0, 20.0, 90.0], [40.0, 40.0], [20.0]]
    ours = [[2.0, 2.0, 1.0], [4.0, 4.0], [2.0]]
    assert 10.0 == ratio(peer, ours)


def test_quantiles_are_of_all_calls() -> None:
    """The 99th of a hundred calls in two rounds is one that was measured."""
    quantile = module("timings").quantile
    rounds = [[float(i) for i in range(50)], [float(i) for i in range(50, 100)]]
    assert [0.0, 50.0, 99.0] == [quantile(rounds, share) for share in (0.0, 0.5, 0.99)]


def test_a_difference_is_taken_within_each_fold() -> None:
    """Folds that are hard for both do not blur it; shared training rows widen its error."""
    metrics = module("timings")
    these, others = [0.11, 0.21, 0.13, 0.23], [0.10, 0.20, 0.10, 0.20]
    difference, error = metrics.paired_difference(these, others, folds=2)
    assert 0.02 == pytest.approx(difference)
    assert 0.02 / 3**0.5 * (1 / 4 + 1) ** 0.5 == pytest.approx(error)


def test_a_difference_of_nothing_has_no_minus() -> None:
    """-0.0000 would look like something."""
    as_difference = module("timings").as_difference
    assert "+0.0000 ± 0.0006" == as_difference(-0.00001, 0.0006)
    assert "-0.0067 ± 0.0014" == as_difference(-0.0067, 0.0014)


def test_sides_take_turns_and_the_first_round_does_not_count() -> None:
    """A B A B, so that no side has a better machine than another."""
    turns: list[str] = []

    def taker(name: str) -> list[float]:
        turns.append(name)
        return [float(len(turns))]

    takers = {"a": lambda: taker("a"), "b": lambda: taker("b")}
    taken = module("timings").interleave(takers, 2)
    assert ["a", "b"] * 3 == turns
    assert {"a": [[3.0], [5.0]], "b": [[4.0], [6.0]]} == taken


@pytest.mark.parametrize(
    ("function", "value", "expected"),
    [
        ("as_seconds", 0.0000421234, "42.1 µs"),
        ("as_seconds", 0.00499, "4.99 ms"),
        ("as_seconds", 6.5701, "6.57 s"),
        ("as_bytes", 42_000.0, "42.0 kB"),
        ("as_bytes", 472e6, "472 MB"),
        ("as_ratio", 451.4, "451×"),
        ("as_ratio", 1.749, "1.75×"),
        ("as_ratio", None, ""),
    ],
)
def test_metrics_have_three_digits(function: str, value: float | None, expected: str) -> None:
    """Nobody reads more, and less would hide a difference."""
    assert expected == getattr(module("timings"), function)(value)


@pytest.mark.parametrize(
    ("measured", "verdict"),
    [
        ((200.0, 5.0), "met"),
        ((199.0, 5.0), "**not met**: at least 200× faster than the peer"),
        ((400.0, 5.1), "**not met**: at most 5× the bare session"),
        ((None, 4.0), "not measured"),
        ((None, 6.0), "**not met**: at most 5× the bare session"),
    ],
)
def test_a_verdict_names_what_is_missed(measured: tuple[float | None, ...], verdict: str) -> None:
    """A demand that was not measured is neither met nor missed."""
    row = module("table").Row(module("demands").ONE_P50, "42 µs", measured=measured)
    assert verdict == row.verdict
    assert ("not met" in verdict) == bool(row.missed)


def test_a_row_with_no_demand_has_no_verdict() -> None:
    """It is there to be read."""
    row = module("table").Row("wheel", "700 kB")
    assert len(module("table").HEADER) == len(row.cells)
    assert ("", "") == row.cells[-2:]


def test_tables_are_markdown_with_even_columns() -> None:
    """The same text is read in a terminal and rendered from the page."""
    table = module("table").markdown(("what", "ours"), [("a|b", "1 µs"), ("c", "")])
    assert table.splitlines() == [
        "| what | ours |",
        "| ---- | ---- |",
        "| a\\|b | 1 µs |",
        "| c    |      |",
    ]


@pytest.mark.parametrize(
    ("outcome", "sentence"),
    [
        ({"rows": 3, "raised": "KeyError: 'X'"}, "3 in, none out: raises `KeyError: 'X'`"),
        ({"rows": 3, "prices": [1.0, 2.0], "errors": None}, "3 in, 2 out; no word about it"),
        (
            {
                "rows": 2,
                "prices": [1.0, None],
                "errors": "[...]",
                "problems": [
                    {"row": 1, "code": "missing_value", "severity": "error", "message": "Told."}
                ],
            },
            "2 in, 2 out, 1 of them prices, None in the place of the others; "
            "error `missing_value`, row 1: Told.",
        ),
        ({"rows": 0, "prices": [], "errors": None}, "0 in, 0 out; no errors"),
    ],
)
def test_what_comes_of_bad_rows_is_one_sentence(outcome: dict[str, object], sentence: str) -> None:
    """As many results as rows, or not, and what was said about it."""
    assert sentence == module("behaviour").sentence(outcome)


def test_the_page_states_every_demand() -> None:
    """No row of the table goes missing, and no limit in it is another one than that measured."""
    rows = page_rows("benchmarks.md")
    for what, demands in module("demands").DEMANDS.items():
        assert "; ".join(demand.text for demand in demands) == rows[what][-2]


def test_the_page_shows_what_comes_of_bad_rows() -> None:
    """Every case that is tried is told."""
    rows = page_rows("benchmarks.md")
    assert rows.keys() >= module("behaviour").bad_rows([{}, {}, {}]).keys()


def test_the_page_about_inputs_compares_all_ways() -> None:
    """The choice can be followed."""
    assert page_rows("inputs.md").keys() >= module("inputs").WAYS.keys()


def test_the_page_about_blends_has_the_headline() -> None:
    """The folds are those of training, so the shipped blend has one score everywhere."""
    frontier = module("frontier")
    lines = (ROOT / "docs" / "frontier.md").read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.split("|")] for line in lines if line.startswith("|")]
    rows = {row[2]: row[3] for row in cells if len(row) > 6}
    shipped = frontier._name(frontier.SHIPPED_BLEND)
    headline = load_model().manifest["metrics"]["rmsle"]
    assert f"{headline:.4f}" == rows[f"**{shipped}** (shipped)"]
    others = {frontier._name(blend) for blend in frontier.BLENDS} - {shipped}
    assert rows.keys() >= others


def test_the_page_about_blends_quotes_the_scores_of_kept_apart() -> None:
    """They are not measured again, so they must be the same."""
    measured = page_rows("kept-apart.md").values()
    quoted = module("choosing").EARLIER
    assert len(quoted) == len(
        [row for row in measured if (row[1], row[2].strip("*")) in {q[1:] for q in quoted}]
    )


@pytest.fixture(scope="module")
def rows() -> TrainingData:
    """The training rows."""
    config = load_config()
    path = dataset_path(config.data.training)
    return read_training_data(config, read_dataset(path), source=path.name)


def demonstration(data: TrainingData) -> Any:
    """The choice of columns, with two folds for speed."""
    config = load_config()
    evaluation = config.evaluation.model_copy(update={"folds": 2})
    return module("choosing").Demonstration(
        config.model_copy(update={"evaluation": evaluation}), data
    )


def test_a_choice_looks_at_no_other_rows(rows: TrainingData) -> None:
    """Otherwise the scores of the rows that were held out would be too good."""
    chosen_from = np.arange(0, len(rows.frame), 2)
    target = rows.target.copy()
    target[np.setdiff1d(np.arange(len(target)), chosen_from)] *= 3
    changed = replace(rows, target=target)
    chosen = demonstration(rows).choose(chosen_from, 0)
    assert 12 == len(set(chosen))
    assert chosen == demonstration(changed).choose(chosen_from, 0)


def test_a_column_that_matters_is_chosen_first(rows: TrainingData) -> None:
    """The choice can find what is there."""
    field, level, number = "LotConfig", "CulDSac", "OverallQual"
    quality = rows.frame[number] - rows.frame[number].mean()
    target = rows.target * np.exp(0.3 * quality * (rows.frame[field] == level))
    changed = replace(rows, target=target)
    chosen = demonstration(changed).choose(np.arange(len(rows.frame)), 0)
    assert ((field, level), number) == chosen[0]


def test_another_version_has_to_be_a_wheel_that_is_there(tmp_path: Path) -> None:
    """Said in one sentence, whichever of the two wheels is absent."""
    with pytest.raises(SystemExit, match=r"(absent\.whl does not exist|There is no wheel)"):
        module("beside").main([str(tmp_path / "absent.whl")])


def test_a_section_of_the_page_is_replaced_alone() -> None:
    """The tables that pass in slices are measured alone; everything else stays."""
    with_section = module("report").with_section
    page = "# Page\n\nWords.\n\n## Two\n\nMore.\n"
    once = with_section(page, "## One\n\nold")
    assert once == "# Page\n\nWords.\n\n## One\n\nold\n\n## Two\n\nMore.\n"
    assert with_section(once, "## One\n\nnew") == once.replace("old", "new")


def test_a_stream_is_measured_beside_a_copy() -> None:
    """Every table is held to its demands; a few rows are enough to see that."""
    pytest.importorskip("pyarrow")
    streams, demands = module("streams"), module("demands")
    rows, text = streams.section(rows=500, rounds=1)
    names = [demands.STREAM_CSV, demands.STREAM_PARQUET, demands.STREAM_BASE, demands.STREAM_LONG]
    assert [row.what for row in rows] == names
    assert text.startswith(streams.HEADING)
    assert all(name in text for name in names)


def test_every_hostile_request_stands_on_the_page_and_keeps_to_the_demand() -> None:
    """The table of `docs/reliability.md` is that of the benchmark."""
    rows = page_rows("reliability.md")
    hostile = module("hostile")
    for name, body in hostile.bodies(load_model()).items():
        assert len(hostile._text(body)) < 1_300_000
        if name != "a dict of columns, 71,000 rows":  # held to a demand for each row
            assert all(float(cell.rstrip("×")) <= 20 for cell in rows[name][2:5]), name
    for name, (_, size) in hostile.SIZES.items():
        assert float(rows[f"{size:,} {name}"][2].rstrip("×")) <= 3


def test_the_picture_of_the_architecture_is_that_of_the_sources() -> None:
    """Whoever moves a module draws it again."""
    architecture = module("architecture")
    assert architecture.draw() == architecture.PICTURE.read_text(encoding="utf-8")


def test_the_page_of_the_configuration_is_that_of_the_code() -> None:
    """Whoever adds a key runs `python -m benchmarks.configuration`."""
    configuration = module("configuration")
    assert configuration.page() == configuration.PAGE.read_text(encoding="utf-8")


def test_the_page_of_the_service_holds_it_to_its_demands() -> None:
    """A demand that is missed is marked, and sizes are multiples of what was measured."""
    measure, page, sides = (module(f"serving.{name}") for name in ("measure", "page", "sides"))
    load, memory = module("serving.load").Load, module("serving.servers").Memory

    def side(rate: float, p99: float) -> Any:
        loads = (load(rate, 0.001, 0.002, p99, int(rate), 0, 0.1),)
        return measure.Measured(loads, 1 / rate)

    cases = {
        measure.Case(workers, rows, connections): {
            sides.OURS: side(5_000 / rows, 0.004),
            sides.ECHO: side(10_000 / rows, 0.003),
            sides.BARE: side(20_000 / rows, 0.002),
            sides.MLFLOW: side(100 / rows, 0.1),
        }
        for workers in (1, 2)
        for rows in measure.ROWS
        for connections in measure.CONNECTIONS
    }
    results = measure.Results(cases, {sides.OURS: memory(9e7, 8e7)}, {1: 1_400, 100: 140_000}, [])
    missed = [verdict.shown for verdict in page.verdicts(results) if verdict.missed]
    assert missed == ["50%", "5,000"]
    run = {"minutes": 1, "rounds": 1, "seconds": 1.0, "load": 0.1}
    text = page.render(results, described="A machine.", notes=[], run=run)
    assert "| 1,000 cores | 5,000,000 " in text
    assert text.count("**not met**") == 2
    assert module("serving.chart").draw(results).count("<rect") == 1 + 2 * 4


def test_wrk_that_is_missing_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says how to install it, before anything is started."""
    monkeypatch.setenv("PATH", "")
    assert import_module("benchmarks.serving.__main__").main(["--no-write"]) == 2
    assert capsys.readouterr().err == (
        "The benchmark stopped: wrk puts the load on the servers, and is missing: "
        "apt-get install wrk.\n"
    )
