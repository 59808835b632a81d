"""The report of a model: a page that a person reads before releasing it, and a model card.

Both are made from one evaluation. They need the extra report.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..extras import needs
from ..files.writing import write_atomically

if TYPE_CHECKING:
    from ..evaluation import EvaluationResult
    from ..runtime.model import Model

__all__ = [
    "make_card",
    "make_report",
    "require_extra",
    "write_card",
    "write_document",
    "write_picture",
    "write_report",
]


def write_report(
    evaluation: EvaluationResult, *, model: Model, rows: Any, folder: Path, name: str
) -> Path:
    """Write the report as one HTML file that needs nothing else, and return its path.

    Parameters
    ----------
    rows : the table that was evaluated, as for `Model.predict`
    folder, name : the file is `folder/name-version.html`

    Raises
    ------
    MissingExtraError
        Without the extra report.
    OutputError
        When the file cannot be written; what stood there before is untouched.
    """
    content = make_report(evaluation, model=model, rows=rows)
    return write_document(content, ".html", model=model, folder=folder, name=name)


def write_card(evaluation: EvaluationResult, *, model: Model, folder: Path, name: str) -> Path:
    """Write the model card as Markdown and return its path, `folder/name-version.md`.

    Raises
    ------
    MissingExtraError, OutputError
        As for `write_report`.
    """
    content = make_card(evaluation, model=model)
    return write_document(content, ".md", model=model, folder=folder, name=name)


def write_document(content: bytes, ending: str, *, model: Model, folder: Path, name: str) -> Path:
    """Write a document on a model to `folder/name-version` with an ending, and return its path."""
    path = folder / f"{name}-{model.version}{ending}"
    write_atomically(path, content)
    return path


def write_picture(evaluation: EvaluationResult, *, model: Model, path: Path) -> Path:
    """Write predicted against actual values as a PNG, and return its path.

    Raises
    ------
    MissingExtraError, OutputError
        As for `write_report`.
    """
    with needs("report"):
        from .charts.accuracy import paint_accuracy
        from .charts.drawing import png
        from .facts import Facts
    facts = Facts(evaluation, model)
    write_atomically(path, png(lambda axes: paint_accuracy(axes, facts)))
    return path


def make_report(evaluation: EvaluationResult, *, model: Model, rows: Any) -> bytes:
    """Return the bytes that `write_report` writes."""
    with needs("report"):
        from .facts import Facts
        from .page import page
    return page(Facts(evaluation, model, rows)).encode()


def make_card(evaluation: EvaluationResult, *, model: Model) -> bytes:
    """Return the bytes that `write_card` writes."""
    with needs("report"):
        from .facts import Facts
        from .page import card
    return card(Facts(evaluation, model)).encode()


def require_extra(*others: str) -> None:
    """Fail before a long computation whose report could not be made.

    Parameters
    ----------
    others : the other extras that the computation needs, for one command that installs them all

    Raises
    ------
    MissingExtraError
    """
    with needs(*others, "report"):
        import jinja2  # noqa: F401
        import matplotlib  # noqa: F401
