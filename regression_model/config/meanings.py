"""What every key of config.yml means, with an example, by the section that has it.

A key that several sections share stands with the one that they are kinds of.
"""

from __future__ import annotations

__all__ = ["MEANINGS"]

MEANINGS: dict[str, tuple[str, str]] = {
    "Contents.name": ("name of the model and of its file: lower-case words and dashes", "boats"),
    "Contents.description": ("what the model predicts, and from what", "Prices of boats"),
    "Contents.target": ("the column to predict", ""),
    "Contents.data": ("where the rows are", ""),
    "Contents.features": ("every column that a row may have, each described once", ""),
    "Contents.derived": ("columns made from others, each with exactly one verb", ""),
    "Contents.encoding": ("how levels become numbers where a feature does not say so itself", ""),
    "Contents.estimator": ("the models whose predictions are averaged by their weights", ""),
    "Contents.evaluation": ("how the model is scored on rows that it has not seen", ""),
    "Contents.interval": ("the interval around each prediction", ""),
    "Contents.quality": ("the worst scores that a model may have and still be written", ""),
    "Contents.tuning": ("what `regression-model tune` tries", ""),
    "Contents.monitoring": ("when `regression-model monitor` says that new rows differ", ""),
    "Target.name": ("name of the column to predict", "Price"),
    "Target.description": ("what it is", "Price asked"),
    "Target.unit": ("unit, for people who read a prediction", "euros"),
    "Target.minimum": ("no target is lower, and so is no prediction", "1"),
    "Target.missing": ("leave_out: rows without a target are not trained on", "leave_out"),
    "Target.transform": ("scale on which the target is learnt", "log"),
    "Data.training": (
        "file of the training rows: a name inside datasets/, or a path from the configuration",
        "boats.csv",
    ),
    "Data.scoring": ("file of rows without a target, on which graph and pipeline are compared",)
    + ("new-boats.csv",),
    "Data.weight": ("column by which rows count when the estimator is fitted", "Weight"),
    "Data.missing_values": ("texts that mean that a value is missing, besides an empty one", "NA"),
    "Data.source": ("where the rows come from, for the model card", "Adverts of 2024"),
    "Feature.description": ("what the column is", "From bow to stern"),
    "Feature.group": ("heading under which forms and reports show the field", "Hull"),
    "Feature.kind": ("what the column holds; an identifier is accepted and never used", "number"),
    "Feature.unit": ("unit of a number", "m"),
    "Feature.use": (
        "yes: the model sees the column; derived: only what is made from it; no: neither",
        "yes",
    ),
    "Feature.minimum": ("lowest number that can be true: a row below gets no prediction", "0"),
    "Feature.maximum": ("highest number that can be true", "150"),
    "Feature.cap": ("the model takes a larger number for this one", "60"),
    "Feature.levels": ("the texts that may come, of an ordinal from lowest to highest",)
    + ("steel, wood",),
    "Feature.meanings": ("what levels mean to people; some may be left out",) + ("ALU: aluminium",),
    "Feature.aliases": ("other names under which rows have the column", "Len, length_m"),
    "Feature.missing": (
        "what stands in for a missing value: median, mean, most_frequent, a number or a level; "
        "without it a value is required",
        "median",
    ),
    "Feature.missing_means": ("what a missing value says", "not known"),
    "Feature.flag_missing": ("whether the model also sees if the value was missing", "yes"),
    "Feature.parts": ("what the model sees of a date or timestamp", "month_cycle, elapsed_days"),
    "Feature.transform": ("function of the number, before it is scaled", "log1p"),
    "Feature.encode": ("how the levels of a nominal become numbers", "mean"),
    "Derived.sum": ("columns added, each perhaps with a weight", "Length, Beam * 2"),
    "Derived.product": ("columns multiplied", "Length, Beam"),
    "Derived.ratio": ("the first divided by the second; 0 where that is 0", "Length, Beam"),
    "Derived.elapsed": ("years from the second to the first, never below 0", "Sold, Built"),
    "Derived.equals": ("1 where the nominal has one of these levels, else 0", "Hull, steel"),
    "Derived.above": ("1 where the number or rank is above this one, else 0", "Length, 12"),
    "Derived.transform": ("function of the result, before it is scaled", "log"),
    "Derived.use": ("derived: the model sees only what is made from it", "yes"),
    "Derived.description": ("why the column is there", "What there is to build"),
    "Derived.unit": ("unit of the result", "m2"),
    "Encoding.nominal": ("how the levels of nominals become numbers", "mean"),
    "Encoding.rare_share": ("levels with less than this share of the rows count as one", "0.01"),
    "Encoding.smoothing": ("rows of the mean of all that are added to the mean of a level", "10"),
    "Evaluation.folds": ("parts into which the rows are split for cross-validation", "5"),
    "Evaluation.repeats": ("how often that is done, each time with the next seed", "3"),
    "Evaluation.split": ("random, grouped by COLUMN, or by time COLUMN", "grouped by Owner"),
    "Evaluation.stratify": ("column whose values are spread evenly over the folds", "Hull"),
    "Evaluation.seed": ("seed of the split, and of members with a random choice", "0"),
    "Evaluation.groups": ("fields by whose values the errors are broken down", "Hull"),
    "Evaluation.baseline": ("field whose levels have a median each, to be better than", "Hull"),
    "Evaluation.without": ("columns without which the report shows the score as well", "Length"),
    "Interval.level": ("share of true values that an interval should hold", "0.9"),
    "Interval.ridge_alpha": (
        "penalty of the regression that tells where the model is less sure; without it every "
        "interval has one width",
        "100",
    ),
    "Quality.rmsle": ("the root mean squared log error is at most this", "0.2"),
    "Quality.rmse": ("the root mean squared error is at most this", "12000"),
    "Quality.mae": ("the mean absolute error is at most this", "9000"),
    "Quality.r2": ("the share of variance that is explained is at least this", "0.8"),
    "Quality.coverage": ("the share of true values inside their interval is at least this",)
    + ("0.88",),
    "Tuning.trials": ("how many combinations of values are tried", "60"),
    "Tuning.repeats": ("how often the rows are split, each time in another way", "5"),
    "Tuning.seed": ("seed of the search", "0"),
    "Tuning.search": (
        "dotted keys of this file, each with a range (`0 to 30`, `0.001 to 1, log`, "
        "`2 to 8, step 2`) or with choices",
        "estimator.ridge.alpha: 0.01 to 100, log",
    ),
    "Monitoring.significance": ("how likely a false alarm may be, over all tests together", "0.01"),
    "Monitoring.minimum_rows": ("with fewer values nothing is tested", "50"),
    "Monitoring.effect": (
        "smallest difference that counts: of the shares of rows up to some value, with some of the "
        "levels, or without a value",
        "0.15",
    ),
    "Monitoring.refused": ("smallest share of refused rows that counts", "0.05"),
    "Monitoring.error_increase": ("smallest relative increase of the error that counts", "0.5"),
    "Monitoring.coverage_loss": (
        "how far the coverage may be below the level of the intervals",
        "0.1",
    ),
    "Monitoring.ignore": ("fields that are shown and never count", "Length"),
    "Estimator.auto": ("the members are chosen in the folds; `estimator: auto` says it too", ""),
    "Auto.budget": (
        "time that the fits may be expected to take: s, min or h; what is compared follows from it "
        "and the size of the table, and from no clock",
        "2 min",
    ),
    "Estimator.lasso": ("least squares with an L1 penalty", ""),
    "Estimator.ridge": ("least squares with an L2 penalty", ""),
    "Estimator.elastic_net": ("least squares with both penalties", ""),
    "Estimator.linear_svr": ("linear support vector regression, robust to odd rows", ""),
    "Estimator.svr": ("support vector regression with an RBF kernel", ""),
    "Estimator.quadratic_svr": ("every square of a column and every product of two", ""),
    "Estimator.gradient_boosting": ("boosted trees on the columns that all members see", ""),
    "Estimator.nystroem": ("ridge regression on approximate features of an RBF kernel", ""),
    "Estimator.hist_gradient_boosting": (
        "boosted trees on histograms; they see missing values and up to 255 levels as they are",
        "",
    ),
    "Estimator.custom": ("any regressor of scikit-learn that can be written into the file", ""),
    "CustomMember.regressor": ("its import path", "sklearn.linear_model.HuberRegressor"),
    "CustomMember.parameters": (
        "its parameters: numbers, `yes`, `no`, `none` or text; the others have its defaults",
        "epsilon=1.2, alpha=0.01",
    ),
    "Member.weight": ("share of the member in the mean of all, relative to the others", "2"),
    "LinearMember.alpha": ("strength of the penalty", "0.1"),
    "ElasticNetMember.l1_ratio": ("share of the L1 penalty", "0.5"),
    "LinearSVRMember.C": ("how much an error costs", "1"),
    "LinearSVRMember.epsilon": ("errors up to this cost nothing", "0.03"),
    "SVRMember.gamma": ("how fast the kernel falls with the distance of two rows", "0.002"),
    "QuadraticSVRMember.coef0": ("weight of single columns beside products", "1"),
    "QuadraticSVRMember.degree": ("always 2", "2"),
    "GradientBoostingMember.n_estimators": ("number of trees", "300"),
    "GradientBoostingMember.max_depth": ("questions from the root of a tree to a leaf", "3"),
    "GradientBoostingMember.learning_rate": ("share of each tree that counts", "0.05"),
    "GradientBoostingMember.subsample": ("share of the rows that each tree sees", "0.7"),
    "GradientBoostingMember.min_samples_leaf": ("fewest rows in a leaf", "5"),
    "GradientBoostingMember.max_features": ("share of the columns that a question picks from",)
    + ("0.3",),
    "GradientBoostingMember.loss": ("error that is made small", "huber"),
    "GradientBoostingMember.quantile": ("share of targets below, for the loss quantile", "0.9"),
    "HistGradientBoostingMember.max_iter": ("number of trees", "200"),
    "HistGradientBoostingMember.learning_rate": ("share of each tree that counts", "0.05"),
    "HistGradientBoostingMember.max_leaf_nodes": ("most leaves of a tree", "31"),
    "HistGradientBoostingMember.max_depth": ("most questions from the root to a leaf", "6"),
    "HistGradientBoostingMember.min_samples_leaf": ("fewest rows in a leaf", "20"),
    "HistGradientBoostingMember.l2_regularization": ("penalty of large leaves", "1"),
    "HistGradientBoostingMember.max_features": ("share of the columns that a question picks from",)
    + ("0.5",),
    "HistGradientBoostingMember.max_bins": (
        "how many values of a column are told apart, and how many levels a nominal may have; one "
        "with more is seen as it is encoded",
        "255",
    ),
    "HistGradientBoostingMember.loss": (
        "error that is made small; poisson and gamma are for counts and amounts, without "
        "target.transform",
        "poisson",
    ),
    "HistGradientBoostingMember.quantile": ("share of targets below, for the loss quantile",)
    + ("0.9",),
    "NystroemMember.n_components": ("number of features that approximate the kernel", "100"),
    "NystroemMember.gamma": ("how fast the kernel falls with the distance of two rows", "0.01"),
}
