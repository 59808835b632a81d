"""Everything that config.yml says, as one typed object."""

import re
from pathlib import Path
from typing import Annotated, Self

from pydantic import BeforeValidator, PrivateAttr, field_validator, model_validator

from .crosscheck import Sections
from .derived import Derived, in_order
from .features import Feature
from .members import Member, with_kinds
from .mistakes import expected, first_of, raise_all
from .places import PACKAGE_ROOT
from .sections import AppConfig, Data, Encoding, Evaluation, Interval, Quality, Section, Target
from .tuning import Tuning
from .values import Name, Sentence, Text

__all__ = ["Config"]


class Config(Section):
    """Everything that config.yml says."""

    name: Text
    description: Sentence
    target: Target
    data: Data
    features: dict[Name, Feature]
    derived: dict[Name, Derived] = {}
    encoding: Encoding = Encoding()
    estimator: Annotated[dict[str, Member], BeforeValidator(with_kinds)]
    evaluation: Evaluation = Evaluation()
    interval: Interval = Interval()
    quality: Quality = Quality()
    tuning: Tuning = Tuning()

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
        return tuple(in_order(self.derived)[0])

    @field_validator("name")
    @classmethod
    def _check_name(cls, value: str) -> str:
        if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", value):
            raise expected("lower-case words joined by dashes", value)
        return value

    @model_validator(mode="after")
    def _check(self) -> Self:
        whole = Sections(
            self.target,
            self.data,
            self.features,
            self.derived,
            self.encoding,
            evaluation=self.evaluation,
        )
        raise_all(first_of(whole.mistakes()))
        return self
