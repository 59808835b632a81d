"""What was tampered with is refused with one sentence, and what was not passes."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from importlib.metadata import metadata
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from typer.testing import CliRunner, Result

import regression_model
from regression_model import ModelFileError, VerificationError, __version__
from regression_model.cli import app
from regression_model.runtime.model_file.release import find_model_file
from regression_model.runtime.model_file.sealing import open_sealed, reseal
from regression_model.training.run import run_training
from regression_model.verification import Verification, sign, verify
from regression_model.verification.archive import archive_problems, open_archive

ROOT = Path(__file__).parents[1]
PACKAGE = Path(regression_model.__file__).parent
ABOUT = f"regression_model-{__version__}.dist-info"
SBOM = f"{ABOUT}/sboms/regression-model.cdx.json"
NOT_PACKAGED = {".pyc", ".joblib", ".html"}
BOATS = """\
name: boats
description: Prices of second-hand boats
target:
  name: Price
  description: Price asked
  minimum: 1
data:
  training: boats.csv
features:
  Length:
    description: From bow to stern
    kind: number
  Hull:
    description: What it is made of
    kind: nominal
    levels: steel, wood
estimator:
  ridge:
    alpha: 1
evaluation:
  folds: 3
"""


def tamperings() -> Any:
    """The module of that name, which is not installed; the sources beside it stay out of reach."""
    spec = spec_from_file_location("tamperings", ROOT / "releasing" / "tamperings.py")
    assert spec is not None and spec.loader is not None
    sys.modules["tamperings"] = module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TOOLS = tamperings()
Files = dict[str, bytes]


def sbom(version: str = __version__, **libraries: str) -> bytes:
    """The SBOM of a version, with these libraries."""
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "metadata": {"component": {"name": "regression-model", "version": version}},
        "components": [{"name": name, "version": one} for name, one in libraries.items()],
    }
    return json.dumps(document).encode()


def metadata_files(name: str, version: str, *, about: str, entry_points: str = "") -> Files:
    """What stands in the folder .dist-info, without a RECORD."""
    said = f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n"
    if name == "regression-model":
        needed = metadata(name).get_all("Requires-Dist") or []
        extras = metadata(name).get_all("Provides-Extra") or []
        said += "".join(f"Provides-Extra: {extra}\n" for extra in extras)
        said += "".join(f"Requires-Dist: {one}\n" for one in needed)
    wheel = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files = {"METADATA": said, "WHEEL": wheel, "RECORD": "", "entry_points.txt": entry_points}
    files["top_level.txt"] = name.replace("-", "_")
    return {f"{about}/{name}": text.encode() for name, text in files.items()}


@pytest.fixture(scope="module")
def files() -> Files:
    """The files of a wheel of this version, as they are installed here."""
    packaged = {
        f"{PACKAGE.name}/{path.relative_to(PACKAGE).as_posix()}": path.read_bytes()
        for path in sorted(PACKAGE.rglob("*"))
        if path.is_file() and path.suffix not in NOT_PACKAGED
    }
    about = metadata_files("regression-model", __version__, about=ABOUT)
    made: Files = TOOLS.recorded(packaged | about | {SBOM: sbom(numpy="2.0.0")})
    return made


def write_key(path: Path, key: Any = None, *, password: bytes | None = None) -> Path:
    """Write a private key, and the public one beside it."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    protection = BestAvailableEncryption(password) if password else NoEncryption()
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection))
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    path.with_suffix(".pub").write_bytes(public)
    return path


@pytest.fixture(scope="module")
def release(files: Files, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A wheel and a model file, both signed."""
    folder = tmp_path_factory.mktemp("release")
    name = f"regression_model-{__version__}-py3-none-any.whl"
    wheel = TOOLS.write_wheel(folder / name, files.items())
    shipped = find_model_file(PACKAGE)
    assert shipped is not None
    model = Path(shutil.copy(shipped, folder))
    key = write_key(folder / "release.key")
    for file in (wheel, model):
        sign(file, key=key)
    return TOOLS.Release(wheel, model, key.with_suffix(".pub"))


def invoke(*arguments: str | Path) -> Result:
    """Run a command inside this process."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def run_with(
    site: Path, *arguments: str, program: str = "-m regression_model"
) -> tuple[int, str, str]:
    """Run the program of the package that lies in a folder."""
    done = subprocess.run(
        [sys.executable, "-P", *program.split(), *arguments],
        env=os.environ | {"PYTHONPATH": str(site)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def statuses(verification: Verification) -> dict[str, str]:
    """The status of each check by its name."""
    return {check.name: check.status for check in verification.checks}


# What passes


def test_a_signed_wheel_passes(release: Any) -> None:
    """Every check that does not train says ok."""
    verification = verify(release.wheel, key=release.key)
    assert verification.passed
    assert statuses(verification) == {
        "archive": "ok",
        "files": "ok",
        "metadata": "ok",
        "model": "ok",
        "sbom": "ok",
        "signature": "ok",
        "retraining": "not checked",
    }
    assert verification.sha256 == hashlib.sha256(release.wheel.read_bytes()).hexdigest()


def test_a_signed_model_passes(release: Any) -> None:
    """By its path, and without a key the signature is not checked."""
    signed = verify(release.model, key=release.key)
    assert [*statuses(signed).values()] == ["ok", "ok", "ok", "not checked"]
    assert statuses(verify(release.model))["signature"] == "not checked"


def test_an_installed_model_is_found_by_its_name(model: Any) -> None:
    """As in every other command."""
    verification = verify(model.name)
    assert (verification.passed, verification.target) == (True, find_model_file(PACKAGE).name)


def test_the_list_and_the_json_say_the_same(release: Any) -> None:
    """One line for each check after the name and the digest of the file."""
    verification = verify(release.model)
    shown = invoke("verify", release.model)
    as_json = invoke("verify", release.model, "--json")
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert shown.stdout.splitlines() == [
        verification.target,
        f"SHA-256 {verification.sha256}",
        *(f"{check.status:<12} {check.name}: {check.message}" for check in verification.checks),
    ]
    assert (as_json.exit_code, json.loads(as_json.stdout)) == (0, verification.to_dict())


def test_a_renamed_file_is_still_the_one_that_was_signed(release: Any, tmp_path: Path) -> None:
    """The signature is of the bytes; what the name of a wheel promises is checked by itself."""
    renamed = Path(shutil.copy(release.model, tmp_path / "other.onnx"))
    shutil.copy(f"{release.model}.sig", tmp_path / "elsewhere.sig")
    signature = tmp_path / "elsewhere.sig"
    assert verify(renamed, key=release.key, signature=signature).passed


def package_of_model(release: Any, folder: Path, *, version: str = "1.0.0") -> Path:
    """Make a wheel of a model, as the command package does."""
    content = release.model.read_bytes()
    manifest = open_sealed(content, name="model")
    named = manifest | {"name": "cars-model", "version": "1.0.0"}
    entry_points = "[regression_model.models]\ncars-model = cars_model\n"
    about = f"cars_model-{version}.dist-info"
    files = metadata_files("cars-model", version, about=about, entry_points=entry_points)
    files["cars_model/model.onnx"] = reseal(content, named, name="model")
    files["cars_model/__init__.py"] = b"raise SystemExit('imported')\n"
    place = folder / f"cars_model-{version}-py3-none-any.whl"
    return Path(TOOLS.write_wheel(place, TOOLS.recorded(files).items()))


def test_the_package_of_a_model_passes(release: Any, tmp_path: Path) -> None:
    """It has no SBOM of its own, and nothing in it is imported."""
    verification = verify(package_of_model(release, tmp_path))
    assert verification.passed
    assert statuses(verification)["model"] == "ok"
    assert statuses(verification)["sbom"] == "not checked"


def test_a_package_with_the_model_of_another_version_is_refused(
    release: Any, tmp_path: Path
) -> None:
    """Which model is in a package is what its name says."""
    verification = verify(package_of_model(release, tmp_path, version="2.0.0"))
    assert [check.message for check in verification.refused] == [
        "cars_model/model.onnx is the model cars-model 1.0.0 and not cars-model 2.0.0."
    ]


# What is refused


@pytest.mark.parametrize("name", TOOLS.TAMPERINGS)
def test_tampering_is_refused_with_one_sentence(release: Any, tmp_path: Path, name: str) -> None:
    """Exit code 1, and one line that says what is wrong."""
    tampered = TOOLS.TAMPERINGS[name](release, tmp_path)
    if tampered.environment:
        code, out, err = run_with(
            Path(tampered.environment["PYTHONPATH"]), "verify", *tampered.arguments
        )
    else:
        result = invoke("verify", *tampered.arguments)
        code, out, err = result.exit_code, result.stdout, result.stderr
    refused = [line for line in out.splitlines() if line.startswith("refused")]
    assert (code, len(refused)) == (1, 1), out + err
    assert tampered.says in refused[0]
    assert refused[0].endswith(".")
    assert err.startswith("Refused: ")
    assert err.count("\n") == 1


def with_comment(content: bytes) -> bytes:
    """Bytes after the end that readers are told to skip."""
    return content[:-2] + b"\x04\x00more"


def with_bytes_after_it(content: bytes) -> bytes:
    """As an archive has them to which another one was appended, cut short."""
    return content + b"more"


def with_bytes_before_it(content: bytes) -> bytes:
    """As a program has them that unpacks itself."""
    return b"more" + content


def with_another_name_before_the_file(content: bytes) -> bytes:
    """Python reads the directory at the end, and other readers the headers before the files."""
    return content.replace(b"regression_model/predict.py", b"regression_model/predicx.py", 1)


def with_a_password(content: bytes) -> bytes:
    """A flag in the directory: an encrypted file."""
    at = content.index(b"PK\x01\x02")
    return content[: at + 8] + b"\x01" + content[at + 9 :]


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (with_comment, "bytes that belong to no file"),
        (with_bytes_after_it, "bytes that belong to no file"),
        (with_bytes_before_it, "bytes that belong to no file"),
        (with_another_name_before_the_file, "says two things about regression_model/predict.py"),
        (with_a_password, "says two things about"),
        (lambda content: b"", "is truncated, or is not a wheel"),
        (lambda content: b"PK\x05\x06" + bytes(18), "does not have one folder .dist-info"),
    ],
)
def test_an_archive_that_readers_may_read_differently(
    release: Any, tmp_path: Path, spoil: Callable[[bytes], bytes], says: str
) -> None:
    """pip and uv do not read archives alike: both have to find the files that were checked."""
    place = tmp_path / release.wheel.name
    place.write_bytes(spoil(release.wheel.read_bytes()))
    checks = verify(place).checks
    assert (checks[0].name, checks[0].status) == ("archive", "refused")
    assert says in checks[0].message
    assert {check.status for check in checks[1:]} == {"not checked"}


@pytest.mark.parametrize(
    "name",
    ["/a.py", "a/../b.py", "a\\b.py", "c:a.py", "a//b.py", "./a.py", "a\nb.py", "x.data/data/b"],
)
def test_a_path_that_leads_outside(tmp_path: Path, name: str) -> None:
    """However it is written."""
    place = TOOLS.write_wheel(tmp_path / "a.whl", [(name, b"")])
    content = place.read_bytes()
    (problem,) = archive_problems(content, open_archive(content).infolist())
    assert "outside of the folder" in problem


def test_a_link_and_a_name_in_other_letters(tmp_path: Path) -> None:
    """A link may lead anywhere; some file systems take two such names for one."""
    link = zipfile.ZipInfo("a.py")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.whl", "w") as archive:
        archive.writestr(link, "target")
        archive.writestr("A.py", "")
    content = (tmp_path / "a.whl").read_bytes()
    assert [*archive_problems(content, open_archive(content).infolist())] == [
        "a.py is a link and not a file.",
        "A.py is there beside a.py.",
    ]


def edited(file: str, old: str, new: str) -> Callable[[Files], Files]:
    """A change of one file of the metadata, with a RECORD to match."""

    def edit(files: Files) -> Files:
        name = f"{ABOUT}/{file}"
        assert old.encode() in files[name]
        content = files[name].replace(old.encode(), new.encode(), 1)
        made: Files = TOOLS.recorded(files | {name: content})
        return made

    return edit


def without_record(files: Files) -> Files:
    """No list of the files."""
    return {name: content for name, content in files.items() if name != f"{ABOUT}/RECORD"}


def listed_twice(files: Files) -> Files:
    """One line of RECORD two times, of which readers may take either."""
    record = f"{ABOUT}/RECORD"
    return files | {record: files[record] + files[record].split(b"\n")[0] + b"\n"}


def without_model(files: Files) -> Files:
    """The code alone."""
    made: Files = TOOLS.recorded({n: c for n, c in files.items() if not n.endswith(".onnx")})
    return made


def foreign(files: Files) -> Files:
    """A package that has nothing to do with this one."""
    about = {n: c for n, c in files.items() if n.startswith(ABOUT) and n != SBOM}
    made: Files = TOOLS.recorded(about | {"other/__init__.py": b""})
    return made


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (without_record, "RECORD is missing"),
        (listed_twice, "RECORD lists regression_model/VERSION twice."),
        (edited("METADATA", "Name: regression-model", "Name: other"), "METADATA says other "),
        (edited("WHEEL", "py3-none-any", "py3-none-win32"), "WHEEL has other tags."),
        (without_model, "holds no model file."),
        (foreign, "holds neither regression-model nor a model for it."),
        (lambda files: TOOLS.recorded(files | {SBOM: b"{"}), "is not a CycloneDX document."),
    ],
)
def test_a_wheel_that_is_not_what_it_says(
    release: Any, files: Files, tmp_path: Path, spoil: Callable[[Files], Files], says: str
) -> None:
    """Also where its RECORD agrees with it."""
    place = TOOLS.write_wheel(tmp_path / release.wheel.name, spoil(files).items())
    verification = verify(place)
    assert any(says in check.message for check in verification.refused)


def test_many_problems_are_counted_and_listed(release: Any, files: Files, tmp_path: Path) -> None:
    """The line says how many there are, and all of them stand below it and in the JSON."""
    changed = files | {
        f"regression_model/{name}.py": b"" for name in ("predict", "errors", "levels")
    }
    place = TOOLS.write_wheel(tmp_path / release.wheel.name, changed.items())
    (check,) = verify(place).refused
    assert check.message.endswith("There are 2 more problems.")
    assert len(check.details) == 3
    assert all(detail in invoke("verify", place).stdout for detail in check.details)


# What cannot be checked


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with keys that are of no use."""
    folder = tmp_path_factory.mktemp("keys")
    write_key(folder / "rsa.key", rsa.generate_private_key(public_exponent=65537, key_size=2048))
    write_key(folder / "koblitz.key", ec.generate_private_key(ec.SECP256K1()))
    write_key(folder / "locked.key", password=b"secret")
    (folder / "text.pub").write_text("a key\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("absent.pub", "cannot be read: No such file"),
        ("text.pub", "is not a public key in PEM form."),
        ("rsa.pub", "is not a key on one of the elliptic curves"),
        ("koblitz.pub", "is not a key on one of the elliptic curves"),
        ("locked.key", "is a private key: verify with the public one."),
    ],
)
def test_a_key_that_cannot_verify(release: Any, keys: Path, key: str, says: str) -> None:
    """Nothing is said about the file then: exit code 2."""
    result = invoke("verify", release.model, "--key", keys / key)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"Error: {keys / key} {says}")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("absent.whl",), "absent.whl does not exist: name another wheel."),
        (("absent.onnx",), "absent.onnx does not exist"),
        (("package-1.0.0.tar.gz",), "is a source archive: name a model file or a wheel."),
        (("--key", "a.pub"), "is for a file: name a wheel or a model file."),
        (("a.onnx", "--signature", "a.sig"), "is checked with a public --key."),
        (("a.onnx", "--config", "a.yml"), "is for --retrain."),
    ],
)
def test_arguments_that_cannot_be_used(arguments: tuple[str, ...], says: str) -> None:
    """One sentence, and exit code 2."""
    result = invoke("verify", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert says in result.stderr


def test_a_named_signature_that_is_not_there(release: Any, keys: Path) -> None:
    """A mistyped path is not a verdict on the file."""
    with pytest.raises(VerificationError, match=r"absent\.sig cannot be read"):
        verify(release.model, key=release.key, signature=keys / "absent.sig")


def test_something_else_in_the_place_of_a_signature(release: Any, keys: Path) -> None:
    """Any bytes are refused, without a traceback."""
    (check,) = verify(release.model, key=release.key, signature=keys / "text.pub").refused
    assert check.message == "text.pub is not a signature made with a key."


def test_without_the_extra_a_signature_names_it(release: Any, monkeypatch: Any) -> None:
    """And what needs no extra is verified without it."""
    monkeypatch.setitem(sys.modules, "model_signing", None)
    result = invoke("verify", release.model, "--key", release.key)
    assert result.exit_code == 2
    assert f"pip install 'regression-model[verify]=={__version__}'." in result.stderr
    assert invoke("verify", release.model).exit_code == 0


# Signing


def test_a_key_with_a_password(release: Any, keys: Path, tmp_path: Path, monkeypatch: Any) -> None:
    """It comes from the environment, and a wrong one is said to be wrong."""
    model = shutil.copy(release.model, tmp_path)
    command = ("sign", model, "--key", keys / "locked.key")
    asked = invoke(*command)
    monkeypatch.setenv("REGRESSION_MODEL_KEY_PASSWORD", "wrong")
    wrong = invoke(*command)
    monkeypatch.setenv("REGRESSION_MODEL_KEY_PASSWORD", "secret")
    right = invoke(*command)
    assert (asked.exit_code, wrong.exit_code, right.exit_code) == (2, 2, 0)
    assert "put it into the environment variable REGRESSION_MODEL_KEY_PASSWORD." in asked.stderr
    assert "cannot be opened with the password in REGRESSION_MODEL_KEY_PASSWORD." in wrong.stderr
    assert right.stdout == f"Signature: {model}.sig\n"
    assert verify(model, key=keys / "locked.pub").passed


def test_a_signature_is_replaced_only_when_asked(release: Any, tmp_path: Path) -> None:
    """The first one is untouched until then."""
    model = Path(shutil.copy(release.model, tmp_path))
    signature = Path(f"{model}.sig")
    signature.write_text("precious", encoding="utf-8")
    key = write_key(tmp_path / "a.key")
    refused = invoke("sign", model, "--key", key)
    assert refused.exit_code == 2
    assert refused.stderr == f"Error: {signature} exists: remove it, or replace it with --force.\n"
    assert signature.read_text(encoding="utf-8") == "precious"
    assert invoke("sign", model, "--key", key, "--force").exit_code == 0
    assert verify(model, key=tmp_path / "a.pub").passed


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("rsa.key", "is not a key on one of the elliptic curves"),
        ("rsa.pub", "is not a private key in PEM form."),
        ("absent.key", "cannot be read: No such file"),
    ],
)
def test_a_key_that_cannot_sign(
    release: Any, keys: Path, tmp_path: Path, key: str, says: str
) -> None:
    """One sentence, and no signature."""
    model = shutil.copy(release.model, tmp_path)
    result = invoke("sign", model, "--key", keys / key)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"Error: {keys / key} {says}")
    assert not Path(f"{model}.sig").exists()


def test_what_is_refused_is_not_signed(release: Any, tmp_path: Path) -> None:
    """A signature vouches for a file, so the file is looked at first."""
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(release.model.read_bytes()[:-1])
    result = invoke("sign", damaged, "--key", write_key(tmp_path / "a.key"))
    assert result.exit_code == 2
    assert "was not signed: damaged.onnx is damaged or was changed" in result.stderr
    assert not Path(f"{damaged}.sig").exists()


# The installed package


def unpacked(folder: Path, files: Files) -> Path:
    """Put the files of a wheel where installing it would put them."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def test_an_installation_passes_and_notes_other_versions(files: Files, tmp_path: Path) -> None:
    """Caches of Python are no reason to refuse it, and the ranges decide about libraries."""
    code, out, err = run_with(unpacked(tmp_path, files), "verify", "--json")
    assert (code, err) == (0, "")
    said = {check["name"]: check for check in json.loads(out)["checks"]}
    assert {check["status"] for check in said.values()} == {"ok", "not checked"}
    assert said["files"]["message"] == (
        f"{len(files) - 1} files, each with the hash in RECORD; no others but Python's cache."
    )
    assert "installed in other versions: numpy " in said["sbom"]["message"]
    assert said["libraries"]["status"] == "ok"


def test_an_installation_with_a_library_outside_of_its_range(files: Files, tmp_path: Path) -> None:
    """And with a file that nobody listed."""
    spoilt = edited("METADATA", "Requires-Dist: numpy>=", "Requires-Dist: numpy>=99.")(files)
    site = unpacked(tmp_path, spoilt | {"regression_model/added.pyc": b""})
    code, out, _ = run_with(site, "verify")
    assert code == 1
    assert "refused      files: regression_model/added.pyc is not in RECORD.\n" in out
    assert " is installed and regression-model needs numpy>=99." in out


def test_a_package_without_metadata_has_no_files_to_compare(files: Files, tmp_path: Path) -> None:
    """An editable install runs the sources: its model is checked, and the rest is said."""
    sources = {name: content for name, content in files.items() if not name.startswith(ABOUT)}
    code, out, _ = run_with(unpacked(tmp_path, sources), "verify")
    assert code == 0
    assert "not checked  files: regression_model runs from sources" in out
    assert "ok           sources: The model was trained with the configuration" in out


# Training again


@pytest.fixture(scope="module")
def boats(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of boats, with its configuration and rows in the folder above it."""
    folder = tmp_path_factory.mktemp("boats")
    lines = [f"{5 + at},{('steel', 'wood')[at % 2]},{1000 + 97 * at}" for at in range(30)]
    rows = "\n".join(["Length,Hull,Price", *lines]) + "\n"
    (folder / "boats.csv").write_text(rows, encoding="utf-8")
    (folder / "boats.yml").write_text(BOATS, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", "1767225600")
        made = run_training(config_path=folder / "boats.yml", documents=False)
    return made.model_path


def altered(boats: Path, folder: Path, **training: Any) -> Path:
    """A copy of the model with another record of its training, under a new seal."""
    content = boats.read_bytes()
    manifest = open_sealed(content, name="boats")
    manifest["training"] |= training
    place = folder / boats.name
    place.write_bytes(reseal(content, manifest, name="boats"))
    return place


def configuration(boats: Path) -> Path:
    """The configuration that the model of boats was trained with."""
    return boats.parents[1] / "boats.yml"


def test_training_again_gives_the_same_bytes(
    boats: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At another time, from another commit; nothing is left behind."""
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    model = altered(boats, tmp_path, commit="0" * 40)
    verification = verify(model, retrain=True, config=configuration(boats))
    assert (verification.passed, verification.checks[-1].status) == (True, "ok")
    size = len(model.read_bytes())
    assert verification.checks[-1].message == (
        f"Trained again, {model.name} is the same {size:,} bytes."
    )
    assert [*tmp_path.iterdir()] == [model]


def test_a_model_that_training_does_not_give_is_refused(boats: Path, tmp_path: Path) -> None:
    """Its seal is in order and its manifest plausible: only training again finds it."""
    model = altered(boats, tmp_path, seed=99)
    result = invoke("verify", model, "--retrain", "--config", configuration(boats))
    assert result.exit_code == 1
    assert f"Trained again, {model.name} has the same graph and another manifest" in result.stdout


def test_other_libraries_explain_other_bytes(boats: Path, tmp_path: Path) -> None:
    """Which differ is said before the training and in the verdict."""
    libraries = open_sealed(boats.read_bytes(), name="boats")["training"]["libraries"]
    model = altered(boats, tmp_path, libraries=libraries | {"numpy": "1.0.0"})
    notes: list[str] = []
    verification = verify(model, retrain=True, config=configuration(boats), note=notes.append)
    said = f"trained with numpy 1.0.0 (here {libraries['numpy']})"
    assert [said in note for note in notes] == [True]
    assert said in verification.refused[0].message


def test_what_was_trained_with_something_else_is_not_trained(boats: Path, tmp_path: Path) -> None:
    """The reason is found before the training, and says what to name."""
    with pytest.raises(VerificationError, match="name its own with --config"):
        verify(boats, retrain=True)
    other = tmp_path / "other.yml"
    other.write_text(f"{BOATS}# more\n", encoding="utf-8")
    with pytest.raises(VerificationError, match="trained with another configuration than"):
        verify(boats, retrain=True, config=other)
    alone = Path(shutil.copy(configuration(boats), tmp_path))
    with pytest.raises(VerificationError, match=r"put its boats\.csv beside"):
        verify(boats, retrain=True, config=alone)
    with pytest.raises(VerificationError, match="does not exist: name the configuration"):
        verify(boats, retrain=True, config=tmp_path / "absent.yml")


def test_a_wheel_is_trained_from_the_rows_in_it(
    boats: Path, files: Files, tmp_path: Path, release: Any
) -> None:
    """With the code that is installed, which has to be of the same version."""
    models = {name: b"" for name in files if name.endswith(".onnx")}
    sources = {name: content for name, content in files.items() if name not in models}
    sources |= {
        "regression_model/config.yml": configuration(boats).read_bytes(),
        "regression_model/datasets/boats.csv": (boats.parents[1] / "boats.csv").read_bytes(),
        f"regression_model/trained_models/{boats.name}": boats.read_bytes(),
    }
    place = tmp_path / release.wheel.name
    wheel = TOOLS.write_wheel(place, TOOLS.recorded(sources).items())
    verification = verify(wheel, retrain=True)
    assert verification.passed
    assert verification.checks[-1].status == "ok"


def test_a_file_that_is_refused_is_not_trained_again(release: Any, tmp_path: Path) -> None:
    """Minutes of training could not make it better."""
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(release.model.read_bytes()[:-1])
    assert verify(damaged, retrain=True).checks[-1].status == "not checked"


def test_a_file_that_does_not_exist_is_an_error() -> None:
    """There is nothing that could be refused."""
    with pytest.raises(ModelFileError, match="does not exist"):
        verify("absent.onnx")
