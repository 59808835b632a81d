"""What a new model changes for the users of an old one, and which release that takes."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regression_model import (
    InputError,
    Model,
    ModelComparison,
    ModelFileError,
    compare_models,
    load_model,
)
from regression_model.comparison import RULES, tables
from regression_model.comparison.contracts import contract_differences
from regression_model.comparison.profile import ProfileRows
from regression_model.comparison.run import RunningComparison
from regression_model.comparison.sources import open_model
from regression_model.comparison.versions import is_enough, smallest_version
from regression_model.runtime.checking import Checker
from regression_model.runtime.contract import Contract, Field
from regression_model.runtime.model_file.release import PACKAGE_ROOT, find_model_file
from regression_model.runtime.model_file.sealing import reseal
from regression_model.training.run import run_training

DOCS = Path(__file__).parents[1] / "docs" / "comparing.md"
CONFIG = """\
name: balance
description: What a stand earns in a day
target:
  name: earned
  description: What was taken less what was spent
  unit: euros
data:
  training: stand.csv
features:
  day:
    description: Day that is counted
    kind: date
    missing: median
    parts: elapsed_days
  visitors:
    description: People who came by
    kind: number
    unit: people
    minimum: 0
  shade:
    description: Whether there is shade
    kind: boolean
    missing: no
  place:
    description: Where the stand is
    kind: nominal
    levels: park, market, beach
    encode: mean
    missing: most_frequent
  weather:
    description: How the weather was
    kind: ordinal
    levels: bad, fair, good
    missing: most_frequent
estimator:
  ridge:
    alpha: 1
evaluation:
  folds: 3
"""
Change = Callable[[dict[str, Any]], object]
Variant = Callable[..., Model]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small table with a field of each kind, whose target is negative, zero and positive."""
    folder = tmp_path_factory.mktemp("stand")
    chance = np.random.default_rng(5)
    lines = ["day,visitors,shade,place,weather,earned"]
    for at in range(150):
        visitors, weather = int(chance.integers(0, 100)), int(chance.integers(0, 3))
        place, shade = str(chance.choice(["park", "market", "beach"])), at % 3 == 0
        earned = 3 * visitors + 40 * weather - 150 + 20 * (place == "beach") + chance.normal(0, 5)
        day = "" if at % 20 == 7 else (date(2024, 1, 1) + timedelta(days=at)).isoformat()
        word = ("bad", "fair", "good")[weather]
        lines.append(f"{day},{visitors},{'yes' if shade else 'no'},{place},{word},{earned:.2f}")
    (folder / "stand.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def trained(folder: Path, name: str, config: str) -> Model:
    """Train a configuration on the table, without a report."""
    from regression_model.training import run

    (folder / f"{name}.yml").write_text(config, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "_documents", lambda *arguments: ({}, []))
        result = run_training(config_path=folder / f"{name}.yml", output=folder / name)
    return load_model(result.model_path)


@pytest.fixture(scope="module")
def old(folder: Path) -> Model:
    """A model of the table."""
    return trained(folder, "old", CONFIG)


@pytest.fixture(scope="module")
def refitted(folder: Path) -> Model:
    """The same configuration with a stronger penalty: the same contract, other predictions."""
    return trained(folder, "refitted", CONFIG.replace("alpha: 1", "alpha: 30"))


@pytest.fixture
def variant(old: Model) -> Variant:
    """Return a copy of the old model after a change of its manifest."""

    def made(change: Change) -> Model:
        manifest = old.manifest
        change(manifest)
        _, (content,) = old.__reduce__()
        return Model(reseal(content, manifest, name="old"), name="variant")

    return made


def field(manifest: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the entry of a field in the contract of a manifest."""
    return next(one for one in manifest["contract"]["fields"] if one["name"] == name)


def codes(comparison: ModelComparison) -> set[str]:
    """Return the codes of the reasons."""
    return {reason.code for reason in comparison.reasons}


# Which release it takes


def test_the_same_model_is_a_patch_and_nothing_moves(old: Model) -> None:
    """Comparing a file with itself finds nothing, and the version may stay."""
    comparison = compare_models(old, old)
    assert (comparison.release, comparison.reasons, comparison.differences) == ("patch", (), ())
    assert (comparison.profile.largest, comparison.profile.mean) == (0.0, 0.0)
    assert comparison.profile.compared == comparison.profile.rows > 1_000
    assert comparison.profile.most_moved == ()
    assert comparison.version_is_enough
    assert comparison.smallest_version == old.version


def test_the_same_model_under_another_number_is_a_patch(old: Model, variant: Variant) -> None:
    """Whatever the number is; but it needs a new one, since the file is another."""
    for version, enough in (("4.0.1", True), ("99.0.0", True), ("3.9.0", False)):
        newer = variant(lambda manifest, version=version: manifest.update(version=version))
        comparison = compare_models(old, newer)
        assert comparison.release == "patch"
        assert comparison.version_is_enough is enough
        assert comparison.smallest_version == "4.0.1"
    again = variant(lambda manifest: manifest.update(description="Other words"))
    assert compare_models(old, again).version_is_enough is False


def test_a_refitted_model_is_minor(old: Model, refitted: Model) -> None:
    """The contract is the same and predictions move: rows that moved most come with reasons."""
    comparison = compare_models(old, refitted)
    assert comparison.release == "minor"
    assert codes(comparison) == {"predictions_moved", "intervals_moved"}
    profile = comparison.profile
    assert profile.lost == profile.gained == profile.refused == 0
    assert profile.over["1%"] >= profile.over["5%"] >= profile.over["10%"] > 0
    assert profile.largest == max(abs(row.move) for row in profile.most_moved)
    assert comparison.smallest_version == "4.1.0"


def test_a_move_within_the_tolerance_does_not_count(old: Model, refitted: Model) -> None:
    """The tolerance is relative, and the largest move is still told."""
    loose = compare_models(old, refitted, tolerance=1e6)
    assert (loose.release, loose.profile.beyond) == ("patch", 0)
    assert loose.profile.largest == compare_models(old, refitted).profile.largest


def test_the_explanation_of_a_move_adds_up_to_it(old: Model, refitted: Model) -> None:
    """That of the typical row and of each field, in the unit of the target."""
    for row in compare_models(old, refitted, top=2).profile.most_moved:
        assert row.base is not None
        assert row.base + sum(row.changes.values()) == pytest.approx(row.new - row.old, abs=1e-9)
        assert row.changes.keys() == {"day", "visitors", "shade", "place", "weather"}
        sizes = [abs(change) for change in row.changes.values()]
        assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize(
    ("name", "change", "code"),
    [
        ("visitors", {"minimum": 10}, "bound_narrowed"),
        ("visitors", {"maximum": 50}, "bound_narrowed"),
        ("visitors", {"minimum": -10}, "bound_widened"),
        ("visitors", {"unit": "dozens"}, "unit_changed"),
        ("visitors", {"required": False}, "field_optional"),
        ("visitors", {"aliases": ["guests"]}, "alias_added"),
        ("visitors", {"kind": "year"}, "kind_changed"),
        ("day", {"required": True}, "field_required"),
        ("day", {"minimum": "2024-02-01"}, "bound_narrowed"),
        ("day", {"unit": "days"}, "unit_stated"),
        ("shade", {"required": True}, "field_required"),
        ("place", {"missing_means": "on the road"}, "missing_meaning_changed"),
        ("weather", {"meanings": ["rain", "", "sun"]}, "level_meaning_changed"),
        ("weather", {"levels": ["bad", "fair", "splendid"]}, "level_refused"),
        ("weather", {"levels": ["good", "fair", "bad"]}, "levels_reordered"),
        ("place", {"training_levels": ["park", "market", "sea"]}, "level_forgotten"),
    ],
)
def test_a_change_of_a_field_takes_the_release_of_its_rule(
    old: Model, variant: Variant, name: str, change: dict[str, Any], code: str
) -> None:
    """The reason names the field, and refused rows are counted beside it."""
    comparison = compare_models(old, variant(lambda manifest: field(manifest, name).update(change)))
    assert code in codes(comparison)
    assert comparison.release == RULES[code]
    found, *_ = [one for one in comparison.differences if one.code == code]
    assert found.field == name
    assert found.message.startswith(f"{name} ")


def test_another_group_is_no_more_than_a_patch(old: Model, variant: Variant) -> None:
    """It is told, and nobody who sends rows has to care."""
    comparison = compare_models(old, variant(lambda m: field(m, "place").update(group="Where")))
    assert ["group_changed"] == [difference.code for difference in comparison.differences]
    assert comparison.release == "patch"


def test_refused_rows_are_counted_with_the_first_reason(old: Model, variant: Variant) -> None:
    """By field and code, and one of them in full."""
    strict = variant(lambda manifest: field(manifest, "visitors").update(minimum=40))
    rows = [{"visitors": n, "place": "park"} for n in (50, 30, 20, -5)]
    data = compare_models(old, strict, rows).data
    assert data is not None
    assert (data.rows, data.compared, data.lost, data.refused) == (4, 1, 2, 1)
    assert data.lost_by == {"visitors: below_minimum": 2}
    assert data.lost_example is not None
    assert data.lost_example.startswith("row 2: visitors is 30: expected a number of at least 40")


def test_rows_that_only_the_new_model_predicts_are_minor(old: Model, variant: Variant) -> None:
    """The reverse of a narrower bound."""
    strict = variant(lambda manifest: field(manifest, "visitors").update(minimum=40))
    comparison = compare_models(strict, old, [{"visitors": 30}, {"visitors": 50}])
    assert comparison.data is not None
    assert (comparison.data.gained, comparison.data.lost) == (1, 0)
    assert comparison.release == "minor"
    assert {"rows_accepted", "bound_widened"} <= codes(comparison)


def test_a_field_more_and_a_field_less(old: Model, folder: Path) -> None:
    """Removing one is major, though no row is refused for it; adding an optional one is not."""
    fewer = trained(folder, "fewer", re.sub(r"  shade:\n(    .*\n)+", "", CONFIG))
    less, more = compare_models(old, fewer), compare_models(fewer, old)
    assert (less.release, less.profile.lost) == ("major", 0)
    assert "field_removed" in codes(less)
    assert (more.release, more.profile.lost) == ("minor", 0)
    assert "field_added" in codes(more)


def test_rows_that_the_new_model_refuses_as_a_whole_are_lost(old: Model, variant: Variant) -> None:
    """It answers few rows one by one that all lack what it requires."""
    strict = variant(lambda manifest: field(manifest, "weather").update(required=True))
    rows = [{"visitors": 5}] * 10_000 + [{"visitors": 5, "place": "park"}]
    data = compare_models(old, strict, rows).data
    assert data is not None
    assert (data.lost, data.compared) == (10_001, 0)
    assert data.lost_example is not None and "lack a required field" in data.lost_example


def test_models_of_different_targets_are_not_compared_by_their_predictions(
    old: Model, variant: Variant
) -> None:
    """Moves would mean nothing; what is refused is counted all the same."""

    def other_target(manifest: dict[str, Any]) -> None:
        manifest["target"]["name"] = manifest["contract"]["target"] = "spent"

    comparison = compare_models(old, variant(other_target), [{"visitors": 5}])
    assert comparison.release == "major"
    assert codes(comparison) == {"target_changed"}
    assert comparison.data is not None
    assert (comparison.data.compared, comparison.data.largest) == (1, None)
    in_dollars = variant(lambda manifest: manifest["target"].update(unit="dollars"))
    assert codes(compare_models(old, in_dollars)) == {"target_unit_changed"}


def test_a_model_of_something_else_refuses_all_rows(old: Model, model: Model) -> None:
    """And the result is still one answer, as JSON too."""
    comparison = compare_models(old, model)
    assert comparison.release == "major"
    assert comparison.profile.lost == comparison.profile.rows
    assert {"rows_refused", "target_changed", "required_field_added"} <= codes(comparison)
    assert comparison.to_dict()["release"] == "major"


def test_predictions_about_zero_do_not_make_moves_look_infinite(
    old: Model, refitted: Model
) -> None:
    """Where the target has both signs, a move is relative to a tenth of their typical size."""
    rows = [{"visitors": n, "weather": "bad", "place": "park"} for n in range(101)]
    data = compare_models(old, refitted, rows).data
    assert data is not None and data.largest is not None
    before, after = old.predict(rows).values, refitted.predict(rows).values
    assert (before < 0).any() and (before > 0).any()
    relative = np.abs(after - before) / np.abs(before)
    assert data.largest < relative.max()
    far = np.abs(before) > np.median(np.abs(before))
    assert data.largest >= relative[far].max()


def test_an_interval_of_another_level_is_minor(old: Model, variant: Variant) -> None:
    """Its ends mean something else."""
    wider = variant(lambda manifest: manifest["interval"].update(level=0.95))
    assert codes(compare_models(old, wider)) == {"interval_level_changed"}


def test_an_older_file_without_a_profile_is_compared(old: Model, variant: Variant) -> None:
    """Its contract says enough to make rows; what a file cannot explain stays unexplained."""

    def older(manifest: dict[str, Any]) -> None:
        for name in ("profile", "background", "fillers", "fingerprints", "spread"):
            manifest.pop(name, None)

    comparison = compare_models(variant(older), old)
    assert comparison.release == "patch"
    assert comparison.profile.compared > 1_000
    kept = Path(__file__).parent / "data" / "format-1.onnx"
    assert compare_models(kept, kept).release == "patch"


@pytest.mark.parametrize(
    "profile",
    [
        {"visitors": {"deciles": ["x"] * 11}},
        {"visitors": {"deciles": [10**400, 5]}, "day": {"deciles": [1, 2]}},
        {"place": {"shares": {"park": -1, "market": "x"}, "missing": "y"}},
        {"day": {"deciles": ["2024-13-01", "2024-01-01"]}, "shade": {"shares": []}},
        {},
    ],
)
def test_a_strange_profile_is_not_trusted(
    old: Model, variant: Variant, profile: dict[str, Any]
) -> None:
    """The manifest may hold anything there; rows come from the contract instead."""
    strange = variant(lambda manifest: manifest.update(profile=profile))
    assert compare_models(strange, old).profile.compared > 1_000


def test_the_rows_of_the_profile_are_the_same_each_time(old: Model) -> None:
    """And the old model accepts all of them."""
    first, again = (
        [row for rows, _ in ProfileRows(old).slices() for row in rows] for _ in range(2)
    )
    assert first == again
    assert not np.isnan(old.predict(first).values).any()
    assert {row["shade"] for row in first} == {"yes", "no", None}
    days = {row["day"] for row in first} - {None}
    assert all(date.fromisoformat(str(day)).year == 2024 for day in days)


# What is given


def test_rows_without_what_the_old_model_requires_are_refused(old: Model) -> None:
    """They are not rows of its users, and would say nothing."""
    with pytest.raises(InputError, match="No row of data has what the old model requires: vis"):
        compare_models(old, old, [{"place": "park"}])
    with pytest.raises(InputError, match="There are no rows in data"):
        compare_models(old, old, [])


@pytest.mark.parametrize("tolerance", [-1, float("nan"), float("inf")])
def test_a_tolerance_is_a_number(old: Model, tolerance: float) -> None:
    """Anything else would let every move pass, or none."""
    with pytest.raises(InputError, match="^The tolerance is .*: expected a number of at least 0"):
        compare_models(old, old, tolerance=tolerance)


def test_rows_in_slices_give_what_all_at_once_give(old: Model, refitted: Model) -> None:
    """So a table larger than the memory has the same answer, down to the most moved rows."""
    rows = [{"visitors": n % 90, "place": "beach", "day": "2024-05-01"} for n in range(500)]
    running = RunningComparison(old, refitted)
    for begin in range(0, 500, 130):
        both = running.predict(rows[begin : begin + 130])
        running.add(both, lambda at, begin=begin: f"row {begin + at + 1}")  # type: ignore[misc]
    in_slices, at_once = running.result(), compare_models(old, refitted, rows)
    assert in_slices.data is not None and at_once.data is not None
    assert in_slices.data.over == at_once.data.over
    assert in_slices.data.mean == pytest.approx(at_once.data.mean)
    assert in_slices.data.widths == pytest.approx(at_once.data.widths)
    assert in_slices.data.most_moved == at_once.data.most_moved


def test_the_model_in_a_wheel_is_compared(old: Model, tmp_path: Path) -> None:
    """Whether it is that of this package or one that `package` made; nothing is unpacked."""
    _, (content,) = old.__reduce__()
    for member in ("regression_model/trained_models/stand-4.0.0.onnx", "stand/model.onnx"):
        wheel = tmp_path / "stand-1.0.0-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("stand/__init__.py", "raise SystemExit('imported')")
            archive.writestr(member, content)
        comparison = compare_models(old, wheel)
        assert (comparison.release, comparison.new.sha256) == ("patch", old.sha256)
        assert comparison.new.file == f"{member} in {wheel}"
    assert [path.name for path in tmp_path.iterdir()] == [wheel.name]


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ([], "is a wheel without a model: it has no file that ends with .onnx."),
        (["a.onnx", "b.onnx"], "is a wheel with several models: unpack it and name one of a.onnx"),
    ],
)
def test_a_wheel_without_one_model_is_refused(
    tmp_path: Path, members: list[str], sentence: str
) -> None:
    """With what is in it, and what to do."""
    wheel = tmp_path / "a.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("x.py", "")
        for member in members:
            archive.writestr(member, b"")
    with pytest.raises(ModelFileError, match=re.escape(f"{wheel} {sentence}")):
        open_model(wheel)


def test_a_damaged_wheel_is_refused(old: Model, tmp_path: Path) -> None:
    """Wherever the damage is: always an error of this package, and never another."""
    _, (content,) = old.__reduce__()
    wheel = tmp_path / "a.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/model.onnx", content)
    whole = wheel.read_bytes()
    chance = np.random.default_rng(0)
    for at in [*chance.integers(0, len(whole), 40).tolist(), *range(40), *range(-60, 0)]:
        damaged = bytearray(whole)
        damaged[at] ^= 0xFF
        wheel.write_bytes(damaged)
        try:
            assert open_model(wheel).sha256 == old.sha256  # a time or a right was changed
        except ModelFileError as error:
            assert str(wheel) in str(error)
    for length in (0, 3, 100, len(whole) // 2, len(whole) - 1):
        wheel.write_bytes(whole[:length])
        with pytest.raises(ModelFileError, match=re.escape(str(wheel))):
            open_model(wheel)


def test_a_wheel_that_unpacks_to_gigabytes_is_refused(tmp_path: Path) -> None:
    """Before it is unpacked: a model does not get this much smaller."""
    wheel = tmp_path / "a.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/model.onnx", bytes(5_000_000))
    with pytest.raises(ModelFileError, match="is damaged: it is not a wheel that can be read"):
        open_model(wheel)


def test_a_model_is_found_by_its_name(model: Model) -> None:
    """As everywhere else."""
    assert open_model(model.name).sha256 == model.sha256
    assert compare_models(model.name, find_model_file(PACKAGE_ROOT) or "").release == "patch"


# The contract


TEXTS = ("NA", "A", "B", "C", "20", "30", "7", "", "yes", "no", "2020-01-01", "-1", "low", "high")


def fields_named(name: str) -> st.SearchStrategy[Field]:
    """Generate fields of every kind and with every attribute that counts."""
    bound = st.none() | st.integers(-2, 40).map(float)
    words = st.sampled_from(["A", "B", "C", "20", "30", "low", "high", "NA"])
    levels = st.lists(words, unique=True)
    kinds = st.sampled_from(["number", "year", "date", "nominal", "ordinal", "boolean"])
    optional = {
        "kind": kinds,
        "unit": st.sampled_from([None, "m", "ft"]),
        "used": st.sampled_from([True, True, True, False]),
        "required": st.booleans(),
        "minimum": bound,
        "maximum": bound,
        "levels": levels.filter(bool).map(tuple),
        "aliases": st.sampled_from([(), (f"{name}_",), (f"{name}_", f"{name}__")]),
    }

    def made(chosen: dict[str, Any]) -> Field:
        if chosen["kind"] not in ("nominal", "ordinal"):
            chosen["levels"] = ("no", "yes") if chosen["kind"] == "boolean" else ()
        if chosen["kind"] not in ("number", "year", "date"):
            chosen["minimum"] = chosen["maximum"] = None
        return Field(name, **chosen)

    return st.fixed_dictionaries(optional).map(made)


@st.composite
def contracts(draw: st.DrawFn) -> Contract:
    """Generate contracts of up to three fields."""
    names = draw(st.lists(st.sampled_from("xyz"), min_size=1, unique=True))
    fields = tuple(draw(fields_named(name)) for name in names)
    tokens = draw(st.lists(st.sampled_from(["NA", "-1", "20", "B"]), unique=True))
    return Contract(fields, "price", tuple(tokens), draw(st.sampled_from([(), ("weight",)])))


@st.composite
def changed_contracts(draw: st.DrawFn) -> tuple[Contract, Contract]:
    """Generate contracts with another that differs in a few attributes, as versions do."""
    old = draw(contracts())
    new = draw(contracts())
    attributes = ("required", "used", "minimum", "maximum", "levels", "aliases", "unit")
    keep = set(draw(st.lists(st.sampled_from(attributes), unique=True)))
    theirs = {field.name: field for field in new.fields}
    fields = []
    for field in old.fields:
        other = theirs.pop(field.name, field)
        if other.kind == field.kind:
            other = replace(other, **{name: getattr(field, name) for name in keep})
        fields.append(other)
    if draw(st.booleans()):
        fields += theirs.values()
    tokens = draw(st.sampled_from([old.missing_values, new.missing_values]))
    return old, replace(new, fields=tuple(fields), missing_values=tokens)


@st.composite
def rows_of(draw: st.DrawFn, contract: Contract) -> dict[str, Any]:
    """Generate a row that has only names which the contract knows."""
    cells = st.sampled_from(TEXTS) | st.sampled_from([None, 0, 5, 20, 30.0, 1.5, True, 40])
    row = {}
    for field in contract.fields:
        name = draw(st.sampled_from([None, field.name, field.name, *field.aliases]))
        if name is not None:
            row[name] = draw(cells)
    return row


def is_accepted(contract: Contract, row: dict[str, Any]) -> bool:
    """Whether a row gets a prediction."""
    used = any(field.used for field in contract.fields)
    return not used or Checker(contract).check([row]).accepted is None


@given(st.data())
def test_a_row_that_was_accepted_is_refused_only_after_a_major_difference(
    data: st.DataObject,
) -> None:
    """What the rules promise, held against the check that decides about rows."""
    old, new = data.draw(changed_contracts())
    if "major" in {one.release for one in contract_differences(old, new)}:
        return
    for _ in range(3):
        row = data.draw(rows_of(old))
        assert not is_accepted(old, row) or is_accepted(new, row)


@given(changed_contracts())
def test_the_reverse_has_the_mirrored_differences(pair: tuple[Contract, Contract]) -> None:
    """A level added one way is lost the other way, and old and new change places."""
    mirrored = {
        "required_field_added": "field_removed",
        "field_added": "field_removed",
        "field_required": "field_optional",
        "field_checked": "field_unused",
        "bound_narrowed": "bound_widened",
        "numbers_refused": "numbers_accepted",
        "unit_stated": "unit_dropped",
        "level_added": "level_lost",
        "alias_added": "alias_removed",
        "missing_value_added": "missing_value",
        "missing_value_removed": "missing_value",
        "missing_value_refused": "missing_value",
        "level_refused": "level_lost",
        "level_forgotten": "level_lost",
    }
    both_ways = {code: code for code in RULES} | mirrored
    canonical = both_ways | {other: other for other in mirrored.values()}
    old, new = pair

    def summary(before: Contract, after: Contract) -> list[Any]:
        found = contract_differences(before, after)
        return [(canonical[one.code], one.field, one.old, one.new) for one in found]

    there = {(code, field, str(a), str(b)) for code, field, a, b in summary(old, new)}
    back = {(code, field, str(b), str(a)) for code, field, a, b in summary(new, old)}
    assert there == back


@settings(max_examples=30)
@given(contracts())
def test_a_contract_does_not_differ_from_itself(contract: Contract) -> None:
    """Whatever is in it."""
    assert contract_differences(contract, contract) == []


@settings(max_examples=30)
@given(contracts(), fields_named("w"))
def test_a_required_field_more_is_always_major(contract: Contract, more: Field) -> None:
    """Of any kind, in any contract."""
    wider = replace(contract, fields=(*contract.fields, replace(more, used=True, required=True)))
    found = contract_differences(contract, wider)
    assert [one.code for one in found] == ["required_field_added"]


def test_a_field_that_keeps_its_old_name_as_an_alias_is_renamed(garden: Contract) -> None:
    """Rows stay the same; a name that is dropped, or was another column's, is major."""
    renamed = garden.with_fields({"area": {"name": "living_area", "aliases": ("area",)}})
    assert [one.code for one in contract_differences(garden, renamed)] == ["field_renamed"]
    back = contract_differences(renamed, garden)
    assert [(one.code, one.release) for one in back] == [
        ("field_removed", "major"),
        ("required_field_added", "major"),
    ]
    taken = garden.with_fields({"depth": {"aliases": ("price",)}})
    assert [one.code for one in contract_differences(garden, taken)] == ["name_taken"]


def test_another_order_of_the_inputs_is_told(garden: Contract) -> None:
    """Programs that run the graph themselves fill its columns by their order."""
    turned = replace(garden, fields=garden.fields[::-1])
    assert {one.code for one in contract_differences(garden, turned)} == {"fields_reordered"}


def test_every_rule_is_in_the_documentation() -> None:
    """The table has every code, with its release, and no other."""
    told = {}
    for line in DOCS.read_text(encoding="utf-8").partition("## The rules")[2].splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if line.startswith("| `"):
            told |= dict.fromkeys(re.findall(r"`([^`]+)`", cells[1]), cells[2])
    assert told == RULES


# Versions


@pytest.mark.parametrize(
    ("old", "patch", "minor", "major"),
    [
        ("1.4.2", "1.4.3", "1.5.0", "2.0.0"),
        ("1.4", "1.4.1", "1.5.0", "2.0.0"),
        ("0.4.2", "0.4.3", "0.4.3", "0.5.0"),
        ("0.0.0", "0.0.1", "0.0.1", "0.1.0"),
        ("2.0.0rc1", "2.0.0", "2.0.0", "2.0.0"),
        ("2.0.0-beta.2", "2.0.0", "2.0.0", "2.0.0"),
        ("1.5.0rc1", "1.5.0", "1.5.0", "2.0.0"),
        ("1.5.1.dev3", "1.5.1", "1.6.0", "2.0.0"),
        ("1.5.1.post2", "1.5.2", "1.6.0", "2.0.0"),
        ("1!1.0.0", "1!1.0.1", "1!1.1.0", "1!2.0.0"),
        ("nightly", None, None, None),
    ],
)
def test_the_smallest_version(
    old: str, patch: str | None, minor: str | None, major: str | None
) -> None:
    """By Semantic Versioning, with the rules of the documentation for 0.x and pre-releases."""
    assert [smallest_version(old, one) for one in ("patch", "minor", "major")] == [
        patch,
        minor,
        major,
    ]
    for release, smallest in (("patch", patch), ("minor", minor), ("major", major)):
        if smallest is not None:
            assert is_enough(smallest, old, release)  # type: ignore[arg-type]
            assert is_enough(old, old, release) is False  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("new", "old", "enough"),
    [
        ("2.0.0rc1", "1.9.0", True),
        ("1.10.0", "1.9.0", False),
        ("2.0.0rc1", "2.0.0rc2", False),
        ("2.0.0rc2", "2.0.0rc1", True),
        ("2.0.0", "2.0.0rc1", True),
        ("2.0", "1.0", True),
        ("2.0.0+local", "1.0", True),
        ("two", "1.0", None),
    ],
)
def test_whether_a_version_is_large_enough_for_a_major_release(
    new: str, old: str, enough: bool | None
) -> None:
    """Numbers are compared as numbers, and a pre-release counts as its final version."""
    assert is_enough(new, old, "major") is enough


# What is shown


def shown(comparison: ModelComparison) -> str:
    """All that the command prints of a comparison, a line for each row of a table."""
    lines = [tables.headline(comparison), *tables.sentences(comparison), *tables.notes(comparison)]
    for table in filter(None, tables.tables(comparison)):
        lines += [str(table.caption), *(" | ".join(map(str, row)) for row in table.rows)]
    return "\n".join(lines)


def test_the_rows_that_moved_most_are_shown_with_what_moved_them(
    old: Model, refitted: Model
) -> None:
    """Fields that moved a prediction least stand together."""
    rows = [{"day": None, "visitors": 3.0, "shade": True, "place": "park", "weather": "bad"}] * 3
    comparison = compare_models(old, refitted, rows, top=1)
    (row,) = comparison.profile.most_moved
    text = shown(comparison)
    assert text.startswith("From balance 4.0.0 to balance 4.0.0: a minor release, at least")
    assert "that moved most, and how far each field moved them" in text
    assert row.label in text and "a typical row " in text and "2 other fields " in text
    for name in list(row.changes)[:3]:
        assert f"\n{name} " in text
    assert "both on the same training rows" in text


def test_values_that_are_many_are_counted(old: Model, variant: Variant) -> None:
    """The first ones are shown."""

    def change(manifest: dict[str, Any]) -> None:
        for one in manifest["contract"]["fields"]:
            one["unit"] = "dozens"
            one["aliases"] = [f"{one['name']} {i}" for i in range(12)]

    comparison = compare_models(old, variant(change))
    assert comparison.release == "major"
    text = shown(comparison)
    assert (
        "place | alias added | – | place 0, place 1, place 2, place 3, place 4 and 7 more" in text
    )


def test_what_cannot_be_predicted_or_moves_without_bounds_is_shown_so(
    old: Model, variant: Variant
) -> None:
    """A dash where nothing could be compared."""

    def change(manifest: dict[str, Any]) -> None:
        manifest["training"]["data_sha256"] = "0" * 64
        field(manifest, "visitors")["minimum"] = 1000

    text = shown(compare_models(old, variant(change)))
    assert "No row" not in text
    assert "Largest move | –" in text
    assert "on different training rows" in text
