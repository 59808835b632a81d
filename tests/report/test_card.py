"""The model card: the facts of the report as Markdown."""

import re
from pathlib import Path
from typing import Any

import pytest

from regression_model.report import make_card, write_card, write_picture


@pytest.fixture(scope="module")
def card(houses: Any) -> Any:
    """The card of the shipped model."""
    return make_card(houses.evaluation, model=houses.model).decode()


@pytest.fixture(scope="module")
def power_card(power: Any) -> Any:
    """The card of the model of another domain."""
    return make_card(power.evaluation, model=power.model).decode()


def test_the_sections_are_those_of_a_model_card(card: Any) -> None:
    """In the order in which a reader wants them."""
    assert [
        "Intended use",
        "Not for",
        "Data and provenance",
        "Metrics",
        "Intervals",
        "Weak spots",
        "Limits",
        "How to reproduce",
        "Record",
    ] == re.findall(r"^## (.*)$", card, flags=re.MULTILINE)


def test_the_metrics_are_those_of_the_evaluation(card: Any) -> None:
    """Each with its interval, in its unit."""
    for line in (
        "| Root mean squared log error (RMSLE) | 0.1234 | 0.1111 to 0.1399 |",
        r"| Mean absolute error | \$12,346 | \$11,111 to \$14,000 |",
        "| Coverage of the intervals | 90.2% | 88.0% to 92.0% |",
        "| Neighborhood | OldTown | 40 | 0.1717 |",
        r"| target band | \$163,000 to \$755,000 | 180 | 0.1500 |",
        "| plain linear | 0.1888 (0.1700 to 0.2000) |",
        "| One width for all | 90.0% | 31.4% |",
    ):
        assert line in card.splitlines()


def test_groups_with_few_rows_or_good_metrics_are_no_weak_spots(card: Any) -> None:
    """Three rows say nothing, and better than all is not weak."""
    assert "| Few |" not in card
    assert "| NAmes |" not in card


def test_card_and_model_file_agree(houses: Any, card: Any) -> None:
    """Name, version and digests."""
    manifest = houses.model.manifest
    assert card.startswith(f"# Model card: {manifest['name']} {manifest['version']}\n")
    for key in ("data_sha256", "config_sha256"):
        assert manifest["training"][key] in card


def test_every_table_has_rows_of_one_length(card: Any, power_card: Any) -> None:
    """A pipe in a cell would break it."""
    for text in (card, power_card):
        for table in re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE):
            cells = [len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()]
            assert 1 == len(set(cells))
            assert len(cells) > 2


def test_a_name_cannot_become_markup(power_card: Any) -> None:
    """HTML in a description is text in Markdown, too."""
    assert r"\<b\>or takes\</b\> \& more" in power_card
    assert not re.search(r"(?<!\\)<", power_card)


def test_another_domain_has_its_own_unit(power_card: Any) -> None:
    """And no section without anything in it."""
    assert "| Mean absolute error | 0.8765 kWh | 0.8 kWh to 0.95 kWh |" in power_card
    assert "Weak spots" not in power_card
    assert not re.search(r"\$|dollar|house|price", power_card)


def test_blank_lines_part_what_belongs_apart(card: Any, power_card: Any) -> None:
    """One between two paragraphs, and one end of line at the end."""
    for text in (card, power_card):
        assert "\n\n\n" not in text
        assert text.endswith("|\n")


def test_the_same_facts_give_the_same_bytes(houses: Any, card: Any) -> None:
    """Nothing in the card depends on the clock or on chance."""
    assert card == make_card(houses.evaluation, model=houses.model).decode()


def test_the_file_is_named_after_model_and_version(power: Any, tmp_path: Path) -> None:
    """Beside the model file, with another ending."""
    path = write_card(power.evaluation, model=power.model, folder=tmp_path, name="power")
    assert tmp_path / f"power-{power.model.version}.md" == path
    assert [path] == list(tmp_path.iterdir())


def test_the_picture_is_small_and_always_the_same(houses: Any, tmp_path: Path) -> None:
    """Small enough for a read-me."""
    paths = [
        write_picture(houses.evaluation, model=houses.model, path=tmp_path / name)
        for name in ("one.png", "two.png")
    ]
    one, two = (path.read_bytes() for path in paths)
    assert one == two
    assert one.startswith(b"\x89PNG")
    assert len(one) < 150_000
