"""Two contracts field by field: what is accepted, and what a value means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from ..display import listed
from ..runtime.checking import Checker
from ..runtime.contract import Contract, Field
from ..runtime.intake import is_missing
from .rules import Difference

__all__ = ["contract_differences", "unit_difference"]

_listed = partial(listed, most=5)


def contract_differences(old: Contract, new: Contract) -> list[Difference]:
    """Return how the second contract differs from the first, in the order of the fields.

    A field is found again by its name, which may be an alias of it by now.
    """
    pairs = _pairs(old, new)
    found: list[Difference] = []
    for field in old.fields:
        if field.name in pairs:
            found += _of_field(field, pairs[field.name], old, new)
        else:
            found.append(_removed(field))
    kept = {field.name for field in pairs.values()}
    found += [_added(field, old) for field in new.fields if field.name not in kept]
    found += _of_order(old, new, pairs)
    found += _of_missing_values(old, new, pairs)
    if {*old.beside} != {*new.beside}:
        beside = ", ".join(new.beside) or "none"
        message = f"The columns that a row may have beside its fields are now: {beside}."
        before, after = list(old.beside), list(new.beside)
        found.append(Difference("columns_beside_changed", None, before, after, message))
    return found


def _pairs(old: Contract, new: Contract) -> dict[str, Field]:
    """Return the new field for the name of each old one; two old ones are never the same."""
    own = {field.name for field in old.fields}
    pairs = {}
    for field in old.fields:
        name = new.canonical_names.get(field.name)
        if name is not None and (name == field.name or name not in own):
            pairs[field.name] = new.field(name)
    taken = [field.name for field in pairs.values()]
    return {
        name: field
        for name, field in pairs.items()
        if name == field.name or taken.count(field.name) == 1
    }


def _differs(field: Field, code: str, message: str, was: Any = None, now: Any = None) -> Difference:
    return Difference(code, field.name, was, now, f"{field.name} {message}")


def _removed(field: Field) -> Difference:
    effect = "its values no longer count, and " if field.used else ""
    message = f"is removed: {effect}a row that has it gets a warning."
    return _differs(field, "field_removed", message, field.kind)


def _added(field: Field, old: Contract) -> Difference:
    names = (field.name, *field.aliases)
    code, effect = "field_added", "a row may have it." if field.used else "the model ignores it."
    if field.used and field.required:
        code, effect = "required_field_added", "a row without it is refused."
    elif field.used and (known := [name for name in names if name in old.known_names]):
        code, effect = "name_taken", f"the values of {known[0]}, unchecked so far, are checked."
    return _differs(field, code, f"is added: {effect}", None, field.kind)


def _of_field(old: Field, new: Field, before: Contract, after: Contract) -> Iterator[Difference]:
    if old.name != new.name:
        message = f"is called {new.name}; its old name is accepted as well."
        yield _differs(old, "field_renamed", message, old.name, new.name)
    yield from _of_aliases(old, new, before)
    if old.description != new.description:
        was, now = old.description, new.description
        yield _differs(old, "description_changed", "has another description.", was, now)
    if old.group != new.group:
        message = f"is shown in the group {new.group}." if new.group else "is in no group any more."
        yield _differs(old, "group_changed", message, old.group, new.group)
    if not old.used and not new.used:
        if (old.kind, old.unit) != (new.kind, new.unit):
            message = "has another kind or unit, and neither model uses it."
            yield _differs(old, "unused_field_changed", message, old.kind, new.kind)
        return
    if not new.used:
        message = "is no longer used: its values no longer count."
        yield _differs(old, "field_unused", message, True, False)
        return
    if not old.used:
        message = "is used now: its values were not checked so far, and now they are."
        yield _differs(old, "field_checked", message, False, True)
        return
    if old.required != new.required:
        code, message = "field_optional", "may be missing."
        if new.required:
            code, message = "field_required", "is required: a row without it is refused."
        yield _differs(old, code, message, old.required, new.required)
    if old.missing_means != new.missing_means:
        means = new.missing_means or "nothing in particular"
        message = f"has another meaning where it is missing: {means}."
        yield _differs(
            old, "missing_meaning_changed", message, old.missing_means, new.missing_means
        )
    if old.unit != new.unit:
        yield _differs(old, *unit_difference(old.unit, new.unit), old.unit, new.unit)
    if old.kind != new.kind:
        message = f"was of the kind {old.kind} and is of the kind {new.kind}."
        yield _differs(old, "kind_changed", message, old.kind, new.kind)
    elif new.is_number:
        yield from _of_bounds(old, new)
    else:
        yield from _of_levels(old, new, after.missing_values)


def unit_difference(old: str | None, new: str | None) -> tuple[str, str]:
    """Return the code of a difference of two units, and a sentence without its subject."""
    if old is None:
        return "unit_stated", f"has a unit for the first time: {new}."
    if new is None:
        return "unit_dropped", f"has no unit any more: it was {old}."
    return "unit_changed", f"was in {old} and is in {new}: the same number means something else."


def _of_aliases(old: Field, new: Field, contract: Contract) -> Iterator[Difference]:
    before, after = (old.name, *old.aliases), (new.name, *new.aliases)
    if lost := [name for name in before if name not in after]:
        message = f"is no longer known as {_listed(lost)}."
        yield _differs(old, "alias_removed", message, lost)
    more = [name for name in after if name not in before]
    if taken := [name for name in more if name in contract.known_names]:
        message = f"takes the name {_listed(taken)}, which was not one of its own."
        yield _differs(old, "name_taken", message, None, taken)
    if free := [name for name in more if name not in taken and name != new.name]:
        message = f"is known as {_listed(free)} as well."
        yield _differs(old, "alias_added", message, None, free)


def _of_bounds(old: Field, new: Field) -> Iterator[Difference]:
    for name, sign in (("minimum", 1), ("maximum", -1)):
        before, after = getattr(old, name), getattr(new, name)
        if before == after:
            continue
        is_narrower = before is None or (after is not None and sign * after > sign * before)
        code = "bound_narrowed" if is_narrower else "bound_widened"
        was, now = _shown(old, before), _shown(new, after)
        message = f"has another {name}: it was {_text(was)} and is {_text(now)}."
        yield _differs(old, code, message, was, now)
    if old.training_range != new.training_range:
        ends = [[_shown(of, end) for end in of.training_range or ()] for of in (old, new)]
        message = "was trained on another range: warnings begin elsewhere."
        yield _differs(old, "training_range_changed", message, *ends)


def _shown(field: Field, bound: float | None) -> float | str | None:
    return field.time_text(bound) if bound is not None and field.is_time else bound


def _text(bound: float | str | None) -> str:
    if bound is None:
        return "none"
    return bound if isinstance(bound, str) else f"{bound:.15g}"


def _of_levels(old: Field, new: Field, missing_values: tuple[str, ...]) -> Iterator[Difference]:
    before, after = old.coded_levels, new.coded_levels
    of_old, of_new = {*before}, {*after}  # there may be many thousands
    if lost := [level for level in before if level not in of_new]:
        is_refused = new.has_fixed_levels or (
            new.required and any(is_missing(level, missing_values) for level in lost)
        )
        effect = "refused" if is_refused else "treated as rare, with a warning"
        message = f"no longer has the level {_listed(lost)}: it is {effect}."
        yield _differs(old, "level_refused" if is_refused else "level_forgotten", message, lost)
    if more := [level for level in after if level not in of_old]:
        yield _differs(old, "level_added", f"has the new level {_listed(more)}.", None, more)
    kept = [level for level in before if level in of_new]
    meant, means = old.meaning_of, new.meaning_of
    if others := [level for level in kept if meant.get(level) != means.get(level)]:
        message = f"has another meaning of the level {_listed(others)}."
        meanings = [{level: of.get(level) for level in others} for of in (meant, means)]
        yield _differs(old, "level_meaning_changed", message, *meanings)
    if old.kind == "ordinal" and kept != [level for level in after if level in of_old]:
        message = "has its levels in another order."
        yield _differs(old, "levels_reordered", message, list(before), list(after))
    if old.kind != "boolean" and old.has_numeric_levels != new.has_numeric_levels:
        was, now = old.has_numeric_levels, new.has_numeric_levels
        code = "numbers_accepted" if now else "numbers_refused"
        may = "may be sent as a number: some" if now else "may not be sent as a number: none"
        yield _differs(old, code, f"{may} of its levels is one.", was, now)


def _of_order(old: Contract, new: Contract, pairs: Mapping[str, Field]) -> Iterator[Difference]:
    """Compare the order of the graph's inputs, for programs that run the graph themselves."""
    for group in ("numbers", "categories"):
        before = [pairs[f.name].name for f in getattr(old, group) if f.name in pairs]
        after = [field.name for field in getattr(new, group)]
        both = {*before} & {*after}
        before, after = ([name for name in names if name in both] for names in (before, after))
        if before != after:
            message = f"The {group} are in another order, for programs that run the graph."
            yield Difference("fields_reordered", None, before, after, message)


def _of_missing_values(
    old: Contract, new: Contract, pairs: Mapping[str, Field]
) -> Iterator[Difference]:
    for token in dict.fromkeys((*old.missing_values, *new.missing_values)):
        is_new = token in new.missing_values
        if is_new and token in old.missing_values:
            continue
        code = "missing_value_added" if is_new else "missing_value_removed"
        message = f"{token!r} {'means' if is_new else 'no longer means'} that a value is missing"
        if refused := _refused_by_token(old, new, pairs, token):
            code = "missing_value_refused"
            message += f", and is refused for {_listed(refused)}"
        before, after = (None, token) if is_new else (token, None)
        yield Difference(code, None, before, after, f"{message}.")


def _refused_by_token(
    old: Contract, new: Contract, pairs: Mapping[str, Field], token: str
) -> list[str]:
    """Return the old fields for which a text was accepted and now is refused."""
    names = [f.name for f in old.fields if f.name in pairs and f.used and pairs[f.name].used]
    refused = []
    for contract in (old, new):
        fields = tuple(contract.field(contract.canonical_names[name]) for name in names)
        row = {field.name: token for field in fields}
        findings = Checker(replace(contract, fields=fields)).check([row]).findings
        in_error = {one.field for one in findings if one.severity == "error"}
        refused.append([field.name in in_error for field in fields])
    return [name for name, before, after in zip(names, *refused, strict=True) if after > before]
