"""Records of what commands have made: of a training, an evaluation, a search, or a model file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import __version__
from ..evaluation.results import EvaluationResult
from ..runtime.model import load_model
from .values import Dataset, Metric, Parameter, Run

if TYPE_CHECKING:
    from ..training.run import TrainingResult
    from ..tuning import NestedTuningResult, TuningResult
    from ..tuning.trials import Trial

__all__ = [
    "Made",
    "dataset_of",
    "made_by_evaluation",
    "made_by_nested_tuning",
    "made_by_training",
    "made_by_tuning",
    "made_of_model",
]


class Made(NamedTuple):
    """A run, the files to keep with it by their names, and the runs that are parts of it."""

    run: Run
    files: Mapping[str, Path | bytes] = {}
    parts: tuple[Run, ...] = ()


def dataset_of(path: Path | str, role: str, *, rows: int | None = None) -> Dataset:
    """Return what is recorded of a file with rows; a pipe or an address has no digest."""
    sha256 = None
    if Path(path).is_file():
        with open(path, "rb") as file:
            sha256 = file_digest(file, "sha256").hexdigest()
    return Dataset(str(path), role, sha256, rows)


def made_of_model(path: Path) -> Made:
    """Return the record of the training that a model file tells of, to register the file."""
    model = load_model(path)
    return Made(_run_of_manifest(model.manifest), {f"{model.name}.onnx": path})


def made_by_training(result: TrainingResult) -> Made:
    """Return the record of a training, with its model file, report, card and held-out errors."""
    from .held_out import FILE, held_out_of

    run = _run_of_manifest(result.manifest, data_path=result.data_path, notes=tuple(result.notes))
    files: dict[str, Path | bytes] = {f"{run.model}.onnx": result.model_path}
    if result.report_path is not None and result.card_path is not None:
        files |= {"report.html": result.report_path, "card.md": result.card_path}
    if result.config_path is not None:
        files["config.yml"] = result.config_path
    if result.held_out:
        files[FILE] = held_out_of(result.held_out)
    return Made(run, files)


def made_by_evaluation(
    evaluation: EvaluationResult, *, data: Path | str | None = None, report: Path | None = None
) -> Made:
    """Return the record of an evaluation.

    Parameters
    ----------
    data : the labelled rows; None for a cross-validation
    report : its page
    """
    manifest = evaluation.manifest or {}
    datasets = () if data is None else (dataset_of(data, "scored", rows=evaluation.rows),)
    estimates = evaluation.metrics.items()
    run = Run(
        kind="evaluate",
        model=evaluation.name,
        version=manifest.get("version", ""),
        parameters={
            "source": evaluation.source,
            "rows": evaluation.rows,
            "refused_rows": len(evaluation.refused),
            "repeats": evaluation.repeats,
            "split": evaluation.split,
        },
        metrics={name: Metric(one.value, one.low, one.high) for name, one in estimates},
        datasets=datasets,
        tags=_tags(manifest),
        notes=tuple(filter(None, (evaluation.caution, *evaluation.notes))),
    )
    return Made(run, {} if report is None else {"report.html": report})


def made_by_tuning(result: TuningResult, *, name: str, picture: Path | None = None) -> Made:
    """Return the record of a search, with one part for each trial.

    Parameters
    ----------
    name : of the model
    picture : of the importances
    """
    parameters = {f"best.{key}": value for key, value in result.best_values.items()}
    metrics = {
        "best_score": Metric(result.best_score),
        "present_score": Metric(result.present_score),
    }
    made = _made_by_search(name, result.metric, result.trials, parameters, metrics)
    if picture is None or not picture.is_file():
        return made
    return made._replace(files={"importances.png": picture})


def made_by_nested_tuning(result: NestedTuningResult, *, name: str) -> Made:
    """Return the record of searches inside outer folds; `name` is that of the model."""
    metrics = {}
    for what in ("score", "inner_score", "present_score", "optimism", "gain"):
        mean = getattr(result, what)
        spread = 2 * mean.standard_error
        metrics[what] = Metric(mean.value, mean.value - spread, mean.value + spread)
    parameters = {"outer_folds": len(result.folds)}
    return _made_by_search(name, result.metric, result.trials, parameters, metrics)


def _made_by_search(
    name: str,
    metric: str,
    trials: Sequence[Trial],
    parameters: Mapping[str, Parameter],
    metrics: Mapping[str, Metric],
) -> Made:
    tags = {"package_version": __version__}
    parts = tuple(
        Run(
            kind="trial",
            model=name,
            parameters=dict(trial.values),
            metrics={} if trial.score is None else {metric: Metric(trial.score)},
            tags=tags,
            status="failed" if trial.state == "failed" else "finished",
            notes=(trial.message,) if trial.message else (),
        )
        for trial in trials
    )
    parameters = {"metric": metric, "trials": len(trials), **parameters}
    return Made(Run("tune", name, parameters=parameters, metrics=metrics, tags=tags), {}, parts)


def _run_of_manifest(
    manifest: Mapping[str, Any], *, data_path: Path | None = None, notes: tuple[str, ...] = ()
) -> Run:
    """Return the run of the training that a manifest tells of."""
    training, spread = manifest["training"], manifest.get("spread", {})
    metrics = {}
    for name, value in manifest["metrics"].items():
        ends = spread.get(name, {})
        metrics[name] = Metric(value, ends.get("low"), ends.get("high"))
    data = Dataset(
        path=str(data_path or training["data_file"]),
        role="training",
        sha256=training["data_sha256"],
        rows=training["rows"],
        columns=len(manifest["contract"]["fields"]) + 1,  # and the target
    )
    parameters = {
        "target.name": manifest["target"]["name"],
        "target.transform": manifest["target"]["transform"],
        "interval.level": manifest["interval"]["level"],
        **{key: training[key] for key in ("folds", "repeats", "seed") if key in training},
        "evaluation.split": manifest.get("evaluation", {}).get("split", "random"),
        **{
            f"estimator.{kind}.{key}": value if isinstance(value, _PARAMETER) else str(value)
            for kind, settings in training["estimator"].items()
            for key, value in settings.items()
            if key != "kind"
        },
        **{f"quality.{key}": one for key, one in manifest.get("quality", {}).items() if one},
    }
    return Run(
        kind="train",
        model=manifest["name"],
        version=manifest["version"],
        parameters=parameters,
        metrics=metrics,
        datasets=(data,),
        tags=_tags(manifest),
        notes=notes,
    )


_PARAMETER = str | int | float | bool | None


def _tags(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return where a model comes from; of a pipeline without a model file there is less."""
    tags, training = {"package_version": __version__}, manifest.get("training")
    if training is not None:
        tags |= {key: training[key] for key in ("config_sha256", "data_sha256", "python")}
        libraries = training["libraries"].items()
        tags["libraries"] = ", ".join(f"{name} {one}" for name, one in libraries)
        if training.get("commit"):
            tags["commit"] = training["commit"]
    return tags
