"""Runs on an MLflow tracking server, and models in its registry.

`download` opens a registered model with the base install; `runs` records, with the extra mlflow.
"""
