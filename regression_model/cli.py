"""The command line. Results go to standard output, everything else to standard error.

Exit codes: 0 done; 1 done, but a row has no prediction or a model misses its quality bar;
2 input or arguments that cannot be used; 130 interrupted.
"""

from __future__ import annotations

import json
import math
import os
import signal
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from . import __version__
from .errors import ConfigError, InputError, MissingExtraError, QualityError, RegressionModelError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from .contract import Contract
    from .evaluation import Progress
    from .files import FileKind, Rows
    from .model import Prediction
    from .problems import Problem
    from .train_pipeline import TrainingResult

__all__ = ["app", "main"]

_PACKAGE_ROOT = Path(__file__).resolve().parent
_MOST_ROWS_SHOWN = 50
_INTERRUPTED_EXIT = 130  # as a shell reports a program that Ctrl-C ended
_SIGPIPE_EXIT = 141  # and one whose reader went away
_FIGURES = ("prediction", "lower", "upper")


class Kind(StrEnum):
    """What a file holds."""

    csv = "csv"
    jsonl = "jsonl"
    parquet = "parquet"


class _Program(TyperGroup):
    """The commands, with one way to fail: a sentence and an exit code, never a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except RegressionModelError as error:
            _fail(_sentence(error), code=1 if isinstance(error, QualityError) else 2)
        except KeyboardInterrupt:
            _fail("Interrupted.", code=_INTERRUPTED_EXIT)
        except BrokenPipeError:
            _drop_standard_output()
            raise typer.Exit(_SIGPIPE_EXIT) from None
        except OSError as error:
            if error.filename is None:
                _drop_standard_output()
            place = error.filename or "Standard output"
            _fail(f"Error: {place} cannot be used: {error.strerror or error}.", code=2)


def _fail(sentence: str, *, code: int) -> NoReturn:
    _say(sentence)
    raise typer.Exit(code) from None


def _say(sentence: str) -> None:
    typer.echo(sentence, err=True)


def _sentence(error: RegressionModelError) -> str:
    """Return what an error says; a list of mistakes stays as it is, for editors to jump to."""
    listed = isinstance(error, ConfigError) and error.mistakes
    return str(error) if listed or "\n" in str(error) else f"Error: {error}"


def _drop_standard_output() -> None:
    """Send what is still waiting to be written nowhere, so that Python's exit is silent."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


app = typer.Typer(
    cls=_Program,
    name="regression-model",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: fast, and the same in a terminal and in a pipe
    context_settings={"help_option_names": ["-h", "--help"]},
)

ModelOption = Annotated[
    Path | None,
    typer.Option("--model", metavar="FILE", help="Model file; without it, the shipped one."),
]


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"regression-model {__version__}")
        raise typer.Exit


@app.callback()
def program(
    version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_show_version, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Train a regression model, and predict with it from one self-describing model file."""


def main() -> None:
    """Run the program and exit."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _stop)
    if isinstance(sys.stdout, TextIOWrapper):  # a name that the terminal cannot show is no failure
        sys.stdout.reconfigure(errors="backslashreplace")
    app(prog_name="regression-model")


def _stop(*_: object) -> None:
    """End at once on Ctrl-C: no file is begun, and a library that loads can lose an exception."""
    os.write(2, b"Interrupted: nothing was written.\n")
    os._exit(_INTERRUPTED_EXIT)


@contextmanager
def _making_a_file() -> Iterator[None]:
    """Let Ctrl-C raise KeyboardInterrupt, so that no half of a file is left behind."""
    handler = signal.getsignal(signal.SIGINT)
    if handler is not _stop:
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


# Training


@app.command()
def train(
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Configuration; without it, the packaged one."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Training rows; without it, those the configuration names."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder for the model file; without it, trained_models, in the package for the "
            "packaged configuration and beside any other.",
        ),
    ] = None,
    if_stale: Annotated[
        bool,
        typer.Option(
            "--if-stale",
            help="Train only if the shipped model is absent, or its version, configuration or data "
            "have changed.",
        ),
    ] = False,
) -> None:
    """Train a model and write its file.

    A configuration describes the model and names its training rows. The figures are
    cross-validated. Exit code 1 says that the model misses the quality bar of its configuration;
    nothing is written then, nor after any error.

    \b
    Examples:
      regression-model train
      regression-model train --config boats.yml --data boats.csv --output models
    """
    if data == Path("-"):
        raise typer.BadParameter("training rows come from a file.", param_hint="--data")
    if if_stale:
        if config or data or output:
            raise typer.BadParameter(
                "looks at the shipped model: give no --config, --data or --output with it.",
                param_hint="--if-stale",
            )
        if _is_fresh():
            return
    try:
        result = _train(config, data, output)
    except KeyboardInterrupt:
        _fail("Interrupted: nothing was written.", code=_INTERRUPTED_EXIT)
    _show_training(result)


def _is_fresh() -> bool:
    from .model_file import stale_reason

    reason = stale_reason(_PACKAGE_ROOT)
    _say(f"Training: {reason}." if reason else "The model is up to date: nothing to do.")
    return reason is None


def _train(config: Path | None, data: Path | None, output: Path | None) -> TrainingResult:
    _say("Loading libraries ...")
    with _extra("train"):
        from .train_pipeline import run_training
    with _making_a_file(), _shown_progress() as progress:
        return run_training(config_path=config, data_path=data, output=output, progress=progress)


@contextmanager
def _extra(name: str) -> Iterator[None]:
    """Turn a failed import into the sentence that says what to install."""
    try:
        yield
    except ImportError as error:
        raise MissingExtraError(
            f"This command needs the extra {name} ({error}): "
            f"pip install 'regression-model[{name}]'."
        ) from None


@contextmanager
def _shown_progress() -> Iterator[Progress]:
    """Show stages as bars on a terminal and as lines elsewhere."""
    if not sys.stderr.isatty():
        yield _stage_lines()
        return
    from rich import progress as rich

    columns = (
        rich.TextColumn("{task.description}"),
        rich.BarColumn(),
        rich.MofNCompleteColumn(),
        rich.TimeElapsedColumn(),
    )
    with rich.Progress(*columns, console=_console(sys.stderr)) as bars:
        tasks: dict[str, Any] = {}

        def show(stage: str, done: int, of: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=of)
            bars.update(tasks[stage], completed=done)

        yield show


def _stage_lines() -> Progress:
    said: set[str] = set()

    def show(stage: str, done: int, of: int) -> None:
        if stage not in said:
            said.add(stage)
            _say(f"{stage} ...")

    return show


def _show_training(result: TrainingResult) -> None:
    console = _console(sys.stdout)
    console.print(_metrics_table(result.manifest))
    typer.echo(_interval_sentence(result.manifest))
    typer.echo(_quality_sentence(result.manifest))
    typer.echo(_parity_sentence(result.manifest))
    for note in result.notes:
        typer.echo(f"Note: {note}")
    typer.echo(f"Model file: {result.model_path}")
    typer.echo(f"Pipeline:   {result.pipeline_path}")


@app.command()
def check(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="Configuration file.")],
) -> None:
    """Validate a configuration.

    Says in one sentence that it is in order, or names every mistake with its line.

    \b
    Example:
      regression-model check boats.yml
    """
    with _extra("train"):
        from .config.core import load_config
    loaded = load_config(config)
    used = sum(feature.use != "no" for feature in loaded.features.values())
    counts = (
        f"{_count(len(loaded.features), 'feature')} ({used} used), "
        f"{_count(len(loaded.derived), 'derived feature')}, "
        f"{_count(len(loaded.estimator), 'member')} of the estimator"
    )
    typer.echo(f"{config} is in order: {counts}.")


# Predicting


@app.command()
def predict(
    source: Annotated[
        str, typer.Argument(metavar="INPUT", help="File with rows, or - for standard input.")
    ],
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where the results go; without it, a table on a terminal and CSV elsewhere.",
        ),
    ] = None,
    model: ModelOption = None,
    from_kind: Annotated[
        Kind | None, typer.Option("--from", help="What INPUT holds, if its name does not tell.")
    ] = None,
    to_kind: Annotated[
        Kind | None, typer.Option("--to", help="What to write, if the name does not tell.")
    ] = None,
    interval: Annotated[
        bool, typer.Option("--interval", help="Add the columns lower and upper.")
    ] = False,
) -> None:
    """Predict the target for every row.

    Reads and writes CSV, JSON Lines and, with the extra batch, Parquet. One row comes out for each
    row that goes in, in the same order: its identifier if it has one, the prediction, and its
    problems. Exit code 1 says that some rows have no prediction.

    \b
    Examples:
      regression-model predict houses.csv
      regression-model predict houses.csv --output prices.csv --interval
      cat houses.jsonl | regression-model predict - --to jsonl
    """
    from .files import kind_of, read_table, write_table
    from .model import load_model

    kind = _kind(to_kind) or (None if output in (None, "-") else kind_of(str(output)))
    terminal = output in (None, "-") and sys.stdout.isatty()
    if terminal and kind == "parquet":
        raise InputError("Parquet is nothing for a terminal: name a file with --output.")
    opened = load_model(model)
    rows = read_table(source, kind=_kind(from_kind))
    prediction = opened.predict(rows)
    columns = _results(opened.contract, rows, prediction, interval=interval)
    _say_of_all_rows(prediction)
    if terminal and output is None and kind is None:
        _show_results(columns, len(prediction))
    else:
        with _making_a_file():
            write_table(output or "-", columns, kind=kind, numbers=_FIGURES)
    _check_all_predicted(prediction)


def _kind(kind: Kind | None) -> FileKind | None:
    return None if kind is None else kind.value


def _results(
    contract: Contract, rows: Rows, prediction: Prediction, *, interval: bool
) -> dict[str, Sequence[Any]]:
    from .model import plain

    columns: dict[str, Sequence[Any]] = dict(_identifiers(contract, rows))
    columns["prediction"] = plain(prediction.values)
    if interval:
        columns["lower"] = plain(prediction.lower)
        columns["upper"] = plain(prediction.upper)
    columns["problems"] = _problem_texts(prediction)
    return columns


def _identifiers(contract: Contract, rows: Rows) -> Iterator[tuple[str, list[Any]]]:
    """Yield the identifier columns that came, under the names that the contract has for them."""
    for field in contract.fields:
        if field.kind == "identifier":
            for name in (field.name, *field.aliases):
                cells = _column(rows, name)
                if cells is not None:
                    yield field.name, [_simple(cell) for cell in cells]
                    break


def _column(rows: Rows, name: str) -> Iterable[Any] | None:
    """Return one column of what `read_table` gave, or None if there is none of this name."""
    if isinstance(rows, dict):
        return rows.get(name)
    if isinstance(rows, list):
        records = [row if isinstance(row, dict) else {} for row in rows]
        return [row.get(name) for row in records] if any(name in row for row in records) else None
    if hasattr(rows, "column_names") and rows.column_names.count(name) == 1:
        return list(rows.column(name).to_pylist())
    return None


def _simple(cell: object) -> str | int | float | None:
    """Return a cell as something that every kind of file can hold."""
    if cell is None or isinstance(cell, str | int):
        return cell
    if isinstance(cell, float):
        return cell if math.isfinite(cell) else None
    return str(cell)


def _problem_texts(prediction: Prediction) -> list[str]:
    """Join the problems of each row, errors first.

    What is wrong with all rows was said in full on standard error. If it is an error, each row
    names it in a few words, so that no row without a prediction is without a reason.
    """
    of_all = [_in_short(p) for p in prediction.errors if p.row is None]
    errors: dict[int, list[str]] = {}
    warnings: dict[int, list[str]] = {}
    for problem in prediction.problems:
        if problem.row is not None:
            found = errors if problem.severity == "error" else warnings
            found.setdefault(problem.row, []).append(problem.message)
    return [
        "; ".join((*of_all, *errors.get(row, ()), *warnings.get(row, ())))
        for row in range(len(prediction))
    ]


def _in_short(problem: Problem) -> str:
    return f"{problem.field or 'row'}: {problem.code.replace('_', ' ')}"


def _say_of_all_rows(prediction: Prediction) -> None:
    for problem in prediction.problems:
        if problem.row is None:
            _say(f"{problem.severity.capitalize()} in every row: {problem.message}")


def _check_all_predicted(prediction: Prediction) -> None:
    missed = sum(value != value for value in prediction.values.tolist())
    if missed:
        _fail(f"No prediction for {missed:,} of {_count(len(prediction), 'row')}.", code=1)


def _show_results(columns: Mapping[str, Sequence[Any]], rows: int) -> None:
    table = _table()
    for name in columns:
        table.add_column(name, justify="left" if name == "problems" else "right", overflow="fold")
    for cells in list(zip(*columns.values(), strict=True))[:_MOST_ROWS_SHOWN]:
        named = zip(columns, cells, strict=True)
        table.add_row(*(_figure(v) if name in _FIGURES else _text(v) for name, v in named))
    _console(sys.stdout).print(table)
    if rows > _MOST_ROWS_SHOWN:
        _say(f"{rows - _MOST_ROWS_SHOWN:,} more: write all {rows:,} rows with --output FILE.")


# Describing


@app.command()
def info(
    model: ModelOption = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="The whole manifest as JSON, for programs.")
    ] = False,
) -> None:
    """Show what a model file says of itself.

    That is its name and target, what it was trained on and with, and how good it is.

    \b
    Examples:
      regression-model info
      regression-model info --model models/boats-1.0.0.onnx --json
    """
    from .model import load_model

    opened = load_model(model)
    manifest = opened.manifest
    if as_json:
        typer.echo(json.dumps(manifest, indent=2))
        return
    console = _console(sys.stdout)
    console.print(f"{opened.name} {opened.version}", style="bold")
    console.print(manifest["description"])
    record = _table(show_header=False)
    for what, said in _record(manifest, opened.contract):
        record.add_row(what, said)
    console.print(record)
    console.print(_metrics_table(manifest))
    console.print(_interval_sentence(manifest))


def _record(manifest: Mapping[str, Any], contract: Contract) -> Iterator[tuple[str, str]]:
    target, training = manifest["target"], manifest["training"]
    unit = f" in {target['unit']}" if target["unit"] else ""
    used = [field for field in contract.fields if field.used]
    required = sum(field.required for field in used)
    yield "Target", f"{target['name']}{unit}: {target['description']}"
    yield "Fields", f"{len(contract.fields)}, of which {len(used)} used ({required} required)"
    yield "Estimator", "; ".join(_member(*member) for member in training["estimator"].items())
    yield "Trained on", f"{training['rows']:,} rows of {training['data_file']}"
    if training["data_source"]:
        yield "Source", training["data_source"]
    if manifest["created"]:
        yield "Created", manifest["created"]
    libraries = {"Python": training["python"], **training["libraries"]}
    yield "Trained with", ", ".join(f"{name} {version}" for name, version in libraries.items())
    yield "Parity", _parity_sentence(manifest)


def _member(kind: str, settings: Mapping[str, Any]) -> str:
    said = ", ".join(f"{key} {value:g}" for key, value in settings.items() if key != "kind")
    return f"{kind} ({said})"


@app.command()
def schema(model: ModelOption = None) -> None:
    """Print the JSON Schema of one row.

    \b
    Example:
      regression-model schema > row.schema.json
    """
    from .model import load_model

    opened = load_model(model)
    typer.echo(json.dumps(opened.contract.json_schema(title=opened.name), indent=2))


# For people


def _console(stream: Any) -> Console:
    """Return a console that takes texts as they are, and colours nothing under NO_COLOR."""
    from rich.console import Console

    plain = bool(os.environ.get("NO_COLOR")) or not stream.isatty()
    return Console(
        file=stream,
        color_system=None if plain else "auto",
        force_terminal=stream.isatty(),
        markup=False,
        emoji=False,
        highlight=False,
    )


def _table(*, title: str | None = None, show_header: bool = True) -> Table:
    from rich import box
    from rich.table import Table

    return Table(title=title, show_header=show_header, box=box.SIMPLE, title_justify="left")


_METRIC_NAMES = {
    "rmsle": "Root mean squared log error (RMSLE), mean of folds",
    "rmsle_worst_fold": "RMSLE, worst fold",
    "rmse": "Root mean squared error",
    "mae": "Mean absolute error",
    "median_absolute_error": "Median absolute error",
    "mape": "Mean absolute percentage error",
    "r2": "R squared",
    "coverage": "Share inside the interval",
    "coverage_worst_quartile": "Share inside, worst quartile of the target",
    "median_relative_width": "Median width of the interval",
}
_SHARES = ("mape", "coverage", "coverage_worst_quartile", "median_relative_width")
_IN_UNIT = ("rmse", "mae", "median_absolute_error")


def _metrics_table(manifest: Mapping[str, Any]) -> Table:
    target, figures = manifest["target"], manifest["metrics"]
    table = _table(title=f"{target['name']}, {manifest['training']['folds']}-fold cross-validation")
    table.add_column("Figure")
    table.add_column("Value", justify="right")
    table.add_column("Unit")
    for key in sorted(figures, key=[*_METRIC_NAMES, *figures].index):
        value = f"{figures[key]:.2%}" if key in _SHARES else _figure(figures[key])
        unit = target["unit"] if key in _IN_UNIT else None
        table.add_row(_METRIC_NAMES.get(key, key), value, unit or "")
    return table


def _interval_sentence(manifest: Mapping[str, Any]) -> str:
    interval, figures = manifest["interval"], manifest["metrics"]
    return (
        f"Intervals: made to hold {interval['level']:.0%} of new rows. Of the held-out rows they "
        f"held {figures['coverage']:.1%}, and {figures['coverage_worst_quartile']:.1%} in the worst "
        f"quartile of the target; median width {figures['median_relative_width']:.0%} of the "
        "prediction."
    )


def _quality_sentence(manifest: Mapping[str, Any]) -> str:
    figures, bar = manifest["metrics"], manifest["quality"]
    kept = [
        f"{name} {figures[name]:.4f} ({word} {bar[name]:g})"
        for name, word in (("rmsle", "at most"), ("coverage", "at least"))
        if bar[name] is not None
    ]
    return f"Quality bar: met, {', '.join(kept)}." if kept else "Quality bar: none configured."


def _parity_sentence(manifest: Mapping[str, Any]) -> str:
    parity = manifest["parity"]
    return (
        f"Graph and pipeline agree on {_count(parity['rows'], 'row')}: "
        f"largest relative difference {parity['largest_relative_difference']:.1e}."
    )


def _figure(value: float | None) -> str:
    """Write a number for people: whole from a thousand on, else four digits that count."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _text(value: object) -> str:
    """Write a cell for people; control characters could play tricks on a terminal."""
    text = "" if value is None else str(value)
    return "".join(character if character.isprintable() else "?" for character in text)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
