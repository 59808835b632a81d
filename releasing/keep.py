"""python -m releasing.keep: keep the model file of this version, for later versions to agree with.

Copy the model file that is released with the package to tests/data/releases, and write down beside
it what it answers to some rows: predictions, intervals, problems and contributions. The rows are
those of test.csv that show most kinds of gaps and warnings, and rows that are spoilt in every way
that the contract knows. tests/runtime/test_kept_files.py asks every later version the same. A
release is kept once and never replaced.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from regression_model import InputError, Model, RegressionModelError, load_model
from regression_model.files.tables import read_table
from regression_model.files.writing import write_all_atomically
from regression_model.runtime.model_file.release import PACKAGE_ROOT, find_model_file

__all__ = ["FOLDER", "keep", "main"]

FOLDER = Path(__file__).resolve().parents[1] / "tests" / "data" / "releases"
_MOST_FROM_FILE = 20  # rows: a few hundred kB of JSON would say no more

Row = dict[str, Any]


def main(arguments: Sequence[str] | None = None) -> int:
    """Keep the model file and say where; return 2 when that cannot be done."""
    options = _parse(arguments)
    try:
        kept = keep(options.to)
    except RegressionModelError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 2
    print(f"Kept {kept} and {kept.with_suffix('.json').name}.")
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m releasing.keep",
        description=(__doc__ or "").partition("\n\n")[2],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--to",
        metavar="FOLDER",
        type=Path,
        default=FOLDER,
        help="where to keep it, instead of tests/data/releases",
    )
    return parser.parse_args(arguments)


def keep(folder: Path) -> Path:
    """Copy the shipped model file to `folder`, write its answers beside it, and return its path.

    Raises
    ------
    InputError
        When this version is kept already, or there is no model file.
    """
    source = find_model_file(PACKAGE_ROOT)
    if source is None:
        raise InputError("There is no model file of this version: train it first.")
    model = load_model(source)
    kept = folder / f"{model.version}.onnx"
    answers = kept.with_suffix(".json")
    if kept.exists() or answers.exists():
        raise InputError(
            f"{model.version} is kept already in {folder}, and a release never changes. "
            "If it is not yet released, delete its two files first."
        )
    rows = [*_rows_of_the_file(model), *_spoilt_rows(model)]
    folder.mkdir(parents=True, exist_ok=True)
    write_all_atomically({answers: _answers(model, rows), kept: source.read_bytes()})
    return kept


def _answers(model: Model, rows: list[Any]) -> bytes:
    predicted = model.predict(rows).to_dicts()
    expected = [
        {name: answer[name] for name in ("value", "lower", "upper", "assumed")}
        | {"problems": [problem["code"] for problem in answer["problems"]]}
        | {"contributions": why and why.contributions}
        for answer, why in zip(predicted, model.explain(rows), strict=True)
    ]
    libraries = ", ".join(f"{name} {version(name)}" for name in ("numpy", "onnxruntime"))
    recorded = {
        "written by": f"python -m releasing.keep, Python {platform.python_version()}, {libraries}",
        "rows": rows,
        "expected": expected,
    }
    return (json.dumps(recorded, indent=1, allow_nan=False) + "\n").encode()


def _rows_of_the_file(model: Model) -> list[Row]:
    """Return the rows of test.csv that show a gap or a warning that those before them do not."""
    columns = read_table(str(PACKAGE_ROOT / "datasets" / "test.csv"))
    rows = [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
    gaps = {"", *model.contract.missing_values}
    shown = [{(name, "gap") for name, cell in row.items() if cell in gaps} for row in rows]
    for problem in model.predict(columns).problems:
        if problem.row is not None:
            shown[problem.row].add((str(problem.field), problem.code))
    chosen: list[int] = []
    seen: set[tuple[str, str]] = set()
    # rows with problems first: almost every row has gaps
    for at in sorted(range(len(rows)), key=lambda at: all(code == "gap" for _, code in shown[at])):
        if len(chosen) < _MOST_FROM_FILE and (not chosen or shown[at] - seen):
            chosen.append(at)
            seen |= shown[at]
    return [rows[at] for at in sorted(chosen)]


def _spoilt_rows(model: Model) -> Iterator[Any]:
    """Yield a row that is in order, and rows with one thing wrong or odd each."""
    contract = model.contract
    columns = read_table(str(PACKAGE_ROOT / "datasets" / "test.csv"))
    good = {name: cells[0] for name, cells in columns.items()}
    yield good | {f.name: float(good[f.name]) for f in contract.numbers if f.name in good}
    number = next(f for f in contract.numbers if f.required)
    for cell in ("many", "inf", None, True):
        yield good | {number.name: cell}
    for field in contract.numbers:
        if field.minimum is not None and field.maximum is not None:
            yield good | {field.name: field.minimum - 1}
            yield good | {field.name: field.maximum + 1}
            break
    for field in contract.numbers:
        if field.maximum is None and field.training_range is not None:
            yield good | {field.name: 10 * field.training_range[1]}
            break
    for kind in ("ordinal", "nominal", "boolean"):
        for field in [f for f in contract.categories if f.kind == kind][:1]:
            yield good | {field.name: "of another world"}
    yield good | {"Unheard": 1}
    yield {}
    yield 5


if __name__ == "__main__":
    sys.exit(main())
