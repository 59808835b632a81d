"""config.yml -> Config: read with strictyaml, checked with pydantic, all mistakes at once.

The file is read as nested text, so a value means what its field says; nothing is guessed.
A mistake is kept as the path of its key and a sentence; the line is looked up when it is reported.
"""

import difflib
import functools
import hashlib
import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, NoReturn, TypeGuard, TypeVar

import strictyaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError
from strictyaml import ruamel

from regression_model.errors import ConfigError

PACKAGE_ROOT = Path(__file__).resolve().parent.parent
CONFIG_FILE_PATH = PACKAGE_ROOT / "config.yml"
DATASET_DIR = PACKAGE_ROOT / "datasets"
TRAINED_MODEL_DIR = PACKAGE_ROOT / "trained_models"

config: "Config"  # the packaged one; read at its first use, see __getattr__ below

KeyPath = tuple[str, ...]
Mistake = tuple[KeyPath, str]

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_NOT_YAML = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MERGE = re.compile(r"""^[ \t]*["']?<<["']?[ \t]*:""", re.MULTILINE)
_SYNTAX = {
    "FlowMappingDisallowed": "text that contains brackets or braces needs quotes around it; "
    "a list is written with commas, and keys each on a line of their own",
    "AnchorTokenDisallowed": "text that starts with '&' or '*' needs quotes around it",
    "TagTokenDisallowed": "text that starts with '!' needs quotes around it",
    "mapping values are not allowed here": "this line is indented too far, "
    "or has text with a colon in it that needs quotes around it",
}


# Values, from the text they are written as


def _found(value: object) -> str:
    """What stands in the file, for the end of a sentence."""
    if isinstance(value, Mapping):
        return "keys"
    if isinstance(value, str):
        short = value if len(value) <= 60 else f"{value[:57]}..."
        return repr(short) if value.strip() else "nothing"
    return "a list" if isinstance(value, list) else repr(value)


def _expected(what: str, value: object) -> ValueError:
    return ValueError(f"expected {what}, got {_found(value)}")


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _expected("text", value)
    return value.strip()


def _sentence(value: object) -> str:
    return " ".join(_text(value).split())


def _number(value: object) -> float:
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise _expected("a number", value)
    return float(value)


def _whole_number(value: object) -> int:
    try:
        number = _number(value)
    except ValueError:
        raise _expected("a whole number", value) from None
    if not number.is_integer():
        raise _expected("a whole number", value)
    return int(number)


def _yes_or_no(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if value not in ("yes", "no"):
        raise _expected("yes or no", value)
    return value == "yes"


def _words(value: object) -> tuple[str, ...]:
    """Split a comma-separated list; no item is empty or has blanks around it."""
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, (list, tuple)) or isinstance(value, list):
        raise _expected("words separated by commas", value)
    words = tuple(str(item).strip() for item in items)
    if not words or not all(words):
        raise _expected("words separated by commas", value)
    return words


def _words_at_least(least: int, most: int | None, shape: str, value: object) -> tuple[str, ...]:
    words = _words(value)
    if len(words) < least or (most is not None and len(words) > most):
        raise _expected(shape, value)
    return words


def _weighted(value: object) -> tuple[tuple[str, float], ...]:
    """Read `A, B * 0.5` as names with weights; a name alone weighs 1."""
    if isinstance(value, tuple):
        return value
    terms = []
    for word in _words(value):
        name, star, weight = (part.strip() for part in word.partition("*"))
        if not name or (star and not _NUMBER.fullmatch(weight)):
            raise _expected("names separated by commas, each perhaps with ' * weight'", value)
        terms.append((name, _number(weight) if star else 1.0))
    return tuple(terms)


def _threshold(value: object) -> tuple[str, float]:
    shape = "a name and a number separated by a comma"
    name, limit = _words_at_least(2, 2, shape, value)
    try:
        return name, _number(limit)
    except ValueError:
        raise _expected(shape, value) from None


def _name(value: str) -> str:
    if not value.strip() or value != value.strip() or re.search(r"[,*\n]", value):
        raise _expected("a name without commas, stars or blanks around it", value)
    return value


def _above_zero(value: float) -> float:
    if value <= 0:
        raise ValueError(f"expected a number above 0, got {value:g}")
    return value


def _not_negative(value: float) -> float:
    if value < 0:
        raise ValueError(f"expected a number of at least 0, got {value:g}")
    return value


def _share(value: float) -> float:
    if not 0 <= value < 1:
        raise ValueError(f"expected a share from 0 to below 1, got {value:g}")
    return value


Text = Annotated[str, BeforeValidator(_text)]
Sentence = Annotated[str, BeforeValidator(_sentence)]
Number = Annotated[float, BeforeValidator(_number)]
Positive = Annotated[Number, AfterValidator(_above_zero)]
Share = Annotated[Number, AfterValidator(_share)]
WholeNumber = Annotated[int, BeforeValidator(_whole_number)]
YesNo = Annotated[bool, BeforeValidator(_yes_or_no)]
Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
Name = Annotated[str, AfterValidator(_name)]
Product = Annotated[
    tuple[str, ...],
    BeforeValidator(
        functools.partial(_words_at_least, 2, None, "two or more names separated by commas")
    ),
]
Pair = Annotated[
    tuple[str, ...],
    BeforeValidator(functools.partial(_words_at_least, 2, 2, "two names separated by a comma")),
]
NameAndLevels = Annotated[
    tuple[str, ...],
    BeforeValidator(
        functools.partial(_words_at_least, 2, None, "a name and its levels separated by commas")
    ),
]
WeightedSum = Annotated[tuple[tuple[str, float], ...], BeforeValidator(_weighted)]
Above = Annotated[tuple[str, float], BeforeValidator(_threshold)]

Kind = Literal["number", "year", "nominal", "ordinal", "identifier"]
Transform = Literal["none", "log", "log1p", "sqrt", "yeo_johnson", "binary"]
Encode = Literal["ordered", "mean", "one_hot"]
Verb = Literal["sum", "product", "ratio", "elapsed", "equals", "above"]

VERBS: tuple[Verb, ...] = ("sum", "product", "ratio", "elapsed", "equals", "above")

_NUMERIC_KEYS = frozenset(
    {
        "unit",
        "use",
        "minimum",
        "maximum",
        "cap",
        "missing",
        "missing_means",
        "flag_missing",
        "transform",
    }
)
_LEVEL_KEYS = frozenset({"use", "levels", "missing", "missing_means", "flag_missing"})
_KEYS: Mapping[str, frozenset[str]] = {  # beside description, kind and aliases
    "number": _NUMERIC_KEYS,
    "year": _NUMERIC_KEYS,
    "ordinal": _LEVEL_KEYS | {"transform"},
    "nominal": _LEVEL_KEYS | {"encode"},
    "identifier": frozenset({"use"}),
}


class Bounds(NamedTuple):
    """The lowest and the highest value that a column can have."""

    low: float = -math.inf
    high: float = math.inf

    def plus(self, other: "Bounds") -> "Bounds":
        return Bounds(self.low + other.low, self.high + other.high)

    def times(self, other: "Bounds") -> "Bounds":
        corners = [a * b if a and b else 0.0 for a in self for b in other]
        return Bounds(min(corners), max(corners))

    def inverse(self) -> "Bounds":
        """Bounds of 1 / x, with 0 where x is 0."""
        if self.low > 0:
            return Bounds(1 / self.high, 1 / self.low)
        return Bounds(0.0, math.inf) if self.low == 0 else Bounds()


def _transform_mistake(transform: Transform, bounds: Bounds) -> str | None:
    """Say what a transform needs of the minimum, if the minimum is too low."""
    low = "and there is no lower bound" if bounds.low == -math.inf else f"got {bounds.low:g}"
    if transform == "log" and bounds.low <= 0:
        return f"log needs a minimum above 0, {low}"
    if transform == "log1p" and bounds.low <= -1:
        return f"log1p needs a minimum above -1, {low}"
    if transform == "sqrt" and bounds.low < 0:
        return f"sqrt needs a minimum of 0 or more, {low}"
    return None


def _raise_all(mistakes: Sequence[Mistake]) -> None:
    """Raise inside a validator every mistake that was found, as one error."""
    if mistakes:
        sentences = "; ".join(": ".join((".".join(path), text)) for path, text in mistakes)
        raise PydanticCustomError(
            "mistakes", "{sentences}", {"sentences": sentences, "mistakes": list(mistakes)}
        )


def _repeated(words: Sequence[str]) -> list[str]:
    return [word for word in dict.fromkeys(words) if words.count(word) > 1]


# The sections of the file


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Target(_Section):
    """The column to predict."""

    name: Annotated[Text, AfterValidator(_name)]
    description: Sentence
    unit: Text | None = None
    minimum: Number | None = None
    transform: Literal["none", "log"] = "none"

    @model_validator(mode="after")
    def _check(self) -> "Target":
        low = -math.inf if self.minimum is None else self.minimum
        mistake = _transform_mistake(self.transform, Bounds(low))
        _raise_all([(("transform",), mistake)] if mistake else [])
        return self


class Data(_Section):
    """Where the rows are: names inside datasets/, or paths relative to the configuration file."""

    training: Text
    scoring: Text | None = None
    missing_values: Words = ()
    source: Sentence | None = None


class Feature(_Section):
    """One raw column: what it may hold, what a missing value means, how the model uses it."""

    description: Sentence
    kind: Kind
    unit: Text | None = None
    use: Literal["yes", "derived", "no"] = "yes"
    minimum: Number | None = None
    maximum: Number | None = None
    cap: Number | None = None
    levels: Words = ()
    aliases: Words = ()
    missing: str | float | None = None
    missing_means: Sentence | None = None
    flag_missing: YesNo = False
    transform: Transform = "none"
    encode: Encode | None = None

    @property
    def required(self) -> bool:
        """Whether a row without this value gets no prediction."""
        return self.use != "no" and self.missing is None

    @property
    def is_numeric(self) -> bool:
        """Whether the column holds numbers."""
        return self.kind in ("number", "year")

    @property
    def has_order(self) -> bool:
        """Whether the column holds numbers or ranks, and may be calculated with."""
        return self.use != "no" and (self.is_numeric or self.kind == "ordinal")

    @property
    def bounds(self) -> Bounds:
        """Bounds of the numbers, or of the ranks of an ordinal feature."""
        if self.kind == "ordinal":
            return Bounds(0.0, float(len(self.levels) - 1))
        low = -math.inf if self.minimum is None else self.minimum
        highs = [high for high in (self.maximum, self.cap) if high is not None]
        return Bounds(low, min(highs, default=math.inf))

    @model_validator(mode="before")
    @classmethod
    def _leave_out_identifiers(cls, values: object) -> object:
        if isinstance(values, Mapping) and values.get("kind") == "identifier":
            return {"use": "no", **values}
        return values

    @field_validator("missing", mode="before")
    @classmethod
    def _read_missing(cls, value: object, info: ValidationInfo) -> str | float:
        if info.data.get("kind") not in ("number", "year"):
            return _text(value)
        if value in ("median", "mean", "most_frequent"):
            return str(value)
        try:
            return _number(value)
        except ValueError:
            raise _expected("median, mean, most_frequent or a number", value) from None

    @model_validator(mode="after")
    def _check(self) -> "Feature":
        mistakes = [*self._foreign_keys()]
        if not mistakes:
            mistakes = [*self._bound_mistakes(), *self._level_mistakes(), *self._missing_mistakes()]
        mistakes += [
            (("aliases",), f"{alias!r} is listed twice") for alias in _repeated(self.aliases)
        ]
        _raise_all(mistakes)
        return self

    def _foreign_keys(self) -> Iterator[Mistake]:
        allowed = {"description", "kind", "aliases"} | _KEYS[self.kind]
        article = "an" if self.kind in ("ordinal", "identifier") else "a"
        for key in type(self).model_fields:
            if key in self.model_fields_set - allowed:
                yield (key,), f"not a key of {article} {self.kind} feature"
        if self.kind == "identifier" and self.use != "no":
            yield ("use",), f"an identifier is never used: expected no, got {self.use!r}"

    def _bound_mistakes(self) -> Iterator[Mistake]:
        low = -math.inf if self.minimum is None else self.minimum
        if self.maximum is not None and low > self.maximum:
            sentence = f"expected at most the maximum {self.maximum:g}, got {low:g}"
            yield ("minimum",), sentence
        elif self.cap is not None and low > self.cap:
            yield ("cap",), f"expected at least the minimum {low:g}, got {self.cap:g}"
        mistake = _transform_mistake(self.transform, self.bounds)
        if mistake:
            yield ("transform",), mistake

    def _level_mistakes(self) -> Iterator[Mistake]:
        if self.kind == "ordinal" and not self.levels:
            sentence = "required key is missing: an ordinal feature lists its levels in order"
            yield ("levels",), sentence
        for level in _repeated(self.levels):
            yield ("levels",), f"{level!r} is listed twice"

    def _missing_mistakes(self) -> Iterator[Mistake]:
        if self.flag_missing and self.missing is None:
            yield ("flag_missing",), "needs 'missing' too: what stands in for a missing value"
        if isinstance(self.missing, float) and not self._holds(self.missing):
            yield ("missing",), f"expected a number within the bounds, got {self.missing:g}"
        if not self.is_numeric and self.missing not in (None, "most_frequent"):
            if self.levels and self.missing not in self.levels:
                near = _nearest(str(self.missing), self.levels)
                yield ("missing",), f"expected most_frequent or a level, got {self.missing!r}{near}"
            elif not self.levels and self.missing in ("median", "mean"):
                yield ("missing",), f"expected most_frequent or a level, got {self.missing!r}"

    def _holds(self, value: float) -> bool:
        return self.bounds.low <= value <= self.bounds.high


class Derived(_Section):
    """A column made from others with one verb, before any transform of theirs."""

    sum: WeightedSum | None = None
    product: Product | None = None
    ratio: Pair | None = None
    elapsed: Pair | None = None
    equals: NameAndLevels | None = None
    above: Above | None = None
    transform: Transform = "none"
    use: Literal["yes", "derived"] = "yes"
    description: Sentence | None = None
    unit: Text | None = None

    @property
    def verb(self) -> Verb:
        """How the column is made."""
        return next(verb for verb in VERBS if getattr(self, verb) is not None)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the columns it is made from, in the order of the file."""
        if self.sum is not None:
            return tuple(name for name, _ in self.sum)
        if self.equals is not None:
            return self.equals[:1]
        if self.above is not None:
            return (self.above[0],)
        return self.product or self.ratio or self.elapsed or ()

    @property
    def terms(self) -> tuple[tuple[str, float], ...]:
        """Names and weights of a sum."""
        return self.sum or ()

    @property
    def levels(self) -> tuple[str, ...]:
        """Levels for which `equals` is 1."""
        return self.equals[1:] if self.equals else ()

    @property
    def threshold(self) -> float | None:
        """Number over which `above` is 1."""
        return self.above[1] if self.above else None

    @model_validator(mode="after")
    def _check(self) -> "Derived":
        verbs = [verb for verb in VERBS if getattr(self, verb) is not None]
        if len(verbs) != 1:
            found = " and ".join(verbs) or "none"
            _raise_all([((), f"expected exactly one of {_either(VERBS)}, got {found}")])
        _raise_all(
            [(("equals",), f"{level!r} is listed twice") for level in _repeated(self.levels)]
        )
        return self

    def bounds(self, inputs: Sequence[Bounds]) -> Bounds:
        """Bounds of the column, from the bounds of its inputs in their order."""
        if self.sum is not None:
            weights = [Bounds(weight, weight) for _, weight in self.sum]
            return functools.reduce(Bounds.plus, map(Bounds.times, inputs, weights))
        if self.product is not None:
            return functools.reduce(Bounds.times, inputs)
        if self.ratio is not None:
            return inputs[0].times(inputs[1].inverse())
        if self.elapsed is not None:
            later, earlier = inputs
            return Bounds(max(0.0, later.low - earlier.high), max(0.0, later.high - earlier.low))
        return Bounds(0.0, 1.0)


class Encoding(_Section):
    """How levels become numbers where a feature does not say so itself."""

    nominal: Encode = "ordered"
    rare_share: Share = 0.01
    smoothing: Annotated[Number, AfterValidator(_not_negative)] = 0.0


class LassoMember(_Section):
    """Least squares with an L1 penalty."""

    kind: Literal["lasso"] = "lasso"
    alpha: Positive
    weight: Positive = 1.0


class RidgeMember(_Section):
    """Least squares with an L2 penalty."""

    kind: Literal["ridge"] = "ridge"
    alpha: Positive
    weight: Positive = 1.0


class ElasticNetMember(_Section):
    """Least squares with both penalties; `l1_ratio` is the share of the first."""

    kind: Literal["elastic_net"] = "elastic_net"
    alpha: Positive
    l1_ratio: Positive
    weight: Positive = 1.0

    @field_validator("l1_ratio")
    @classmethod
    def _at_most_one(cls, value: float) -> float:
        if value > 1:
            raise ValueError(f"expected a share above 0, at most 1, got {value:g}")
        return value


AnyMember = LassoMember | RidgeMember | ElasticNetMember
Member = Annotated[AnyMember, Field(discriminator="kind")]
MEMBERS: Mapping[str, type[BaseModel]] = {
    model.model_fields["kind"].default: model
    for model in (LassoMember, RidgeMember, ElasticNetMember)
}


def _with_kinds(members: object) -> object:
    """Copy each member's key into it as its kind, which tells pydantic the model to use."""
    if not isinstance(members, Mapping):
        return members
    if not members:
        raise ValueError(f"expected at least one of {_either(MEMBERS)}, got nothing")
    named = {kind: value for kind, value in members.items() if isinstance(value, Mapping)}
    _raise_all(
        [((kind, "kind"), "unknown key") for kind, value in named.items() if "kind" in value]
    )
    return {**members, **{kind: {**value, "kind": kind} for kind, value in named.items()}}


class Evaluation(_Section):
    """How the model is scored on rows that it has not seen."""

    folds: WholeNumber = 10
    seed: WholeNumber = 0

    @model_validator(mode="after")
    def _check(self) -> "Evaluation":
        mistakes: list[Mistake] = []
        if self.folds < 2:
            mistakes.append((("folds",), f"expected 2 or more, got {self.folds}"))
        if not 0 <= self.seed < 2**32:  # what numpy takes
            mistakes.append((("seed",), f"expected 0 to {2**32 - 1}, got {self.seed}"))
        _raise_all(mistakes)
        return self


class Interval(_Section):
    """The share of true values that intervals should hold."""

    level: Annotated[Share, AfterValidator(_above_zero)] = 0.9


class Quality(_Section):
    """The worst cross-validated scores that a release may have."""

    rmsle: Positive | None = None


class AppConfig(_Section):
    """The few names that serving apps read from the configuration."""

    package_name: str
    training_data_file: str
    test_data_file: str
    pipeline_save_file: str


class Config(_Section):
    """Everything that config.yml says."""

    name: Text
    description: Sentence
    target: Target
    data: Data
    features: dict[Name, Feature]
    derived: dict[Name, Derived] = {}
    encoding: Encoding = Encoding()
    estimator: Annotated[dict[str, Member], BeforeValidator(_with_kinds)]
    evaluation: Evaluation = Evaluation()
    interval: Interval = Interval()
    quality: Quality = Quality()

    _sha256: str = PrivateAttr(default="")
    _path: Path | None = PrivateAttr(default=None)

    @property
    def sha256(self) -> str:
        """Digest of the file's bytes."""
        return self._sha256

    @property
    def path(self) -> Path | None:
        """The file it was read from; None if it was read from text."""
        return self._path

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
        return tuple(_order(self.derived)[0])

    @field_validator("name")
    @classmethod
    def _check_name(cls, value: str) -> str:
        if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", value):
            raise _expected("lower-case words joined by dashes", value)
        return value

    @model_validator(mode="after")
    def _check(self) -> "Config":
        whole = _Whole(self.target, self.data, self.features, self.derived, self.encoding)
        _raise_all([*whole.mistakes()])
        return self


# What one key says about another


def _order(derived: Mapping[str, Derived]) -> tuple[list[str], list[list[str]]]:
    """Put every derived feature after its inputs, otherwise as in the file; name the cycles."""
    order: list[str] = []
    cycles: list[list[str]] = []
    waiting = dict(derived)
    while waiting:
        ready = [name for name, one in waiting.items() if waiting.keys().isdisjoint(one.inputs)]
        cycle = [] if ready else _cycle(waiting)
        cycles += [cycle] if cycle else []
        for name in ready[:1] or cycle:
            order.append(name)
            del waiting[name]
    return order, cycles


def _cycle(waiting: Mapping[str, Derived]) -> list[str]:
    """Follow inputs that wait, from the first, until a name comes back."""
    trail = [next(iter(waiting))]
    while True:
        step = next(name for name in waiting[trail[-1]].inputs if name in waiting)
        if step in trail:
            return trail[trail.index(step) :]
        trail.append(step)


class _Whole:
    """The checks that need more than one section; parts that could not be read are left out."""

    def __init__(
        self,
        target: Target | None,
        data: Data | None,
        features: Mapping[str, Feature],
        derived: Mapping[str, Derived],
        encoding: Encoding | None,
        unread: Collection[str] = (),
    ) -> None:
        self.target = target
        self.tokens = data.missing_values if data else ()
        self.features = features
        self.derived = derived
        self.encode = encoding.nominal if encoding else None
        self.unread = unread  # names that are known, and nothing else about them

    def mistakes(self) -> Iterator[Mistake]:
        """Find every mistake between sections."""
        yield from self._features()
        yield from self._aliases()
        for name, derived in self.derived.items():
            if name in self.features:
                yield ("derived", name), f"{name!r} is the name of a feature already"
            for text in self._inputs(derived):
                yield ("derived", name, derived.verb), text
        yield from self._cycles()
        yield from self._transforms()

    def _features(self) -> Iterator[Mistake]:
        if self.target and self.target.name in self.features:
            yield ("features", self.target.name), "is the target, and cannot be a feature as well"
        if self.target and self.target.name in self.derived:
            yield ("derived", self.target.name), "is the target, and cannot be a feature as well"
        columns: list[Feature | Derived] = [*self.features.values(), *self.derived.values()]
        uses = {column.use for column in columns}
        if self.features and not self.unread and "yes" not in uses:
            yield ("features",), "expected at least one feature with use: yes, got none"
        for name, feature in self.features.items():
            for level in feature.levels:
                if level in self.tokens:
                    text = f"{level!r} means missing (data.missing_values), and cannot be a level"
                    yield ("features", name, "levels"), text

    def _aliases(self) -> Iterator[Mistake]:
        owners: dict[str, str] = {}
        for name, feature in self.features.items():
            for alias in dict.fromkeys(feature.aliases):
                path = ("features", name, "aliases")
                if alias == name:
                    yield path, f"{alias!r} is the feature's own name"
                elif alias in self.features or alias in self.unread:
                    yield path, f"{alias!r} is the name of another feature"
                elif self.target and alias == self.target.name:
                    yield path, f"{alias!r} is the name of the target"
                elif alias in owners:
                    yield path, f"{alias!r} is an alias of {owners[alias]} already"
                owners.setdefault(alias, name)

    def _inputs(self, derived: Derived) -> Iterator[str]:
        for name in dict.fromkeys(derived.inputs):
            feature = self.features.get(name)
            if feature is not None:
                yield from self._feature_input(derived, name, feature)
            elif name in self.derived:
                if derived.verb == "equals":
                    yield f"expected a nominal feature, and {name} is a derived one"
                elif derived.verb == "above":
                    yield f"expected a feature, and {name} is a derived one"
            elif name not in self.unread:
                known = [*self.features, *self.derived, *self.unread]
                yield f"no feature is named {name!r}{_nearest(name, known)}"

    def _feature_input(self, derived: Derived, name: str, feature: Feature) -> Iterator[str]:
        if feature.kind == "identifier":
            yield f"{name} is an identifier, and no feature can be made from it"
        elif feature.use == "no":
            yield f"{name} has use: no; give it use: derived"
        elif derived.verb == "equals" and feature.kind != "nominal":
            yield f"expected a nominal feature, and {name} has kind {feature.kind}"
        elif derived.verb in ("elapsed", "above") and feature.kind == "nominal":
            yield f"expected numbers or ranks, and {name} is nominal"
        elif derived.verb != "equals" and self._is_one_hot(feature):
            yield f"expected one number, and {name} is encoded one_hot; encode it mean or ordered"
        elif feature.levels:
            for level in derived.levels:
                if level not in feature.levels:
                    yield f"{level!r} is no level of {name}{_nearest(level, feature.levels)}"

    def _is_one_hot(self, feature: Feature) -> bool:
        return feature.kind == "nominal" and (feature.encode or self.encode) == "one_hot"

    def _cycles(self) -> Iterator[Mistake]:
        for cycle in _order(self.derived)[1]:
            path = " from ".join([*cycle, cycle[0]])
            yield ("derived", cycle[0]), f"is made from itself: {path}"

    def _transforms(self) -> Iterator[Mistake]:
        """Follow the bounds through the derived features; unknown inputs have no mistake here."""
        order, cycles = _order(self.derived)
        known = {name: one.bounds for name, one in self.features.items() if one.has_order}
        # A nominal stands for the mean target of its level or for a rank.
        priced = self.target is not None and (self.target.minimum or -1.0) >= 0
        encoded = Bounds(0.0, math.inf) if priced else Bounds()
        known |= {n: encoded for n, one in self.features.items() if one.kind == "nominal"}
        for name in order:
            derived = self.derived[name]
            inputs = () if derived.verb == "equals" else derived.inputs
            if any(name in cycle for cycle in cycles) or not known.keys() >= {*inputs}:
                continue
            known[name] = derived.bounds([known[one] for one in inputs])
            mistake = _transform_mistake(derived.transform, known[name])
            if mistake:
                advice = f"; raise the minimum of {', '.join(dict.fromkeys(derived.inputs))}"
                yield ("derived", name, "transform"), mistake + advice


# From text to Config

S = TypeVar("S", bound=_Section)


def load_config(path: Path | str | None = None) -> Config:
    """Read a configuration file; without a path, the one in the package.

    Raises
    ------
    ConfigError
        If the file cannot be read, or for every mistake in it at once.
    """
    file = CONFIG_FILE_PATH if path is None else Path(path)
    try:
        text = file.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        _fail(
            str(file),
            [(line, "", f"expected UTF-8 text, got byte 0x{error.object[error.start]:02x}")],
        )
    except (OSError, ValueError) as error:  # ValueError: a path with a null character
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"{file}: cannot be read: {reason}") from None
    loaded = parse_config(text, source=str(file))
    loaded._path = file
    return loaded


def parse_config(text: str, *, source: str = "config.yml") -> Config:
    """Read a configuration from text; `source` names it in messages.

    Raises
    ------
    ConfigError
        For every mistake at once, one line each, with `mistakes` as (line, key, sentence).
    """
    document = _read_yaml(text, source)
    try:
        parsed = Config.model_validate(document)
    except ValidationError as error:
        mistakes = [mistake for detail in error.errors() for mistake in _explain(detail)]
        if not any(detail["loc"] == () for detail in error.errors()):
            mistakes += _readable_parts(document).mistakes()
        lines = _Lines(text.removeprefix("\ufeff"))
        found = sorted((lines.of(path), ".".join(path), said) for path, said in mistakes)
        _fail(source, found)
    parsed._sha256 = hashlib.sha256(text.encode("utf-8")).hexdigest()
    return parsed


def _fail(source: str, mistakes: Sequence[tuple[int, str, str]]) -> NoReturn:
    said = [
        f"{source}:{line}: {key}: {text}" if key else f"{source}:{line}: {text}"
        for line, key, text in mistakes
    ]
    error = ConfigError("\n".join(said))
    error.mistakes = tuple(mistakes)
    raise error from None


def _read_yaml(text: str, source: str) -> dict[str, Any]:
    """Read nested text; no schema, so every value is a string, a list or a dict."""
    text = text.removeprefix("\ufeff")
    stray = _NOT_YAML.search(text)
    if stray:
        line = text.count("\n", 0, stray.start()) + 1
        _fail(source, [(line, "", f"expected printable text, got character {stray.group()!r}")])
    merge = _MERGE.search(text)
    if merge:  # strictyaml would leave out what stands below
        _fail(source, [(text.count("\n", 0, merge.end()) + 1, "<<", "unknown key")])
    if not any(line.strip() and not line.lstrip().startswith("#") for line in text.splitlines()):
        _fail(source, [(1, "", "expected a configuration, got an empty file")])
    try:
        document = strictyaml.load(text, label=source).data
    except strictyaml.YAMLError as error:
        _fail(source, [_syntax_mistake(error)])
    except (AssertionError, TypeError):  # how strictyaml meets the keys that are named below
        _fail(source, [_odd_key(ruamel.compose(text, Loader=ruamel.RoundTripLoader))])
    except RecursionError:
        _fail(source, [(1, "", "expected a configuration, got text that is nested too deeply")])
    if not isinstance(document, dict):
        _fail(source, [(1, "", f"expected keys, got {_found(document)}")])
    return document


def _odd_key(node: Any) -> tuple[int, str, str]:
    """Find the first key that is a list, or that comes twice."""
    waiting = [node]
    for node in waiting:
        pairs = node.value if isinstance(node, ruamel.nodes.MappingNode) else []
        seen: set[str] = set()
        for key, value in pairs:
            if not isinstance(key, ruamel.nodes.ScalarNode):
                return key.start_mark.line + 1, "", "expected a word as key, got a list"
            if key.value in seen:
                return key.start_mark.line + 1, "", f"Duplicate key {key.value!r} found"
            seen.add(key.value)
            waiting.append(value)
    return 1, "", "expected keys and values, got text that cannot be read"


def _syntax_mistake(error: Exception) -> tuple[int, str, str]:
    problem = getattr(error, "problem", None) or str(error)
    mark = getattr(error, "problem_mark", None)
    if mark is None or problem == "found unexpected end of stream":  # a quote is still open
        mark = getattr(error, "context_mark", None)
    text = _SYNTAX.get(type(error).__name__) or _SYNTAX.get(problem) or problem
    return (mark.line + 1 if mark else 1), "", text


class _Lines:
    """The line on which each key stands; made only when there is a mistake to report.

    strictyaml's own line numbers begin at the comments above a key; the nodes' are the key's.
    """

    def __init__(self, text: str) -> None:
        self._lines: dict[KeyPath, int] = {(): 1}
        self._walk(ruamel.compose(text, Loader=ruamel.RoundTripLoader), ())

    def _walk(self, node: Any, path: KeyPath) -> None:
        if isinstance(node, ruamel.nodes.MappingNode):
            for key, value in node.value:
                below = (*path, str(key.value))
                self._lines[below] = key.start_mark.line + 1
                self._walk(value, below)

    def of(self, path: KeyPath) -> int:
        """Line of a key, or of the nearest key above it if it is absent."""
        while path not in self._lines:
            path = path[:-1]
        return self._lines[path]


def _readable_parts(document: Mapping[str, Any]) -> _Whole:
    """What can be read of a document with mistakes, so that the checks between keys run as well."""
    features = _readable(Feature, document.get("features"))
    has_features = isinstance(document.get("features"), Mapping)
    derived = _readable(Derived, document.get("derived")) if has_features else {}
    named = [*_keys(document.get("features")), *_keys(document.get("derived"))]
    unread = [name for name in named if name not in features and name not in derived]
    target = _readable(Target, {"target": document.get("target")}).get("target")
    data = _readable(Data, {"data": document.get("data")}).get("data")
    encoding = _readable(Encoding, {"encoding": document.get("encoding", {})}).get("encoding")
    return _Whole(target, data, features, derived, encoding, unread)


def _readable(model: type[S], section: object) -> dict[str, S]:
    read: dict[str, S] = {}
    for name, value in (section.items() if isinstance(section, Mapping) else ()):
        try:
            read[name] = model.model_validate(value)
        except ValidationError:
            continue
    return read


def _keys(section: object) -> list[str]:
    return list(section) if isinstance(section, Mapping) else []


# From pydantic's errors to sentences


def _explain(detail: ErrorDetails) -> Iterator[Mistake]:
    """Turn one pydantic error into mistakes, with the keys as they stand in the file."""
    path = tuple(str(part) for part in detail["loc"] if part != "[key]")
    if path[:1] == ("estimator",):
        path = path[:2] + path[3:]  # pydantic names the kind twice
    context = detail.get("ctx", {})
    match detail["type"]:
        case "mistakes":
            yield from ((path + below, text) for below, text in context["mistakes"])
        case "value_error":
            yield path, str(context["error"])
        case "missing":
            yield path, "required key is missing"
        case "extra_forbidden":
            known = _known_keys(path[:-1])
            yield path, f"unknown key{_nearest(path[-1], known, label='known keys')}"
        case "union_tag_invalid":
            yield path, f"unknown key{_nearest(path[-1], MEMBERS, label='known keys')}"
        case "literal_error":
            words = re.findall(r"'(\w+)'", context["expected"])
            value = detail["input"]
            near = _nearest(value, words, label="") if isinstance(value, str) else ""
            yield path, f"expected {_either(words)}, got {_found(value)}{near}"
        case "dict_type" | "model_type" | "model_attributes_type":
            yield path, f"expected keys, got {_found(detail['input'])}"
        case _:
            yield path, detail["msg"]


def _known_keys(path: KeyPath) -> Collection[str]:
    """Keys that may stand below a path."""
    match path:
        case ():
            return Config.model_fields
        case ("features", _):
            return Feature.model_fields
        case ("derived", _):
            return Derived.model_fields
        case ("estimator", kind):
            return MEMBERS[kind].model_fields.keys() - {"kind"}
    section = Config.model_fields[path[0]].annotation
    return section.model_fields if _is_section(section) else ()


def _is_section(kind: object) -> TypeGuard[type[_Section]]:
    return isinstance(kind, type) and issubclass(kind, _Section)


def _nearest(word: str, known: Collection[str], *, label: str = "") -> str:
    """End a sentence with the nearest known word, or, after a label, with all of them."""
    folded = {one.casefold(): one for one in known}
    close = difflib.get_close_matches(word.casefold(), folded, n=1)
    if close:
        return f"; did you mean {folded[close[0]]!r}?"
    return f"; {label}: {', '.join(sorted(known))}" if label else ""


def _either(words: Collection[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last


@functools.cache
def _packaged() -> Config:
    return load_config()


if not TYPE_CHECKING:

    def __getattr__(name: str) -> Config:
        if name == "config":
            return _packaged()
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
