"""config.yml -> Config: read with strictyaml, checked with pydantic, all mistakes at once.

The file is read as nested text, so a value means what its field says; nothing is guessed. What
needs several sections is looked at when each of them can be read.
"""

import functools
import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from pydantic import Field, ValidationError, field_validator

from .. import remote
from ..errors import ConfigError
from .crosscheck import mistakes_between
from .derived import Derived, in_order
from .features import Feature
from .mistakes import Mistake, expected, explain, fail
from .reading import MOST_CHARACTERS, TOO_LARGE, read_yaml
from .search import Space, Tuning, search_mistakes
from .sections import Data, Encoding, Estimator, Evaluation, Interval, Monitoring, Quality, Target
from .values import Name, Section, Sentence, Text

__all__ = [
    "CONFIG_FILE_PATH",
    "Config",
    "DATASET_DIR",
    "Derived",
    "Estimator",
    "Feature",
    "PACKAGE_ROOT",
    "Space",
    "TRAINED_MODEL_DIR",
    "config",
    "load_config",
    "parse_config",
]

PACKAGE_ROOT = Path(__file__).resolve().parent.parent
CONFIG_FILE_PATH = PACKAGE_ROOT / "config.yml"
DATASET_DIR = PACKAGE_ROOT / "datasets"
TRAINED_MODEL_DIR = PACKAGE_ROOT / "trained_models"


class AppConfig(NamedTuple):
    """The few names that serving apps read from the configuration."""

    package_name: str
    training_data_file: str
    test_data_file: str
    pipeline_save_file: str


class Contents(Section):
    """Everything that config.yml says."""

    name: Text
    description: Sentence
    target: Target
    data: Data
    features: dict[Name, Feature]
    derived: dict[Name, Derived] = {}
    encoding: Encoding = Encoding()
    estimator: Estimator
    evaluation: Evaluation = Evaluation()
    interval: Interval = Interval()
    quality: Quality = Quality()
    tuning: Tuning = Tuning()
    monitoring: Monitoring = Monitoring()

    @property
    def app_config(self) -> AppConfig:
        """The names that serving apps read; without scoring rows the training rows stand in."""
        return AppConfig(
            package_name=PACKAGE_ROOT.name,
            training_data_file=self.data.training,
            test_data_file=self.data.scoring or self.data.training,
            pipeline_save_file=f"{PACKAGE_ROOT.name}_output_v",
        )

    @property
    def derived_order(self) -> tuple[str, ...]:
        """Names of the derived features, each after the ones it is made from."""
        return in_order(self.derived)

    @property
    def part_columns(self) -> dict[str, str]:
        """Names of the columns that parts of dates make, each with its feature's name."""
        return {
            column: name
            for name, feature in self.features.items()
            if feature.use != "no"
            for column in feature.part_columns(name)
        }

    @field_validator("name")
    @classmethod
    def _check_name(cls, value: str) -> str:
        if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", value):
            raise expected("lower-case words joined by dashes", value)
        return value

    def mistakes(self) -> Iterator[Mistake]:
        """Find what one section says against another."""
        return mistakes_between(self)


class Config(Contents):
    """Everything that config.yml says, and which file said so.

    Attributes
    ----------
    path : Path or None
        The file it was read from; None if it was read from text.
    sha256 : str
        Digest of the file's bytes.
    """

    path: Path | None = Field(None, exclude=True)
    sha256: str = Field("", exclude=True)

    @classmethod
    def of(cls, document: Mapping[str, Any], *, path: Path | None = None, sha256: str = "") -> Self:
        """Read what a document says.

        Raises
        ------
        pydantic.ValidationError
            For every mistake in it, at once.
        """
        contents = Contents.model_validate(document)
        origin = {"path": path, "sha256": sha256}
        return cls.model_construct(contents.model_fields_set, **dict(contents), **origin)


config: Config  # the packaged one; read at its first use, see __getattr__ below


def load_config(path: Path | str | None = None) -> Config:
    """Read a configuration file or URL; without a path, the one in the package.

    Raises
    ------
    ConfigError
        If the file cannot be read, or for every mistake in it at once.
    """
    file = CONFIG_FILE_PATH if path is None else Path(path)
    name = remote.shown(file)
    try:
        if (url := remote.url_of(file)) is not None:
            content = remote.read(url, MOST_CHARACTERS + 1)
        else:
            with file.open("rb") as stream:
                content = stream.read(MOST_CHARACTERS + 1)
        if len(content) > MOST_CHARACTERS:
            fail(name, [TOO_LARGE])
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        byte = error.object[error.start]
        fail(name, [(line, "", f"expected UTF-8 text, got byte 0x{byte:02x}")])
    except (OSError, ValueError) as error:  # ValueError: a path with a null character
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"{name}: cannot be read: {reason}") from None
    return _parse(text, name, file)


def parse_config(text: str, *, source: str = "config.yml") -> Config:
    """Read a configuration from text; `source` names it in messages.

    Raises
    ------
    ConfigError
        For every mistake at once, one line each, with `mistakes` as (line, key, sentence). What
        needs several sections, and then the search, is looked at once the others are in order.
    """
    return _parse(text, source, None)


def _parse(text: str, source: str, path: Path | None) -> Config:
    document, lines = read_yaml(text, source)
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()
    try:
        parsed = Config.of(document, path=path, sha256=digest)
        mistakes = [*search_mistakes(parsed)]
    except ValidationError as error:
        mistakes = explain(error, Contents)
    if mistakes:
        fail(source, sorted((_line_of(key, lines), ".".join(key), said) for key, said in mistakes))
    return parsed


def _line_of(path: tuple[str, ...], lines: Mapping[tuple[str, ...], int]) -> int:
    """Return the line of a key, or of the nearest key above it if it is absent."""
    while path not in lines:
        path = path[:-1]
    return lines[path]


@functools.cache
def _packaged() -> Config:
    return load_config()


if not TYPE_CHECKING:

    def __getattr__(name: str) -> Config:
        if name == "config":
            return _packaged()
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
