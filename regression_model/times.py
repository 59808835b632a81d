"""Dates and times: ISO 8601 texts, and seconds since 1970 without a time zone.

A time counts as the number of seconds since 1970-01-01T00:00, to the microsecond (as float64 from
1698 to 2242, and whole seconds beyond). A time with an offset from UTC is taken in UTC.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import numpy as np
import numpy.typing as npt

__all__ = [
    "DAY",
    "seconds_of",
    "seconds_of_array",
    "seconds_of_text",
    "seconds_of_texts",
    "time_text",
    "time_texts",
    "times_of",
]

Floats = npt.NDArray[np.float64]

DAY = 86_400.0  # seconds
_EPOCH = datetime(1970, 1, 1)
_DAY_OF_EPOCH = date(1970, 1, 1).toordinal()
_MICROSECONDS = 1_000_000
_YEARS = (1, 9999)  # what Python's own dates hold
_LONGEST = 40  # characters
_TIME = re.compile(
    r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?(Z|[+-]\d\d(:?\d\d)?)?)?", re.ASCII
)
# Columns of texts of one of these lengths are read at once, if all of them look like this.
_SHAPES = {len(shape): shape for shape in ("0000-00-00", "0000-00-00T00:00", "0000-00-00T00:00:00")}


def seconds_of(value: object, *, days: bool) -> float:
    """Return the seconds of a date, a datetime or a text; `days`: of the beginning of its day.

    Raises ValueError for anything else, and for a time that is missing.
    """
    if isinstance(value, str):
        return seconds_of_text(value, days=days)
    if isinstance(value, datetime):
        return _seconds(value, days)
    if isinstance(value, date):
        return (value.toordinal() - _DAY_OF_EPOCH) * DAY
    if isinstance(value, np.datetime64):
        seconds, is_time = seconds_of_array(np.array([value]), days=days)
        if is_time[0] and not np.isnan(seconds[0]):
            return float(seconds[0])
    raise ValueError(value)


def seconds_of_text(text: str, *, days: bool) -> float:
    """Return the seconds of an ISO 8601 text, such as 2010-06-01 or 2010-06-01 13:00:05.25+02:00.

    Raises ValueError for any other text.
    """
    text = text.strip()
    if len(text) > _LONGEST or not _TIME.fullmatch(text):
        raise ValueError(text)
    return _seconds(datetime.fromisoformat(text), days)


def _seconds(moment: datetime, days: bool) -> float:
    if moment.tzinfo is not None:
        try:
            moment = moment.astimezone(UTC).replace(tzinfo=None)
        except OverflowError:  # in the last hours of the year 9999
            raise ValueError(moment) from None
    since = moment - _EPOCH
    if days:
        return since.days * DAY
    whole = since.days * 86_400 + since.seconds
    return float(whole * _MICROSECONDS + since.microseconds) / _MICROSECONDS  # as numpy does it


def seconds_of_array(
    times: npt.NDArray[np.datetime64], *, days: bool
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return the seconds of times, NaN where missing, and which are within the years 1 to 9999."""
    missing = np.isnat(times)
    years = times.astype("datetime64[Y]").astype(np.int64) + 1970
    within = missing | (years >= _YEARS[0]) & (years <= _YEARS[1])
    known = times if not missing.any() and within.all() else times[within & ~missing]
    seconds = np.full(len(times), np.nan)
    if days:
        found = known.astype("datetime64[D]").astype(np.int64) * DAY
    else:
        found = known.astype("datetime64[us]").astype(np.int64) / _MICROSECONDS
    seconds[within & ~missing] = found
    return seconds, within


def seconds_of_texts(texts: list[str], *, days: bool) -> Floats | None:
    """Return the seconds of ISO 8601 texts that are all of one of the plainest forms, or None."""
    array = np.array(texts)
    length = array.dtype.itemsize // 4
    shape = _SHAPES.get(length)
    if shape is None:
        return None
    codes = array.view(np.uint32).reshape(-1, length)
    for at, character in enumerate(shape):
        column = codes[:, at]
        if character == "0":
            is_right = (column >= ord("0")) & (column <= ord("9"))
        elif character == "T":
            is_right = (column == ord("T")) | (column == ord(" "))
        else:
            is_right = column == ord(character)
        if not is_right.all():
            return None
    try:
        seconds, within = seconds_of_array(array.astype("datetime64[us]"), days=days)
    except ValueError:  # the month 13
        return None
    return seconds if within.all() else None


def times_of(seconds: Floats, *, days: bool) -> npt.NDArray[np.datetime64]:
    """Return seconds as datetime64 in microseconds or days, NaT where they are NaN."""
    missing = np.isnan(seconds)
    known = np.where(missing, 0.0, seconds)
    whole = np.floor(known)
    fraction = np.round((known - whole) * _MICROSECONDS)  # apart, or digits would be lost
    microseconds = whole.astype(np.int64) * _MICROSECONDS + fraction.astype(np.int64)
    times = microseconds.astype("datetime64[us]")
    times[missing] = np.datetime64("NaT")
    return times.astype("datetime64[D]") if days else times


def time_texts(seconds: Floats, *, days: bool) -> list[str | None]:
    """Return the ISO 8601 text of each time, or of its day; None where it is missing."""
    times = times_of(seconds, days=days).tolist()
    return [None if time is None else time.isoformat() for time in times]


def time_text(seconds: float, *, days: bool) -> str:
    """Return the ISO 8601 text of a time, or of its day."""
    return str(time_texts(np.array([seconds]), days=days)[0])
