"""The page: one HTML file that needs nothing else, and the card made from the same facts."""

from __future__ import annotations

import re

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from .columns import Columns
from .facts import Facts
from .parts import Picture
from .sections import sections
from .wording import verdict

__all__ = ["environment", "page"]

_NOT_IN_HTML = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def page(facts: Facts, columns: Columns) -> str:
    """Return the report as HTML."""
    template = environment(autoescape=True).get_template("report.html.jinja")
    text = template.render(
        manifest=facts.manifest,
        caution=facts.evaluation.caution,
        verdict=verdict(facts),
        sections=sections(facts, columns),
    )
    return _NOT_IN_HTML.sub("\N{REPLACEMENT CHARACTER}", text)


def environment(*, autoescape: bool) -> Environment:
    """Return the templates of this package; a name that is not there is a mistake."""
    made = Environment(
        loader=PackageLoader("regression_model.report"),
        autoescape=autoescape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["drawn"] = _drawn
    return made


def _drawn(picture: Picture) -> Markup:
    """Return a picture's SVG, which this package made, with its alternative text."""
    label = Markup('<svg role="img" aria-label="{}"').format(picture.alternative)
    return Markup(picture.svg.replace("<svg", label, 1))
