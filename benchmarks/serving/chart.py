"""A picture of the rates, as text: `docs/serving-benchmarks.svg`."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from ..environments import ROOT
from .measure import ROWS, Case, Measured, Results
from .sides import OURS

__all__ = ["PICTURE", "draw"]

PICTURE = ROOT / "docs" / "serving-benchmarks.svg"
_WIDTH, _LEFT, _BAR, _STEP = 860, 250, 18, 26


def draw(results: Results) -> str:
    """Return bars of the requests a second, and of the rows a second in requests of 100."""
    parts, y = [], 30
    for rows in ROWS:
        case = results.cases[Case(1, rows, 8)]
        unit = "requests of 1 row a second" if rows == 1 else f"rows a second, {rows} a request"
        parts.append(f'<text class="title" x="16" y="{y}">{unit}, one worker, 8 connections</text>')
        parts += _bars(case, rows, y + 14)
        y += 14 + _STEP * len(case) + 34
    height = y - 20
    head = f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img"
  font-family="sans-serif" font-size="13">
<title>What one worker answers in a second, beside its ceiling and other servers</title>
<style>.bar {{ fill: #9aa9b8; }} .ours {{ fill: #33506e; }} .title {{ font-weight: bold; }}
  text {{ fill: #1c2733; }}</style>
<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>"""
    return "\n".join([head, *parts, "</svg>", ""])


def _bars(case: Mapping[str, Measured], rows: int, top: int) -> list[str]:
    rates = {name: rows * measured.rate for name, measured in case.items()}
    scale = (_WIDTH - _LEFT - 90) / max(rates.values())
    parts = []
    for at, (name, rate) in enumerate(rates.items()):
        y, width = top + at * _STEP, max(1.0, rate * scale)
        kind = "bar ours" if name == OURS else "bar"
        middle = y + _BAR - 5
        shown = escape(name.replace("`", ""))
        parts += [
            f'<text x="{_LEFT - 8}" y="{middle}" text-anchor="end">{shown}</text>',
            f'<rect class="{kind}" x="{_LEFT}" y="{y}" width="{width:.0f}" height="{_BAR}"/>',
            f'<text x="{_LEFT + width + 6:.0f}" y="{middle}">{rate:,.0f}</text>',
        ]
    return parts
