"""What is measured side by side: the service, its ceiling, and two other ways to serve a model."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..environments import ROOT, Environment
from ..rows import read_records
from .servers import Server, free_port, service

__all__ = [
    "BARE",
    "COURSE",
    "ECHO",
    "MLFLOW",
    "OURS",
    "PEER",
    "STARLETTE",
    "Side",
    "all_sides",
    "bodies",
]

OURS = "the service"
ECHO = "echo on the same stack"
BARE = "echo of a function under uvicorn"
STARLETTE = "echo of Starlette"
COURSE = "FastAPI app on this package"
PEER = "the same app on the peer"
MLFLOW = "`mlflow models serve`, a constant"

_ROW_BODIES = 50  # of one row, sent in turn
_MANY = 100
# What a field is called in the published package, whose row model takes no other name.
_NAMES = {"1stFlrSF": "FirstFlrSF", "2ndFlrSF": "SecondFlrSF", "3SsnPorch": "ThreeSsnPortch"}
# The benchmarks come last on the path: the package that is measured is the installed one.
_FROM_HERE = f"import sys; sys.path.append({str(ROOT)!r}); "
_ECHO = _FROM_HERE + "from benchmarks.sides.echo_app import main; main(*sys.argv[1:3])"
_UVICORN = _FROM_HERE + (
    "import uvicorn; uvicorn.run(sys.argv[1], factory=sys.argv[2] == 'factory', "
    "port=int(sys.argv[3]), workers=int(sys.argv[4]), log_level='warning', access_log=False)"
)


@dataclass(frozen=True)
class Side:
    """One server: how it is started with some workers, and what it is asked."""

    name: str
    start: Callable[[int], Server]
    path: str
    key: str = "inputs"
    renamed: bool = False


def bodies(side: Side, rows: int) -> list[dict[str, Any]]:
    """Return bodies of so many rows each, in the form that a side takes."""
    records = [record for record in read_records() if _is_whole(record)]
    if side.renamed:
        records = [{_NAMES.get(k, k): v for k, v in record.items()} for record in records]
    parts = [records[at : at + rows] for at in range(0, len(records) - rows + 1, rows)]
    return [{side.key: part} for part in parts[:_ROW_BODIES]]


def _is_whole(record: dict[str, Any]) -> bool:
    """Say whether the peer predicts the row: it drops those that lack one of these."""
    needed = """MSZoning Exterior1st KitchenQual Functional SaleType GarageCars BsmtUnfSF
        TotalBsmtSF BsmtFinSF1 BsmtFullBath GarageArea Utilities""".split()
    return all(record[name] is not None for name in needed)


def all_sides(
    ours: Environment, peer: Environment | None, mlflow: Environment | None, folder: Path
) -> list[Side]:
    """Return the sides that can be measured; the constant model is saved in `folder`."""
    found = [
        Side(OURS, lambda n: service("--no-access-log", workers=n), "/api/v1/predict"),
        Side(ECHO, lambda n: _python(ours, _ECHO, "/health/live", workers=n), "/echo"),
        Side(BARE, lambda n: _app(ours, "echo_app:bare", "app", n, "/alive"), "/echo"),
        Side(
            STARLETTE, lambda n: _app(ours, "echo_app:starlette", "factory", n, "/alive"), "/echo"
        ),
        Side(COURSE, lambda n: _course(ours, n), "/api/v1/predict", renamed=True),
    ]
    if peer:
        found.append(Side(PEER, lambda n: _course(peer, n), "/api/v1/predict", renamed=True))
    if mlflow:
        model = folder / "constant"
        source = ROOT / "benchmarks" / "sides" / "constant_model.py"
        mlflow.run(str(source), str(model))
        found.append(
            Side(
                MLFLOW,
                lambda n: _mlflow(mlflow, model, n),
                "/invocations",
                key="dataframe_records",
            )
        )
    return found


def _course(environment: Environment, workers: int) -> Server:
    return _app(environment, "course_app:app", "app", workers, "/api/v1/health")


def _app(environment: Environment, name: str, kind: str, workers: int, ready: str) -> Server:
    return _python(environment, _UVICORN, ready, f"benchmarks.sides.{name}", kind, workers=workers)


def _python(environment: Environment, code: str, ready: str, *before: str, workers: int) -> Server:
    port = free_port()
    command = environment.command("-c", code, *before, str(port), str(workers))
    return Server(command, port=port, ready=ready, variables=environment.variables, folder=ROOT)


def _mlflow(environment: Environment, model: Path, workers: int) -> Server:
    port = free_port()
    command = environment.command("-m", "mlflow", "models", "serve", "--env-manager", "local")
    command += ["--model-uri", str(model), "--port", str(port), "--workers", str(workers)]
    path = os.pathsep.join([str(environment.python.parent), os.environ.get("PATH", "")])
    variables = environment.variables | {"PATH": path}  # it calls uvicorn by name
    return Server(command, port=port, ready="/ping", variables=variables, seconds=120)
