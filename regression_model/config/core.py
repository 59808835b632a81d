"""config.yml -> Config: read with strictyaml, checked with pydantic, all mistakes at once.

The file is read as nested text, so a value means what its field says; nothing is guessed.
A mistake is kept as the path of its key and a sentence; the line is looked up when it is reported.
"""

import functools
import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from pydantic import ValidationError

from ..errors import ConfigError
from .derived import VERBS, Derived, Verb
from .explaining import explain
from .features import Feature, Kind
from .members import (
    MEMBERS,
    AnyMember,
    ElasticNetMember,
    GradientBoostingMember,
    LassoMember,
    LinearSVRMember,
    NystroemMember,
    QuadraticSVRMember,
    RidgeMember,
    SVRMember,
)
from .mistakes import Mistake, fail, first_of
from .parts import readable_parts
from .places import CONFIG_FILE_PATH, DATASET_DIR, PACKAGE_ROOT, TRAINED_MODEL_DIR
from .reading import MOST_CHARACTERS, Lines, read_yaml, too_large
from .schema import Config
from .search import search_mistakes
from .sections import AppConfig, Data, Encode, Encoding, Evaluation, Interval, Quality, Target
from .transforms import Bounds, Transform
from .tuning import Space, Tuning

__all__ = [
    "AnyMember",
    "AppConfig",
    "Bounds",
    "CONFIG_FILE_PATH",
    "Config",
    "DATASET_DIR",
    "Data",
    "Derived",
    "ElasticNetMember",
    "Encode",
    "Encoding",
    "Evaluation",
    "Feature",
    "GradientBoostingMember",
    "Interval",
    "Kind",
    "LassoMember",
    "LinearSVRMember",
    "MEMBERS",
    "NystroemMember",
    "PACKAGE_ROOT",
    "QuadraticSVRMember",
    "Quality",
    "RidgeMember",
    "SVRMember",
    "Space",
    "TRAINED_MODEL_DIR",
    "Target",
    "Transform",
    "Tuning",
    "VERBS",
    "Verb",
    "config",
    "load_config",
    "parse_config",
]

config: Config  # the packaged one; read at its first use, see __getattr__ below


def load_config(path: Path | str | None = None) -> Config:
    """Read a configuration file; without a path, the one in the package.

    Raises
    ------
    ConfigError
        If the file cannot be read, or for every mistake in it at once.
    """
    file = CONFIG_FILE_PATH if path is None else Path(path)
    try:
        with file.open("rb") as stream:
            content = stream.read(MOST_CHARACTERS + 1)
        text = "" if len(content) > MOST_CHARACTERS else content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        fail(
            str(file),
            [(line, "", f"expected UTF-8 text, got byte 0x{error.object[error.start]:02x}")],
        )
    except (OSError, ValueError) as error:  # ValueError: a path with a null character
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"{file}: cannot be read: {reason}") from None
    if len(content) > MOST_CHARACTERS:
        fail(str(file), [too_large()])
    loaded = parse_config(text, source=str(file))
    loaded._path = file
    return loaded


def parse_config(text: str, *, source: str = "config.yml") -> Config:
    """Read a configuration from text; `source` names it in messages.

    Raises
    ------
    ConfigError
        For every mistake at once, one line each, with `mistakes` as (line, key, sentence); those
        of a search, which refers to the other values, once these are in order.
    """
    document = read_yaml(text, source)
    try:
        parsed = Config.model_validate(document)
    except ValidationError as error:
        mistakes = [mistake for detail in error.errors() for mistake in explain(detail)]
        if not any(detail["loc"] == () for detail in error.errors()):
            mistakes += first_of(readable_parts(document).mistakes())
        _fail(source, text, mistakes)
    if wrong := [*search_mistakes(parsed)]:
        _fail(source, text, wrong)
    parsed._sha256 = hashlib.sha256(text.encode("utf-8")).hexdigest()
    return parsed


def _fail(source: str, text: str, mistakes: Iterable[Mistake]) -> NoReturn:
    lines = Lines(text.removeprefix("\ufeff"))
    fail(source, sorted((lines.of(path), ".".join(path), said) for path, said in mistakes))


@functools.cache
def _packaged() -> Config:
    return load_config()


if not TYPE_CHECKING:

    def __getattr__(name: str) -> Config:
        if name == "config":
            return _packaged()
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
