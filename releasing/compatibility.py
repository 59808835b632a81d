"""python -m releasing.compatibility [ENVIRONMENT]: the versions that docs/compatibility.md lists.

With the name of a compat environment of tox, which runs this as its last command: print the
versions of the direct libraries that are installed here, as a column, and write it to the page.
Without: write the page again, with the versions that the lock has now.
"""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.environments import ROOT
from benchmarks.table import markdown

from .requirements import EXTRAS, libraries, locked_versions

__all__ = ["ENVIRONMENTS", "PAGE", "columns", "main", "page"]

PAGE = ROOT / "docs" / "compatibility.md"
_BASE = tuple(
    f"compat-{end}{python}" for end in ("lowest", "highest") for python in ("", "-py312", "-py313")
)
_TRAINING = ("compat-train-lowest",)
ENVIRONMENTS = (*_BASE, *_TRAINING)
_LOCK = "lock.txt"
_PYTHON = "Python"

Columns = Mapping[str, Mapping[str, str]]  # environment -> library -> version


def main(arguments: Sequence[str] | None = None, *, path: Path = PAGE) -> int:
    """Write the page, with what is installed here if an environment is named."""
    parser = argparse.ArgumentParser(
        prog="python -m releasing.compatibility",
        description=(__doc__ or "").partition("\n\n")[2],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "environment",
        nargs="?",
        choices=ENVIRONMENTS,
        help="the compat environment whose tests have passed with what is installed here",
    )
    environment = parser.parse_args(arguments).environment
    found = dict(columns(path.read_text(encoding="utf-8"))) if path.is_file() else {}
    if environment:
        found[environment] = _installed(environment)
        print(_table((environment,), {environment: found[environment]}))
    path.write_text(page(found), encoding="utf-8")
    return 0


def columns(text: str) -> dict[str, dict[str, str]]:
    """Read the columns of the environments from the tables of the page."""
    found: dict[str, dict[str, str]] = {}
    header: list[str] = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|"):
            header = []
        elif not header:
            header = cells
        elif set(line) - set("|- "):
            for name, cell in zip(header[1:], cells[1:], strict=True):
                if cell and name != _LOCK:
                    found.setdefault(name, {})[cells[0]] = cell
    return found


def page(found: Columns) -> str:
    """Return the page for these columns, and the versions in the lock."""
    locked = {_LOCK: locked_versions()}
    base = _table((*_BASE[:3], _LOCK, *_BASE[3:]), {**found, **locked})
    training = _table((*_TRAINING, _LOCK), {**found, **locked})
    return _TEXT.format(base=base, training=training)


def _names(environment: str) -> list[str]:
    files = ("runtime", *EXTRAS) if environment in _TRAINING else ("runtime",)
    return list(dict.fromkeys(one.name for file in files for one in libraries(file)))


def _installed(environment: str) -> dict[str, str]:
    found = {_PYTHON: platform.python_version()}
    for name in _names(environment):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            sys.exit(f"{name} is not installed here: run `tox -e {environment}`.")
    return found


def _table(shown: Sequence[str], found: Columns) -> str:
    names = [_PYTHON, *_names(shown[0])]
    rows = [(name, *(found.get(column, {}).get(name, "") for column in shown)) for name in names]
    return markdown(("library", *shown), rows)


_TEXT = """\
# Compatibility

Which versions of the libraries were tested, and what a model file promises across them.

## Predictions do not depend on the versions

A model file is written once and predicts the same, within a relative difference of 1e-9, under
every supported version of Python, numpy, onnxruntime and the other libraries of the base install.
Each column is a tox environment. It installs the built wheel with the lowest versions that
`requirements/runtime.in` allows on its Python, or with the newest, and runs `tests/runtime` with
them. These tests compare

- values, intervals, problems and contributions of every kept model file with those that were
  written down when it was kept ([below](#model-files-of-earlier-releases)),
- the predictions of the shipped model with those of scikit-learn when it was trained,
- the graph alone, run by onnxruntime without this package, with the package, on all 1,459 rows of
  `test.csv`.

{base}

`lock.txt` is what all other environments install. The libraries that these ones bring are the
newest that fit, in every column. A lower bound in `requirements` is the lowest version that
passed: a test compares the page with the bounds. Where an old version has no build for a newer
Python, the bound says so with a marker.

    tox -e compat-lowest,compat-lowest-py312,compat-lowest-py313
    tox -e compat-highest,compat-highest-py312,compat-highest-py313

Each run makes its environment again, so that the newest is not that of last month, and writes its
column here when its tests have passed. `python -m releasing.compatibility` writes the page again
after a new lock.

Lower ones were tried, and failed at this:

- narwhals 2.10: a table of pandas, polars or pyarrow ends with a `TypeError`.
- onnxruntime 1.23: trees whose threshold is met exactly give the prediction of the other branch.
  1.20 also takes 5.6e-309 for the exponential of -10,000, so that a row that the model cannot put
  into a number has a prediction instead of an error.
- typer 0.28: a wrong value of an option is refused without saying what was expected.
- scipy 1.14, in the extra `tune`: the signed-rank test is not exact where two trials agree in a
  fold, so that a search gives up trials too early.

## Training with the lowest versions

`tox -e compat-train-lowest` runs the suite of `test_package` with the lowest version of each
library of the extras, on Python 3.11. What tests need beside the package comes from the lock.

{training}

## What training promises

Training again gives the same bytes with the same lock on the same platform, and only then: other
versions of scikit-learn, numpy or onnx sum in another order, stop an iteration at another step,
or write a field of the file in another way. What the tests hold every version to is that the
graph agrees with its own pipeline within 1e-9 on every row, and that the metrics reach the
quality bar of `config.yml`. The house model trained with the lowest versions has other bytes than
that of the lock; its predictions differ by at most 5e-13 and its interval ends by 2e-12, on all
rows of `test.csv`. A release is trained once, with the lock; its file is what is tested, shipped
and kept.

## Model files of earlier releases

`tests/data/releases` has the model file of each release, with rows and what the file answered to
them when it was kept: predictions, intervals, problems and contributions. The rows have gaps,
unseen levels, numbers outside of the training range, and mistakes for which a row is refused.
`tests/data/format-1.onnx` is a small file of the first version of the format. Every later version
must open them all and agree.

`tox -e keep` adds the files of a new release, and refuses to replace one.

4.0.0 is the first release of this package: no model file is older. Versions up to 3.2.0 belong to
other packages with the same import name. They hold a pickled pipeline, which this package does
not open.
"""


if __name__ == "__main__":
    sys.exit(main())
