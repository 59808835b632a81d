"""The sections of the file that say a few things each."""

import math
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator

from .mistakes import Mistake, raise_all
from .transforms import Bounds, transform_mistake
from .values import (
    Count,
    NotNegative,
    Number,
    Positive,
    PositiveShare,
    Sentence,
    Share,
    Text,
    WholeNumber,
    Words,
    check_name,
)

__all__ = [
    "AppConfig",
    "Data",
    "Encode",
    "Encoding",
    "Evaluation",
    "Interval",
    "Quality",
    "Section",
    "Target",
]

Encode = Literal["ordered", "mean", "one_hot"]


class Section(BaseModel):
    """Keys that belong together; others are refused, and none can be set later."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Target(Section):
    """The column to predict."""

    name: Annotated[Text, AfterValidator(check_name)]
    description: Sentence
    unit: Text | None = None
    minimum: Number | None = None
    transform: Literal["none", "log"] = "none"

    @model_validator(mode="after")
    def _check(self) -> Self:
        low = -math.inf if self.minimum is None else self.minimum
        mistake = transform_mistake(self.transform, Bounds(low))
        raise_all([(("transform",), mistake)] if mistake else [])
        return self


class Data(Section):
    """Where the rows are: names inside datasets/, or paths relative to the configuration file."""

    training: Text
    scoring: Text | None = None
    missing_values: Words = ()
    source: Sentence | None = None


class Encoding(Section):
    """How levels become numbers where a feature does not say so itself."""

    nominal: Encode = "ordered"
    rare_share: Share = 0.01
    smoothing: NotNegative = 0.0


class Evaluation(Section):
    """How the model is scored on rows that it has not seen.

    `repeats` is how many times the rows are split into folds, each time with the next seed.
    `stratify` is a column whose values are spread evenly over the folds.
    `groups` are the fields by whose values the errors are broken down; `baseline` is the field
    whose values have a median each, to be better than; `without` are columns whose worth is told.
    """

    folds: WholeNumber = 10
    repeats: Count = 1
    stratify: Text | None = None
    seed: WholeNumber = 0
    groups: Words = ()
    baseline: Text | None = None
    without: Words = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        mistakes: list[Mistake] = []
        if self.folds < 2:
            mistakes.append((("folds",), f"expected 2 or more, got {self.folds}"))
        if not 0 <= self.seed < 2**32:  # what numpy takes
            mistakes.append((("seed",), f"expected 0 to {2**32 - 1}, got {self.seed}"))
        raise_all(mistakes)
        return self


class Interval(Section):
    """The share of true values that intervals should hold, and what makes them wider.

    `ridge_alpha` is the penalty of the regression that tells where the model is less sure; without
    it every interval has one width.
    """

    level: PositiveShare = 0.9
    ridge_alpha: Positive | None = None


class Quality(Section):
    """The worst cross-validated scores that a release may have.

    `rmsle` is at most this; `coverage`, the share of true values inside their interval, at least.
    """

    rmsle: Positive | None = None
    coverage: PositiveShare | None = None


class AppConfig(Section):
    """The few names that serving apps read from the configuration."""

    package_name: str
    training_data_file: str
    test_data_file: str
    pipeline_save_file: str
