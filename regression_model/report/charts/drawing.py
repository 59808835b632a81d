"""What all charts share: one style, their axes, and charts as SVG for a page."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from ...evaluation.tables import metric
from ...runtime.contract import Field
from ..facts import Facts, Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

__all__ = [
    "BLUE",
    "GREY",
    "GRID",
    "INK",
    "MUTED",
    "NARROW",
    "Picture",
    "VERMILLION",
    "central",
    "draw",
    "few_ticks",
    "height_of",
    "name_axes",
    "name_rows",
    "padded",
    "png",
    "score_axis",
    "sentence",
    "shortened",
    "target_axis",
    "titled",
    "whiskers",
]

# Okabe and Ito, "Color universal design" (2008): told apart by colour-blind readers too.
BLUE, VERMILLION = "#0072b2", "#d55e00"
INK, MUTED, GREY, GRID = "#1c2126", "#565f69", "#8b949e", "#dfe3e8"
_THEMED = {INK: "ink", MUTED: "muted", GREY: "grey", GRID: "grid", BLUE: "blue"}

WIDTH = 4.4  # inches: a point is then about a pixel on a telephone
NARROW = 3.9  # where three stand in a row
_DOTS_PER_INCH = 170  # of the parts of a chart with too many points to draw one by one
_STYLE: dict[str, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": GREY,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.labelcolor": MUTED,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": "medium",
    "axes.titlecolor": MUTED,
    "axes.titlepad": 8,
    "figure.constrained_layout.use": True,
    "figure.facecolor": "none",
    "font.family": "DejaVu Sans",  # comes with matplotlib, so that every machine measures the same
    "font.size": 10.5,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "lines.linewidth": 2,
    "svg.fonttype": "none",
    "svg.hashsalt": "regression-model",
    "text.color": INK,
    "text.parse_math": False,  # a dollar is a dollar
    "xtick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.color": GREY,
    "ytick.labelcolor": INK,
}

Painter = Callable[["Axes"], None]
Writer = Callable[[float], str]


@dataclass(frozen=True)
class Picture:
    """A chart with what it shows in words.

    Attributes
    ----------
    alternative : for those who cannot see it; with the numbers that it shows
    legend : words in the chart, each with what it means
    """

    title: str
    caption: str
    alternative: str
    svg: str
    legend: Sequence[tuple[str, str]] = ()


def draw(painter: Painter, *, name: str, height: float, width: float = WIDTH) -> str:
    """Return what `painter` puts on a pair of axes, as an SVG element without a fixed size.

    Parameters
    ----------
    name : unique in the page; the identifiers inside begin with it
    height, width : in inches
    """
    metadata = {"Date": None, "Creator": None, "Format": None, "Type": None}
    options = {"format": "svg", "dpi": _DOTS_PER_INCH, "metadata": metadata}
    return _for_a_page(_saved(painter, width, height, options).decode(), name)


def png(painter: Painter) -> bytes:
    """Return what `painter` puts on a pair of axes as a PNG on white."""
    options = {"format": "png", "dpi": 130, "metadata": {"Software": None}}
    options |= {"facecolor": "white", "pil_kwargs": {"optimize": True}}
    return _saved(painter, 5.6, 5.2, options)


def _saved(painter: Painter, width: float, height: float, options: dict[str, Any]) -> bytes:
    content = io.BytesIO()
    with mpl.rc_context(), warnings.catch_warnings():
        # Letters that the font lacks: a browser has fonts of its own.
        warnings.filterwarnings("ignore", r"Glyph \d+", UserWarning)
        mpl.rcdefaults()  # not those of a matplotlibrc that happens to be there
        parameters: Any = mpl.rcParams  # typed by a list of names that grows with every release
        parameters.update(_STYLE)
        figure = Figure(figsize=(width, height))
        FigureCanvasAgg(figure)
        painter(figure.add_subplot())
        figure.savefig(content, **options)
    return content.getvalue()


def height_of(rows: int) -> float:
    """Return the height of a chart with so many named rows, in inches."""
    return 0.95 + 0.255 * rows


def name_axes(axes: Axes, *, x: str, y: str = "") -> None:
    """Name the axes; the name of the vertical one stands on top of it, to be read upright."""
    axes.set_xlabel(x)
    if y:
        axes.set_title(y)


def name_rows(axes: Axes, names: Sequence[str]) -> None:
    """Name the rows of a chart from top to bottom, at 0, 1, 2 and so on."""
    axes.set_yticks(np.arange(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)


def sentence(description: str) -> str:
    """Return a description as a sentence before others; nothing if there is none."""
    return f"{description.rstrip('.')}. " if description else ""


def titled(field: Field) -> str:
    """Return the title of an axis with the values of a field."""
    return f"{field.name} ({field.unit})" if field.unit else field.name


def shortened(name: str, most: int) -> str:
    """Return a name of at most `most` characters."""
    return name if len(name) <= most else f"{name[: most - 1]}…"


def few_ticks(axis: Axis, most: int, write: Writer | None = None, *, whole: bool = False) -> None:
    """Keep the numbers of an axis apart, and write them with `write`."""
    axis.set_major_locator(MaxNLocator(most, integer=whole))
    if write is not None:
        axis.set_major_formatter(FuncFormatter(lambda value, _: write(value)))


def score_axis(axis: Axis, facts: Facts, name: str, most: int) -> str:
    """Have an axis written in the unit of a metric, and return its title."""
    in_unit = name in ("mae", "rmse")
    few_ticks(axis, most, facts.amounts.tick if in_unit else None)
    label = metric(name).label
    return facts.amounts.title(label) if in_unit else label


def target_axis(axis: Axis, facts: Facts, low: float, high: float) -> None:
    """Have an axis of the target from `low` to `high`, logarithmic as the estimator learns it."""
    if not facts.is_logarithmic:
        few_ticks(axis, 5, facts.amounts.tick)
        return
    axes = axis.axes
    (axes.set_xscale if axis is axes.xaxis else axes.set_yscale)("log")
    places = _round_steps(low, high)
    if len(places) < 3:
        places = [p for p in MaxNLocator(5).tick_values(low, high) if low <= p <= high]
    axis.set_major_locator(FixedLocator(places))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: facts.amounts.tick(value)))


def _round_steps(low: float, high: float) -> list[float]:
    """Return 1, 2 and 5 times every power of ten between two numbers; powers only if many."""
    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    for steps in ((1, 2, 5), (1, 3), (1,)):
        places = [step * 10.0**power for power in powers for step in steps]
        places = [place for place in places if low <= place <= high]
        if len(places) <= 7:
            return places
    return places[:: -(-len(places) // 7)]


def padded(values: Floats, *, logarithmic: bool = False) -> tuple[float, float]:
    """Return limits with a little room around all values."""
    low, high = float(values.min()), float(values.max())
    if logarithmic:
        room = (high / low) ** 0.04 if high > low else 1.1
        return low / room, high * room
    room = 0.04 * (high - low) or abs(high) * 0.1 or 1.0
    return low - room, high + room


def central(values: Floats) -> float:
    """Return the size that nearly all values are below, with a little room."""
    size = np.abs(values)
    inner, largest = float(np.quantile(size, 0.995)), float(size.max())
    return (largest if largest < 1.6 * inner else inner) * 1.1 or 1.0


def whiskers(axes: Axes, value: float, place: float, low: float, high: float) -> None:
    """Draw an interval around a value, along a row."""
    ends = np.clip([[value - low], [high - value]], 0, None)
    axes.errorbar(value, place, xerr=ends, fmt="none", ecolor=INK, elinewidth=1, capsize=2)


def _for_a_page(svg: str, name: str) -> str:
    """Take what only a file needs out of an SVG, and let the page's colours and fonts into it."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r' (?:width|height)="[\d.]+pt"', "", svg, count=2)
    svg = re.sub(r' xmlns(?::xlink)?="[^"]*"| version="1.1"', "", svg)
    svg = svg.replace("'DejaVu Sans', ", "")
    for colour, variable in _THEMED.items():
        svg = svg.replace(colour, f"var(--{variable})")
    svg = _own_identifiers(svg, name)
    return re.sub(r">\s+<", "><", svg).strip()


def _own_identifiers(svg: str, name: str) -> str:
    """Drop the identifiers that nothing refers to, and put the chart's name before the others."""
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', svg))
    svg = re.sub(r' id="([^"]+)"', lambda it: f' id="{name}-{it[1]}"' if it[1] in used else "", svg)
    return re.sub(r'(url\(#|href="#)', rf"\g<1>{name}-", svg)
