"""What a column is taken for: its kind, how it is used, and why."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ..levels import BOOLEAN_LEVELS, boolean_level
from ..times import DAY, seconds_of_text
from ..training.steps.features import calendar
from .table import Column, Floats

__all__ = ["Taken", "is_amount", "listed", "take", "words_apart"]

_ID_WORDS = frozenset("id ids key uuid guid index idx rownames rowid row".split())
_CODE_WORDS = frozenset("code zip zipcode postcode postal phone".split())
_YEAR_WORDS = frozenset("year yr".split())
_AMOUNTS = frozenset(  # what is never negative
    """age amount area bath baths bathrooms bedrooms beds carat children cost count cylinders days
    depth displacement distance doors duration exper experience fee height horsepower hours
    household income kg km length lot mass miles minutes months mpg number num people persons
    population price qty quantity rooms salary seconds size sqft students tax total value
    volume wage wages weight width years""".split()
)
_SCALES = tuple(
    tuple(level.strip() for level in scale.split(","))
    for scale in (
        "none, very low, low, medium, high, very high",
        "very low, low, moderate, high, very high",
        "very bad, bad, medium, good, very good",
        "very poor, poor, fair, average, good, very good, excellent",
        "tiny, small, medium, large, very large, huge",
        "xxs, xs, s, m, l, xl, xxl, xxxl",
        "never, rarely, sometimes, often, always",
        "strongly disagree, disagree, neutral, agree, strongly agree",
        "very short, short, medium, long, very long",
        "cold, cool, mild, warm, hot",
        "very slow, slow, medium, fast, very fast",
        "very weak, weak, moderate, strong, very strong",
        "young, middle, old",
    )
)
_RANGE = re.compile(r"(?:[<>]=?\s*)?(\d+(?:\.\d+)?)\s*(?:(?:-|to|\N{EN DASH})\s*\d+(?:\.\d+)?|\+)?")
_LIKE_A_DATE = re.compile(
    r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}([ T].*)?|\d{1,2}[ -][A-Za-z]{3,9}[ -]\d{2,4}.*|"
    r"[A-Za-z]{3,9} \d{1,2},? \d{4}.*"
)
_SIGN = "[$%\N{POUND SIGN}\N{EURO SIGN}]?"
_MONEY = re.compile(rf"[-+]?{_SIGN}\s?\d+(,\d{{3}})*(\.\d+)?\s?{_SIGN}")

_FEW_LEVELS = 12  # up to here a column for each level
_MANY_ROWS = 20  # from here on values that are all different say something
_SKEWED = 1.0
_REPEATS = 0.5  # levels for each row, above which a text hardly repeats


@dataclass(frozen=True)
class Taken:
    """What a column is taken for.

    Attributes
    ----------
    use : whether the model sees it
    keys : what a configuration says of it, beside the kind
    is_leak : whether it gives the target away
    """

    name: str
    kind: str
    why: str
    use: bool = True
    keys: Mapping[str, str] = field(default_factory=dict)
    is_leak: bool = False

    def left_out(self, why: str, *, is_leak: bool = False) -> Taken:
        """Return the column as one that the model does not see."""
        return replace(self, why=why, use=False, is_leak=is_leak)


def take(column: Column) -> Taken:
    """Decide what a column is taken for, by its values and, where these leave it open, its name."""
    if not column.levels:
        return Taken(column.name, "nominal", "no row has a value", use=False)
    ways = (_identifier, _boolean, _year, _number, _date, _ordinal, _nominal)
    found = next(taken for way in ways if (taken := way(column)))
    if len(column.levels) == 1:
        return found.left_out(f"every value is {_shown(column.levels[0])}")
    return found


def is_amount(column: Column) -> bool:
    """Say whether values below zero make no sense: the name of a column and its values say so."""
    if not column.is_numeric or column.level_numbers.min() < 0:
        return False
    if _AMOUNTS.intersection(_words(column.name)):
        return True
    is_count = column.is_whole and column.level_numbers.min() == 0 and len(column.levels) > 2
    return is_count and _skewness(column) > 0


def _identifier(column: Column) -> Taken | None:
    if len(column.levels) < column.rows or column.rows < _MANY_ROWS:
        return None
    is_named = bool(_ID_WORDS.intersection(_words(column.name)))
    if column.is_whole and not any(map(_has_leading_zero, column.levels)):
        steps = np.diff(column.numbers)
        if is_named or bool((steps == 1).all()):
            return Taken(column.name, "identifier", "numbers the rows: no two are alike", use=False)
        return None
    is_key = not column.is_numeric and all(" " not in level for level in column.levels)
    if is_named or is_key and not (_looks_like_dates(column) or _looks_like_money(column)):
        return Taken(column.name, "identifier", "names the rows: no two are alike", use=False)
    return None


def _boolean(column: Column) -> Taken | None:
    if column.is_numeric or not {*map(boolean_level, column.levels)} <= {*BOOLEAN_LEVELS}:
        return None
    keys = {"missing": "most_frequent"} if column.has_gaps else {}
    return Taken(column.name, "boolean", f"holds {_some(column.levels)}", keys=keys)


def _year(column: Column) -> Taken | None:
    if _YEAR_WORDS.isdisjoint(_words(column.name)) or not column.is_whole:
        return None
    low, high = column.level_numbers.min(), column.level_numbers.max()
    if not 1500 <= low <= high <= 2200:
        return None
    why = f"whole numbers from {low:.0f} to {high:.0f}"
    return Taken(column.name, "year", why, keys=_filled(column))


def _number(column: Column) -> Taken | None:
    if not column.is_numeric:
        return None
    is_code = bool(_CODE_WORDS.intersection(_words(column.name))) and column.is_whole
    if is_code or any(map(_has_leading_zero, column.levels)):
        return _nominal(column, "codes made of digits")
    low, high = column.level_numbers.min(), column.level_numbers.max()
    kind = "whole numbers" if column.is_whole else "numbers"
    why = f"{kind} from {low:.6g} to {high:.6g}"
    keys = {"minimum": "0"} if is_amount(column) else {}
    keys |= _filled(column)
    if _skewness(column) > _SKEWED and low >= 0 and len(column.levels) > _FEW_LEVELS:
        keys["transform"] = "log1p" if "minimum" in keys else "yeo_johnson"
        why += ", a few of them large"
    return Taken(column.name, "number", why, keys=keys)


def _date(column: Column) -> Taken | None:
    seconds = [_seconds(level) for level in column.levels]
    known = [one for one in seconds if one is not None]
    if len(known) < len(seconds):
        if not _looks_like_dates(column):
            return None
        odd = _shown(column.levels[seconds.index(None)])
        why = f"dates that cannot be read, such as {odd}: write them as 2010-06-30 to use them"
        return Taken(column.name, "nominal", why, use=False)
    kind = "date" if {*map(len, column.levels)} == {len("2010-06-30")} else "timestamp"
    parts = _parts(np.array(known))
    why = f"from {min(column.levels)} to {max(column.levels)}"
    if not parts:
        return Taken(column.name, kind, f"{why}: too few to tell seasons", use=False)
    keys = {"parts": ", ".join(parts)} | ({"missing": "median"} if column.has_gaps else {})
    return Taken(column.name, kind, why, keys=keys)


def _seconds(text: str) -> float | None:
    """Read a time as a row to predict may have it; None for any other text."""
    try:
        return seconds_of_text(text, days=False)
    except ValueError:
        return None


def _parts(seconds: Floats) -> list[str]:
    """Return the parts of times that tell rows apart; days have one hour."""
    days, of = np.unique(np.floor(seconds / DAY)), calendar(seconds)
    different = {part: len(np.unique(values)) for part, values in of.items()}
    parts = []
    if len(days) > 1:
        parts.append("elapsed_days")
    if different["month"] > 2:
        parts += ["month", "month_cycle"]
    if different["weekday"] > 4 and len(days) > 7:
        parts += ["weekday", "weekday_cycle"]
    if different["hour"] > 1:
        parts += ["hour", "hour_cycle"]
    return parts


def _ordinal(column: Column) -> Taken | None:
    order = _order_of(column.levels)
    if order is None:
        return None
    keys = {"levels": ", ".join(order)} | ({"missing": "most_frequent"} if column.has_gaps else {})
    return Taken(column.name, "ordinal", f"an order: {_some(order)}", keys=keys)


def _order_of(levels: Sequence[str]) -> list[str] | None:
    """Return levels from lowest to highest, where it is evident."""
    if len(levels) < 2 or any("," in level for level in levels):
        return None
    folded = {level.casefold().replace("_", " "): level for level in levels}
    for scale in _SCALES:
        if len(folded) == len(levels) and folded.keys() <= set(scale):
            return [folded[level] for level in scale if level in folded]
    found = filter(None, map(_RANGE.fullmatch, levels))
    starts = [float(one[1]) - one[0].startswith("<") / 2 for one in found]
    if len(starts) == len(levels) == len(set(starts)):
        return [level for _, level in sorted(zip(starts, levels, strict=True))]
    return None


def _nominal(column: Column, what: str = "") -> Taken:
    levels = len(column.levels)
    taken = Taken(column.name, "nominal", what or f"names: {_some(column.levels)}")
    if _looks_like_money(column) and not what:
        return taken.left_out(
            f"numbers with signs or commas in them, such as {_shown(column.levels[0])}: write "
            "plain numbers to use them"
        )
    if levels > _FEW_LEVELS and levels > _REPEATS * (column.rows - column.missing):
        return taken.left_out(f"{levels:,} different texts, which hardly repeat")
    if levels > _FEW_LEVELS:
        taken = replace(taken, why=f"{what or 'names'}, {levels:,} of them")
    keys = {"encode": "one_hot" if levels <= _FEW_LEVELS else "target"}
    if column.has_gaps:
        keys = {"missing": "most_frequent"} | keys
    return replace(taken, keys=keys)


def _filled(column: Column) -> dict[str, str]:
    """Return the keys that say what stands in for missing numbers, if any are missing."""
    if not column.has_gaps:
        return {}
    flag = {"flag_missing": "yes"} if 0.02 <= column.missing / column.rows <= 0.98 else {}
    return {"missing": "median"} | flag


def _skewness(column: Column) -> float:
    known = column.numbers[column.codes >= 0]
    spread = known.std()
    return float(np.mean(((known - known.mean()) / spread) ** 3)) if spread > 0 else 0.0


def _looks_like_dates(column: Column) -> bool:
    like = sum(_LIKE_A_DATE.fullmatch(level) is not None for level in column.levels)
    return not column.is_numeric and like >= 0.9 * len(column.levels)


def _looks_like_money(column: Column) -> bool:
    return not column.is_numeric and all(map(_MONEY.fullmatch, column.levels))


def _has_leading_zero(level: str) -> bool:
    return len(level) > 1 and level[0] == "0" and level.isdigit()


def words_apart(name: str) -> str:
    """Return a name such as `YearBuilt` with a blank before each word."""
    return re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)


def _words(name: str) -> list[str]:
    """Return the words of a name, in lower case: `YearBuilt`, `year_built` and `year built`."""
    return re.findall(r"[a-z]+", words_apart(name).lower())


def listed(words: Sequence[str], most: int) -> str:
    """Return the first words with commas, and how many more there are."""
    more = f" and {len(words) - most} more" if len(words) > most else ""
    return ", ".join(words[:most]) + more


def _some(levels: Sequence[str]) -> str:
    return listed([*map(_shown, levels)], 5)


def _shown(level: str) -> str:
    return level if len(level) <= 24 else f"{level[:21]}..."
