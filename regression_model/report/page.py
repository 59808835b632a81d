"""The page and the model card, rendered from the same facts."""

from __future__ import annotations

import re

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ..display import Table, count
from ..evaluation import tables
from ..evaluation.groups import FEW_ROWS
from .charts import Picture
from .facts import Facts
from .sections import sections
from .wording import (
    ends,
    how_scored,
    intended,
    limits,
    not_intended,
    on_intervals,
    without_sentence,
    years,
)

__all__ = ["card", "page"]

_WEAKEST = 3  # groups of every kind
_NOT_IN_HTML = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_SPECIAL = re.compile(r"[\\`*\[\]<>|&$~]|(?<!\w)_|_(?!\w)")  # an underscore inside a word is plain


def page(facts: Facts) -> str:
    """Return the report as one HTML page that needs nothing else."""
    text = _render("report.html.jinja", facts, sections=sections(facts))
    return _NOT_IN_HTML.sub("\N{REPLACEMENT CHARACTER}", text)


def card(facts: Facts) -> str:
    """Return the model card as Markdown."""
    evaluation = facts.evaluation
    return _render(
        "card.md.jinja",
        facts,
        training=facts.manifest["training"],
        intended=intended(facts),
        not_intended=not_intended(facts),
        years=[f"{field.name}: {ends(field)}" for field in years(facts)],
        how_scored=how_scored(facts),
        metrics=tables.metrics(evaluation),
        baselines=tables.simpler_models(evaluation) if evaluation.baselines else None,
        without=[without_sentence(facts, column) for column in evaluation.without],
        on_intervals=on_intervals(facts),
        constant_width=tables.constant_width(evaluation),
        weak=_weak(facts),
        limits=limits(facts),
        record=tables.record(facts.manifest, facts.model.contract),
    )


def _render(template: str, facts: Facts, **parts: object) -> str:
    environment = Environment(
        loader=PackageLoader("regression_model.report"),
        autoescape=template.endswith(".html.jinja"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"drawn": _drawn, "text": _text, "table": _table}
    return environment.get_template(template).render(
        manifest=facts.manifest,
        caution=facts.evaluation.caution,
        verdict=tables.quality_bar(facts.manifest),
        **parts,
    )


def _drawn(picture: Picture) -> Markup:
    """Return a picture's SVG, which this package made, with its alternative text."""
    label = Markup('<svg role="img" aria-label="{}"').format(picture.alternative)
    return Markup(picture.svg.replace("<svg", label, 1))


def _weak(facts: Facts) -> Table | None:
    """The weakest groups that have enough rows."""
    evaluation, score = facts.evaluation, facts.score
    every = evaluation.metrics[score].value
    rows = []
    for name, groups in evaluation.groups.items():
        enough = [g for g in groups if g.rows >= FEW_ROWS and score in g.metrics]
        weak = [group for group in enough if group.metrics[score].value > every]
        weak.sort(key=lambda group: -group.metrics[score].value)
        for group in weak[:_WEAKEST]:
            value = facts.written(score, group.metrics[score].value)
            rows.append([name, facts.label_of(name, group), f"{group.rows:,}", value])
    if not rows:
        return None
    rows.append(["all rows", "", f"{evaluation.rows:,}", facts.written(score, every)])
    caption = f"The weakest groups of at least {count(FEW_ROWS, 'row')}"
    return Table(caption, ["By", "Group", "Rows", facts.score_label], rows, numbers_from=2)


def _text(text: object) -> str:
    """Escape a text, so that Markdown and HTML see nothing else in it."""
    one_line = " ".join(str(text).split())
    return _SPECIAL.sub(r"\\\g<0>", one_line)


def _table(table: Table) -> str:
    """Write a table in Markdown."""
    rules = ["---:" if table.holds_numbers(at) else "---" for at in range(len(table.head))]
    lines = [[_text(cell) for cell in table.head], rules]
    lines += [[_text(cell) for cell in row] for row in table.rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
