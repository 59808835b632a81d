"""What two model files promise beside their contracts: target, interval, name and format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..display import share
from ..runtime.model import Model
from .contracts import contract_differences, unit_difference
from .rules import Difference

__all__ = ["model_differences", "same_target"]


def model_differences(old: Model, new: Model) -> list[Difference]:
    """Return how what the second model promises differs from what the first does."""
    before, after = old.manifest, new.manifest
    found = [*_of_target(before["target"], after["target"])]
    found += contract_differences(old.contract, new.contract)
    was, now = before["interval"]["level"], after["interval"]["level"]
    if was != now:
        message = f"Intervals are made to hold {share(now)} of new rows; it was {share(was)}."
        found.append(Difference("interval_level_changed", None, was, now, message))
    if before["format"] != after["format"]:
        message = f"The file has format {after['format']}, which older programs may not read."
        found.append(Difference("format_changed", None, before["format"], after["format"], message))
    if old.name != new.name:
        message = f"The model is called {new.name}; it was called {old.name}."
        found.append(Difference("name_changed", None, old.name, new.name, message))
    return found


def same_target(old: Model, new: Model) -> bool:
    """Whether predictions of both can be compared; a unit may be stated in one of them only."""
    before, after = old.manifest["target"], new.manifest["target"]
    units = {unit for unit in (before["unit"], after["unit"]) if unit is not None}
    return bool(before["name"] == after["name"]) and len(units) < 2


def _of_target(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    unit_code, of_unit = unit_difference(old["unit"], new["unit"])
    lowest = ["none" if one["minimum"] is None else one["minimum"] for one in (old, new)]
    messages = {
        "name": f"is predicted instead of {old['name']}.",
        "unit": of_unit,
        "minimum": f"has another lowest prediction: it was {lowest[0]} and is {lowest[1]}.",
        "description": "has another description.",
        "transform": "is learnt with another transform: "
        f"{new['transform']}, not {old['transform']}.",
    }
    codes = {"name": "target_changed", "unit": f"target_{unit_code}"}
    for key, message in messages.items():
        if old[key] != new[key]:
            code = codes.get(key, f"target_{key}_changed")
            yield Difference(code, None, old[key], new[key], f"{new['name']} {message}")
