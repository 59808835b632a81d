"""The commands runs, promote and rollback."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from ..display import Table, count, plain, printable
from .console.commands import JobFunction
from .console.options import JsonOption, PlaceOfRunsOption
from .console.program import Command, fail, say
from .console.terminal import Terminal, show, show_json

if TYPE_CHECKING:
    from ..jobs.promoting import PromoteJob
    from ..tracking import RunRecord, Runs

__all__ = ["promote", "rollback", "runs"]

runs = typer.Typer(name="runs", no_args_is_help=False)


@runs.callback(invoke_without_command=True)
def list_runs(
    ctx: typer.Context,
    where: PlaceOfRunsOption = None,
    kind: Annotated[
        str | None, typer.Option(metavar="KIND", help="Only those of a kind, such as train.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the runs that were recorded, the newest first.

    Beside each stand the aliases of its model.

    Commands record a run where --runs or the environment variable REGRESSION_MODEL_RUNS names a
    place. A record that was cut short by a crash is named, and left out.

    \b
    Examples:
      regression-model train --runs runs
      regression-model runs
      regression-model runs show house-prices@champion
      regression-model runs diff 20261122-045012-4f2a9c house-prices@champion
      regression-model runs push --to mlflow+http://127.0.0.1:5000/houses
    """
    if ctx.invoked_subcommand is not None:
        return
    from ..tracking import open_runs

    place = open_runs(where)
    found = [one for one in place.runs() if kind in (None, one.run.kind)]
    aliases = _aliases(place)
    if as_json:
        listed = [{**one.to_dict(), "aliases": aliases.get(one.id, [])} for one in found]
        typer.echo(json.dumps(listed, allow_nan=False))
    elif found:
        show(_table(found, aliases), count(len(found), "run") + f" in {place.where}.")
    else:
        typer.echo(f"There are no runs in {place.where}: train with --runs {place.where}.")
    for problem in place.problems():
        say(f"Note: {printable(problem)}")


@runs.command(name="show", cls=Command)
def show_run(
    named: Annotated[
        str, typer.Argument(metavar="RUN", help="The id of a run or its beginning, or NAME@ALIAS.")
    ],
    where: PlaceOfRunsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what was recorded of a run."""
    from ..tracking import open_runs

    place = open_runs(where)
    record = place.run(named)
    aliases = _aliases(place).get(record.id, [])
    if as_json:
        typer.echo(json.dumps({**record.to_dict(), "aliases": aliases}, allow_nan=False))
        return
    run = record.run
    about = [
        ["run", record.id],
        ["kind", run.kind],
        ["model", f"{run.model} {run.version}".strip()],
        ["status", run.status],
        ["started", run.started],
        ["seconds", plain(run.seconds)],
        *([["aliases", ", ".join(aliases)]] if aliases else []),
        *([["part of", run.parent]] if run.parent else []),
        *sorted([key, text] for key, text in run.tags.items()),
    ]
    show(Table("", ["", ""], about, numbers_to=0), header=False)
    metrics = [
        [name, *("" if one is None else plain(one) for one in (m.value, m.low, m.high))]
        for name, m in run.metrics.items()
    ]
    data = [
        [one.role, one.path, "" if one.rows is None else f"{one.rows:,}", one.sha256 or ""]
        for one in run.datasets
    ]
    parameters = [[key, str(value)] for key, value in run.parameters.items()]
    files = [[name, digest] for name, digest in record.files.items()]
    for table in (
        Table("Metrics", ["Metric", "Value", "from", "to"], metrics),
        Table("Data", ["Role", "File", "Rows", "SHA-256"], data, numbers_from=2, numbers_to=3),
        Table("Parameters", ["Parameter", "Value"], parameters, numbers_to=0),
        Table(f"Files in {record.place}", ["File", "SHA-256"], files, numbers_to=0),
    ):
        if table.rows:
            show(table)
    for note in run.notes:
        typer.echo(f"Note: {printable(note)}")


@runs.command(name="diff", cls=Command)
def diff_runs(
    old: Annotated[str, typer.Argument(metavar="A", help="A run, as for show.")],
    new: Annotated[str, typer.Argument(metavar="B", help="Another one.")],
    where: PlaceOfRunsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how two runs differ: in parameters, metrics, data, tags and files."""
    from ..tracking import open_runs
    from ..tracking.differing import differences, tables_of_differences

    place = open_runs(where)
    one, other = place.run(old), place.run(new)
    if as_json:
        typer.echo(json.dumps(differences(one, other), allow_nan=False))
        return
    tables = [*tables_of_differences(one, other)]
    if tables:
        show(*tables)
    else:
        typer.echo("Nothing differs but the time.")


@runs.command(name="push", cls=Command)
def push_runs(
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="WHERE",
            help="Tracking server and experiment, such as mlflow+http://HOST:5000/EXPERIMENT.",
        ),
    ],
    named: Annotated[
        str | None,
        typer.Argument(metavar="RUN", help="A run, as for show; without it, all not yet there."),
    ] = None,
    where: PlaceOfRunsOption = None,
) -> None:
    """Record runs of a folder on a tracking server as well, and register their models there.

    A run that is there already is left as it is.
    """
    from ..tracking import open_runs
    from ..tracking.pushing import push

    place, other = open_runs(where), open_runs(to)
    records = place.runs()[::-1] if named is None else [place.run(named)]
    pushed = 0
    for record, new_id in push(place, other, records):
        typer.echo(f"{record.id}: {new_id or 'is there already'}")
        pushed += new_id is not None
    typer.echo(f"{count(pushed, 'run')} recorded in {other.where}.")


@JobFunction
def promote(job: PromoteJob) -> None:
    """Make a model the champion, if it deserves it.

    It must meet the quality bar in its file, accept the rows that the champion accepts, and not be
    worse on the same rows: the 95% interval of the difference, by a paired bootstrap, must end
    within the margin. Otherwise the reasons are shown, nothing is changed, and the exit code is 1;
    so it is where somebody else has moved the alias meanwhile.
    Who replaced which model, when, and on what evidence is recorded.

    \b
    Examples:
      regression-model promote 20261122-045012-4f2a9c
      regression-model promote house-prices-4.1.0.onnx --data sales.csv --margin 0.01
      regression-model promote 20261122 --force --reason "the champion uses a field that is gone"
    """
    found = job.run(Terminal())
    if job.as_json:
        show_json(found)
        if not found.promoted:
            raise typer.Exit(1)
        return
    for sentence in (*found.refusals, *found.notes):
        typer.echo(printable(sentence))
    if not found.promoted:
        fail(f"Not promoted: {found.name}@{found.alias} is {found.champion or 'none'}.", code=1)
    if found.evidence is not None and not found.refusals:
        typer.echo(found.evidence.sentence())
    instead = f", instead of {found.champion}" if found.move and found.champion else ""
    typer.echo(f"{found.name}@{found.alias} is {found.challenger}{instead}.")


def rollback(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the model.")],
    alias: Annotated[
        str, typer.Option(metavar="ALIAS", help="The alias that is given back.")
    ] = "champion",
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="Why, for the record.")] = None,
    where: PlaceOfRunsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give an alias back to the model that had it before.

    Again, it goes to the one before that. A service that was started with the alias follows.

    \b
    Examples:
      regression-model rollback house-prices --reason "predictions too low since noon"
    """
    from ..tracking import open_runs
    from ..tracking.promotion import rollback as roll_back

    move = roll_back(open_runs(where), name, alias=alias, reason=reason)
    if as_json:
        show_json(move)
    else:
        typer.echo(f"{move.name}@{move.alias} is {move.run} again, instead of {move.replaced}.")


def _aliases(place: Runs) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in place.aliases():
        found.setdefault(one.run, []).append(f"{one.name}@{one.alias}")
    return found


def _table(records: list[RunRecord], aliases: dict[str, list[str]]) -> Table:
    from ..evaluation.results import headline_of

    rows = []
    for record in records:
        run = record.run
        target = {"transform": run.parameters.get("target.transform")}
        name = headline_of(target, run.metrics)
        name = name if name in run.metrics else next(iter(run.metrics), "")
        score = f"{name} {plain(run.metrics[name].value)}" if name else ""
        about = [record.id, run.kind, f"{run.model} {run.version}".strip(), score]
        rows.append([*about, ", ".join(aliases.get(record.id, []))])
    head = ["Run", "Kind", "Model", "Metric", "Aliases"]
    return Table("", head, rows, numbers_to=0)
