"""Explanations: they add up, they are the Shapley values, and they are the same every time."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest

from regression_model import Model
from regression_model.runtime.contract import Contract, Field
from regression_model.runtime.explanation import explain_row
from regression_model.runtime.model import load_model
from regression_model.runtime.model_file.sealing import seal

NUMBERS = ("size", "age", "rooms", "garden")
LEVELS = ("A", "B", "C")
TOY = Contract(
    fields=(
        *(Field(name, "number") for name in NUMBERS),
        Field("zone", "nominal", levels=LEVELS, training_levels=LEVELS),
        Field("soil", "ordinal", levels=LEVELS),
    ),
    target="price",
)
RANDOM = np.random.default_rng(5)
BACKGROUND: Any = (RANDOM.normal(2.0, 1.0, (64, 4)), RANDOM.integers(0, 3, (64, 2)) + [0, 5])
ROW = (np.array([4.0, -1.0, 3.0, 2.5]), np.array([2, 5]))
WEIGHTS = np.array([3.0, -2.0, 0.5, 0.0])
OF_CODE = np.array([1.0, -4.0, 2.5, 0.0, 0.0, 7.0, -1.0, 0.0, 0.0, 0.0])


def linear(numbers: Any, codes: Any) -> Any:
    """Return what a model without interactions predicts."""
    return numbers @ WEIGHTS + OF_CODE[codes].sum(axis=1) + 100.0


def entangled(numbers: Any, codes: Any) -> Any:
    """Return what a model with interactions of every kind predicts."""
    products = numbers[:, 0] * numbers[:, 1] * OF_CODE[codes[:, 0]]
    return np.exp(0.3 * numbers[:, 2]) + products + np.maximum(numbers[:, 0], OF_CODE[codes[:, 1]])


def explained(predict: Any) -> Any:
    """Explain the toy row."""
    return explain_row(predict, TOY, ROW, BACKGROUND)


def shap_or_skip() -> Any:
    """Return the package shap; compiling its loops would take longer than running them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NUMBA_DISABLE_JIT", "1")
        return pytest.importorskip("shap", reason="shap is not installed")


def test_contributions_of_a_linear_model_are_its_terms() -> None:
    """Each is the weight times the distance from the mean of the background, without error."""
    found = explained(linear)

    from_mean = ROW[0] - BACKGROUND[0].mean(axis=0)
    of_levels = OF_CODE[ROW[1]] - OF_CODE[BACKGROUND[1]].mean(axis=0)
    expected = dict(
        zip((*NUMBERS, "zone", "soil"), [*WEIGHTS * from_mean, *of_levels], strict=True)
    )
    assert expected == pytest.approx(found.contributions, abs=1e-9)
    assert {name: pytest.approx(0.0, abs=1e-9) for name in expected} == found.standard_errors


def test_a_field_that_the_model_does_not_look_at_contributes_nothing() -> None:
    """Not even a rounding error."""
    assert 0.0 == explained(entangled).contributions["garden"]


def test_the_largest_contribution_comes_first() -> None:
    """Whatever its sign."""
    sizes = [abs(value) for value in explained(entangled).contributions.values()]

    assert sorted(sizes, reverse=True) == sizes
    assert sizes[0] > 0


def test_a_row_like_all_of_the_background_has_nothing_to_explain() -> None:
    """The typical row is where every explanation begins."""
    same: Any = tuple(np.repeat(part[None], 64, axis=0) for part in ROW)

    found = explain_row(entangled, TOY, ROW, same)

    assert found.base == pytest.approx(found.value)
    assert {0.0} == {*found.contributions.values()}


def test_shapley_values_of_all_orders_are_met_within_the_standard_error() -> None:
    """The exact values of the package shap, on the same background, from all 64 coalitions."""
    shap = shap_or_skip()

    def predict(matrix: Any) -> Any:
        return entangled(matrix[:, :4], matrix[:, 4:].astype(np.int64))

    masker = shap.maskers.Independent(np.hstack(BACKGROUND), max_samples=64)
    exact = shap.ExactExplainer(predict, masker)(np.hstack(ROW)[None])

    found = explained(entangled)
    assert exact.base_values[0] == pytest.approx(found.base)
    for name, value in zip((*NUMBERS, "zone", "soil"), exact.values[0], strict=True):
        distance = abs(found.contributions[name] - value)
        assert distance <= 5 * found.standard_errors[name] + 1e-9, name


def encoded(model: Any, rows: Any) -> Any:
    """Return rows as one matrix: numbers, then for each category the place of its level."""
    columns = []
    for field in model.contract.numbers:
        columns.append([np.nan if row[field.name] is None else row[field.name] for row in rows])
    for field in model.contract.categories:
        levels = (*field.coded_levels, None)
        columns.append([levels.index(row[field.name]) for row in rows])
    return np.array(columns, dtype=np.float64).T


def decoded(model: Any, matrix: Any) -> Any:
    """Return a matrix as the table that it was made of."""
    fields = (*model.contract.numbers, *model.contract.categories)
    table = {}
    for field, cells in zip(fields, matrix.T, strict=True):
        if field.is_number:
            table[field.name] = cells
        else:
            levels = np.array([*field.coded_levels, None], dtype=object)
            table[field.name] = levels[cells.astype(np.int64)].tolist()
    return table


def test_the_shipped_model_agrees_with_the_package_shap(model: Model) -> None:
    """Two estimates from different orders differ by no more than their errors allow."""
    shap = shap_or_skip()
    background = model.manifest["background"]
    row = background[0] | {"GrLivArea": 2500.0, "OverallQual": 9.0, "YearBuilt": 1930.0}
    masker = shap.maskers.Independent(encoded(model, background), max_samples=len(background))
    fields = [field.name for field in (*model.contract.numbers, *model.contract.categories)]

    def predict(matrix: Any) -> Any:
        return model.predict(decoded(model, matrix)).values

    runs = []
    for seed in range(4):
        explainer = shap.PermutationExplainer(predict, masker, seed=seed)
        runs.append(explainer(encoded(model, [row]), max_evals=10 * (2 * len(fields) + 1)))
    values = np.array([run.values[0] for run in runs])

    (found,) = model.explain([row])
    assert runs[0].base_values[0] == pytest.approx(found.base)
    theirs = values.std(axis=0, ddof=1) / np.sqrt(len(values))
    for name, value, error in zip(fields, values.mean(axis=0), theirs, strict=True):
        distance = abs(found.contributions[name] - value)
        if sum(other[name] != row[name] for other in background) >= 8:
            assert distance <= 5 * np.hypot(found.standard_errors[name], error) + 1e-6, name
        else:  # a few walks tell too little of their own error
            assert distance <= 1e-3 * found.value, name


def test_contributions_add_up_to_the_price(model: Model, rows: Any) -> None:
    """With the typical price they are the prediction, to the last digits."""
    prices = model.predict(rows).values

    for price, found in zip(prices, model.explain(rows), strict=True):
        assert price == pytest.approx(found.value, rel=1e-9)
        assert found.value == pytest.approx(
            found.base + sum(found.contributions.values()), rel=1e-9
        )


def test_every_field_that_the_model_uses_has_a_contribution(model: Model, rows: Any) -> None:
    """And no other has one."""
    (found,) = model.explain(rows[:1])

    used = {field.name for field in model.contract.fields if field.used}
    assert used == {*found.contributions} == {*found.standard_errors}


def test_a_row_is_explained_the_same_way_every_time(model: Model, rows: Any) -> None:
    """By another copy of the model, and in other company."""
    alone = Model(_content(), name="again").explain(rows[3:4])[0]

    assert alone == model.explain(rows)[3] == load_model().explain(rows[2:5])[1]


def _content() -> Any:
    from regression_model.runtime.model_file.release import PACKAGE_ROOT, find_model_file

    path = find_model_file(PACKAGE_ROOT)
    assert path is not None
    return path.read_bytes()


def test_the_base_is_the_mean_price_of_the_background(model: Model, rows: Any) -> None:
    """The rows in the model file, priced by the model."""
    (found,) = model.explain(rows[:1])

    assert found.base == pytest.approx(model.predict(model.manifest["background"]).values.mean())


def test_a_refused_row_has_no_explanation(model: Model, rows: Any, required_number: Field) -> None:
    """Its neighbours keep theirs, and it keeps its place."""
    rows[1][required_number.name] = "many"
    whole = model.explain(rows[:3])

    assert [False, True, False] == [one is None for one in whole]
    assert whole[2] == model.explain(rows[2:3])[0]
    assert model.predict(rows[:3]).problems == whole.problems
    assert [1] == [problem.row for problem in whole.problems if problem.severity == "error"]


def test_explanations_are_a_list_that_is_copied_whole(
    model: Model, rows: Any, required_number: Field
) -> None:
    """Into a pickle too, with the reasons."""
    rows[1][required_number.name] = "many"
    found = model.explain(rows[:2])

    for again in (copy.copy(found), copy.deepcopy(found), pickle.loads(pickle.dumps(found))):
        assert (found, found.problems) == (again, again.problems)
    assert [found[0], None] == found == [*found]


def test_no_rows_have_no_explanations(model: Model) -> None:
    """An empty list in, an empty list out."""
    assert [] == model.explain([])


def test_an_explanation_as_a_dict_is_plain(model: Model, rows: Any) -> None:
    """Floats under names, in the same order."""
    (found,) = model.explain(rows[:1])

    plain = found.to_dict()
    assert ["base", "value", "contributions", "standard_errors", "values", "assumed"] == [*plain]
    assert [*found.contributions.items()] == [*plain["contributions"].items()]
    assert {float} == {type(value) for value in plain["contributions"].values()}


def test_an_explanation_says_what_was_used_and_what_was_assumed(model: Model) -> None:
    """For a missing field what the model fills in: a row that has this value is the same."""
    whole = {n: c for n, c in model.manifest["background"][0].items() if c is not None}
    least = {n: c for n, c in whole.items() if model.contract.field(n).required}
    (found,) = model.explain([least])

    assert [*found.contributions] == [*found.values]
    assert least == {name: found.values[name] for name in least}
    assert {*found.values} - {*least} == {*found.assumed}
    assert model.predict([least]).assumed[0] == len(found.assumed)
    used = model.predict([found.values])
    assert 0 == used.assumed[0]
    assert found.value == pytest.approx(used.values[0], rel=1e-12)


def test_a_level_that_no_training_row_had_has_no_value_and_is_not_assumed(
    model: Model, rows: Any, nominal: Field
) -> None:
    """Nothing stands in for it: it counts as a rare level."""
    (found,) = model.explain([rows[0] | {nominal.name: "Elsewhere"}])
    assert found.values[nominal.name] is None
    assert nominal.name not in found.assumed


def test_an_older_model_file_does_not_say_what_it_assumed(model: Model, rows: Any) -> None:
    """Only which fields: it explains all the same."""
    manifest = model.manifest
    fillers = manifest.pop("fillers")
    older = Model(seal(_content(), manifest))
    row = {name: cell for name, cell in rows[0].items() if name != "Fence"}
    (found,), (whole,) = older.explain([row]), model.explain([row])
    assert "Fence" in found.assumed
    assert (None, fillers["Fence"]) == (found.values["Fence"], whole.values["Fence"])
    assert whole.contributions == found.contributions
