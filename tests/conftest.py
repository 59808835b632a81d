"""What several tests share: the shipped model, the rows to price, and a small contract."""

import csv
import itertools
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

import regression_model
from regression_model import Model, load_model
from regression_model.runtime.contract import Contract, Field

if find_spec("hypothesis"):  # the tests of the base install do without
    from hypothesis import settings

    settings.register_profile("repeatable", deadline=None, derandomize=True, database=None)
    settings.load_profile("repeatable")

DATASETS = Path(regression_model.__file__).parent / "datasets"


SHARED = (  # the files whose tests share what takes longest to make
    "test_shipped_model.py",
    "test_readme.py",
    "test_train_pipeline.py",
    "test_nested_tuning.py",
    "test_tuning.py",
    "test_report.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what is shared by many tests.

    A worker without work takes the last tests of another one, and makes what they share again.
    """
    order = {name: place for place, name in enumerate(SHARED)}
    items.sort(key=lambda item: order.get(item.path.name, len(order)))


def importable(folder: str) -> Iterator[None]:
    """Make a package importable that is not installed; the sources beside it are out of reach."""
    path = Path(__file__).parents[1] / folder
    spec = spec_from_file_location(
        folder, path / "__init__.py", submodule_search_locations=[str(path)]
    )
    assert spec is not None and spec.loader is not None
    sys.modules[folder] = package = module_from_spec(spec)
    spec.loader.exec_module(package)
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == folder]:
        del sys.modules[name]


@pytest.fixture(scope="module")
def benchmarks() -> Iterator[None]:
    """The package `benchmarks`."""
    yield from importable("benchmarks")


@pytest.fixture(scope="module")
def releasing(benchmarks: None) -> Iterator[None]:
    """The package `releasing`, which uses `benchmarks`."""
    yield from importable("releasing")


@pytest.fixture(scope="session")
def calls() -> Callable[[Callable[[], object]], int]:
    """Count the functions that some work calls: its amount, on any machine."""

    def counted(work: Callable[[], object]) -> int:
        counter = itertools.count()
        sys.setprofile(lambda *_: next(counter) and None)
        try:
            work()
        finally:
            sys.setprofile(None)
        return next(counter)

    return counted


@pytest.fixture(scope="session")
def model() -> Model:
    """The shipped model."""
    return load_model()


@pytest.fixture(scope="session")
def scoring_file() -> Path:
    """The packaged rows to price: 1,459 of them."""
    return DATASETS / "test.csv"


@pytest.fixture(scope="session")
def training_file() -> Path:
    """The packaged training rows."""
    return DATASETS / "train.csv"


@pytest.fixture(scope="session")
def all_rows(scoring_file: Path) -> tuple[dict[str, str], ...]:
    """Every row to price as texts, as the file has it; not to be changed."""
    with scoring_file.open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


@pytest.fixture(scope="session")
def remember_scores() -> Callable[[pytest.MonkeyPatch], None]:
    """Let searches compute no score of a fold twice, where scores are not what is tested.

    A score depends on nothing but its arguments: other tests search twice, and compare.
    """
    remembered: dict[str, float] = {}

    def remember(patch: pytest.MonkeyPatch) -> None:
        import joblib

        from regression_model.tuning import scoring

        real = scoring.score_fold

        def score_fold(*arguments: Any) -> float:
            key: str = joblib.hash(arguments)
            if key not in remembered:
                remembered[key] = real(*arguments)
            return remembered[key]

        patch.setattr(scoring, "score_fold", score_fold)

    return remember


@pytest.fixture
def remembered_scores(
    remember_scores: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Let the searches of this test compute no score of a fold twice."""
    remember_scores(monkeypatch)


@pytest.fixture
def without_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw no report, which takes longer than the training, for what has nothing to do with it."""
    from regression_model.training import run

    monkeypatch.setattr(run, "_documents", lambda *arguments: ({}, []))


@pytest.fixture
def rows(all_rows: tuple[dict[str, str], ...]) -> list[dict[str, Any]]:
    """Ten rows to price, free to be changed."""
    return [dict(row) for row in all_rows[:10]]


@pytest.fixture(scope="session")
def required_number(model: Model) -> Field:
    """A field of the shipped model: a required number with a minimum and no maximum."""
    return next(
        f for f in model.contract.numbers if f.required and f.minimum is not None and not f.maximum
    )


@pytest.fixture(scope="session")
def ordinal(model: Model) -> Field:
    """An ordinal field of the shipped model."""
    return next(f for f in model.contract.categories if f.kind == "ordinal")


@pytest.fixture(scope="session")
def nominal(model: Model) -> Field:
    """A nominal field of the shipped model."""
    return next(f for f in model.contract.categories if f.kind == "nominal")


@pytest.fixture(scope="session")
def garden() -> Contract:
    """A small contract with every kind of field, as it is after training."""
    return Contract(
        fields=(
            Field("id", "identifier", used=False),
            Field(
                "area",
                "number",
                unit="m2",
                required=True,
                minimum=1,
                maximum=1000,
                training_range=(10, 500),
            ),
            Field(
                "1st",
                "number",
                minimum=0,
                aliases=("beds", "n_beds"),
                training_range=(0, 8),
            ),
            Field("depth", "number", training_range=(-20, -1)),
            Field("built", "year", minimum=1800, training_range=(1900, 2010)),
            Field(
                "zone",
                "nominal",
                required=True,
                levels=("A", "B", "C"),
                training_levels=("A", "B"),
            ),
            Field("kind", "nominal", levels=("20", "30"), training_levels=("20", "30")),
            Field("soil", "ordinal", levels=("Po", "Fa", "Gd"), aliases=("ground",)),
            Field("note", "nominal", levels=("x",), used=False),
        ),
        target="price",
        missing_values=("NA",),
    )
