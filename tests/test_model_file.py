"""A model file is whole or refused, and written whole or not at all."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import regression_model
from regression_model import Model, ModelFileError, OutputError, load_model
from regression_model.files.writing import write_atomically
from regression_model.runtime.model_file.release import find_model_file, stale_reason
from regression_model.runtime.model_file.sealing import (
    FORMAT,
    digest,
    open_sealed,
    read_manifest,
    seal,
)

PACKAGE = Path(regression_model.__file__).parent


@pytest.fixture(scope="session")
def shipped() -> Path:
    """The model file in the package."""
    path = find_model_file(PACKAGE)
    assert path is not None
    return path


@pytest.fixture(scope="session")
def content(shipped: Path) -> bytes:
    """The bytes of the shipped model file."""
    return shipped.read_bytes()


@pytest.fixture(scope="session")
def graph(content: bytes, shipped: Path) -> bytes:
    """The part of the shipped model file before its manifest."""
    graph = content[: content.index(b"regression_model.manifest") - 8]
    while seal(graph, read_manifest(shipped)) != content:
        graph = content[: len(graph) + 1]
        assert len(graph) < len(content)
    return graph


def refusal(content: bytes) -> str:
    """The sentence with which these bytes are refused."""
    with pytest.raises(ModelFileError) as raised:
        Model(content, name="house.onnx")
    sentence = str(raised.value)
    assert sentence.startswith("house.onnx ")
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


def test_a_manifest_comes_back_as_it_went_in() -> None:
    """Behind any graph, also an empty one, with texts of any script."""
    manifest = {"format": FORMAT, "name": "Häuser – 家", "numbers": [1, 2.5, None]}
    for graph in (b"", b"\x08\x0a", seal(b"", {"format": 1})):
        assert manifest == open_sealed(seal(graph, manifest), name="it")


def test_the_same_manifest_gives_the_same_bytes() -> None:
    """Whatever the order of its keys."""
    assert seal(b"", {"a": 1, "b": 2}) == seal(b"", {"b": 2, "a": 1})


def test_other_tools_read_the_model_file(content: bytes, shipped: Path) -> None:
    """It is an ONNX model like any; its metadata carries the manifest."""
    onnx = pytest.importorskip("onnx")
    model = onnx.load_from_string(content)
    onnx.checker.check_model(model)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    assert read_manifest(shipped) == json.loads(metadata["regression_model.manifest"])


@pytest.mark.parametrize("share", [0, 0.0001, 0.001, 0.25, 0.5, 0.9, 0.99, 0.9999])
def test_a_file_cut_short_is_refused(content: bytes, share: float) -> None:
    """At any point: nothing of it is used."""
    sentence = refusal(content[: int(len(content) * share)])
    expected = ("empty",) if not share else ("truncated", "damaged")
    assert any(word in sentence for word in expected)


@pytest.mark.parametrize("missing", [1, 2, 64, 100, 200])
def test_a_file_without_its_end_is_refused(content: bytes, missing: int) -> None:
    """One byte less is one too few."""
    refusal(content[:-missing])


@given(data=st.data())
def test_one_changed_byte_is_noticed(content: bytes, data: st.DataObject) -> None:
    """Wherever it is: in the graph, in the manifest, or in the digest itself."""
    at = data.draw(
        st.integers(0, len(content) - 1) | st.integers(len(content) - 200, len(content) - 1)
    )
    changed = bytearray(content)
    changed[at] ^= data.draw(st.integers(1, 255))
    assert "house.onnx is damaged or was changed: its digest does not match." == refusal(
        bytes(changed)
    )


@given(st.binary(min_size=1, max_size=300))
def test_random_bytes_are_refused(content: bytes) -> None:
    """A file of anything is told to be foreign or truncated."""
    assert (
        "house.onnx is truncated, or was not written by regression-model: "
        "it has no manifest and no digest."
    ) == refusal(content)


@given(st.binary(max_size=100))
def test_sealed_random_bytes_are_refused(graph: bytes) -> None:
    """A right digest does not make a graph, nor does it make the bytes before it a message."""
    refusal(seal(graph, {"format": 1, "contract": {}}))


def test_a_file_of_one_byte_a_million_times_is_refused_at_once() -> None:
    """A number without end is not read to its end."""
    refusal(b"\xff" * 3_000_000)
    assert "no manifest" in refusal(seal(b"\xff" * 3_000_000, {"format": 1}))


def test_an_onnx_file_of_somebody_else_is_refused() -> None:
    """It has no contract, so nobody knows what its inputs mean."""
    onnx = pytest.importorskip("onnx")
    value = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.DOUBLE, ["rows"])
    result = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.DOUBLE, ["rows"])
    node = onnx.helper.make_node("Identity", ["x"], ["y"])
    foreign = onnx.helper.make_model(onnx.helper.make_graph([node], "foreign", [value], [result]))
    assert "was not written by regression-model" in refusal(foreign.SerializeToString())


@pytest.mark.parametrize("format_", [FORMAT + 1, FORMAT + 41])
def test_a_newer_format_is_refused_with_the_way_out(
    graph: bytes, shipped: Path, format_: int
) -> None:
    """The sentence says which formats this version reads, and how to get one that reads more."""
    content = seal(graph, read_manifest(shipped) | {"format": format_})
    assert (
        f"house.onnx has format {format_} and this regression-model reads up to {FORMAT}: "
        "upgrade with pip install --upgrade regression-model."
    ) == refusal(content)


def without(key: str) -> Callable[[dict[str, Any]], Any]:
    return lambda manifest: {k: value for k, value in manifest.items() if k != key}


UNREADABLE: dict[str, Callable[[dict[str, Any]], Any]] = {
    "no format": without("format"),
    "format of words": lambda manifest: manifest | {"format": "new"},
    "format of nothing": lambda manifest: manifest | {"format": None},
    "a list": lambda manifest: [manifest],
    "a number": lambda manifest: 5,
    "no contract": without("contract"),
    "contract of nothing": lambda manifest: manifest | {"contract": None},
    "contract without fields": lambda manifest: manifest | {"contract": {"target": "y"}},
    "fields of words": lambda manifest: manifest
    | {"contract": {"target": "y", "missing_values": [], "fields": ["area"]}},
    "an unknown attribute": lambda manifest: manifest
    | {"contract": {"target": "y", "missing_values": [], "fields": [{"name": "a", "colour": 1}]}},
}


@pytest.mark.parametrize("change", UNREADABLE.values(), ids=UNREADABLE)
def test_a_manifest_that_is_none_is_refused(
    graph: bytes, shipped: Path, change: Callable[[dict[str, Any]], Any]
) -> None:
    """Also with a digest that is right."""
    assert "manifest" in refusal(seal(graph, change(read_manifest(shipped))))


def test_a_changed_manifest_is_noticed(content: bytes) -> None:
    """A metric made better in the file is no longer the file that was trained."""
    changed = content.replace(b'"rmsle":0.', b'"rmsle":0,').replace(b'"rmsle":0,', b'"rmsle":1.')
    assert changed != content
    assert len(changed) == len(content)
    assert "damaged or was changed" in refusal(changed)


def test_a_graph_that_cannot_be_run_is_refused(shipped: Path) -> None:
    """Whatever the manifest says: the reason is onnxruntime's."""
    onnx = pytest.importorskip("onnx")
    value = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.DOUBLE, ["rows"])
    node = onnx.helper.make_node("Nonsense", ["x"], ["y"])
    result = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.DOUBLE, ["rows"])
    graph = onnx.helper.make_graph([node], "foreign", [value], [result])
    foreign = onnx.helper.make_model(graph, ir_version=8)
    content = seal(foreign.SerializeToString(), read_manifest(shipped))
    assert "holds a graph that cannot be run" in refusal(content)


def test_an_absent_file_is_told_with_the_way_out(tmp_path: Path) -> None:
    """By path, as text or as a Path."""
    path = tmp_path / "none.onnx"
    for name in (path, str(path)):
        with pytest.raises(ModelFileError) as raised:
            load_model(name)
        assert f"{path} does not exist: train a model or name another file." == str(raised.value)


@pytest.mark.parametrize("where", ["a folder", "below a file"])
def test_what_is_no_file_is_told(tmp_path: Path, where: str) -> None:
    """The system's reason stands behind the name."""
    below = tmp_path / "file" / "model.onnx"
    (tmp_path / "file").touch()
    path = tmp_path if where == "a folder" else below
    with pytest.raises(ModelFileError) as raised:
        load_model(path)
    assert str(raised.value).startswith(f"{path} cannot be read: ")


def test_the_sentence_names_the_file(tmp_path: Path, content: bytes) -> None:
    """The path that was asked for, not some path inside."""
    path = tmp_path / "model.onnx"
    path.write_bytes(content[:-1])
    with pytest.raises(ModelFileError) as raised:
        load_model(path)
    assert str(path) in str(raised.value)


def test_a_loaded_model_needs_its_file_no_more(
    tmp_path: Path, shipped: Path, rows: list[dict[str, Any]]
) -> None:
    """It can be replaced, or removed, below a running server."""
    path = tmp_path / "model.onnx"
    shutil.copy(shipped, path)
    model = load_model(path)
    path.unlink()
    assert load_model().predict(rows).values.tolist() == model.predict(rows).values.tolist()


OPENS_BYTES = """
import sys
from pathlib import Path
from regression_model import Model
content = Path(sys.argv[1]).read_bytes()
Model(content).predict([])
seen = []
def hook(event, arguments):
    if event.split(".")[0] in {"open", "os", "socket", "subprocess", "import", "exec", "compile",
                               "pickle", "marshal", "ctypes", "shutil", "tempfile", "urllib"}:
        seen.append((event, arguments))
sys.addaudithook(hook)
model = Model(content)
model.predict([])
assert not seen, seen
"""


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script in a Python of its own."""
    command = [sys.executable, "-W", "error", "-c", script, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_opening_a_model_runs_nothing_and_opens_nothing(shipped: Path) -> None:
    """No import, no code, no file, no socket: Python's audit events are silent."""
    done = run(OPENS_BYTES, str(shipped))
    assert (0, "") == (done.returncode, done.stderr)


def test_a_file_is_written_with_its_folders(tmp_path: Path) -> None:
    """Readable by all, and nothing beside it."""
    path = tmp_path / "new" / "folder" / "out.bin"
    write_atomically(path, b"one")
    write_atomically(path, b"two")
    assert b"two" == path.read_bytes()
    assert [path] == list(path.parent.iterdir())
    assert 0o644 == path.stat().st_mode & 0o777


def refusal_to_write(path: Path) -> str:
    """The sentence with which a file cannot be written."""
    with pytest.raises(OutputError) as raised:
        write_atomically(path, b"new")
    return str(raised.value)


def test_a_folder_that_is_a_file_cannot_be_written(tmp_path: Path) -> None:
    """One sentence names the path; the file in the way stays."""
    (tmp_path / "file").write_bytes(b"old")
    path = tmp_path / "file" / "out.bin"
    assert refusal_to_write(path).startswith(f"{path} cannot be written: ")
    assert b"old" == (tmp_path / "file").read_bytes()


def test_a_folder_in_the_place_of_the_file_stays(tmp_path: Path) -> None:
    """Nothing is left beside it."""
    path = tmp_path / "out.bin"
    (path / "inside").mkdir(parents=True)
    assert refusal_to_write(path).startswith(f"{path} cannot be written: ")
    assert [path] == list(tmp_path.iterdir())
    assert (path / "inside").is_dir()


WRITES_INTO_READ_ONLY = """
import os, sys
from pathlib import Path
from regression_model import OutputError
from regression_model.files.writing import write_atomically
if os.geteuid() == 0:
    os.setuid(65534)  # root may write everywhere, nobody may not
try:
    write_atomically(Path(sys.argv[1]), b"new")
except OutputError as error:
    print(error)
"""


@pytest.mark.limits
def test_a_read_only_folder_cannot_be_written(tmp_path: Path) -> None:
    """One sentence names the path; the old file stays."""
    path = tmp_path / "out.bin"
    path.write_bytes(b"old")
    tmp_path.chmod(0o500)
    done = run(WRITES_INTO_READ_ONLY, str(path))
    tmp_path.chmod(0o700)
    assert (f"{path} cannot be written: Permission denied.\n", "") == (done.stdout, done.stderr)
    assert b"old" == path.read_bytes()
    assert [path] == list(tmp_path.iterdir())


FILLS_THE_DISK = """
import resource, signal, sys
from pathlib import Path
from regression_model import OutputError
from regression_model.files.writing import write_atomically
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
try:
    write_atomically(Path(sys.argv[1]), b"x" * 1_000_000)
except OutputError as error:
    print(error)
"""


@pytest.mark.limits
def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    """A write that fails half-way says so, and leaves no half behind."""
    pytest.importorskip("resource")
    path = tmp_path / "out.bin"
    path.write_bytes(b"old")
    done = run(FILLS_THE_DISK, str(path))
    assert (f"{path} cannot be written: File too large.\n", "") == (done.stdout, done.stderr)
    assert b"old" == path.read_bytes()
    assert [path] == list(tmp_path.iterdir())


STOPS_HALF_WAY = """
import os, signal, sys
from pathlib import Path
from regression_model.files.writing import write_atomically
os.fsync = lambda _: os.kill(os.getpid(), int(sys.argv[2]))
write_atomically(Path(sys.argv[1]), b"new" * 1000)
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["interrupt", "kill"])
def test_a_crash_leaves_the_old_file(tmp_path: Path, how: signal.Signals) -> None:
    """Somebody presses Ctrl-C, or the machine goes: the old file is whole."""
    path = tmp_path / "out.bin"
    path.write_bytes(b"old")
    assert 0 != run(STOPS_HALF_WAY, str(path), str(int(how))).returncode
    assert b"old" == path.read_bytes()
    if how == signal.SIGINT:
        assert [path] == list(tmp_path.iterdir())


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The root of a package with a model file that fits the files beside it."""
    (tmp_path / "datasets").mkdir()
    (tmp_path / "trained_models").mkdir()
    (tmp_path / "VERSION").write_text("1.2.3\n", encoding="utf-8")
    (tmp_path / "config.yml").write_text("name: small\n", encoding="utf-8")
    (tmp_path / "datasets" / "rows.csv").write_text("a,y\n1,2\n", encoding="utf-8")
    write_model(tmp_path, version="1.2.3").with_suffix(".md").write_text("card")
    return tmp_path


def write_model(package: Path, *, version: str, **manifest: Any) -> Path:
    path = package / "trained_models" / "small-1.2.3.onnx"
    training = {
        "config_sha256": digest(package / "config.yml"),
        "data_file": "rows.csv",
        "data_sha256": digest(package / "datasets" / "rows.csv"),
    }
    content = {"format": FORMAT, "version": version, "training": training} | manifest
    path.write_bytes(seal(b"", content))
    return path


def test_a_model_that_fits_the_files_beside_it_is_not_stale(package: Path) -> None:
    """It is the one to ship; so is the one in this package."""
    assert stale_reason(package) is None
    assert stale_reason(PACKAGE) is None


def test_a_package_without_a_model_is_stale(package: Path) -> None:
    """The version that is asked for is named; a model of another version is none."""
    (package / "VERSION").write_text("1.2.4\n", encoding="utf-8")
    assert find_model_file(package) is None
    assert (
        "there is no trained model for version 1.2.4 in regression_model/trained_models"
        == stale_reason(package)
    )


@pytest.mark.parametrize("changed", ["config.yml", "datasets/rows.csv"])
@pytest.mark.parametrize("how", ["changed", "absent"])
def test_a_model_of_other_sources_is_stale(package: Path, changed: str, how: str) -> None:
    """One changed byte of the configuration or of the data is enough."""
    source = package / changed
    if how == "absent":
        source.unlink()
    else:
        source.write_bytes(source.read_bytes() + b" ")
    assert (
        f"small-1.2.3.onnx was trained with another {source.name} than the one beside it"
        == stale_reason(package)
    )


def test_a_model_without_its_card_is_stale(package: Path) -> None:
    """The wheel carries the card, so training has to have made it."""
    (package / "trained_models" / "small-1.2.3.md").unlink()
    assert (stale_reason(package) or "").startswith("small-1.2.3.onnx has no model card beside it")


def test_a_model_that_says_another_version_is_stale(package: Path) -> None:
    """A renamed file is no new model."""
    write_model(package, version="1.2.2")
    assert "small-1.2.3.onnx says it is version 1.2.2 and VERSION says 1.2.3" == stale_reason(
        package
    )


def test_a_damaged_model_is_stale(package: Path) -> None:
    """The reason is the sentence with which it would be refused."""
    path = write_model(package, version="1.2.3")
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    assert f"{path} is damaged or was changed: its digest does not match" == stale_reason(package)


def test_a_model_that_does_not_say_how_it_was_trained_is_stale(package: Path) -> None:
    """A file from elsewhere is not shipped."""
    write_model(package, version="1.2.3", training={})
    assert "small-1.2.3.onnx does not say how it was trained" == stale_reason(package)
