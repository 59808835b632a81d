"""The command init: a table in, a configuration out, and a sentence for what cannot be used."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from regression_model.cli import app
from regression_model.config.core import Config, load_config
from regression_model.config.reading import read_yaml
from regression_model.drafting.document import quoted

ROOT = Path(__file__).parents[2]
CARS = ROOT / "examples" / "cars.csv"
RANDOM = np.random.default_rng(0)
ROWS = 60
SIZE = RANDOM.uniform(1, 9, ROWS).round(3).tolist()
PRICE = [round(3 * size + error, 3) for size, error in zip(SIZE, RANDOM.normal(size=ROWS))]


def invoke(*arguments: object) -> Result:
    """Run the program in this process."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def save(path: Path, columns: Mapping[str, Iterable[Any]]) -> Path:
    """Write columns as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


@pytest.mark.parametrize("text", ["a\tb", "a\u200bb", "tag\U000e0001", "it's: #1", '"\\\u200b'])
def test_a_text_is_read_as_it_was_before_it_was_quoted(text: str) -> None:
    """Whatever the name of a column is made of."""
    document, _ = read_yaml(f"key: {quoted(text)}\n", "config.yml")
    assert {"key": text} == document


@pytest.fixture(scope="module")
def cars(tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Path]:
    """What init says of the cars, and what it writes."""
    place = tmp_path_factory.mktemp("cars") / "cars.yml"
    return invoke("init", CARS, "--target", "Miles_per_Gallon", "--output", place), place


def test_a_real_table_becomes_a_configuration_that_is_valid(cars: tuple[Result, Path]) -> None:
    """Without a line edited; the table is found from where the configuration is."""
    done, place = cars
    assert done.exit_code == 0, done.output
    assert invoke("check", place).exit_code == 0
    config = load_config(place)
    assert (place.parent / config.data.training).resolve() == CARS
    kinds = {name: (feature.kind, feature.use) for name, feature in config.features.items()}
    assert kinds == {
        "Name": ("nominal", "no"),
        "Cylinders": ("number", "yes"),
        "Displacement": ("number", "yes"),
        "Horsepower": ("number", "yes"),
        "Weight_in_lbs": ("number", "yes"),
        "Acceleration": ("number", "yes"),
        "Year": ("date", "yes"),
        "Origin": ("nominal", "yes"),
    }
    assert config.features["Horsepower"].missing == "median"
    assert config.target.missing == "leave_out"
    assert config.estimator.auto is not None


def test_every_column_is_shown_with_the_reason(cars: tuple[Result, Path]) -> None:
    """On the screen, and above its lines in the file."""
    done, place = cars
    text = place.read_text(encoding="utf-8")
    assert "hardly repeat" in done.stdout and "hardly repeat" in text
    assert "have no value of Miles_per_Gallon, and were left out." in done.stdout
    for name in load_config(place).features:
        assert name in done.stdout


def test_the_same_table_gives_the_same_text(cars: tuple[Result, Path], tmp_path: Path) -> None:
    """Byte for byte, wherever the working directory is."""
    _, place = cars
    again = tmp_path / "cars.yml"
    invoke("init", CARS, "--target", "Miles_per_Gallon", "--output", again)
    shown = [path.read_text(encoding="utf-8") for path in (place, again)]
    places = [str(load_config(path).data.training) for path in (place, again)]
    assert shown[0].replace(places[0], "X") == shown[1].replace(places[1], "X")


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_other_files_of_the_same_rows_give_the_same_text(tmp_path: Path, ending: str) -> None:
    """But for the name of the file."""
    typed = {"size": SIZE, "big": [size > 5 for size in SIZE], "price": PRICE}
    table = tmp_path / f"table.{ending}"
    if ending == "parquet":
        pq.write_table(pa.table(typed), table)
    else:
        records = [dict(zip(typed, row, strict=True)) for row in zip(*typed.values(), strict=True)]
        table.write_text("".join(json.dumps(record) + "\n" for record in records))
    assert invoke("init", table, "--target", "price").exit_code == 0
    found = (tmp_path / "table.yml").read_text(encoding="utf-8")
    drafted(tmp_path, {**typed, "big": ["yes" if big else "no" for big in typed["big"]]})
    expected = (tmp_path / "table.yml").read_text(encoding="utf-8")
    assert found.replace(table.name, "table.csv") == expected


def test_a_configuration_is_never_replaced_unasked(tmp_path: Path) -> None:
    """The name of the table with another ending, beside it; --force replaces it."""
    table = save(tmp_path / "boats.csv", {"size": SIZE, "price": PRICE})
    assert invoke("init", table, "--target", "price").exit_code == 0
    (tmp_path / "boats.yml").write_text("mine")
    refused = invoke("init", table, "--target", "price")
    assert (refused.exit_code, (tmp_path / "boats.yml").read_text()) == (2, "mine")
    assert "--force" in refused.stderr
    assert invoke("init", table, "--target", "price", "--force").exit_code == 0
    assert load_config(tmp_path / "boats.yml").name == "boats"


def drafted(folder: Path, columns: Mapping[str, Iterable[Any]]) -> tuple[Result, Config]:
    """What init makes of columns, of which `price` is the target."""
    table = save(folder / "table.csv", columns)
    done = invoke("init", table, "--target", "price", "--force")
    assert done.exit_code == 0, done.output
    return done, load_config(folder / "table.yml")


def test_a_leak_is_left_out_loudly_until_the_user_says_otherwise(tmp_path: Path) -> None:
    """One line changes it."""
    parts = RANDOM.integers(5, 50, (2, ROWS))
    done, config = drafted(
        tmp_path, {"size": SIZE, "net": parts[0], "tax": parts[1], "price": parts.sum(axis=0)}
    )
    assert {name for name, one in config.features.items() if one.use == "no"} == {"net", "tax"}
    assert "Note: net is left out: the target is net + tax in every row." in done.stdout
    text = (tmp_path / "table.yml").read_text(encoding="utf-8")
    assert text.count("LEFT OUT") == 2
    (tmp_path / "table.yml").write_text(text.replace("    use: no\n", "    use: yes\n"))
    assert load_config(tmp_path / "table.yml").features["tax"].use == "yes"


def test_what_gives_the_target_away_is_used_where_there_is_nothing_else(tmp_path: Path) -> None:
    """And the user is told."""
    prices = (PRICE * 2)[:80]
    done, config = drafted(tmp_path, {"cents": [100 * one for one in prices], "price": prices})
    assert config.features["cents"].use == "yes"
    assert "Note: cents is used, but alone it determines 100.0%" in done.stdout


def test_a_gap_beside_a_missing_target_may_come_again(tmp_path: Path) -> None:
    """Rows without a target are not trained on, and may have to be predicted."""
    gap, price = ["", *SIZE[1:]], ["", *PRICE[1:]]
    _, config = drafted(tmp_path, {"size": SIZE, "width": gap, "price": price})
    assert config.features["width"].missing == "median"
    assert config.features["size"].required


def test_the_target_is_learnt_on_the_scale_that_is_clearly_better(tmp_path: Path) -> None:
    """Products as a logarithm, sums as they are, and what has no logarithm too."""
    random = np.random.default_rng(0)
    noise = random.normal(size=400)
    size = random.uniform(0, 6, 400)
    _, product = drafted(tmp_path, {"size": size, "price": np.exp(size + noise / 4)})
    _, total = drafted(tmp_path, {"size": size, "price": 10 + size + noise / 2})
    _, signed = drafted(tmp_path, {"size": size, "price": size - 3 + noise})
    found = [config.target.transform for config in (product, total, signed)]
    assert found == ["log", "none", "none"]


ODD_TABLES: dict[str, tuple[dict[str, Any], str]] = {
    "absent": ({"size": SIZE, "cost": PRICE}, "has no column called 'price'"),
    "constant": ({"size": SIZE, "price": [7] * ROWS}, "every value of price is 7"),
    "text": (
        {"size": SIZE, "price": ["much", *PRICE[1:]]},
        "1 of 60 values cannot be read as one, such as 'much'",
    ),
    "empty": ({"size": SIZE, "price": [""] * ROWS}, "no row has a value of price"),
    "alone": ({"price": PRICE}, "price is the only column: there"),
    "one row": ({"size": [1, 2], "price": [2, 5]}, "price has 2 values: expected at least 10"),
    "nothing to learn from": (
        {"id": range(ROWS), "zone": ["A"] * ROWS, "price": PRICE},
        "no column is left to learn from: id (numbers the rows",
    ),
    "too wide": (
        {**{f"c{i}": SIZE for i in range(1_001)}, "price": PRICE},
        "1,002 columns: at most 1,000",
    ),
}


@pytest.mark.parametrize("odd", ODD_TABLES)
def test_a_table_that_cannot_be_used_is_refused(tmp_path: Path, odd: str) -> None:
    """In one sentence, with exit code 2 and nothing written."""
    columns, sentence = ODD_TABLES[odd]
    done = invoke("init", save(tmp_path / "odd.csv", columns), "--target", "price")
    assert (done.exit_code, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert done.stderr.splitlines()[-1].startswith("Error: ")
    assert not (tmp_path / "odd.yml").exists()


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    """With the name."""
    table = tmp_path / "odd.csv"
    table.write_text("size,size,price\n" + "1,2,3\n" * 30)
    done = invoke("init", table, "--target", "price")
    assert done.exit_code == 2
    assert "more than one column called size" in done.stderr


def test_odd_columns_are_left_out_with_a_reason(tmp_path: Path) -> None:
    """The others are used all the same."""
    done, config = drafted(
        tmp_path,
        {
            "size": SIZE,
            "length, m": SIZE,
            "built": ["3.4.2020", "2020-01-02", "1/2/2020", "4 May 2020", "May 5, 2020"] * 12,
            "mixed": ["1", "two", "3.5", "four", "2020-01-01", "yes"] * 10,
            "when: # then": ["- a", "b: c", "'", '"', "[x]", "{y}"] * 10,
            "price": PRICE,
        },
    )
    assert "The column 'length, m' is left out" in done.stdout
    assert [name for name, one in config.features.items() if one.use == "yes"] == [
        "size",
        "mixed",
        "when: # then",
    ]
    assert "write them as 2010-06-30" in (tmp_path / "table.yml").read_text(encoding="utf-8")


def test_the_table_is_not_replaced_by_its_description(tmp_path: Path) -> None:
    """Whatever --output and --force say."""
    table = save(tmp_path / "table.csv", {"size": SIZE, "price": PRICE})
    done = invoke("init", table, "--target", "price", "--output", table, "--force")
    assert done.exit_code == 2
    assert table.read_text(encoding="utf-8").startswith("size,price")
