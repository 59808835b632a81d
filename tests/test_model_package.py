"""A model file becomes a package of its own, which works where it is installed."""

import hashlib
import json
import keyword
import os
import re
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from collections.abc import Callable
from email import message_from_string
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version
from typer.testing import CliRunner

import regression_model
from regression_model import Model, ModelFileError, PackageError
from regression_model.cli import app
from regression_model.packaging import PackageResult
from regression_model.packaging import archives as archives_module
from regression_model.packaging import package_model
from regression_model.packaging.names import checked_name, checked_version, require_free
from regression_model.runtime.model_file.release import PACKAGE_ROOT, find_model_file
from regression_model.runtime.model_file.sealing import FORMAT, reseal

COMPATIBLE = f">={regression_model.__version__},<{int(regression_model.__version__[0]) + 1}"
MODULE_FILES = {
    "__init__.py",
    "__main__.py",
    "model-card.md",
    "model.onnx",
    "py.typed",
    "row.schema.json",
}
Altered = Callable[..., Path]


@pytest.fixture(scope="module")
def shipped() -> Path:
    """The shipped model file."""
    path = find_model_file(PACKAGE_ROOT)
    assert path is not None
    return path


@pytest.fixture
def altered(shipped: Path, tmp_path: Path) -> Altered:
    """Write a copy of the shipped model file whose manifest has other values, and no card."""

    def write(**values: Any) -> Path:
        content = shipped.read_bytes()
        manifest = Model(content).manifest | values
        path = tmp_path / "altered" / f"{manifest['name']}.onnx"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(reseal(content, manifest, name=path.name))
        return path

    return write


@pytest.fixture(scope="module")
def cars(shipped: Path, tmp_path_factory: pytest.TempPathFactory) -> PackageResult:
    """A package of the shipped model under another name and version."""
    folder = tmp_path_factory.mktemp("cars")
    return package_model(shipped, name="cars-model", version="1.0.0", output=folder)


def read(wheel: Path) -> dict[str, bytes]:
    """The files of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def about(files: dict[str, bytes]) -> Any:
    """The metadata of a wheel."""
    (name,) = (name for name in files if name.endswith(".dist-info/METADATA"))
    return message_from_string(files[name].decode())


def test_the_archives_hold_the_model_and_what_goes_with_it(cars: PackageResult) -> None:
    """And nothing else."""
    assert (cars.wheel.name, cars.sdist.name) == (
        "cars_model-1.0.0-py3-none-any.whl",
        "cars_model-1.0.0.tar.gz",
    )
    made = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "top_level.txt"}
    assert {*read(cars.wheel)} == {f"cars_model/{name}" for name in MODULE_FILES} | {
        f"cars_model-1.0.0.dist-info/{name}" for name in made
    }
    with tarfile.open(cars.sdist) as archive:
        names = {member.name for member in archive if member.isfile()}
    project = {"PKG-INFO", "README.md", "pyproject.toml", "setup.cfg"}
    assert {name for name in names if ".egg-info/" not in name} == {
        f"cars_model-1.0.0/{name}"
        for name in project | {f"cars_model/{name}" for name in MODULE_FILES}
    }


def test_the_metadata_say_what_it_needs(cars: PackageResult, model: Model) -> None:
    """A compatible regression-model, on the Pythons that this one runs on."""
    said = about(read(cars.wheel))
    ours = metadata.metadata("regression-model")
    assert (said["Name"], said["Version"]) == ("cars-model", "1.0.0")
    assert said["Requires-Python"] == ours["Requires-Python"]
    assert said["Summary"] == " ".join(model.manifest["description"].split())
    needs = {name.replace(" ", "") for name in said.get_all("Requires-Dist")}
    lowest, below = COMPATIBLE.split(",")
    assert needs == {
        f"regression-model{below},{lowest}",
        f'regression-model[batch]{below},{lowest};extra=="batch"',
    }


def test_the_model_in_the_package_has_its_name_and_version(
    cars: PackageResult, model: Model, rows: list[dict[str, Any]]
) -> None:
    """The rest of its metadata and its graph are those of the file, whose name is kept."""
    packaged = Model(read(cars.wheel)["cars_model/model.onnx"])
    assert (packaged.name, packaged.version) == ("cars-model", "1.0.0")
    assert cars.trained_as == f"{model.name} {model.version}"
    origin = {"name": model.name, "version": model.version}
    assert packaged.manifest == model.manifest | {
        "name": "cars-model",
        "version": "1.0.0",
        "packaged_from": origin,
    }
    expected, actual = model.predict(rows), packaged.predict(rows)
    for name in ("values", "lower", "upper"):
        assert getattr(expected, name).tolist() == getattr(actual, name).tolist()


def test_the_card_and_the_schema_are_those_of_the_model(
    cars: PackageResult, model: Model, shipped: Path
) -> None:
    """The card has the name and the version of the package, and says what it was before."""
    files = read(cars.wheel)
    card = files["cars_model/model-card.md"].decode()
    beside = shipped.with_suffix(".md").read_text(encoding="utf-8")
    before = f"Packaged from the model {model.name} {model.version}."
    assert card.startswith(f"# Model card: cars-model 1.0.0\n\n{before}\n\n")
    assert card.partition(before)[2].strip() == beside.partition("\n")[2].strip()
    assert card.strip() in about(files).get_payload()
    schema = json.loads(files["cars_model/row.schema.json"])
    assert schema == model.contract.json_schema(title="cars-model")


@pytest.mark.parametrize("text", [None, "# Model card: house-prices 3.0.0\n", b"\xff\xfe", "{own}"])
def test_a_card_of_another_model_is_not_taken(
    altered: Altered,
    tmp_path: Path,
    model: Model,
    monkeypatch: pytest.MonkeyPatch,
    text: str | bytes | None,
) -> None:
    """Instead of one that is absent, unreadable or older, the manifest says the most important."""
    path = altered()
    if isinstance(text, bytes):
        path.with_suffix(".md").write_bytes(text)
    elif text is not None:
        own = f"# Model card: {model.name} {model.version}\n"  # trained again, without the report
        path.with_suffix(".md").write_text(text.format(own=own))
    kept: dict[str, bytes] = {}

    def build_nothing(files: dict[str, bytes], *_: object, **__: object) -> dict[str, bytes]:
        kept.update(files)
        return {"a": b"", "b": b""}

    monkeypatch.setattr(archives_module, "build_archives", build_nothing)
    monkeypatch.setattr(archives_module, "archive_names", lambda *_: ("a", "b"))
    package_model(path, output=tmp_path / "dist")
    card = kept["house_prices/model-card.md"].decode()
    assert card.startswith(f"# Model card: {model.name} {model.version}\n\nSale prices of homes")
    assert "Root mean squared log error" in card
    assert f"| Training rows, SHA-256 | {model.manifest['training']['data_sha256']} |" in card


def test_the_same_model_gives_the_same_bytes(
    cars: PackageResult, shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At another time, in another folder, with other rights, and beside a folder named build."""
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "__init__.py").write_text("raise SystemExit('not the library')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767225600")
    umask = os.umask(0o077)
    try:
        again = package_model(shipped, name="cars-model", version="1.0.0")
    finally:
        os.umask(umask)
    assert again.wheel.parent == Path("dist")
    for old, new in ((cars.wheel, again.wheel), (cars.sdist, again.sdist)):
        assert old.read_bytes() == new.read_bytes()


def test_odd_texts_and_versions_stay_what_they_are(
    altered: Altered, tmp_path: Path, shipped: Path
) -> None:
    """What a description says is text: not TOML, not Python, not a template."""
    odd = 'A "quoted" \\ text, $name ${version} $$ """ \'\'\' é 💥\n[project]\nname = "other"\x85 #'
    path = altered(description=odd, created="2026-11-21T12:30:00+00:00")
    made = package_model(path, version="v1!2.0-post1.dev3+Local.5", output=tmp_path / "dist")
    files = read(made.wheel)
    said = about(files)
    assert made.version == said["Version"] == "1!2.0.post1.dev3+local.5"
    assert said["Name"] == "house-prices"
    assert " ".join(odd.split()) == said["Summary"]
    with zipfile.ZipFile(made.wheel) as archive:
        assert {one.date_time for one in archive.infolist()} == {(2026, 11, 21, 12, 30, 0)}
    # With the version that is in it the file is the one that was evaluated, byte for byte.
    same = package_model(shipped, output=tmp_path / "same")
    assert read(same.wheel)["house_prices/model.onnx"] == shipped.read_bytes()


# Where it is installed


@pytest.fixture(scope="module")
def fresh(cars: PackageResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the package; regression-model and its libraries are found from here.

    Nothing is fetched, so that the test runs without a network.
    """
    folder = tmp_path_factory.mktemp("fresh") / "env"
    venv.create(folder, with_pip=False)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout
    above = [str(PACKAGE_ROOT.parent), *(one for one in sys.path if "site-packages" in one)]
    (Path(site.strip()) / "above.pth").write_text("\n".join(dict.fromkeys(above)))
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--quiet", "--no-deps", "--no-index", cars.wheel], check=True)
    return python


def run(program: Path, *words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program as a colleague does."""
    return subprocess.run([program, *words], capture_output=True, encoding="utf-8", cwd=cwd)


def test_the_package_predicts_in_python(
    fresh: Path, model: Model, rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    """With the names that serving applications import, and the version of the package."""
    (tmp_path / "rows.json").write_text(json.dumps(rows))
    code = (
        "import json, sys\n"
        "import cars_model\n"
        "assert not {'numpy', 'onnxruntime'} & sys.modules.keys()  # until it is used\n"
        "rows = json.load(open('rows.json'))\n"
        "result = cars_model.make_prediction(input_data=rows)\n"
        "assert cars_model.load_model() is cars_model.load_model()\n"
        "import regression_model\n"
        "named = regression_model.load_model('cars-model')\n"
        "assert named.predict(rows) == cars_model.load_model().predict(rows)\n"
        "print(json.dumps([cars_model.__version__, cars_model.__file__, result]))\n"
    )
    done = run(fresh, "-c", code, cwd=tmp_path)
    assert done.stderr == ""
    version, file, result = json.loads(done.stdout)
    assert version == result["version"] == "1.0.0"
    assert "site-packages" in file
    assert result["predictions"] == model.predict(rows).values.tolist()


def test_the_package_has_a_command(fresh: Path, scoring_file: Path, tmp_path: Path) -> None:
    """Its output is that of regression-model with the model under its name."""
    command = fresh.with_name("cars-model")
    version = run(command, "--version").stdout
    assert version == f"cars-model 1.0.0 (regression-model {regression_model.__version__})\n"
    words = ("predict", str(scoring_file), "--interval")
    own = run(command, *words)
    named = run(fresh, "-m", "regression_model", *words, "--model", "cars-model", cwd=tmp_path)
    assert own.returncode == named.returncode == 0
    assert own.stdout == named.stdout
    assert own.stdout.count("\n") == 1460
    info = json.loads(run(command, "info", "--json").stdout)
    assert (info["name"], info["version"]) == ("cars-model", "1.0.0")
    assert json.loads(run(command, "schema").stdout)["title"] == "cars-model"
    explained = run(command, "explain", str(scoring_file), "--row", "1", "--top", "2")
    assert explained.stdout.startswith("row,Id,prediction,base,field,contribution")


def test_the_command_knows_no_other_model(
    fresh: Path, training_file: Path, scoring_file: Path
) -> None:
    """What trains, and what chooses a model, is not offered; --help names only what is."""
    command = fresh.with_name("cars-model")
    offered = re.findall(r"^  (\w+)  ", run(command, "--help").stdout, flags=re.MULTILINE)
    assert offered == ["predict", "explain", "evaluate", "info", "schema"]
    for name in offered:
        said = run(command, name, "--help").stdout
        assert "regression-model" not in said
        assert not re.search(r"--(model|config|repeats)\b", said)
    refused = run(command, "predict", str(scoring_file), "--model", "x")
    assert refused.returncode == 2
    assert "No such option: --model" in refused.stderr
    assert "Missing option '--data'" in run(command, "evaluate").stderr
    evaluated = run(command, "evaluate", "--data", str(training_file), "--json")
    assert json.loads(evaluated.stdout)["name"] == "cars-model"


def test_the_installed_model_is_listed(fresh: Path, tmp_path: Path) -> None:
    """With everything that a person or a program needs to use it."""
    listed = json.loads(
        run(fresh, "-m", "regression_model", "models", "--json", cwd=tmp_path).stdout
    )
    (cars_model,) = (one for one in listed if one["name"] == "cars-model")
    file = cars_model.pop("file")
    assert Path(file).is_file()
    assert cars_model == {
        "name": "cars-model",
        "version": "1.0.0",
        "target": "SalePrice",
        "distribution": "cars-model 1.0.0",
        "error": None,
    }


def test_a_name_that_an_installed_model_has_is_for_its_next_version(
    fresh: Path, altered: Altered, shipped: Path, tmp_path: Path
) -> None:
    """The same version again, or a model of something else, is refused."""
    other = Model(shipped.read_bytes()).manifest
    target = other["target"] | {"name": "Rent"}
    contract = other["contract"] | {"target": "Rent"}
    rents = altered(name="rents", target=target, contract=contract)

    def package(path: Path, version: str) -> subprocess.CompletedProcess[str]:
        words = ("package", str(path), "--name", "cars-model", "--version", version)
        return run(fresh, "-m", "regression_model", *words, cwd=tmp_path)

    again, of_rents, newer = (
        package(shipped, "1.0"),
        package(rents, "1.1.0"),
        package(shipped, "1.1.0"),
    )
    assert again.returncode == of_rents.returncode == 2
    assert again.stderr.splitlines() == [
        "Error: cars-model 1.0 is installed here: give another version with --version."
    ]
    assert of_rents.stderr.splitlines() == [
        "Error: 'cars-model' cannot be the name of a package: an installed model of that name "
        "predicts SalePrice. Give another with --name."
    ]
    assert newer.returncode == 0
    assert {path.name for path in (tmp_path / "dist").iterdir()} == {
        "cars_model-1.1.0-py3-none-any.whl",
        "cars_model-1.1.0.tar.gz",
    }


# What is refused


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Cars Model", "such as cars-model."),
        ("cars_model", "such as cars-model."),
        ("-", "such as cars-model."),
        ("", "such as cars-model."),
        ("4cars", "such as cars-model."),
        ("../cars", "such as cars."),
        ("cärs", "such as c-rs."),
        ("cars-model\n", "such as cars-model."),
        ("x" * 300, "at most 100 characters"),
        ("class", "it is a keyword of Python"),
        ("json", "the standard library of Python has a module of that name"),
        ("python", "its command would replace one of Python"),
        ("regression-model", "an installed package has that name"),
        ("numpy", "an installed package has that name"),
        ("sklearn", "sklearn is a module of the installed package scikit-learn"),
    ],
)
def test_a_name_that_cannot_be_used_is_refused(
    shipped: Path, tmp_path: Path, name: str, reason: str
) -> None:
    """One sentence says why, and nothing is written."""
    output = tmp_path / "dist"
    words = ["package", str(shipped), f"--name={name}", "--output", str(output)]
    refused = CliRunner().invoke(app, words)
    assert refused.exit_code == 2
    said = refused.stderr
    assert said.startswith("Error: ")
    assert said.count("\n") == 1
    assert reason in said
    assert not output.exists()


@given(
    st.text(max_size=30)
    | st.from_regex(r"\A[a-z0-9]+(-[a-z0-9]+)*\Z")
    | st.sampled_from(keyword.kwlist)
)
def test_a_name_is_usable_or_refused(name: str) -> None:
    """Whatever is typed: what is accepted can be imported, installed and called."""
    try:
        accepted = checked_name(name)
    except PackageError as error:
        assert "\n" not in str(error)
        return
    module = accepted.replace("-", "_")
    assert accepted == name
    assert module.isidentifier() and not keyword.iskeyword(module)
    assert re.sub(r"[-_.]+", "-", accepted).lower() == accepted


@given(st.text(max_size=20) | st.from_regex(r"\A[0-9]{1,3}(\.[0-9]{1,3}){0,3}((a|b|rc)[0-9])?\Z"))
def test_a_version_is_normal_or_refused(version: str) -> None:
    """As pip writes it; https://peps.python.org/pep-0440/ says what is one."""
    try:
        accepted = checked_version(version)
    except PackageError as error:
        assert "\n" not in str(error)
        return
    assert accepted == str(Version(version)) == checked_version(accepted)


@pytest.mark.parametrize("version", ["", "one", "1.0.", "1..0", "1.0-beta-2-x", "1" * 200, "1/2"])
def test_a_version_that_is_none_is_refused(shipped: Path, tmp_path: Path, version: str) -> None:
    """One sentence shows what one looks like."""
    with pytest.raises(PackageError, match="such as 1.0.0 or 1.1.0rc1; give it with --version"):
        package_model(shipped, name="cars-model", version=version, output=tmp_path / "dist")


def test_a_free_name_is_not_refused(model: Model) -> None:
    """Nothing here is called so."""
    require_free("cars-model", "1.0.0", target=model.contract.target)


def of_newer_format(content: bytes) -> bytes:
    manifest = Model(content).manifest
    return reseal(content, manifest | {"format": FORMAT + 1}, name="x")


def unsealed(content: bytes) -> bytes:
    return content[: content.index(b"regression_model.manifest") - 4]


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda content: content[:-1], "is damaged or was changed"),
        (lambda content: content.replace(b"SalePrice", b"SalePrize", 1), "is damaged"),
        (unsealed, "has no manifest and no digest"),
        (lambda _: b"", "is empty: it is not a model file"),
        (of_newer_format, f"has format {FORMAT + 1} and this regression-model reads up to"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(
    shipped: Path, tmp_path: Path, spoil: Callable[[bytes], bytes], reason: str
) -> None:
    """No package is made of what no package could open."""
    path = tmp_path / "cars.onnx"
    path.write_bytes(spoil(shipped.read_bytes()))
    words = ["package", str(path), "--name", "cars-model", "--output", str(tmp_path / "dist")]
    refused = CliRunner().invoke(app, words)
    assert refused.exit_code == 2
    said = refused.stderr
    assert said.startswith(f"Error: {path} ")
    assert reason in said
    assert said.count("\n") == 1
    assert not (tmp_path / "dist").exists()


def test_a_stale_model_is_refused(shipped: Path, tmp_path: Path) -> None:
    """A configuration or rows that have changed since are no longer what the model was made of."""
    config = tmp_path / "config.yml"
    (tmp_path / "datasets").mkdir()
    shutil.copy(PACKAGE_ROOT / "config.yml", config)
    rows = Path(shutil.copy(PACKAGE_ROOT / "datasets" / "train.csv", tmp_path / "datasets"))
    output = tmp_path / "dist"
    output.write_bytes(b"")  # what is refused next, where the model is fresh
    with pytest.raises(PackageError, match="dist is not a folder: name another with --output"):
        package_model(shipped, name="cars-model", output=output, config=config)
    rows.write_bytes(rows.read_bytes() + b"\n")
    with pytest.raises(ModelFileError, match="was trained with another train.csv than .*again"):
        package_model(shipped, name="cars-model", output=output, config=config)
    config.write_bytes(config.read_bytes() + b"\n")
    with pytest.raises(ModelFileError, match="was trained with another config.yml than"):
        package_model(shipped, name="cars-model", output=output, config=config)
    with pytest.raises(ModelFileError, match="absent.yml does not exist"):
        package_model(shipped, name="cars-model", output=output, config=tmp_path / "absent.yml")


def test_the_shipped_model_is_not_packaged_when_it_is_stale(
    shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For the same reasons for which no wheel of regression-model is built."""
    from regression_model.packaging import run as module

    monkeypatch.setattr(module, "stale_reason", lambda _: "it was trained with another config.yml")
    with pytest.raises(ModelFileError, match="^it was trained with another config.yml: train it"):
        package_model(shipped, output=tmp_path / "dist")


def test_an_archive_is_not_replaced(cars: PackageResult, shipped: Path) -> None:
    """One version is one file, for everybody who has installed it."""
    before = hashlib.sha256(cars.wheel.read_bytes()).hexdigest()
    words = ["package", str(shipped), "--name", "cars-model", "--version", "1.0.0"]
    refused = CliRunner().invoke(app, [*words, "--output", str(cars.wheel.parent)])
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr == (
        f"Error: {cars.wheel} exists: remove it, or give another version with --version.\n"
    )
    assert hashlib.sha256(cars.wheel.read_bytes()).hexdigest() == before


def test_a_build_that_fails_is_one_sentence(
    shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as an old setuptools; nothing is left behind."""
    done = subprocess.CompletedProcess(
        [], 1, "", "Getting build dependencies\nERROR Missing dependencies:\n\tsetuptools>=77.0.3\n"
    )
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)
    with pytest.raises(PackageError) as raised:
        package_model(shipped, name="cars-model", output=tmp_path / "dist")
    assert str(raised.value) == (
        "The package could not be built: ERROR Missing dependencies: setuptools>=77.0.3."
    )
    assert not (tmp_path / "dist").exists()


@pytest.mark.parametrize("library", ["build", "setuptools", "packaging"])
def test_without_the_extra_the_sentence_names_it(
    shipped: Path, tmp_path: Path, library: str
) -> None:
    """Like every other command that needs an extra."""
    code = (
        f"import sys; sys.modules[{library!r}] = None\n"
        "import importlib.util as util; real = util.find_spec\n"
        f"util.find_spec = lambda name, *rest: None if name == {library!r} else real(name, *rest)\n"
        "from regression_model.cli import main\n"
        f"sys.argv[1:] = ['package', {str(shipped)!r}]\nmain()"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        encoding="utf-8",
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(PACKAGE_ROOT.parent)},
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    assert f"Error: {library} is not installed; it comes with the extra package: " in ran.stderr
    assert "pip install 'regression-model[package]==" in ran.stderr
