"""python -m benchmarks.choosing: what it costs to choose columns by their score.

A pool of columns about single places is made: where a nominal field has one level, 1 or the value
of a number, and 0 elsewhere. The twelve that help most in a cross-validation are added to a Lasso.
Chosen once on all rows and scored in the same folds, they look better than they are; chosen again
inside each fold, on its training rows only, they show what they are worth.

Nothing about the shipped model was chosen by these scores.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import joblib
import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import clone
from sklearn.preprocessing import StandardScaler

from regression_model.config.core import Config, load_config
from regression_model.training.data import dataset_path, read_dataset
from regression_model.training.folds import Split, split_rows, strata_of
from regression_model.training.pipeline import build_pipeline
from regression_model.training.rows import TrainingData, read_training_data

from .metrics import as_difference, paired_difference
from .table import markdown

__all__ = ["Scores", "measure", "section", "table"]

REPEATS = 3  # fewer than the configuration has, for it takes minutes
CHOSEN = 12  # as many as the earlier model had
LEAST_ROWS = 8
NUMBERS = ("OverallQual", "GrLivArea", "TotalBsmtSF", "LotArea", "YearsSinceRemodelling")
EARLIER = [
    ("26 fields, Lasso + linear SVR: as it was shipped", "0.0998", "0.1263"),
    ("the same, Lasso alone", "0.1003", "0.1260"),
    ("without the section about single places, Lasso alone", "0.1098", "0.1209"),
]

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Place = tuple[str, str]  # a nominal field and one of its levels
Column = tuple[Place, str]  # 1 in that place, or the value of the number that is named


@dataclass(frozen=True)
class Scores:
    """The RMSLE of one fold: without the columns, and with those chosen in either way."""

    none: float
    outside: float
    inside: float


def main() -> None:
    """Measure, and print the table that docs/frontier.md has."""
    config = load_config()
    path = dataset_path(config.data.training)
    data = read_training_data(config, read_dataset(path), source=path.name)
    print(table(measure(config, data), folds=config.evaluation.folds))


def measure(config: Config, data: TrainingData) -> list[Scores]:
    """Score the Lasso in every fold of the configuration's first cross-validations."""
    demonstration = Demonstration(config, data)
    seeds = range(config.evaluation.seed, config.evaluation.seed + REPEATS)
    every_row = np.arange(len(data.frame))
    parallel = joblib.Parallel(n_jobs=-1, return_as="generator")
    _say("Choosing columns on all rows")
    outside = [*parallel(joblib.delayed(demonstration.choose)(every_row, s) for s in seeds)]
    tasks = [
        (split, seed, chosen)
        for seed, chosen in zip(seeds, outside, strict=True)
        for split in demonstration.splits(every_row, seed)
    ]
    scores = []
    for found in parallel(joblib.delayed(demonstration.score)(*task) for task in tasks):
        scores.append(found)
        _say(f"Chose columns on the training rows of fold {len(scores)} of {len(tasks)}")
    return scores


class Demonstration:
    """A Lasso on the shipped columns, and a pool of columns that can be added to them."""

    def __init__(self, config: Config, data: TrainingData) -> None:
        self._frame, self._target = data.frame, data.target
        self._logarithms = np.log(data.target.to_numpy())
        self._folds = config.evaluation.folds
        self._strata = strata_of(config, data)
        lasso = build_pipeline(
            config.model_copy(update={"estimator": {"lasso": config.estimator["lasso"]}})
        )
        self._steps, self._lasso = build_pipeline(config)[:-1], lasso[-1]
        self._places: dict[Place, Floats] = {
            (name, level): (data.frame[name] == level).to_numpy(dtype=np.float64)
            for name, feature in config.features.items()
            if feature.kind == "nominal" and feature.use != "no"
            for level in feature.levels
        }

    def splits(self, rows: Rows, seed: int) -> list[Split]:
        """Split some rows into folds, as the project splits all of them."""
        return split_rows(rows, folds=self._folds, seed=seed, strata=self._strata)

    def choose(self, rows: Rows, seed: int) -> list[Column]:
        """Choose columns by a cross-validation of `rows`; no other row is looked at.

        One after the other, the column is taken that lowers the squared error of the held-out
        residuals most. In each fold its coefficient is the one that suits the other folds.
        """
        pool = self._pool(rows)
        residuals, values = [], []
        for train, test in self.splits(rows, seed):
            features, new = self._features(train, test)
            residuals.append(self._logarithms[test] - self._predicted(features, new, train))
            values.append(self._values(pool, new, test))
        squares = np.stack([np.sum(one**2, axis=0) for one in values])
        chosen: list[int] = []
        while len(chosen) < CHOSEN:
            products = np.stack([r @ one for r, one in zip(residuals, values, strict=True)])
            slopes = _of_the_others(products) / np.maximum(_of_the_others(squares), 1e-12)
            gains = np.sum(slopes * (2 * products - slopes * squares), axis=0)
            gains[chosen] = -np.inf
            best = int(np.argmax(gains))
            chosen.append(best)
            residuals = [
                r - slope * one[:, best]
                for r, slope, one in zip(residuals, slopes[:, best], values, strict=True)
            ]
        return [pool[at] for at in chosen]

    def score(self, split: Split, seed: int, outside: Sequence[Column]) -> Scores:
        """Score one fold in three ways; `outside` are the columns chosen on all rows."""
        train, test = split
        features, new = self._features(train, test)

        def with_columns(columns: Sequence[Column]) -> float:
            scaler = StandardScaler()
            more = scaler.fit_transform(self._values(columns, features, train))
            more_new = scaler.transform(self._values(columns, new, test))
            return self._score(np.hstack([features, more]), np.hstack([new, more_new]), train, test)

        return Scores(
            none=self._score(features, new, train, test),
            outside=with_columns(outside),
            inside=with_columns(self.choose(train, seed)),
        )

    def _pool(self, rows: Rows) -> list[Column]:
        frequent = [p for p, is_there in self._places.items() if is_there[rows].sum() >= LEAST_ROWS]
        return [(place, number) for place in frequent for number in ("", *NUMBERS)]

    def _values(self, columns: Sequence[Column], features: pd.DataFrame, rows: Rows) -> Floats:
        """Return the columns for `rows`, shape (rows, columns); `features` are of these rows."""
        numbers = {name: features[name].to_numpy() for name in NUMBERS} | {"": 1.0}
        return np.stack(
            [self._places[place][rows] * numbers[number] for place, number in columns], axis=1
        )

    def _features(self, train: Rows, test: Rows) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return what the shipped estimator takes, prepared by steps that are fitted on `train`."""
        steps = clone(self._steps)
        fitted = steps.fit_transform(self._frame.iloc[train], self._target.iloc[train])
        new = steps.transform(self._frame.iloc[test])
        names = steps.named_steps["scale"].feature_names_in_
        return pd.DataFrame(fitted, columns=names), pd.DataFrame(new, columns=names)

    def _predicted(self, features: Any, new: Any, train: Rows) -> Floats:
        lasso = clone(self._lasso).fit(np.asarray(features), self._target.iloc[train])
        return np.asarray(np.log(lasso.predict(np.asarray(new))))

    def _score(self, features: Any, new: Any, train: Rows, test: Rows) -> float:
        errors = self._predicted(features, new, train) - self._logarithms[test]
        return float(np.sqrt(np.mean(errors**2)))


def _of_the_others(of_folds: Floats) -> Floats:
    """Return for each fold the sum over all other folds."""
    return np.asarray(of_folds.sum(axis=0) - of_folds)


def section(scores: Sequence[Scores], *, folds: int) -> str:
    """Return the end of docs/frontier.md, with what was measured."""
    none = [one.none for one in scores]
    outside, _ = paired_difference([one.outside for one in scores], none, folds=folds)
    inside, error = paired_difference([one.inside for one in scores], none, folds=folds)
    return f"""## What the folds cannot see

Every step is fitted inside the folds. But whoever compares scores and takes what scores best has
made one more fit, to all rows, and the folds cannot see what it costs: Cawley and Talbot, "On
over-fitting in model selection and subsequent selection bias in performance evaluation", *Journal
of Machine Learning Research* 11, 2010.

`python -m benchmarks.choosing` shows it, in a few minutes. It chooses from a
pool of columns about single places in the data: each level of a nominal field that at least
{LEAST_ROWS} training rows have, by itself and times {_and(NUMBERS)}.
The {CHOSEN} columns that most lower the held-out errors of a Lasso, one after the other, are added
to it. Scores are cross-validated, {REPEATS} times {folds} folds. Differences are means over the
same folds, with their standard error.

{table(scores, folds=folds)}

Chosen once, on all rows, the columns change the RMSLE by {outside:+.4f}. Chosen in the same way on
the training rows of each fold, so that no row has a say in what it is scored by, they change it by
{as_difference(inside, error)}: that is what choosing them is worth on new rows. The difference of
{inside - outside:.4f} is what the folds cannot see, although every coefficient was fitted inside
them. A small part of it may be due to choosing on a tenth fewer rows. The standard errors allow for
the training rows that folds share: Nadeau and Bengio, "Inference for the generalization error",
*Machine Learning* 52, 2003.

An earlier model of this project had twelve columns of this kind, chosen by their score on the same
rows. Its scores on rows kept apart were measured outside the project, see
[kept-apart.md](kept-apart.md):

{markdown(("earlier model", "in its folds", "kept apart"), EARLIER)}

Nothing is chosen by these scores: no column of the shipped model comes from them, and each of its
derived columns has a reason that a valuer would give before seeing any price. The same caution
holds for the blends above: where two of them differ by less than the error, the folds cannot tell
which is better.
"""


def table(scores: Sequence[Scores], *, folds: int) -> str:
    """Render the means over all folds, and the differences within each fold."""
    ways = {
        "none": [one.none for one in scores],
        f"{CHOSEN}, chosen once on all rows": [one.outside for one in scores],
        f"{CHOSEN}, chosen in each fold on its training rows": [one.inside for one in scores],
    }
    rows = []
    for name, of_way in ways.items():
        difference = paired_difference(of_way, ways["none"], folds=folds)
        shown = "" if name == "none" else as_difference(*difference)
        rows.append((name, f"{fmean(of_way):.4f}", shown))
    header = ("columns about single places", f"RMSLE, mean of {len(scores)} folds", "difference")
    return markdown(header, rows)


def _and(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
