"""Who becomes the champion, on what evidence, and how it is taken back."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest

from regression_model import Model
from regression_model.errors import InputError, TrackingError
from regression_model.tracking import Runs
from regression_model.tracking.promotion import promote, rollback

from .conftest import Add, Program, Versions


def test_the_first_model_that_meets_its_bar_is_promoted(add: Add, runs: Runs) -> None:
    """Without a champion there is nothing to compare with."""
    found = promote(runs, run_id := add("5.0.0"))
    assert found.promoted and found.champion is None
    now = runs.alias("house-prices", "champion")
    assert now is not None and now.run == run_id


def test_a_model_that_misses_its_bar_is_not_promoted(add: Add, runs: Runs, model: Model) -> None:
    """The bar is the one in its file; the sentence names the metric."""
    bar = {**model.manifest["quality"], "rmsle": 0.01}
    found = promote(runs, add("5.0.0", quality=bar))
    assert not found.promoted and runs.aliases() == []
    assert "misses its quality bar" in found.refusals[0] and "RMSLE" in found.refusals[0]


@pytest.mark.parametrize(("error", "promoted"), [(0.09, True), (0.1, True), (0.11, False)])
def test_held_out_errors_of_the_same_rows_decide(
    add: Add, runs: Runs, error: float, promoted: bool
) -> None:
    """A better or equal model is promoted, and one that is worse by more than the margin is not."""
    promote(runs, first := add("5.0.0", error=0.1))
    found = promote(runs, second := add("5.0.1", error=error), margin=0.02)
    now = runs.alias("house-prices", "champion")
    assert found.promoted is promoted
    assert now is not None and now.run == (second if promoted else first)
    assert found.evidence is not None and found.evidence.number == 300
    if promoted:
        recorded = now.evidence["comparison"]
        assert recorded["metric"] == "rmsle" and recorded["high"] <= recorded["margin"]
    else:
        assert "not shown that it is as good" in found.refusals[0]


def test_a_margin_is_what_may_be_lost(add: Add, runs: Runs) -> None:
    """The same challenger passes with a margin that is wide enough."""
    promote(runs, add("5.0.0", error=0.1))
    worse = add("5.0.1", error=0.105)
    assert not promote(runs, worse, margin=0.02).promoted
    assert promote(runs, worse, margin=0.1).promoted


def test_a_model_that_refuses_rows_is_not_promoted(add: Add, runs: Runs, model: Model) -> None:
    """A field that the champion does not require makes the challenger incompatible."""
    promote(runs, add("5.0.0"))
    contract = model.manifest["contract"]
    fields = [dict(one) for one in contract["fields"]]
    optional = next(one for one in fields if one.get("used", True) and not one.get("required"))
    optional["required"] = True
    found = promote(runs, add("5.0.1", contract={**contract, "fields": fields}))
    assert not found.promoted and "not compatible" in found.refusals[0]


def test_a_forced_promotion_is_recorded_with_its_reason(add: Add, runs: Runs) -> None:
    """What spoke against it is recorded as well; without a reason nothing is forced."""
    promote(runs, first := add("5.0.0", error=0.1))
    worse = add("5.0.1", error=0.2)
    with pytest.raises(InputError, match="--reason"):
        promote(runs, worse, force=True)
    assert promote(runs, worse, force=True, reason="the old one is too slow").promoted
    now = runs.alias("house-prices", "champion")
    assert now is not None and (now.action, now.replaced) == ("forced", first)
    assert now.reason == "the old one is too slow"
    assert "not shown that it is as good" in now.evidence["refusals"][0]


def test_labelled_rows_decide_where_there_are_no_held_out_errors(
    version: Versions, runs: Runs, tmp_path: Path, scoring_file: Path, model: Model
) -> None:
    """Model files of unknown training are compared on rows that neither has seen."""
    promote(runs, str(version("5.0.0")))
    challenger = str(version("5.0.1"))
    with pytest.raises(InputError, match="no held-out errors: give labelled rows .* --data"):
        promote(runs, challenger)
    with scoring_file.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))[:200]
    prices = model.predict(rows).values * 1.1
    labelled = tmp_path / "sales.csv"
    with labelled.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*rows[0], "SalePrice"])
        writer.writeheader()
        writer.writerows(
            {**row, "SalePrice": price} for row, price in zip(rows, prices, strict=True)
        )
    found = promote(runs, challenger, data=labelled, metric="mae")
    assert found.promoted and found.evidence is not None
    assert (found.evidence.metric, found.evidence.number) == ("mae", 200)


def test_rows_that_the_challenger_was_trained_on_are_no_evidence(
    version: Versions, runs: Runs, training_file: Path
) -> None:
    """The error says so, and nothing is promoted."""
    promote(runs, str(version("5.0.0")))
    with pytest.raises(InputError, match="in the training data"):
        promote(runs, str(version("5.0.1")), data=training_file)


def test_a_champion_that_was_deleted_is_replaced_by_force_only(
    add: Add, runs: Runs, tmp_path: Path
) -> None:
    """Nobody can tell whether the challenger is as good; the sentence names what was deleted."""
    promote(runs, first := add("5.0.0"))
    shutil.rmtree(tmp_path / "runs" / "records" / first)
    second = add("5.0.1")
    found = promote(runs, second)
    assert not found.promoted and "was deleted" in found.refusals[0] and first in found.refusals[0]
    assert promote(runs, second, force=True, reason="the champion was deleted").promoted
    with pytest.raises(TrackingError, match="deleted"):
        rollback(runs, "house-prices")


def test_rollbacks_go_back_one_by_one(add: Add, runs: Runs) -> None:
    """Each goes to the champion before, and past what was rolled back."""
    first, second, third = (add(f"5.0.{number}", error=0.1 - number / 100) for number in range(3))
    for one in (first, second, third):
        promote(runs, one)
    assert rollback(runs, "house-prices").run == second
    assert rollback(runs, "house-prices", reason="again").run == first
    with pytest.raises(TrackingError, match="nothing to roll back to"):
        rollback(runs, "house-prices")
    promote(runs, third)
    assert rollback(runs, "house-prices").run == first
    actions = [one.action for one in runs.history("house-prices", "champion")]
    assert actions == ["promoted"] * 3 + ["rolled back"] * 2 + ["promoted", "rolled back"]


def test_the_program_promotes_and_predicts_with_the_champion(
    program: Program, version: Versions, scoring_file: Path
) -> None:
    """Promote, list, show, compare, predict by the alias, and take it back, as a user types it."""
    path = str(version("5.0.0"))
    nothing = program("promote", "20261122")
    assert nothing.returncode == 2 and "There are no runs in runs" in nothing.stderr
    ran = program("promote", path, LOGNAME="ada")
    assert ran.returncode == 0 and "house-prices@champion is " in ran.stdout
    (listed,) = json.loads(program("runs", "--json").stdout)
    assert listed["aliases"] == ["house-prices@champion"] and listed["version"] == "5.0.0"
    shown = program("runs", "show", "house-prices@champion").stdout
    assert listed["id"] in shown and "config_sha256" in shown
    again = program("runs", "diff", listed["id"], "house-prices@champion")
    assert again.stdout == "Nothing differs but the time.\n"
    info = program("info", "--model", "runs:/house-prices@champion", "--json")
    assert json.loads(info.stdout)["version"] == "5.0.0"
    refused = program("promote", str(version("5.0.1", quality={"rmsle": 0.01, "coverage": None})))
    assert refused.returncode == 1, refused.stderr
    assert "misses its quality bar" in refused.stdout and "Not promoted" in refused.stderr
    none = program("rollback", "house-prices")
    assert none.returncode == 2 and "nothing to roll back to" in none.stderr
    missing = program("info", "--model", "runs:/house-prices@best")
    assert missing.returncode == 2 and "There is no house-prices@best" in missing.stderr
    assert "Traceback" not in nothing.stderr + none.stderr + missing.stderr
