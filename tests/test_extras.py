"""A missing library: one sentence names it, the extra that it comes with, and the command."""

import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from regression_model import MissingExtraError, __version__
from regression_model.distribution import distributions_of
from regression_model.extras import _LIBRARIES_OF, needs

REQUIREMENTS = Path(__file__).parents[1] / "requirements"


@pytest.mark.parametrize(
    ("module", "extras", "home"),
    [
        ("scipy.linalg", ["train", "tune"], "train"),
        ("optuna", ["train", "tune"], "tune"),
        ("matplotlib.figure", ["train", "tune"], "tune"),
        ("matplotlib", ["train", "report"], "report"),
        ("pyarrow.parquet", ["batch"], "batch"),
        ("of_another_library", ["train"], "train"),
    ],
)
def test_a_missing_library_names_its_extra(module: str, extras: list[str], home: str) -> None:
    """One command installs everything that the work needs."""
    with pytest.raises(MissingExtraError) as raised, needs(*extras):
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)
    assert str(raised.value) == (
        f"{module.partition('.')[0]} is not installed; it comes with the extra {home}: "
        f"pip install 'regression-model[{','.join(extras)}]=={__version__}'."
    )


@pytest.mark.parametrize(
    "error",
    [
        ImportError("cannot import name 'a' from 'pandas'", name="pandas"),
        ModuleNotFoundError("No module named ...", name="regression_model.of_nothing"),
    ],
)
def test_what_is_broken_is_not_called_missing(error: ImportError) -> None:
    """Installing the extra would not help."""
    with pytest.raises(ImportError) as raised, needs("train"):
        raise error
    assert raised.value is error


def test_every_library_of_an_extra_is_known() -> None:
    """The list agrees with the requirements, so that a new library is not forgotten."""
    modules: dict[str, set[str]] = {}
    for module, libraries in packages_distributions().items():
        for library in libraries:
            modules.setdefault(library.lower().replace("_", "-"), set()).add(module)
    extras = ("train", "batch", "report", "tune", "package", "convert", "remote", "serve", "verify")
    for extra in (*extras, "dask"):
        for line in (REQUIREMENTS / f"{extra}.in").read_text(encoding="utf-8").splitlines():
            if line and not line.startswith("#"):
                library = re.split(r"[<>=\[]", line)[0]
                known = [m for m in modules[library] if m in _LIBRARIES_OF[extra].split()]
                assert known, library


@pytest.mark.parametrize("blocked", ["scipy", "sklearn", "optuna"])
def test_tune_asks_for_both_of_its_extras(blocked: str) -> None:
    """Whichever library is absent: those of `tune` alone are not enough."""
    code = (
        f"import sys; sys.modules[{blocked!r}] = None\n"
        "from regression_model.cli import main\nsys.argv[1:] = ['tune']\nmain()"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert f"Error: {blocked} is not installed" in ran.stderr
    assert f"pip install 'regression-model[train,tune]=={__version__}'." in ran.stderr


def test_the_distributions_of_a_module_are_those_that_python_finds() -> None:
    """By a much shorter way, for everything that is installed here."""
    for module, expected in packages_distributions().items():
        assert {*distributions_of(module)} == {*expected}, module
