"""Values of a configuration by their dotted keys: which can be searched, and the same with others.

The text of a value is what stands, or would stand, in the file.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from .explaining import explain
from .mistakes import KeyPath, Mistake, nearest
from .schema import Config
from .sections import Section
from .tuning import Space

__all__ = ["changed", "key_paths", "refusals", "search_mistakes", "text_of", "value_at"]

# What changes the pipeline and leaves the rows that it takes as they are.
_FEATURE = ("use", "cap", "missing", "flag_missing", "transform", "encode")
_DERIVED = ("use", "transform")


def key_paths(config: Config) -> dict[str, KeyPath]:
    """Return the paths of all values that can be searched, by their dotted keys."""
    paths = [("features", name, key) for name in config.features for key in _FEATURE]
    paths += [("derived", name, key) for name in config.derived for key in _DERIVED]
    every = [*paths, *(("encoding", key) for key in type(config.encoding).model_fields)]
    for kind, member in config.estimator.items():
        every += [("estimator", kind, key) for key in type(member).model_fields if key != "kind"]
    return {".".join(path): path for path in every}


def value_at(config: Config, key: str) -> Any:
    """Return the value of a dotted key; None if it has none."""
    value: Any = config
    for name in key_paths(config)[key]:
        value = getattr(value, name) if isinstance(value, Section) else value[name]
    return value


def text_of(value: object) -> str:
    """Write a value as it stands in a file."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)


def changed(config: Config, texts: Mapping[str, str]) -> Config:
    """Return the configuration with other values, without its section `tuning`.

    Raises
    ------
    pydantic.ValidationError
        When the configuration refuses them.
    """
    document = config.model_dump(exclude_unset=True, exclude={"tuning"})
    for member in document["estimator"].values():
        del member["kind"]
    paths = key_paths(config)
    for key, text in texts.items():
        section = document
        for name in paths[key][:-1]:
            section = section.setdefault(name, {})
        section[paths[key][-1]] = text
    made = Config.model_validate(document)
    made._path = config.path
    return made


def refusals(error: ValidationError) -> Iterator[Mistake]:
    """Find the mistakes for which `changed` refused values."""
    for detail in error.errors():
        yield from explain(detail)


def search_mistakes(config: Config) -> Iterator[Mistake]:
    """Find every mistake in what the configuration says should be searched."""
    paths = key_paths(config)
    for key in config.tuning.search:
        for text in _mistakes_of(config, key, paths):
            yield ("tuning", "search", key), text


def _mistakes_of(config: Config, key: str, paths: Mapping[str, KeyPath]) -> Iterator[str]:
    space = config.tuning.search[key]
    if key not in paths:
        known = [one for one in paths if value_at(config, one) is not None]
        parts = "expected a key of features, derived, encoding or estimator"
        yield f"no such parameter{nearest(key, known) or f': {parts}'}"
        return
    value = value_at(config, key)
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if value is None:
        yield "has no value in this file to begin with: give it one first"
    elif space.is_range and not is_number:
        yield f"expected choices separated by commas, as it is {text_of(value)!r} now"
    elif space.is_range and isinstance(value, int) and not _is_whole(space):
        yield "expected whole numbers"
    else:
        for text in map(text_of, (space.low, space.high)) if space.is_range else space.choices:
            yield from _refusal(config, key, paths[key], text)


def _is_whole(space: Space) -> bool:
    return all(number.is_integer() for number in (space.low, space.high, space.step or 1.0))


def _refusal(config: Config, key: str, path: KeyPath, text: str) -> Iterator[str]:
    """Say why the configuration refuses a value, in one sentence."""
    try:
        changed(config, {key: text})
    except ValidationError as error:
        where, said = next(refusals(error))
        of_other = "" if where == path else f"{'.'.join(where)}: "
        yield f"{text} is refused: {of_other}{said}"
