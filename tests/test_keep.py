"""A release is kept once, with rows that show all that it can answer."""

import json
from importlib import import_module
from pathlib import Path

import pytest

from regression_model import load_model
from regression_model.runtime.problems import ERROR_CODES, WARNING_CODES

pytestmark = pytest.mark.usefixtures("releasing")


def test_a_kept_release_shows_every_answer_and_is_not_replaced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Later versions are compared with what is written down here, and with nothing else."""
    main = import_module("releasing.keep").main
    assert 0 == main(["--to", str(tmp_path)])
    version = load_model().version
    kept, answers = tmp_path / f"{version}.onnx", tmp_path / f"{version}.json"
    assert load_model(kept).version == version
    recorded = json.loads(answers.read_text(encoding="utf-8"))
    codes = {code for expected in recorded["expected"] for code in expected["problems"]}
    of_whole_tables = {"missing_column", "duplicate_field"}
    assert {*ERROR_CODES, *WARNING_CODES} - of_whole_tables == codes
    refused = [expected["value"] is None for expected in recorded["expected"]]
    assert any(refused) and not all(refused)

    written = answers.read_bytes()
    capsys.readouterr()
    assert 2 == main(["--to", str(tmp_path)])
    said = capsys.readouterr().err
    assert said.startswith(f"Error: {version} is kept already in ")
    assert answers.read_bytes() == written
