"""Datasets and models on disk: what is read, what is written, and what is left alone."""

import errno
import os
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from regression_model import __version__
from regression_model.config.core import DATASET_DIR, TRAINED_MODEL_DIR, config
from regression_model.errors import DataError, ModelFileError, OutputError
from regression_model.training.data import (
    dataset_path,
    load_dataset,
    load_pipeline,
    read_dataset,
    save_model,
)

PIPELINE = make_pipeline(StandardScaler(), Ridge()).fit([[1.0], [2.0]], [1.0, 2.0])


def files_in(folder: Path) -> Any:
    """Return every file in a folder, hidden ones too, with its bytes."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_dataset_beside_the_configuration_comes_first(tmp_path: Path) -> None:
    """Otherwise it is one of the package's."""
    (tmp_path / "train.csv").write_text("a\n1\n")
    beside = tmp_path / "config.yml"

    assert tmp_path / "train.csv" == dataset_path("train.csv", beside=beside)
    assert DATASET_DIR / "test.csv" == dataset_path("test.csv", beside=beside)
    assert DATASET_DIR / "train.csv" == dataset_path("train.csv")


def test_a_dataset_may_be_in_a_folder_beside_the_configuration(tmp_path: Path) -> None:
    """Its name is a path relative to the configuration."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").write_text("a\n1\n")

    assert (tmp_path / "data" / "a.csv").samefile(
        dataset_path("data/a.csv", beside=tmp_path / "config.yml")
    )


def test_texts_are_read_as_they_stand(tmp_path: Path) -> None:
    """No text is taken for a number or for nothing."""
    path = tmp_path / "a.csv"
    path.write_text("x,y\n007,NA\n ,None\n")

    assert {"x": ["007", " "], "y": ["NA", "None"]} == read_dataset(path)


UNREADABLE: dict[str, tuple[Any, str]] = {
    "absent.csv": (None, "does not exist"),
    "empty.csv": (b"", "is empty"),
    "latin.csv": (b"x,y\n1,caf\xe9\n", "line 2: byte 0xe9 is not UTF-8"),
    "ragged.csv": (b"x,y\n1,2\n3\n", "line 3: 1 values for 2 columns"),
    "wide.csv": (b"x,y\n1,2,3\n", "line 2: 3 values for 2 columns"),
    "quote.csv": (b'x,y\n1,"2\n', "not CSV"),
    "cut.jsonl": (b'{"x": 1}\n{"x": ', "line 2: not JSON"),
    "table.xls": (b"x", "spreadsheets are not supported: use CSV"),
    "folder.csv": ("folder", "cannot be read"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_file_that_cannot_be_read_is_named_with_the_reason(name: str, tmp_path: Path) -> None:
    """One sentence with the path, and the line where there is one."""
    content, reason = UNREADABLE[name]
    path = tmp_path / name
    if content == "folder":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)

    with pytest.raises(DataError) as caught:
        read_dataset(path)

    assert str(path) in str(caught.value)
    assert reason in str(caught.value)
    assert 1 == len(str(caught.value).splitlines())


@pytest.mark.parametrize("name", [config.data.training, config.data.scoring])
def test_a_dataset_of_the_package_is_a_frame(name: str) -> None:
    """Numbers are numbers, texts are texts, and what means missing in a text stays there."""
    frame = load_dataset(file_name=name)

    for column, feature in config.features.items():
        is_text = feature.kind in ("nominal", "ordinal")
        assert pd.api.types.is_numeric_dtype(frame[column]) != is_text
    assert (config.target.name in frame) == (name == config.data.training)
    raw = read_dataset(dataset_path(name))
    assert list(raw) == frame.columns.tolist()
    assert raw["Alley"] == frame["Alley"].tolist()
    numbers = [float("nan") if text == "NA" else float(text) for text in raw["GarageYrBlt"]]
    np.testing.assert_array_equal(numbers, frame["GarageYrBlt"].to_numpy(dtype=float))


def test_a_model_is_written_with_its_pipeline(tmp_path: Path) -> None:
    """All are named after the model and the version, in a folder that is made if need be."""
    folder = tmp_path / "new" / "models"

    documents = {".md": b"card"}
    paths = save_model(b"graph", PIPELINE, name="bicycles", folder=folder, documents=documents)

    expected = {
        ending: folder / f"bicycles-{__version__}{ending}" for ending in (".md", ".joblib", ".onnx")
    }
    assert expected == paths
    assert sorted(path.name for path in paths.values()) == sorted(files_in(folder))
    assert b"graph" == paths[".onnx"].read_bytes()
    assert b"card" == paths[".md"].read_bytes()
    loaded = joblib.load(paths[".joblib"])
    np.testing.assert_array_equal(PIPELINE.predict([[3.0]]), loaded.predict([[3.0]]))


def test_other_versions_go_and_other_files_stay(tmp_path: Path) -> None:
    """Files of other models are not ours, even if their names begin alike."""
    ours = ["bicycles-0.1.0.onnx", "bicycles-0.1.0.joblib", "bicycles-99.0.0rc1.onnx"]
    ours += ["bicycles-0.1.0.html", "bicycles-0.1.0.md"]
    others = [
        "bicycles-electric-0.1.0.onnx",
        "bicycles-electric-0.1.0.joblib",
        "bicycles-2024-0.1.0.onnx",
        "cars-0.1.0.onnx",
        "bicycles.onnx",
        "bicycles-0.1.0.txt",
        "README.md",
    ]
    for name in [*ours, *others]:
        (tmp_path / name).write_bytes(b"old")

    paths = save_model(b"graph", PIPELINE, name="bicycles", folder=tmp_path)

    assert {*others, *(path.name for path in paths.values())} == {*files_in(tmp_path)}


def test_a_model_of_this_version_is_replaced(tmp_path: Path) -> None:
    """The newest of one version counts."""
    for content in (b"first", b"second"):
        paths = save_model(content, PIPELINE, name="bicycles", folder=tmp_path)

    assert b"second" == paths[".onnx"].read_bytes()
    assert 2 == len(files_in(tmp_path))


@pytest.mark.parametrize("suffix", [".onnx", ".joblib"])
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_leaves_the_older_files(
    call: Any, suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing half-written stands beside them."""
    old = {f"bicycles-{v}{s}": b"old" for v in ("0.1.0", "0.2.0") for s in (".onnx", ".joblib")}
    for name, content in old.items():
        (tmp_path / name).write_bytes(content)
    real = getattr(os, call)

    def full(*arguments: Any) -> Any:
        target = os.fspath(arguments[-1]) if call == "replace" else None
        if target is None or target.endswith(suffix):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(*arguments)

    monkeypatch.setattr(os, call, full)

    with pytest.raises(OutputError, match="No space left on device"):
        save_model(b"graph", PIPELINE, name="bicycles", folder=tmp_path)

    left = files_in(tmp_path)
    assert old == {name: content for name, content in left.items() if name in old}
    assert f"bicycles-{__version__}.onnx" not in left
    assert not any(name.startswith(".") for name in left)


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    """With the path in the message."""
    (tmp_path / "models").write_text("")

    with pytest.raises(OutputError, match="models"):
        save_model(b"graph", PIPELINE, name="bicycles", folder=tmp_path / "models")


def test_a_pipeline_of_the_package_can_be_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the name of its file, from the folder of trained models."""
    monkeypatch.setattr("regression_model.training.data.TRAINED_MODEL_DIR", tmp_path)
    save_model(b"graph", PIPELINE, name="bicycles", folder=tmp_path)

    loaded = load_pipeline(file_name=f"bicycles-{__version__}.joblib")

    assert loaded.predict([[3.0]]) == PIPELINE.predict([[3.0]])


def test_a_pipeline_that_is_absent_is_named_with_the_way_out() -> None:
    """It does not travel in the wheel: it is made by training."""
    with pytest.raises(ModelFileError) as caught:
        load_pipeline(file_name="absent.joblib")

    assert str(TRAINED_MODEL_DIR / "absent.joblib") in str(caught.value)
    assert "train" in str(caught.value)
