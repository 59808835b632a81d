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
    return _written(content, folder, f"{name}-{model.version}.html")


def write_card(evaluation: EvaluationResult, *, model: Model, folder: Path, name: str) -> Path:
    """Write the model card as Markdown and return its path, `folder/name-version.md`.

    Raises
    ------
    MissingExtraError, OutputError
        As for `write_report`.
    """
    content = make_card(evaluation, model=model)
    return _written(content, folder, f"{name}-{model.version}.md")


def write_picture(evaluation: EvaluationResult, *, model: Model, path: Path) -> Path:
    """Write predicted against actual values as a PNG, and return its path.

    Raises
    ------
    MissingExtraError, OutputError
        As for `write_report`.
    """
    with needs("report"):
        from .charts import paint_accuracy
        from .drawing import png
        from .facts import gather
    facts = gather(evaluation, model)
    size = {"width": 5.6, "height": 5.2}
    content = png(lambda axes: paint_accuracy(axes, facts), **size, dots_per_inch=130)
    write_atomically(path, content)
    return path


def make_report(evaluation: EvaluationResult, *, model: Model, rows: Any) -> bytes:
    """Return the bytes that `write_report` writes."""
    with needs("report"):
        from .facts import gather
        from .page import page
    facts = gather(evaluation, model, rows)
    assert facts.columns is not None
    return page(facts, facts.columns).encode()


def make_card(evaluation: EvaluationResult, *, model: Model) -> bytes:
    """Return the bytes that `write_card` writes."""
    with needs("report"):
        from .card import card
        from .facts import gather
    return card(gather(evaluation, model)).encode()


def _written(content: bytes, folder: Path, name: str) -> Path:
    path = folder / name
    write_atomically(path, content)
    return path


def require_extra() -> None:
    """Find out before a long work that its report could not be made.

    Raises
    ------
    MissingExtraError
    """
    with needs("report"):
        import jinja2  # noqa: F401
        import matplotlib  # noqa: F401
