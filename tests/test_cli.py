"""The commands that train and describe, and how the program behaves as a program."""

import csv
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import regression_model
from regression_model import __version__
from regression_model.cli import app
from regression_model.runtime.model_file.release import find_model_file
from regression_model.runtime.model_file.sealing import FORMAT, open_sealed, seal

pty = pytest.importorskip("pty", reason="there are no pseudo-terminals")

PACKAGE = Path(regression_model.__file__).parent
TEST_CSV = PACKAGE / "datasets" / "test.csv"
PROGRAM = [sys.executable, "-P", "-m", "regression_model"]  # -P: nothing from this folder
# The same without the extra report: the report takes longer than all the rest of training.
WITHOUT_REPORT = [
    *(sys.executable, "-P", "-c"),
    "import sys; sys.modules['matplotlib'] = None\n"
    "from regression_model.cli import main\nmain()",
]
BOATS_CONFIG = """\
name: boats
description: Prices of second-hand boats
target:
  name: Price
  description: Price asked
  unit: euros
  minimum: 1
data:
  training: boats.csv
features:
  Berth:
    description: Where it lies
    kind: identifier
  Length:
    description: From bow to stern
    kind: number
    unit: m
    minimum: 1
  Hull:
    description: What it is made of
    kind: nominal
    levels: steel, wood
estimator:
  ridge:
    alpha: 1
evaluation:
  folds: 4
"""


def run(
    *arguments: str | Path, env: dict[str, str] | None = None, program: Sequence[str] = PROGRAM
) -> tuple[int, str, str]:
    """Run the program; its exit code, standard output and standard error."""
    done = subprocess.run(
        [*program, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | (env or {}),
    )
    return done.returncode, done.stdout, done.stderr


def invoke(*arguments: str | Path) -> Result:
    """Run a command inside this process."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def run_blocked(modules: Sequence[str], *arguments: str | Path) -> tuple[int, str, str]:
    """Run the program as if these modules were not installed; also says what it imported."""
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({list(modules)!r}))\n"
        "from regression_model.cli import main\n"
        "try:\n    main()\n"
        "finally:\n    print('imported', *sorted(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def boats(folder: Path, *, config: str = BOATS_CONFIG, rows: Sequence[str] = ()) -> Path:
    """Write a small configuration with its training rows; return the configuration's path."""
    chance = random.Random(0)
    lines = ["Berth,Length,Hull,Price"]
    for berth in range(60):
        length, hull = chance.randint(5, 30), chance.choice(["steel", "wood"])
        price = 1000 * length + 5000 * (hull == "steel") + chance.randint(0, 2000)
        lines.append(f"{berth},{length},{hull},{price}")
    (folder / "boats.csv").write_text("\n".join([*lines, *rows]) + "\n", encoding="utf-8")
    path = folder / "boats.yml"
    path.write_text(config, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """A model of boats: its folder, and what training wrote to both streams."""
    folder = tmp_path_factory.mktemp("trained")
    done = invoke("train", "--config", boats(folder))
    assert done.exit_code == 0, done.stderr
    return folder / "trained_models", done.stdout, done.stderr


def content_of_shipped_model() -> bytes:
    """The bytes of the model file in the package."""
    path = find_model_file(PACKAGE)
    assert path is not None
    return path.read_bytes()


# The program


def test_help_describes_every_command() -> None:
    """Whoever types --help learns what there is, with an example for each command."""
    result = invoke("--help")
    assert result.exit_code == 0
    for command in ("train", "predict", "info", "schema", "check"):
        assert re.search(rf"^  {command} +\w+", result.stdout, flags=re.MULTILINE)
        described = invoke(command, "--help")
        assert described.exit_code == 0
        assert f"    regression-model {command}" in described.stdout


def test_help_is_whole_on_a_narrow_terminal() -> None:
    """No sentence is cut, no type of Python stands for a value, and nothing is wider."""
    known = (
        "train",
        "check",
        "predict",
        "explain",
        "evaluate",
        "tune",
        "info",
        "package",
        "serve",
        "compare",
        "models",
        "verify",
        "sign",
    )
    for command in ("", *known):
        said = invoke(*command.split(), "--help").stdout
        assert "..." not in said.replace("[ARGS]...", "")
        assert not re.search(r"<int|<float", said)
        assert max(map(len, said.splitlines())) <= 80


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_version(option: str) -> None:
    """It is the package's version."""
    assert invoke(option).stdout == f"regression-model {__version__}\n"


def test_a_shell_completes_commands() -> None:
    """The script is installed or shown, and the shell asks the program what fits."""
    assert "--install-completion" in invoke("--help").stdout
    asked = {"_REGRESSION_MODEL_COMPLETE": "complete_bash", "COMP_CWORD": "1"}
    done = subprocess.run(
        PROGRAM,
        env=os.environ | asked | {"COMP_WORDS": "regression-model pre"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.split()) == (0, ["predict"])


@pytest.mark.parametrize(
    "arguments", [[], ["train", "--help"], ["predict", str(TEST_CSV)], ["info"], ["schema"]]
)
def test_nothing_but_training_imports_the_training_half(arguments: list[str]) -> None:
    """Help and predictions stay fast, and work where only the base install is."""
    training_half = {"sklearn", "pandas", "feature_engine", "joblib", "onnx", "strictyaml", "scipy"}
    _, out, err = run_blocked([], *arguments)
    imported = set(err.split("imported ")[1].split())
    assert out or not arguments
    assert not imported & training_half
    if "predict" in arguments:
        assert "rich" not in imported
    if not arguments or "--help" in arguments:
        assert not imported & {"rich", "numpy", "onnxruntime"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["fly"],
        ["predict"],
        ["predict", "a.csv", "--from", "xml"],
        ["train", "--if-stale", "--output", "x"],
        ["train", "--data", "-"],
        ["info", "--verbose"],
    ],
    ids=" ".join,
)
def test_wrong_arguments_exit_2(arguments: list[str]) -> None:
    """A usage error is said on standard error, with how to get help."""
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Try 'regression-model" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["tune", "--jobs", "0"], "'--jobs': expected at least 1, received '0'."),
        (["tune", "--jobs", "two"], "'--jobs': expected a whole number, received 'two'."),
        (["explain", "a.csv", "--row", "1.5"], "expected a whole number, received '1.5'."),
        (["predict", "a.csv", "--from", "xml"], "'--from': 'xml' is not one of 'csv', 'jsonl',"),
        (["predict", "a.csv", "b.csv"], "Unexpected argument 'b.csv': predict takes only INPUT."),
        (["explain", "a", "b", "c"], "Unexpected arguments 'b', 'c': explain takes only INPUT."),
        (["info", "a\n"], "Unexpected argument 'a\\n': info takes none."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_value_is_said_with_what_was_expected(arguments: list[str], said: str) -> None:
    """In this program's words, not in those of the libraries that read the arguments."""
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Value error" not in result.stderr


@pytest.mark.parametrize(
    ("blocked", "arguments"),
    [
        ("sklearn", ["train"]),
        ("feature_engine", ["train"]),
        ("strictyaml", ["check", "boats.yml"]),
    ],
)
def test_a_training_command_without_its_extra(blocked: str, arguments: list[str]) -> None:
    """The sentence says what to install."""
    code, out, err = run_blocked([blocked], *arguments)
    assert (code, out) == (2, "")
    assert f"pip install 'regression-model[train]=={__version__}'." in err
    assert f"{blocked} is not installed; it comes with the extra train: " in err
    assert "Traceback" not in err


# Training


def test_train_writes_four_files_and_says_how_good_the_model_is(
    trained: tuple[Path, str, str],
) -> None:
    """Estimates, interval, parity and paths go to standard output, stages to standard error."""
    folder, out, err = trained
    version = regression_model.__version__
    names = [f"boats-{version}.{ending}" for ending in ("html", "joblib", "md", "onnx")]
    assert sorted(path.name for path in folder.iterdir()) == names
    assert "Price, cross-validated, 4 folds" in out
    assert re.search(r"Mean absolute error +€[\d,.]+ +€[\d,.]+ to €[\d,.]+", out)
    assert "Root mean squared log error (RMSLE)" in out
    assert "Intervals: made to hold 90% of new rows" in out
    assert "Graph and pipeline agree on 60 rows" in out
    titles = ("Report:     ", "Pipeline:   ", "Model card: ", "Model file: ")
    for title, name in zip(titles, names, strict=True):
        assert f"{title}{folder / name}\n" in out
    assert err.splitlines()[1:] == [
        "Reading ...",
        "Cross-validating ...",
        "Fitting on all rows ...",
        "Exporting ...",
        "Shuffling fields ...",
        "Writing the report ...",
    ]
    assert "\x1b" not in out + err


def test_a_spoilt_feature_misses_the_bar_of_the_shipped_configuration(tmp_path: Path) -> None:
    """The living areas of all houses are mixed up: no release, and a sentence by how much.

    Five folds once are enough: without the mix-up they give an RMSLE of 0.1093.
    """
    with (PACKAGE / "datasets" / "train.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    areas = [row["GrLivArea"] for row in rows]
    for row, area in zip(rows, areas[700:] + areas[:700], strict=True):
        row["GrLivArea"] = area
    spoilt, folder = tmp_path / "spoilt.csv", tmp_path / "models"
    with spoilt.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    text = (PACKAGE / "config.yml").read_text(encoding="utf-8")
    once, count = re.subn(r"  folds: 10\n  repeats: 5\n", "  folds: 5\n", text)
    assert count == 1
    config = tmp_path / "config.yml"
    config.write_text(once, encoding="utf-8")
    result = invoke("train", "--config", config, "--data", spoilt, "--output", folder)
    assert result.exit_code == 1
    assert re.search(r"RMSLE is 0\.\d{4}, 0\.\d{4} above the maximum of 0\.1100", result.stderr)
    assert "Nothing was written." in result.stderr
    assert not folder.exists()


def test_a_missed_quality_bar_exits_1_and_writes_nothing(tmp_path: Path) -> None:
    """A release pipeline can tell a bad model from a broken run."""
    config = boats(tmp_path, config=BOATS_CONFIG + "quality:\n  rmsle: 0.0001\n")
    result = invoke("train", "--config", config)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "misses its quality bar" in result.stderr
    assert not (tmp_path / "trained_models").exists()


def test_training_rows_that_break_the_contract_are_all_named(tmp_path: Path) -> None:
    """Every bad row is on a line of its own."""
    config = boats(tmp_path, rows=["61,-3,wood,9000", "62,7,paper,9000", "63,7,wood,"])
    result = invoke("train", "--config", config, "--output", tmp_path / "models")
    assert result.exit_code == 2
    rows = [re.search(r"boats.csv, row (\d+): ", line) for line in result.stderr.splitlines()]
    assert [int(row[1]) for row in rows if row] == [61, 62, 63]
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize("option", ["--config", "--data"])
def test_training_without_its_input(tmp_path: Path, option: str) -> None:
    """The sentence names the absent file."""
    absent = tmp_path / "absent.csv"
    result = invoke("train", "--config", boats(tmp_path), option, absent)
    assert result.exit_code == 2
    assert str(absent) in result.stderr.splitlines()[-1]


def test_training_into_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """It is found out before the work, and the file that is in the way stays."""
    in_the_way = tmp_path / "file"
    in_the_way.write_text("mine", encoding="utf-8")
    result = invoke("train", "--config", boats(tmp_path), "--output", in_the_way / "models")
    assert result.exit_code == 2
    assert str(in_the_way) in result.stderr
    assert "Cross-validating" not in result.stderr
    assert in_the_way.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("stage", ["Loading libraries", "Cross-validating"])
def test_an_interrupted_training_run_writes_nothing(tmp_path: Path, stage: str) -> None:
    """Ctrl-C in the middle: one sentence, exit code 130, and the older model as it was."""
    older = tmp_path / "house-prices-0.0.1.onnx"
    older.write_bytes(b"older")
    # A parent that ignores the signal would hand that on to the program.
    ignoring = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [*PROGRAM, "train", "--output", str(tmp_path)], stderr=subprocess.PIPE, text=True
    )
    signal.signal(signal.SIGINT, ignoring)
    assert process.stderr is not None
    with process, process.stderr as err:
        while stage not in (line := err.readline()):
            assert line
        process.send_signal(signal.SIGINT)
        said = err.read()
    # The line that was being written when the signal came may come twice.
    others = [line for line in said.splitlines() if stage not in line]
    assert others == ["Interrupted: nothing was written."]
    assert process.returncode == 130
    assert list(tmp_path.iterdir()) == [older]
    assert older.read_bytes() == b"older"


@pytest.mark.limits
def test_a_full_disk_while_training(tmp_path: Path) -> None:
    """One sentence names the file, and neither it nor a part of it is there."""
    resource = pytest.importorskip("resource")
    done = subprocess.run(
        [*WITHOUT_REPORT, "train", "--config", str(boats(tmp_path))],
        capture_output=True,
        text=True,
        check=False,
        # a limit for files is a disk that is full, for whoever may not mount one
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)),
    )
    assert (done.returncode, done.stdout) == (2, "")
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"Error: {tmp_path / 'trained_models'}{os.sep}boats-")
    assert "cannot be written: " in last
    assert list((tmp_path / "trained_models").iterdir()) == []


def test_progress_on_a_terminal_is_a_bar(tmp_path: Path) -> None:
    """A person sees each stage with how much of it is done."""
    parent, child = pty.openpty()
    process = subprocess.Popen(
        [*WITHOUT_REPORT, "train", "--config", str(boats(tmp_path))],
        stdout=subprocess.DEVNULL,
        stderr=child,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "100"},
    )
    os.close(child)
    shown = b""
    while piece := read_terminal(parent):
        shown += piece
    os.close(parent)
    assert process.wait() == 0
    assert re.search(rb"Cross-validating .*4/4", shown)


def read_terminal(terminal: int) -> bytes:
    """Read what a program wrote to its terminal; nothing when it has ended."""
    try:
        return os.read(terminal, 65_536)
    except OSError:  # how Linux says that nobody has the other end open
        return b""


def test_if_stale_trains_only_what_is_stale(tmp_path: Path) -> None:
    """A model is trained once for a configuration, and again when that has changed."""
    copy = tmp_path / PACKAGE.name
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__", "*.onnx"))
    boats(tmp_path).replace(copy / "config.yml")
    (tmp_path / "boats.csv").replace(copy / "datasets" / "boats.csv")
    here = {"PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    code, out, err = run("train", "--if-stale", env=here)
    assert code == 0
    assert err.startswith("Training: there is no trained model for version ")
    model = copy / "trained_models" / f"boats-{regression_model.__version__}.onnx"
    assert f"Model file: {model}\n" in out
    written = model.stat().st_mtime_ns
    assert run("train", "--if-stale", env=here) == (
        0,
        "",
        "The model is up to date: nothing to do.\n",
    )
    assert model.stat().st_mtime_ns == written
    (copy / "config.yml").write_text(BOATS_CONFIG.replace("alpha: 1", "alpha: 2"), encoding="utf-8")
    code, out, err = run("train", "--if-stale", env=here, program=WITHOUT_REPORT)
    assert code == 0
    assert "was trained with another config.yml" in err
    assert model.stat().st_mtime_ns > written


# Configurations


def test_check_counts_what_is_in_the_packaged_configuration() -> None:
    """One sentence says that it is in order."""
    path = PACKAGE / "config.yml"
    result = invoke("check", path)
    assert result.exit_code == 0
    assert re.fullmatch(
        rf"{re.escape(str(path))} is valid: 80 features \(\d+ used\), \d+ derived features?, "
        r"\d members? of the estimator\.\n",
        result.stdout,
    )


def test_check_lists_every_mistake_with_its_line(tmp_path: Path) -> None:
    """Each mistake is a line that an editor can jump to."""
    wrong = BOATS_CONFIG.replace("minimum: 1\n", "minimum: low\n").replace("alpha: 1", "beta: 1")
    config = boats(tmp_path, config=wrong)
    result = invoke("check", config)
    assert result.exit_code == 2
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) >= 4
    assert all(re.match(rf"{re.escape(str(config))}:\d+: ", line) for line in lines)
    assert f"{config}:7: target.minimum: " in result.stderr


def test_check_of_an_absent_file(tmp_path: Path) -> None:
    """One sentence names it."""
    result = invoke("check", tmp_path / "absent.yml")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"Error: {tmp_path / 'absent.yml'}")
    assert result.stderr.count("\n") == 1


# Descriptions


def test_info_for_people(trained: tuple[Path, str, str]) -> None:
    """Name, target, metrics_of, interval, fields and libraries can be read at a glance."""
    done = invoke("info", "--model", trained[0] / f"boats-{regression_model.__version__}.onnx")
    out = done.stdout
    assert (done.exit_code, done.stderr) == (0, "")
    assert out.startswith(f"boats {regression_model.__version__}\n")
    assert "\x1b" not in out
    text = " ".join(out.split())
    for said in (
        "Price in euros",
        "3, of which 2 used (2 required)",
        "ridge (alpha 1, weight 1)",
        "60 rows of boats.csv",
        "scikit-learn",
        "Mean absolute error",
        "90% of new rows",
    ):
        assert said in text


def test_info_and_schema_for_programs() -> None:
    """The manifest and the JSON Schema of a row come out as JSON, whole."""
    model = regression_model.load_model()
    assert json.loads(invoke("info", "--json").stdout) == model.manifest
    expected = model.contract.json_schema(title="house-prices")
    assert json.loads(invoke("schema").stdout) == expected


def truncated(content: bytes) -> bytes:
    """The first bytes of a model file."""
    return content[:1000]


def lacking_its_end(content: bytes) -> bytes:
    """A model file that lost its last bytes."""
    return content[:-10]


def tampered(content: bytes) -> bytes:
    """A model file with one bit changed in the middle of it."""
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def newer(content: bytes) -> bytes:
    """A model file of the next format."""
    manifest = open_sealed(content, name="shipped")
    return seal(b"", manifest | {"format": FORMAT + 1})


def foreign(_: bytes) -> bytes:
    """Something else under the name of a model file."""
    return b"\x89PNG\r\n\x1a\n" * 100


def empty(_: bytes) -> bytes:
    """A file with nothing in it."""
    return b""


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (truncated, "truncated"),
        (lacking_its_end, "is damaged"),
        (tampered, "digest does not match"),
        (newer, f"format {FORMAT + 1}"),
        (foreign, "not written by regression-model"),
        (empty, "is empty"),
        (None, "does not exist"),
    ],
)
def test_a_model_file_that_cannot_be_used(tmp_path: Path, spoil: object, said: str) -> None:
    """Every command that opens one refuses it with one sentence that names it."""
    path = tmp_path / "model.onnx"
    if callable(spoil):
        path.write_bytes(spoil(content_of_shipped_model()))
    for command in (["info"], ["schema"], ["predict", TEST_CSV]):
        result = invoke(*command, "--model", path)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.startswith(f"Error: {path} ")
        assert said in result.stderr
        assert result.stderr.count("\n") == 1
