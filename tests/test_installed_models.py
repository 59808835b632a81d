"""Models of installed distributions are found by name, and files by their path."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from regression_model import Model, ModelFileError, load_model, make_prediction
from regression_model.cli import app
from regression_model.runtime.installed import GROUP, MODEL_FILE, find_model, installed_models
from regression_model.runtime.model_file.release import PACKAGE_ROOT, find_model_file

SHIPPED = find_model_file(PACKAGE_ROOT)
Offer = Callable[..., Path]


@pytest.fixture
def offer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Offer:
    """Install a distribution that offers a model, and return where its file is."""
    site = tmp_path / "site"
    monkeypatch.syspath_prepend(site)

    def offered(name: str, *, distribution: str | None = None, with_file: bool = True) -> Path:
        distribution = distribution or name
        module = distribution.replace("-", "_")
        about = site / f"{module}-1.5.0.dist-info"
        about.mkdir(parents=True)
        (about / "METADATA").write_text(f"Name: {distribution}\nVersion: 1.5.0\n")
        (about / "entry_points.txt").write_text(f"[{GROUP}]\n{name} = {module}\n")
        (site / module).mkdir()
        (site / module / "__init__.py").write_text("raise SystemExit('imported')\n")
        if with_file:
            assert SHIPPED is not None
            shutil.copy(SHIPPED, site / module / MODEL_FILE)
        return site / module / MODEL_FILE

    return offered


@pytest.mark.parametrize("name", ["cars-model", "cars_model", "Cars-Model", Path("cars-model")])
def test_a_model_is_loaded_by_its_name(
    offer: Offer, name: str | Path, rows: list[dict[str, Any]], model: Model
) -> None:
    """However it is written, and without running any code of its distribution."""
    offer("cars-model")
    by_name = load_model(name)
    assert by_name.predict(rows).values.tolist() == model.predict(rows).values.tolist()


def test_make_prediction_takes_another_model(
    offer: Offer, rows: list[dict[str, Any]], model: Model
) -> None:
    """With the same result as for the shipped one, for it is the same model here."""
    offer("cars-model")
    named = make_prediction(input_data=rows, model=load_model("cars-model"))
    assert named == make_prediction(input_data=rows)


def test_the_installed_models_are_listed(offer: Offer) -> None:
    """In the order of their names, with the distribution that each belongs to."""
    boats = offer("boats", distribution="of-the-sea")
    cars = offer("cars-model")
    assert installed_models() == [
        ("boats", "of-the-sea", "1.5.0", boats),
        ("cars-model", "cars-model", "1.5.0", cars),
    ]


def test_a_file_wins_over_a_name_and_a_folder_does_not(
    offer: Offer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that begins to be installed changes nothing for who names a file."""
    installed = offer("cars")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cars").mkdir()
    assert find_model("cars") == installed
    (tmp_path / "cars").rmdir()
    (tmp_path / "cars").write_bytes(b"a file")
    assert find_model("cars") == Path("cars")
    with pytest.raises(ModelFileError, match="^cars is truncated, or was not written by"):
        load_model("cars")


def test_the_shipped_model_has_a_name_too(offer: Offer, model: Model) -> None:
    """It is found unless another distribution offers a model under its name."""
    assert find_model(model.name) == SHIPPED
    other = offer(model.name, distribution="houses")
    assert find_model(model.name) == other


def test_an_unknown_name_is_answered_with_those_that_exist(offer: Offer, model: Model) -> None:
    """A typing error costs one look."""
    offer("cars-model")
    with pytest.raises(ModelFileError) as raised:
        load_model("carz-model")
    assert str(raised.value) == (
        "There is no file carz-model and no model of that name: "
        f"installed: cars-model, {model.name}."
    )


@pytest.mark.parametrize("path", ["absent.onnx", "models/absent", "", "x" * 5000 + "!", "a\0b"])
def test_what_is_no_name_is_a_file(path: str) -> None:
    """Its sentence is that of a file that is not there."""
    assert find_model(path) == Path(path)


def test_a_name_that_two_distributions_offer_is_refused(offer: Offer) -> None:
    """Which of them is found first depends on the order of folders: that is not a choice."""
    offer("cars", distribution="cars-one")
    offer("cars", distribution="cars-two")
    with pytest.raises(ModelFileError, match="in cars-one 1.5.0 and cars-two 1.5.0: uninstall"):
        load_model("cars")


def test_an_installation_without_its_file_says_what_to_do(offer: Offer) -> None:
    """Somebody removed it, or the package was never complete."""
    offer("cars", with_file=False)
    with pytest.raises(ModelFileError, match=r"model\.onnx: install cars 1\.5\.0 again\."):
        load_model("cars")


def test_the_command_lists_every_model(offer: Offer, model: Model) -> None:
    """The shipped one first; one that cannot be used is listed, with the reason beside it."""
    cars, boats = offer("cars-model"), offer("boats")
    boats.write_bytes(cars.read_bytes()[:-1])
    shown = CliRunner().invoke(app, ["models", "--json"])
    assert shown.exit_code == 0
    listed = json.loads(shown.stdout)
    assert [one["name"] for one in listed] == [model.name, "boats", "cars-model"]
    assert listed[1]["error"] == f"{boats} is damaged or was changed: its digest does not match."
    assert listed[2] == {
        "name": "cars-model",
        "version": model.version,
        "target": model.contract.target,
        "distribution": "cars-model 1.5.0",
        "file": str(cars),
        "error": None,
    }
    table = CliRunner().invoke(app, ["models"])
    assert table.exit_code == 0
    assert {"house-prices", "boats", "cars-model"} <= {*table.stdout.split()}
    assert "Warning: boats cannot be used: " in table.stderr


@pytest.mark.parametrize(
    "command",
    [("info",), ("schema",), ("predict", "{rows}"), ("explain", "{rows}", "--row", "1")],
)
def test_every_command_takes_a_name(
    offer: Offer, scoring_file: Path, command: tuple[str, ...]
) -> None:
    """With the output that the file itself gives."""
    file = offer("cars-model")
    words = [word.format(rows=scoring_file) for word in command]
    by_name = CliRunner().invoke(app, [*words, "--model", "cars-model"])
    by_path = CliRunner().invoke(app, [*words, "--model", str(file)])
    assert (by_name.exit_code, by_name.stdout) == (0, by_path.stdout)


def test_the_file_behind_a_name_is_not_overwritten(offer: Offer, scoring_file: Path) -> None:
    """As for a model that is given by its path."""
    file = offer("cars-model")
    before = file.read_bytes()
    words = ["predict", str(scoring_file), "--model", "cars-model", "--to", "csv", "-o", str(file)]
    refused = CliRunner().invoke(app, words)
    assert refused.exit_code == 2
    assert "is the model: name another file" in refused.stderr
    assert file.read_bytes() == before


def test_an_unknown_name_is_one_sentence(scoring_file: Path) -> None:
    """And exit code 2, as for every input that cannot be used."""
    refused = CliRunner().invoke(app, ["predict", str(scoring_file), "--model", "carz"])
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr.startswith("Error: There is no file carz and no model of that name: ")
    assert refused.stderr.count("\n") == 1


def test_nothing_is_searched_until_a_name_is_asked_for() -> None:
    """Loading the shipped model, or one by its path, reads no metadata of distributions."""
    code = (
        "import sys, regression_model\n"
        "assert 'regression_model.runtime' not in sys.modules\n"
        "import importlib.metadata as metadata\n"
        "metadata.entry_points = None\n"
        f"regression_model.load_model(), regression_model.load_model({str(SHIPPED)!r})\n"
    )
    env = os.environ | {"PYTHONPATH": str(PACKAGE_ROOT.parent)}
    subprocess.run([sys.executable, "-P", "-c", code], check=True, env=env)
