"""Model files that earlier versions wrote still open, and still say the same."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from regression_model import load_model

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "tests" / "data").rglob("*.onnx"))


def close(expected: Any, *, to: float | None = 0.0) -> Any:
    """The same to the last digits of `to`, or its own; nothing for a row without a prediction."""
    if expected is None:
        return None
    return pytest.approx(expected, rel=1e-9, abs=1e-9 * max(1, to or 0))


def test_a_file_of_every_format_is_kept() -> None:
    """One at least, or nothing below is tested."""
    assert "format-1" in [path.stem for path in FILES]


def test_the_model_file_of_every_release_is_kept() -> None:
    """A version below the newest, with a date in the changelog, is out: users have that file."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest, *others = re.findall(r"^## \[(.+?)\] - (\d?)", changelog, flags=re.MULTILINE)
    kept = [path.stem for path in FILES if path.parent.name == "releases"]
    assert {"4.0.0", *(version for version, dated in others if dated)} <= {*kept}


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
        assert (why and why.contributions) == close(expected["contributions"], to=expected["value"])
