"""Pipelines are called hundreds of times here, in the way that training calls them."""

from collections.abc import Iterator

import pytest

from regression_model.training.parallel import steady


@pytest.fixture(scope="module", autouse=True)
def as_in_training() -> Iterator[None]:
    """One thread, and columns that are found by Python texts."""
    with steady():
        yield
