"""Model files that earlier versions wrote still open, and still say the same."""

import json
from pathlib import Path
from typing import Any

import pytest

from regression_model import load_model

FILES = sorted((Path(__file__).parents[1] / "data").glob("*.onnx"))


def close(expected: Any) -> Any:
    """The same to the last digits; nothing for a row without a prediction."""
    return None if expected is None else pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_a_file_of_every_format_is_kept() -> None:
    """One at least, or nothing below is tested."""
    assert "format-1" in [path.stem for path in FILES]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_kept_file_gives_the_predictions_that_it_gave(path: Path) -> None:
    """Values, intervals, assumed fields, problems and explanations, written down beside it."""
    recorded = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    model = load_model(path)
    predicted = model.predict(recorded["rows"]).to_dicts()
    explanations = model.explain(recorded["rows"])
    for expected, row, why in zip(recorded["expected"], predicted, explanations, strict=True):
        for name in ("value", "lower", "upper"):
            assert row[name] == close(expected[name])
        assert row["assumed"] == expected["assumed"]
        assert [problem["code"] for problem in row["problems"]] == expected["problems"]
        assert (why and why.contributions) == close(expected["contributions"])
