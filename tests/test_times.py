"""Dates and timestamps: every way to send one, compared with Python's own calendar."""

import json
import pickle
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from regression_model.runtime.checking import Checked, Checker
from regression_model.runtime.contract import Contract, Field
from regression_model.runtime.model_file.manifest import FIELD
from regression_model.runtime.row_model import row_model
from regression_model.times import seconds_of, seconds_of_texts, time_text

VISITS = Contract(
    (
        Field("day", "date"),
        Field("moment", "timestamp"),
        Field("size", "number"),
        Field("place", "nominal", levels=("a",)),
    ),
    "visits",
    ("NA", "-1"),
)
EPOCH = datetime(1970, 1, 1)
# Seconds as float64 tell microseconds apart from 1698 to 2242; beyond, whole seconds are tried.
ANY = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30))
MOMENTS = ANY.map(
    lambda moment: moment if 1698 < moment.year < 2242 else moment.replace(microsecond=0)
)
NEAR = st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1))  # what nanoseconds can hold
ZONES = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


def checked(rows: Any, contract: Contract = VISITS) -> Checked:
    """Check rows by a contract."""
    return Checker(contract).check(rows)


def messages(found: Checked) -> list[str]:
    """Return the sentences about some rows."""
    return [problem.message for one in found.findings for problem in one.problems()]


def expected_of(moment: datetime) -> list[float]:
    """Return the seconds of the day and of the moment, by Python's calendar."""
    since = moment - EPOCH
    return [since.days * 86_400.0, since / timedelta(microseconds=1) / 1e6]


def ways_of(moment: datetime) -> list[Any]:
    """Return a moment in every way that holds it whole."""
    zoned = moment.replace(tzinfo=UTC)
    ways = [
        moment,
        zoned,
        moment.isoformat(),
        moment.isoformat(" "),
        zoned.isoformat(),
        f" {moment.isoformat()}Z ",
        moment.isoformat(timespec="microseconds").replace(".", ","),
        np.datetime64(moment, "us"),
        np.array(moment, "datetime64[us]"),
        pd.Timestamp(moment),
    ]
    if not moment.microsecond:
        ways.append(np.datetime64(moment, "s"))
    return ways


@given(MOMENTS)
def test_a_moment_is_the_same_in_every_way(moment: datetime) -> None:
    """Row by row and as a column; a date field takes its day."""
    ways = ways_of(moment)
    expected = [expected_of(moment)] * len(ways)

    rows = [{"day": way, "moment": way} for way in ways]
    assert expected == checked(rows).numbers[:, :2].tolist()
    assert expected == checked({"day": ways, "moment": ways}).numbers[:, :2].tolist()
    model = row_model(VISITS, name="Row")
    read = [model(**row) for row in rows]
    assert [moment] * len(ways) == [one.moment for one in read]  # type: ignore[attr-defined]
    assert expected == checked([one.model_dump() for one in read]).numbers[:, :2].tolist()


@given(MOMENTS, ZONES)
def test_an_offset_is_taken_off(moment: datetime, zone: timezone) -> None:
    """The same moment in UTC."""
    local = moment.replace(tzinfo=UTC).astimezone(zone)
    rows = [{"moment": local}, {"moment": local.isoformat()}, {"moment": local.isoformat(" ")}]

    assert [expected_of(moment)[1]] * 3 == checked(rows).numbers[:, 1].tolist()


@given(st.lists(NEAR | st.none(), min_size=1, max_size=30))
def test_columns_of_every_library(moments: list[datetime | None]) -> None:
    """At every resolution, with a time zone and without."""
    zoned = [m and m.replace(tzinfo=UTC).astimezone(timezone(timedelta(hours=2))) for m in moments]
    expected = [[np.nan] * 2 if m is None else expected_of(m) for m in moments]
    whole = [m and m.replace(microsecond=0) for m in moments]
    days = [m and m.date() for m in moments]
    texts = [m and m.isoformat() for m in moments]
    nano = pa.timestamp("ns")
    table: Any
    columns: list[Any] = [
        {"moment": np.array(moments, "datetime64[us]")},
        {"moment": np.array(moments, "datetime64[us]").astype("datetime64[ns]")},
        {"moment": texts},
        pd.DataFrame({"moment": np.array(moments, "datetime64[us]")}),
        pd.DataFrame({"moment": np.array(moments, "datetime64[us]").astype("datetime64[ns]")}),
        pd.DataFrame({"moment": pd.to_datetime(pd.Series(zoned, dtype=object), utc=True)}),
        pd.DataFrame({"moment": pd.array(moments, dtype=pd.ArrowDtype(nano))}),
        pd.DataFrame({"moment": pd.Series(moments, dtype=object)}),
        pd.DataFrame({"moment": texts}),
        pl.DataFrame({"moment": pl.Series(moments, dtype=pl.Datetime("us"))}),
        pl.DataFrame({"moment": pl.Series(moments, dtype=pl.Datetime("ns"))}),
        pl.DataFrame({"moment": pl.Series(zoned, dtype=pl.Datetime("us", "Europe/Rome"))}),
        pl.DataFrame({"moment": texts}),
        pa.table({"moment": pa.array(moments, pa.timestamp("us"))}),
        pa.table({"moment": pa.array(zoned, pa.timestamp("us", "+05:30"))}),
        pa.table({"moment": pa.array(texts, pa.string())}),
    ]

    for table in columns:
        np.testing.assert_array_equal([e[1] for e in expected], checked(table).numbers[:, 1])
    for table in (
        {"moment": np.array(whole, "datetime64[s]")},
        pl.DataFrame({"moment": pl.Series(whole, dtype=pl.Datetime("ms"))}),
        pa.table({"moment": pa.array(whole, pa.timestamp("s"))}),
    ):
        seconds = [np.nan if m is None else expected_of(m)[1] for m in whole]
        np.testing.assert_array_equal(seconds, checked(table).numbers[:, 1])
    for table in (
        {"day": days},
        {"day": np.array(days, "datetime64[D]")},
        pd.DataFrame({"day": pd.Series(days, dtype=object)}),
        pl.DataFrame({"day": pl.Series(days, dtype=pl.Date)}),
        pa.table({"day": pa.array(days, pa.date32())}),
        pa.table({"day": pa.array(days, pa.date64())}),
    ):
        np.testing.assert_array_equal([e[0] for e in expected], checked(table).numbers[:, 0])


@pytest.mark.parametrize(
    "cell",
    [
        "20100601",
        "2010",
        "2010-06",
        "01/06/2010",
        "1 June 2010",
        "2010-13-01",
        "2010-02-30",
        "0000-01-01",
        "2010-06-01T24:00",
        "2010-06-01T13:00:61",
        "2010-06-01T13",
        "2010-W22-2",
        "today",
        "NaT?",
        "\u0662\u0660\u0661\u0660-06-01",
        "2010-06-01" + "0" * 10_000,
        "9999-12-31T23:59:59-01:00",
        20100602,
        1275350400.0,
        True,
        np.datetime64(10**15, "Y"),
        np.timedelta64(3, "D"),
        timedelta(3),
        datetime(2010, 6, 1).time(),
        ["2010-06-01"],
        {},
        object(),
    ],
)
def test_anything_else_is_a_wrong_type(cell: Any) -> None:
    """The sentence shows what is expected; in a long column too."""
    found = checked([{"day": cell, "moment": cell}])
    columns = checked({"day": ["2010-06-01"] * 40 + [cell], "moment": [cell] * 41})

    assert ["wrong_type"] * 2 == [one.code for one in found.findings]
    assert "expected a date such as 2010-06-01." in messages(found)[0]
    assert "expected a date and time such as 2010-06-01T13:00:05." in messages(found)[1]
    assert [[40], list(range(41))] == [list(one.rows or ()) for one in columns.findings]
    with pytest.raises(ValueError, match="expected a date"):
        row_model(VISITS, name="Row")(day=cell)


@pytest.mark.parametrize(
    "cell",
    [None, "", " ", "NA", -1, "-1 ", -1.0, pd.NaT, pd.NA, np.datetime64("NaT"), float("nan")],
)
def test_what_means_missing(cell: Any) -> None:
    """NaT, and every way to write the tokens."""
    assert np.isnan(checked([{"day": cell, "moment": cell}]).numbers[0, :2]).all()
    assert not checked([{"day": cell, "moment": cell}]).findings
    assert row_model(VISITS, name="Row")(day=cell).day is None  # type: ignore[attr-defined]


def test_a_moment_is_no_token() -> None:
    """The second before 1970 is not the -1 that means missing."""
    assert -1.0 == checked([{"moment": "1969-12-31T23:59:59"}]).numbers[0, 1]


def test_dates_do_not_become_numbers_or_levels() -> None:
    """An array of dates for other fields is of the wrong type, row by row."""
    dates = np.array(["2010-06-01", "2011-06-01"], "datetime64[ns]")
    found = checked({"size": dates, "place": dates})

    assert {"wrong_type"} == {one.code for one in found.findings}
    assert 4 == len(messages(found))


def test_records_that_lack_a_date() -> None:
    """The cells that came are put where they belong, whatever the others are."""
    rows: list[dict[str, Any]] = [
        {"size": 3, "moment": "1970-01-02"},
        {"day": "1970-01-02"},
        {"day": "1970-01-03", "moment": "x", "size": "y", "place": "a"},
    ]
    many = [{**row, f"u{i}": 1} for i in range(200) for row in rows]

    for found in (checked(rows), checked(many)):
        np.testing.assert_array_equal(
            [[np.nan, 86_400, 3], [86_400, np.nan, np.nan], [172_800, np.nan, np.nan]],
            found.numbers[:3],
        )
        wrong = {one.field for one in found.findings if one.code == "wrong_type"}
        assert {"moment", "size"} == wrong


@given(MOMENTS)
@settings(max_examples=500)
@example(datetime(2107, 1, 1, 0, 0, 0, 7))
@example(datetime(1699, 1, 1, 0, 0, 0, 999_999))
@example(datetime(2241, 12, 31, 23, 59, 59, 999_999))
def test_a_time_and_its_text(moment: datetime) -> None:
    """The text of a time is read as the same time."""
    day, seconds = expected_of(moment)

    assert moment.date().isoformat() == time_text(day, days=True)
    assert seconds == seconds_of(time_text(seconds, days=False), days=False)
    assert moment.isoformat() == time_text(seconds, days=False)


@given(st.lists(st.from_regex(r"[0-2][0-9]{3}-[01][0-9]-[0-3][0-9]", fullmatch=True), min_size=1))
def test_texts_read_at_once_are_those_read_one_by_one(texts: list[str]) -> None:
    """Whether they are dates of the calendar or not."""

    def one_by_one(text: str) -> float | None:
        try:
            return (date.fromisoformat(text) - date(1970, 1, 1)).days * 86_400.0
        except ValueError:
            return None

    expected = [one_by_one(text) for text in texts]
    found = seconds_of_texts(texts, days=True)

    assert (None if None in expected else expected) == (None if found is None else found.tolist())


BOUNDED = VISITS.with_fields(
    {
        "day": {
            "required": True,
            "minimum": 0.0,
            "maximum": 86_400.0 * 365,
            "training_range": (86_400.0, 864_000.0),
        },
        "moment": {"minimum": 0.0, "training_range": (0.5, 2.0)},
    }
)


@pytest.mark.parametrize(
    ("cell", "code", "sentence"),
    [
        (
            "1969-12-31",
            "below_minimum",
            "day is '1969-12-31': expected a date such as 2010-06-01, not before 1970-01-01, "
            "not after 1971-01-01.",
        ),
        (
            date(1971, 1, 2),
            "above_maximum",
            "day is 1971-01-02: expected a date such as 2010-06-01, not before 1970-01-01, "
            "not after 1971-01-01.",
        ),
        (
            "1970-03-01",
            "outside_training_range",
            "day is '1970-03-01': the model was trained on values from 1970-01-02 to 1970-01-11.",
        ),
    ],
)
def test_bounds_are_told_as_dates(cell: Any, code: str, sentence: str) -> None:
    """In every sentence, and in a pickle of it."""
    found = checked([{"day": cell, "moment": "1970-01-01T00:00:01"}], BOUNDED)

    assert [code] == [one.code for one in found.findings]
    assert [sentence] == messages(found)
    again = pickle.loads(pickle.dumps(found.findings))
    assert messages(found) == [problem.message for one in again for problem in one.problems()]


def test_the_contract_travels_with_dates_as_texts() -> None:
    """As JSON, there and back; each attribute has its check in the manifest."""
    written = json.loads(json.dumps(BOUNDED.to_dict()))

    assert ["1970-01-02", "1970-01-11"] == written["fields"][0]["training_range"]
    assert "1970-01-01T00:00:00" == written["fields"][1]["minimum"]
    assert BOUNDED == Contract.from_dict(written)
    assert written["fields"][0].keys() <= FIELD.keys()


def test_the_schema_of_times() -> None:
    """Texts, with a format; the bounds stand in the description."""
    day, moment, *_ = BOUNDED.json_schema()["properties"].values()

    assert ("string", "date") == (day["type"], day["format"])
    assert "not before 1970-01-01, not after 1971-01-01" in day["description"]
    assert (["string", "null"], "date-time") == (moment["type"], moment["format"])
    assert day == row_model(BOUNDED, name="Row").model_json_schema()["properties"]["day"]
    with pytest.raises(ValueError, match="less than or equal to 1971-01-01"):
        row_model(BOUNDED, name="Row")(day="1971-01-02")
