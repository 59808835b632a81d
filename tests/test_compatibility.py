"""The page of tested versions agrees with the bounds in requirements, and is read as written."""

from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

PAGE = Path(__file__).parents[1] / "docs" / "compatibility.md"

# Extras of which only the versions in the lock were tried: CONTRIBUTING.md says so.
NOT_TRIED = ("dask", "jobs", "mlflow", "notify", "remote", "serve", "spark")

pytestmark = pytest.mark.usefixtures("releasing")


def module(name: str) -> ModuleType:
    """One module of the release tools."""
    return import_module(f"releasing.{name}")


def bounds(*names: str, python: str) -> dict[str, Version]:
    """The lower bound of each library in some files, on one Python."""
    found = {}
    for name in names:
        for library in module("requirements").libraries(name):
            for requirement in map(Requirement, library.lines):
                marker = requirement.marker
                if marker is None or marker.evaluate({"python_version": python}):
                    (bound,) = [s for s in requirement.specifier if s.operator == ">="]
                    found[library.name] = Version(bound.version)
    return found


@pytest.mark.parametrize(
    ("environment", "python"),
    [
        ("compat-lowest", "3.11"),
        ("compat-lowest-py312", "3.12"),
        ("compat-lowest-py313", "3.13"),
        ("compat-train-lowest", "3.11"),
    ],
)
def test_every_lower_bound_is_the_version_that_was_tested(environment: str, python: str) -> None:
    """A bound that is lowered without `tox -e compat-lowest` is a promise that nobody tried."""
    tested = module("compatibility").columns(PAGE.read_text(encoding="utf-8"))[environment]
    assert tested.pop("Python").startswith(f"{python}.")
    extras = module("requirements").EXTRAS if "train" in environment else ()
    expected = bounds("runtime", *extras, python=python)
    found = {name: Version(version) for name, version in tested.items()}
    if extras:  # whose libraries may need a newer one of the base install, tested there
        for name in bounds("runtime", python=python):
            assert found.pop(name) >= expected.pop(name)
    not_tried = expected.keys() - found.keys()
    assert not_tried <= (bounds(*NOT_TRIED, python=python).keys() if extras else set())
    assert {name: expected[name] for name in found} == found


def test_the_page_is_read_as_it_is_written() -> None:
    """So that an environment replaces its own column and leaves the others."""
    compatibility = module("compatibility")
    found = {
        name: {"Python": f"3.11.{at}", "numpy": f"2.{at}"}
        for at, name in enumerate(compatibility.ENVIRONMENTS)
    }
    assert found == compatibility.columns(compatibility.page(found))
