"""What the model says of some rows: values, intervals, and what is wrong with which row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..distribution import distribution_name
from ..errors import InputError, MissingExtraError
from .checking import Checked, Counts
from .intake import Codes, Floats
from .problems import MOST_REPORTED, Finding, Problem, reported_findings

if TYPE_CHECKING:
    import pandas

__all__ = ["Prediction", "plain"]

_ROWS_SHOWN = 10


@dataclass(frozen=True, eq=False, repr=False)
class Prediction:
    """What the model says of some rows, in their order.

    Attributes
    ----------
    values : array of float64, shape (rows,)
        The predicted target in its unit; NaN for a row with an error.
    lower, upper : array of float64, shape (rows,)
        The ends of the prediction interval, at the level that the model file states.
    version : str
        Version of the model that answered.

    Its length is the number of rows, `prediction[i]` is row i as a dict, and as an array it is
    its `values`: `frame["predicted"] = model.predict(frame)`.
    """

    values: Floats
    lower: Floats
    upper: Floats
    version: str
    findings: list[Finding] = field(default_factory=list)
    _checked: tuple[Checked, Codes] | None = None

    @cached_property
    def problems(self) -> list[Problem]:
        """Every error and warning; those of all rows first, then by row."""
        return _problems(self.findings)

    @property
    def reported(self) -> list[Problem]:
        """The problems in an answer: all up to 20,000, then one for each further row.

        An answer is then in proportion to its request, whatever is wrong with the rows.
        """
        if not self.findings:
            return []
        findings = reported_findings(self.findings)
        return self.problems if findings is self.findings else _problems(findings)

    @property
    def errors(self) -> list[Problem]:
        """The problems that left a row without a value."""
        return _problems(one for one in self.findings if one.severity == "error")

    @property
    def warnings(self) -> list[Problem]:
        """The problems of rows that have a value all the same."""
        return _problems(one for one in self.findings if one.severity == "warning")

    @cached_property
    def assumed(self) -> Counts:
        """How many fields of each row were missing and filled, shape (rows,); 0 for an error."""
        if self._checked is None:
            return np.zeros(len(self), dtype=np.int64)
        return np.where(np.isnan(self.values), 0, self.missing.sum(axis=1))

    @property
    def checked(self) -> Checked:
        """The rows as the model took them; raises InputError after a pickle, which holds none."""
        if self._checked is None:
            raise InputError("A prediction out of a pickle holds no rows: predict them again.")
        return self._checked[0]

    @property
    def missing(self) -> npt.NDArray[np.bool_]:
        """Which fields were missing, shape (rows, number fields and then category fields).

        Raises
        ------
        InputError
            When the prediction came out of a pickle, which holds no rows.
        """
        checked = self.checked
        assert self._checked is not None
        return checked.missing(self._checked[1])

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.to_dicts())

    def __getitem__(self, row: int) -> dict[str, Any]:
        return self.to_dicts()[row]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        if copy is False and dtype in (None, self.values.dtype):
            return self.values
        return np.array(self.values, dtype=dtype)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Prediction):
            return NotImplemented
        arrays = zip(self._arrays, other._arrays, strict=True)
        same = all(np.array_equal(a, b, equal_nan=True) for a, b in arrays)
        return same and self.version == other.version and self.problems == other.problems

    __hash__ = None  # type: ignore[assignment]

    @property
    def _arrays(self) -> tuple[Floats, ...]:
        return self.values, self.lower, self.upper, self.assumed.astype(np.float64)

    def __repr__(self) -> str:
        failed = int(np.isnan(self.values).sum())
        return (
            f"<Prediction of {len(self):,} rows: {len(self) - failed:,} predicted, "
            f"{failed:,} in error, version {self.version}>"
        )

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the rows, of which a pickle has what `assumed` counts, and the sentences."""
        state = vars(self) | {"_checked": None, "assumed": self.assumed}
        state.pop("problems", None)
        return state

    def _repr_html_(self) -> str:
        """Return the first rows as a table, for a notebook."""
        shown = [*zip(*(plain(a[:_ROWS_SHOWN]) for a in self._arrays[:3]), strict=True)]
        rows = "".join(
            f"<tr><th>{row}</th>"
            + "".join(f"<td>{'' if v is None else f'{v:,.6g}'}</td>" for v in cells)
            + "</tr>"
            for row, cells in enumerate(shown)
        )
        head = "<tr><th></th><th>value</th><th>lower</th><th>upper</th></tr>"
        return f"<p>{escape(repr(self))}</p><table>{head}{rows}</table>"

    def to_pandas(self, index: Any = None) -> pandas.DataFrame:
        """Return a frame with the columns value, lower, upper and assumed.

        Raises
        ------
        MissingExtraError
            When pandas is not installed.
        """
        try:
            frame = import_module("pandas").DataFrame
        except ImportError:
            raise MissingExtraError(
                f"to_pandas needs pandas: pip install '{distribution_name()}[train]', or pandas "
                "itself."
            ) from None
        columns = {"value": self.values, "lower": self.lower, "upper": self.upper}
        return frame({**columns, "assumed": self.assumed}, index=index)

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return one dict of plain JSON types a row.

        Its keys are value, lower, upper, problems, version and assumed. A problem of
        all rows stands in each, as one object that they share. The problems are those of
        `reported`; where those of all rows would make more than 20,000, only the first is there.
        """
        reported = self.reported
        of_all = [problem.to_dict() for problem in reported if problem.row is None]
        if len(of_all) * len(self) > MOST_REPORTED:
            del of_all[1:]
        dicts: list[dict[str, Any]] = [
            {
                "value": value,
                "lower": lower,
                "upper": upper,
                "problems": list(of_all),
                "version": self.version,
                "assumed": assumed,
            }
            for value, lower, upper, assumed in zip(
                plain(self.values),
                plain(self.lower),
                plain(self.upper),
                self.assumed.tolist(),
                strict=True,
            )
        ]
        for problem in reported:
            if problem.row is not None:
                dicts[problem.row]["problems"].append(problem.to_dict())
        return dicts


def _problems(findings: Iterable[Finding]) -> list[Problem]:
    """Write the sentences of findings; those of all rows first, then by row."""
    found = [problem for finding in findings for problem in finding.problems()]
    return sorted(found, key=lambda problem: -1 if problem.row is None else problem.row)


def plain(values: Floats) -> list[float | None]:
    """Return an array as plain floats, with None for NaN."""
    floats = values.tolist()
    return [None if value != value else value for value in floats]
