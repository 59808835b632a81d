"""Which row of the public table each packaged row is, found by their values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from regression_model.errors import InputError

from .tables import Table

__all__ = ["MOST_CELLS", "MOST_NUMBERS", "Pairs", "check_pairs", "pair"]

MOST_NUMBERS = 2  # numeric cells in which the two publications of one row may differ
MOST_CELLS = 4  # cells of any kind

Ints = npt.NDArray[np.int64]
_NOBODY = -1
_ROWS_AT_ONCE = 256


class _Candidate(NamedTuple):
    """A possible pair; the nearest sort first, and rows with a known price before others."""

    numbers: int
    cells: int
    row: int
    other: int

    @property
    def cost(self) -> tuple[int, int]:
        return self.numbers, self.cells


@dataclass(frozen=True)
class Pairs:
    """The partner of each packaged row.

    Attributes
    ----------
    partner : array of int, shape (packaged rows,)
        A row of the public table, or -1.
    differing : array of int, shape (packaged rows,)
        Cells in which partners differ; the price is one of them where it is known.
    agrees : array of bool, shape (rows with a known price,)
        Whether the prices of partners are the same.
    twins : int
        Rows without a known price that are equal to another in every field and not in the price,
        so that which is which is a matter of their order.
    """

    partner: Ints
    differing: Ints
    agrees: npt.NDArray[np.bool_]
    twins: int


def pair(ours: Table, theirs: Table) -> Pairs:
    """Give each of our rows at most one of theirs, the nearest pairs first.

    Two rows are the nearer, the fewer numeric cells differ, and then the fewer cells of text. A
    known price is one more numeric cell. A row that is as near to two rows that are not equal
    gets none of them; equal rows are given away in the order of both files.
    """
    codes, is_number = _encoded(ours, theirs)
    known, prices = np.array(ours.prices), np.array(theirs.prices)
    keys = [column.tobytes() for column in np.ascontiguousarray(codes[1].T)]
    candidates = sorted(_candidates(codes, is_number, known, prices))
    partner, differing = _assigned(candidates, codes[0].shape[1], keys)
    agrees = prices[partner[: len(known)]] == known
    return Pairs(partner, differing, agrees, _twins(partner, len(known), keys, prices))


def _assigned(
    candidates: Sequence[_Candidate], rows: int, keys: Sequence[bytes]
) -> tuple[Ints, Ints]:
    """Return the partner of each row, and the number of cells in which the two differ."""
    partner = np.full(rows, _NOBODY)
    differing = np.zeros_like(partner)
    of_row: dict[int, list[_Candidate]] = defaultdict(list)
    for one in candidates:
        of_row[one.row].append(one)
    taken: set[int] = set()
    settled: set[int] = set()
    for one in candidates:
        if one.row in settled or one.other in taken:
            continue
        settled.add(one.row)
        free = (rival for rival in of_row[one.row] if rival.other not in taken)
        as_near = {keys[rival.other] for rival in free if rival.cost == one.cost}
        if len(as_near) == 1:
            partner[one.row], differing[one.row] = one.other, one.cells
            taken.add(one.other)
    return partner, differing


def _encoded(ours: Table, theirs: Table) -> tuple[tuple[Ints, Ints], list[bool]]:
    """Return the cells of both tables as codes, (columns, rows), and which columns are numeric."""
    coded: tuple[list[list[int]], list[list[int]]] = ([], [])
    for name, cells in ours.columns.items():
        numbers: dict[object, int] = {}
        for table, into in ((ours, coded[0]), (theirs, coded[1])):
            into.append([numbers.setdefault(c, len(numbers)) for c in table.columns[name]])
    is_number = [not any(isinstance(c, str) for c in cells) for cells in ours.columns.values()]
    return (np.array(coded[0]), np.array(coded[1])), is_number


def _candidates(
    codes: tuple[Ints, Ints],
    is_number: Sequence[bool],
    known: npt.NDArray[np.float64],
    prices: npt.NDArray[np.float64],
) -> Iterator[_Candidate]:
    """Yield the pairs of rows that differ in few cells."""
    ours, theirs = codes
    numbers = np.array(is_number)
    for at in range(0, ours.shape[1], _ROWS_AT_ONCE):
        some = ours[:, at : at + _ROWS_AT_ONCE]
        wrong = np.zeros((some.shape[1], theirs.shape[1]), dtype=np.int8)
        for column in np.flatnonzero(numbers):
            wrong += some[column][:, None] != theirs[column]
        of_known = known[at : at + _ROWS_AT_ONCE]
        wrong[: len(of_known)] += of_known[:, None] != prices
        rows, others = np.nonzero(wrong <= MOST_NUMBERS)
        texts = (some[~numbers][:, rows] != theirs[~numbers][:, others]).sum(axis=0)
        cells = wrong[rows, others] + texts
        few = cells <= MOST_CELLS
        found = (wrong[rows, others], cells, at + rows, others)
        yield from map(_Candidate, *(one[few].tolist() for one in found))


def _twins(
    partner: Ints, known: int, keys: Sequence[bytes], prices: npt.NDArray[np.float64]
) -> int:
    trained_on = set(partner[:known].tolist())
    choices: dict[bytes, set[float]] = defaultdict(set)
    for row, key in enumerate(keys):
        if row not in trained_on:
            choices[key].add(float(prices[row]))
    return sum(len(choices[keys[row]]) > 1 for row in partner[known:].tolist() if row != _NOBODY)


def check_pairs(pairs: Pairs, *, path: str) -> None:
    """Refuse a table that is not the one that the packaged rows are from.

    Raises
    ------
    InputError
        When a row has no partner, or a known price is not that of its partner.
    """
    known, rows = len(pairs.agrees), len(pairs.partner)
    found = pairs.partner != _NOBODY
    training, test = int(found[:known].sum()), int(found[known:].sum())
    disagree = int((found[:known] & ~pairs.agrees).sum())
    if training + test < rows:
        also = f"; {_disagreeing(disagree, training)}" if disagree else ""
        raise InputError(
            f"{path} is not the full public table: by their values {training:,} of {known:,} rows "
            f"of train.csv and {test:,} of {rows - known:,} rows of test.csv are in it{also}."
        )
    if disagree:
        first = int(np.flatnonzero(~pairs.agrees)[0]) + 1
        raise InputError(
            f"{path} has the rows of train.csv and test.csv, but {_disagreeing(disagree, known)}"
            f", the first of them in row {first}."
        )


def _disagreeing(disagree: int, of: int) -> str:
    verb = "disagrees" if disagree == 1 else "disagree"
    return f"{disagree:,} of {of:,} prices in train.csv {verb}"
