"""What has changed in a table since a model was trained on it."""

from pathlib import Path
from typing import Any

import pytest

from regression_model import InputError, Model
from regression_model.comparison.data import data_changes
from regression_model.files.tables import read_table
from regression_model.training.run import TrainingResult, run_training

BOATS = """\
name: boats
description: Boats
target:
  name: price
  description: Price
  minimum: 1
data:
  training: boats.csv
evaluation:
  folds: 2
features:
  length:
    description: Length
    kind: number
estimator:
  lasso:
    alpha: 0.01
"""


@pytest.fixture(scope="module")
def trained_on(training_file: Any) -> dict[str, list[str]]:
    """The rows that the shipped model was trained on."""
    table: dict[str, list[str]] = read_table(str(training_file))
    return table


def test_the_same_rows_in_another_order_have_not_changed(
    model: Model, trained_on: dict[str, list[str]]
) -> None:
    """Neither the order of rows and columns nor the identifiers matter."""
    turned = {name: cells[::-1] for name, cells in reversed(trained_on.items())}
    found = data_changes(model, turned)
    assert (0, 0, False) == (found.added, found.removed, found.is_estimate)
    assert not any(one.most > 0.02 for one in found.fields)
    assert [
        "Training rows since the earlier model: the same 1,460 rows in what the model reads."
    ] == found.sentences()


def test_rows_added_removed_and_altered_are_counted(
    model: Model, trained_on: dict[str, list[str]]
) -> None:
    """An altered row counts as one removed and one added."""
    changed = {name: [*cells[10:], cells[-1]] for name, cells in trained_on.items()}
    changed["LotArea"][-1] = "9999"  # a row that is new
    changed["SalePrice"][0] = "123456"  # an altered one
    found = data_changes(model, changed)
    assert (2, 11) == (found.added, found.removed)
    assert (1460, 1451) == (found.rows_before, found.rows_now)
    assert "2 rows added and 11 removed" in found.sentences()[0]


def test_fields_that_have_shifted_are_named_with_the_size(
    model: Model, trained_on: dict[str, list[str]]
) -> None:
    """Numbers, levels and what is missing; the one that moved most comes first."""
    rows = len(trained_on["LotArea"])
    changed = dict(trained_on)
    changed["GrLivArea"] = [str(2 * int(cell)) for cell in trained_on["GrLivArea"]]
    changed["MSZoning"] = ["RM"] * (rows // 2) + trained_on["MSZoning"][rows // 2 :]
    changed["LotFrontage"] = ["NA"] * rows
    found = data_changes(model, changed)
    shifts = {one.name: one for one in found.fields}
    assert {"GrLivArea", "LotFrontage", "MSZoning"} == {
        *(n for n in shifts if shifts[n].most > 0.1)
    }
    assert shifts["LotFrontage"].missing_now == 1 and found.fields[0].name == "LotFrontage"
    assert shifts["GrLivArea"].size > 0.6
    said = "\n".join(found.sentences())
    assert "GrLivArea has shifted" in said and "LotFrontage has shifted: 100% are missing" in said


def test_changes_need_the_target(model: Model, rows: list[dict[str, Any]]) -> None:
    """Without it no row can be recognised."""
    with pytest.raises(InputError, match="no column SalePrice"):
        data_changes(model, rows)


def test_training_again_tells_what_changed_and_writes_no_word_of_it(tmp_path: Path) -> None:
    """The same rows give the same file, whatever was trained in between."""
    config = tmp_path / "boats.yml"
    config.write_text(BOATS, encoding="utf-8")

    def trained(rows: int) -> TrainingResult:
        lines = [f"{n},{100 + 7 * n}\n" for n in range(rows)]
        (tmp_path / "boats.csv").write_text("length,price\n" + "".join(lines), encoding="utf-8")
        return run_training(config_path=config, documents=False)

    first = trained(40)
    content = first.model_path.read_bytes()
    again = trained(60)
    assert [] == first.notes and "20 rows added and 0 removed" in again.notes[0]
    last = trained(40)
    assert "0 rows added and 20 removed" in last.notes[0]
    assert content == last.model_path.read_bytes()
