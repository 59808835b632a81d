"""Texts of options that commands have beside those of jobs; this imports nothing."""

from __future__ import annotations

__all__ = ["CONFIG", "MODEL", "PLACE_OF_RUNS", "RECORD", "SCHEDULER"]

CONFIG = "Configuration; without it, the packaged one."
MODEL = (
    "Model file, name of an installed model, or registered model such as runs:/NAME@champion; "
    "without it, the shipped one."
)
PLACE_OF_RUNS = (
    "Folder with runs, or mlflow+http://HOST:PORT/EXPERIMENT; without it, the folder runs."
)
RECORD = "Record the run in this folder, or at mlflow+http://HOST:PORT/EXPERIMENT."
SCHEDULER = (
    "Dask cluster for the folds: tcp://HOST:PORT, or local for one on this machine; needs the "
    "extra dask."
)
