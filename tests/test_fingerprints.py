"""Fingerprints: equal rows have equal ones, and a large table keeps a sample of its own."""

import json
from typing import Any

import numpy as np
import pytest

from regression_model import Model
from regression_model.errors import ModelFileError
from regression_model.runtime.checking import Checked, Checker
from regression_model.runtime.contract import Contract
from regression_model.runtime.fingerprints import Fingerprints, fingerprints_of

RANDOM = np.random.default_rng(5)


def hashes_of(garden: Any, rows: Any, target: Any) -> Any:
    """The fingerprints of rows as a client sends them."""
    checked = Checker(garden).check(rows)
    return fingerprints_of(checked.numbers, checked.codes, np.array(target, dtype=float))


def table(rows: Any) -> Any:
    """As many different rows as wanted, with their target."""
    numbers = RANDOM.normal(size=(rows, 3))
    codes = RANDOM.integers(5, size=(rows, 2))
    return Checked(numbers, codes, None, []), RANDOM.normal(size=rows)


def test_equal_rows_have_equal_fingerprints(garden: Contract) -> None:
    """However their cells are written, and whatever the columns that the model does not use."""
    first = {"area": 50, "1st": 0, "zone": "A", "kind": 20, "note": "x"}
    again = {"zone": " A ", "kind": "20", "beds": "-0.0", "area": "50.0", "depth": None}

    one, other = hashes_of(garden, [first, again], [7, 7.0])

    assert one == other


@pytest.mark.parametrize(
    "change", [{"area": 51}, {"1st": None}, {"zone": "B"}, {"kind": "30"}, {"soil": "Po"}]
)
def test_rows_that_differ_have_other_fingerprints(garden: Contract, change: Any) -> None:
    """By one field, by one that is missing, or by the target alone."""
    row = {"area": 50, "1st": 0, "zone": "A", "kind": 20}

    hashes = hashes_of(garden, [row, row | change, row], [7, 7, 8])

    assert len({*hashes.tolist()}) == 3


def test_every_row_of_a_table_is_known_again() -> None:
    """In any order, twice, and among other rows."""
    checked, target = table(4000)
    known = Fingerprints.of_table(checked, target)
    own = fingerprints_of(checked.numbers, checked.codes, target)
    other, other_target = table(500)
    unseen = fingerprints_of(other.numbers, other.codes, other_target)

    assert not known.is_sample
    assert 4000 == known.count(own)
    assert 20 == known.count(np.concatenate([own[:10], unseen, own[9::-1]]))
    assert 0 == known.count(unseen)
    assert 0 == known.count(unseen[:0])


def test_a_large_table_keeps_a_sample_by_which_the_share_is_estimated() -> None:
    """Its size in the model file no longer grows."""
    checked, target = table(60_000)
    known = Fingerprints.of_table(checked, target)
    own = fingerprints_of(checked.numbers, checked.codes, target)
    other, other_target = table(60_000)
    unseen = fingerprints_of(other.numbers, other.codes, other_target)

    assert known.is_sample
    assert len(json.dumps(known.to_dict())) < 33_000
    assert 60_000 == known.count(own)
    assert 0 == known.count(unseen)
    assert known.count(np.concatenate([own[:20_000], unseen])) == pytest.approx(20_000, rel=0.1)
    low = known.hashes[:1]
    assert known.count(unseen[unseen >= known.limit][:5]) is None
    assert 1 == known.count(low)


def test_the_file_holds_them_in_six_bytes_each() -> None:
    """What is read is what was written."""
    checked, target = table(300)
    known = Fingerprints.of_table(checked, target)
    again = Fingerprints.from_dict(json.loads(json.dumps(known.to_dict())))

    np.testing.assert_array_equal(known.hashes, again.hashes)
    assert known.limit == again.limit
    assert 300 * 6 * 4 / 3 == len(known.to_dict()["hashes"])


@pytest.mark.parametrize(
    "written",
    [None, {}, {"hashes": "AAAA"}, {"hashes": "?", "limit": 1}, {"hashes": 5, "limit": 1}],
)
def test_fingerprints_that_cannot_be_read_are_refused(written: Any) -> None:
    """In one sentence."""
    with pytest.raises(ModelFileError, match="fingerprints of its training rows that cannot"):
        Fingerprints.from_dict(written)


def test_the_shipped_model_knows_its_training_rows(model: Model) -> None:
    """One fingerprint for each of them that no other equals."""
    known = Fingerprints.from_dict(model.manifest["fingerprints"])
    assert 1460 == len(known.hashes)
