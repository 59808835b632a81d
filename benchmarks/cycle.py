"""The life of a model: eight jobs, one after the other, with the time and the memory of each.

`python -m benchmarks.cycle` runs the job files of `jobs` on the packaged sales: the model learns
from those before 2010, and the sales of 2010 are its new rows. Runs are recorded in a folder, or,
with `--mlflow`, on a server that is started on 127.0.0.1. With `--page` the table goes into
`docs/lifecycle.md`.
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from .environments import PACKAGE, ROOT
from .table import markdown

__all__ = ["JOBS", "PAGE", "Measured", "main", "put_into_page"]

JOBS = ("tune", "train", "evaluate", "compare", "promote", "predict", "explain", "monitor")
PAGE = ROOT / "docs" / "lifecycle.md"
_PEER = {  # seconds: fmind/mlops-python-package 5.0.0 on bike rentals, with MLflow
    "tune": "57, 12 fits",
    "train": "36",
    "evaluate": "12",
    "promote": "9",
    "predict": "10",
    "explain": "16",
}
_NO = {"compare": (0, 10, 11), "monitor": (0, 1)}  # exit codes that are answers
_FIRST_NEW_YEAR = 2010
_EXPLAINED = 100
_SECONDS_TO_START = 120


@dataclass(frozen=True)
class Measured:
    """A job that has run: its exit code, wall time, and the most memory that it had."""

    kind: str
    exit_code: int
    seconds: float
    megabytes: float
    said: str


def main() -> None:
    """Run the cycle as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cycle", description=__doc__)
    parser.add_argument("--mlflow", action="store_true", help="record on an MLflow server")
    parser.add_argument("--page", action="store_true", help=f"write the table to {PAGE.name}")
    parser.add_argument("--trials", default="3", help="trials of the tuning, 5 fits each")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cycle-") as folder:
        place = Path(folder)
        if options.mlflow:
            with _mlflow_server(place) as address:
                registered = {
                    "RUNS": f"mlflow+{address}/cycle",
                    "CHAMPION": "models:/house-prices@champion",
                    "MLFLOW_TRACKING_URI": address,
                }
                measured = _cycle(place, registered, trials=options.trials)
        else:
            registered = {"RUNS": "runs", "REGRESSION_MODEL_RUNS": "runs"}
            measured = _cycle(place, registered, trials=options.trials)
    table = _table(measured)
    where = "mlflow" if options.mlflow else "files"
    print(table)
    if options.page:
        put_into_page(where, table)
    if any(one.exit_code not in _NO.get(one.kind, (0,)) for one in measured):
        sys.exit(1)


def _cycle(place: Path, registered: Mapping[str, str], *, trials: str) -> list[Measured]:
    """Run the jobs, each in a process of its own; stop at the first that fails."""
    environment = {**os.environ, **_rows(place), **registered, "TRIALS": trials}
    measured = []
    for kind in JOBS:
        one = _measured(kind, place, environment)
        measured.append(one)
        print(f"{kind}: {one.seconds:.1f} s, exit code {one.exit_code}", flush=True)
        if one.exit_code not in _NO.get(kind, (0,)):
            print(one.said)
            break
    return measured


def _rows(place: Path) -> dict[str, str]:
    """Write the rows of each role, and the configuration with fewer folds; return their names."""
    with (PACKAGE / "datasets" / "train.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    new = [row for row in rows if int(row["YrSold"]) >= _FIRST_NEW_YEAR]
    parts = {
        "TRAINING_ROWS": [row for row in rows if int(row["YrSold"]) < _FIRST_NEW_YEAR],
        "LABELLED_ROWS": new,
        "NEW_ROWS": new,
        "FEW_ROWS": new[:_EXPLAINED],
    }
    paths = {name: place / f"{name.lower().replace('_', '-')}.csv" for name in parts}
    for name, part in parts.items():
        with paths[name].open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, [*rows[0]])
            writer.writeheader()
            writer.writerows(part)
    text = (PACKAGE / "config.yml").read_text(encoding="utf-8")
    for pattern, instead in (
        (r"^  folds: \d+", "  folds: 5"),
        (r"^  repeats: \d+", "  repeats: 1"),
        (r"^  rmsle: \S+", "  rmsle: 0.125"),  # a seventh fewer rows, and fewer folds
        (r"^  (stratify|without): .*\n", ""),
    ):
        text = re.sub(pattern, instead, text, flags=re.MULTILINE)
    config = place / "houses.yml"
    config.write_text(text, encoding="utf-8")
    model = f"house-prices-{(PACKAGE / 'VERSION').read_text(encoding='utf-8').strip()}.onnx"
    shutil.copy(PACKAGE / "trained_models" / model, place / "present.onnx")
    return {name: str(path) for name, path in paths.items()} | {
        "CONFIG": str(config),
        "WORK": str(place / "work"),
        "PRESENT": str(place / "present.onnx"),
        "CHALLENGER": str(place / "work" / model),
    }


def _measured(kind: str, place: Path, environment: Mapping[str, str]) -> Measured:
    command = [sys.executable, "-m", "regression_model", "run", str(ROOT / "jobs" / f"{kind}.yml")]
    begun = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, cwd=place, env=environment, stdout=said, stderr=said)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read().decode("utf-8", "replace")
    kilobytes = used.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return Measured(kind, process.returncode, seconds, kilobytes / 1024, text)


@contextmanager
def _mlflow_server(place: Path) -> Iterator[str]:
    """Start a tracking server on a free port, and stop it at the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{place / 'mlflow.db'}"]
    command += ["--artifacts-destination", str(place / "artifacts")]
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    with (place / "server.log").open("wb") as log:
        server = subprocess.Popen(
            command,
            cwd=place,
            stdout=log,
            stderr=log,
            env={**os.environ, "PATH": programs},  # it starts uvicorn by its name
            start_new_session=True,
        )
        try:
            _wait_for(f"{address}/health", server)
            yield address
        finally:
            os.killpg(server.pid, 15)
            server.wait(timeout=30)


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + _SECONDS_TO_START
    while time.monotonic() < ends and server.poll() is None:
        try:
            with urlopen(address, timeout=1):
                return
        except (URLError, OSError):
            time.sleep(0.2)
    sys.exit("The MLflow server did not start: install mlflow-skinny, flask and flask-cors.")


def _table(measured: list[Measured]) -> str:
    rows = [
        (f"`jobs/{one.kind}.yml`", f"{one.seconds:.1f}", f"{one.megabytes:.0f}")
        + (_PEER.get(one.kind, "–"),)
        for one in measured
    ]
    rows.append(("all", f"{sum(one.seconds for one in measured):.1f}", "", ""))
    return markdown(("job", "seconds", "peak memory, MB", "peer, seconds"), rows)


def put_into_page(where: str, table: str) -> None:
    """Put a table into its place in the page."""
    text = PAGE.read_text(encoding="utf-8")
    begin, end = f"<!-- {where}: begin -->\n", f"<!-- {where}: end -->"
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    if not after:
        sys.exit(f"{PAGE} has no place for the table: {begin.strip()}")
    PAGE.write_text(f"{before}{begin}\n{table}\n\n{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
