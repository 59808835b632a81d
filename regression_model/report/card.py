"""The model card: the facts of the report as Markdown."""

from __future__ import annotations

import re

from . import tables
from .charts.groups import FEW_ROWS, label_of
from .facts import Facts
from .metrics import metric, written
from .numbers import count
from .page import environment
from .parts import Table
from .wording import (
    ends,
    how_scored,
    intended,
    limits,
    not_intended,
    on_intervals,
    verdict,
    without_sentence,
)

__all__ = ["card"]

_WEAKEST = 3  # groups of every kind
_SPECIAL = re.compile(r"[\\`*\[\]<>|&$~]|(?<!\w)_|_(?!\w)")  # an underscore inside a word is plain


def card(facts: Facts) -> str:
    """Return the model card as Markdown."""
    made = environment(autoescape=False)
    made.filters["text"] = _text
    made.filters["table"] = _table
    return made.get_template("card.md.jinja").render(
        manifest=facts.manifest,
        training=facts.manifest["training"],
        target=facts.evaluation.target,
        intended=intended(facts),
        not_intended=not_intended(facts),
        years=[
            f"{field.name}: {ends(field)}"
            for field in facts.model.contract.numbers
            if field.kind == "year"
        ],
        how_scored=how_scored(facts),
        verdict=verdict(facts),
        metrics=tables.metrics(facts),
        baselines=tables.baselines(facts) if facts.evaluation.baselines else None,
        without=[without_sentence(facts, column) for column in facts.evaluation.without],
        on_intervals=on_intervals(facts),
        constant_width=tables.constant_width(facts),
        weak=_weak(facts),
        limits=limits(facts),
        record=tables.record(facts),
    )


def _weak(facts: Facts) -> Table | None:
    """The weakest groups that have enough rows."""
    score, rows = facts.score_name, []
    every = facts.evaluation.metrics[score]
    for name, groups in facts.evaluation.groups.items():
        enough = [g for g in groups if g.rows >= FEW_ROWS and score in g.metrics]
        weak = [group for group in enough if group.metrics[score].value > every.value]
        weak.sort(key=lambda group: -group.metrics[score].value)
        for group in weak[:_WEAKEST]:
            value = written(score, group.metrics[score].value, facts.amounts)
            rows.append([name, label_of(facts, name, group), f"{group.rows:,}", value])
    if not rows:
        return None
    label = metric(score).label
    rows.append(
        ["all rows", "", f"{facts.evaluation.rows:,}", written(score, every.value, facts.amounts)]
    )
    caption = f"The weakest groups of at least {count(FEW_ROWS, 'row')}"
    return Table(caption, ["By", "Group", "Rows", label], rows, numbers_from=2)


def _text(text: object) -> str:
    """Write a text so that Markdown and HTML see nothing else in it."""
    one_line = " ".join(str(text).split())
    return _SPECIAL.sub(r"\\\g<0>", one_line)


def _table(table: Table) -> str:
    """Write a table with pipes."""
    last = len(table.head)
    rules = ["---:" if table.numbers_from <= i < table.numbers_to else "---" for i in range(last)]
    lines = [[_text(cell) for cell in table.head], rules]
    lines += [[_text(cell) for cell in row] for row in table.rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
