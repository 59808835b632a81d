"""Two contracts field by field: what is accepted, and what a value means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..runtime.checking import Checker
from ..runtime.contract import Contract, Field
from ..runtime.intake import is_missing
from .rules import Difference

__all__ = ["contract_differences", "unit_difference"]

_MOST_NAMED = 5


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
        listed = ", ".join(new.beside) or "none"
        message = f"The columns that a row may have beside its fields are now: {listed}."
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


def _removed(field: Field) -> Difference:
    effect = "its values no longer count, and " if field.used else ""
    message = f"{field.name} is removed: {effect}a row that has it gets a warning."
    return Difference("field_removed", field.name, field.kind, None, message)


def _added(field: Field, old: Contract) -> Difference:
    names = (field.name, *field.aliases)
    code, effect = "field_added", "a row may have it." if field.used else "the model ignores it."
    if field.used and field.required:
        code, effect = "required_field_added", "a row without it is refused."
    elif field.used and (known := [name for name in names if name in old.known_names]):
        code, effect = "name_taken", f"the values of {known[0]}, unchecked so far, are checked."
    message = f"{field.name} is added: {effect}"
    return Difference(code, field.name, None, field.kind, message)


def _of_field(old: Field, new: Field, before: Contract, after: Contract) -> Iterator[Difference]:
    def differs(code: str, message: str, was: Any = None, now: Any = None) -> Difference:
        return Difference(code, old.name, was, now, f"{old.name} {message}")

    if old.name != new.name:
        message = f"is called {new.name}; its old name is accepted as well."
        yield differs("field_renamed", message, old.name, new.name)
    yield from _of_aliases(old, new, before)
    if old.description != new.description:
        message = "has another description."
        yield differs("description_changed", message, old.description, new.description)
    if old.group != new.group:
        message = f"is shown in the group {new.group}." if new.group else "is in no group any more."
        yield differs("group_changed", message, old.group, new.group)
    if not old.used and not new.used:
        if (old.kind, old.unit) != (new.kind, new.unit):
            message = "has another kind or unit, and neither model uses it."
            yield differs("unused_field_changed", message, old.kind, new.kind)
        return
    if old.used and not new.used:
        yield differs("field_unused", "is no longer used: its values no longer count.", True, False)
        return
    if not old.used:
        message = "is used now: its values were not checked so far, and now they are."
        yield differs("field_checked", message, False, True)
        return
    if old.required != new.required:
        code = "field_required" if new.required else "field_optional"
        message = "is required: a row without it is refused." if new.required else "may be missing."
        yield differs(code, message, old.required, new.required)
    if old.missing_means != new.missing_means:
        means = new.missing_means or "nothing in particular"
        message = f"has another meaning where it is missing: {means}."
        yield differs("missing_meaning_changed", message, old.missing_means, new.missing_means)
    if old.unit != new.unit:
        code, message = unit_difference(old.unit, new.unit)
        yield differs(code, message, old.unit, new.unit)
    if old.kind != new.kind:
        message = f"was of the kind {old.kind} and is of the kind {new.kind}."
        yield differs("kind_changed", message, old.kind, new.kind)
        return
    if new.is_number:
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
        yield Difference("alias_removed", old.name, lost, None, f"{old.name} {message}")
    more = [name for name in after if name not in before and name != new.name]
    taken = [name for name in after if name not in before and name in contract.known_names]
    if taken:
        message = f"takes the name {_listed(taken)}, which was not one of its own."
        yield Difference("name_taken", old.name, None, taken, f"{old.name} {message}")
    if free := [name for name in more if name not in taken]:
        message = f"is known as {_listed(free)} as well."
        yield Difference("alias_added", old.name, None, free, f"{old.name} {message}")


def _of_bounds(old: Field, new: Field) -> Iterator[Difference]:
    for name, sign in (("minimum", 1), ("maximum", -1)):
        before, after = getattr(old, name), getattr(new, name)
        if before == after:
            continue
        is_narrower = before is None or (after is not None and sign * after > sign * before)
        code = "bound_narrowed" if is_narrower else "bound_widened"
        was, now = _shown(old, before), _shown(new, after)
        message = f"{old.name} has another {name}: it was {_text(was)} and is {_text(now)}."
        yield Difference(code, old.name, was, now, message)
    if old.training_range != new.training_range:
        ends = [[_shown(of, end) for end in of.training_range or ()] for of in (old, new)]
        message = f"{old.name} was trained on another range: warnings begin elsewhere."
        yield Difference("training_range_changed", old.name, ends[0], ends[1], message)


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
        message = f"{old.name} no longer has the level {_listed(lost)}: it is {effect}."
        code = "level_refused" if is_refused else "level_forgotten"
        yield Difference(code, old.name, lost, None, message)
    if more := [level for level in after if level not in of_old]:
        message = f"{old.name} has the new level {_listed(more)}."
        yield Difference("level_added", old.name, None, more, message)
    kept = [level for level in before if level in of_new]
    meant, means = old.meaning_of, new.meaning_of
    if others := [level for level in kept if meant.get(level) != means.get(level)]:
        message = f"{old.name} has another meaning of the level {_listed(others)}."
        meanings = [{level: of.get(level) for level in others} for of in (meant, means)]
        yield Difference("level_meaning_changed", old.name, meanings[0], meanings[1], message)
    if old.kind == "ordinal" and kept != [level for level in after if level in of_old]:
        message = f"{old.name} has its levels in another order."
        yield Difference("levels_reordered", old.name, list(before), list(after), message)
    if old.kind != "boolean" and old.has_numeric_levels != new.has_numeric_levels:
        was, now = old.has_numeric_levels, new.has_numeric_levels
        code = "numbers_accepted" if now else "numbers_refused"
        may = "may be sent as a number: some" if now else "may not be sent as a number: none"
        message = f"{old.name} {may} of its levels is one."
        yield Difference(code, old.name, was, now, message)


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


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMED
    listed = ", ".join(map(str, names[:_MOST_NAMED]))
    return f"{listed} and {more:,} more" if more > 0 else listed
