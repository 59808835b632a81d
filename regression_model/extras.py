"""The extras: which library each installs, and the message when one is missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from . import __version__
from .distribution import distribution_name
from .errors import MissingExtraError

__all__ = ["needs"]

_EXTRAS_OF = {
    "OpenSSL": ("verify",),
    "aiohttp": ("remote",),
    "alembic": ("mlflow",),
    "apprise": ("notify",),
    "build": ("package",),
    "cryptography": ("verify",),
    "dask": ("dask",),
    "distributed": ("dask",),
    "feature_engine": ("train",),
    "fsspec": ("remote",),
    "httptools": ("serve",),
    "joblib": ("train",),
    "jinja2": ("report",),
    "markupsafe": ("report",),
    "matplotlib": ("report", "tune"),
    "mlflow": ("mlflow",),
    "model_signing": ("verify",),
    "onnx": ("train",),
    "optuna": ("tune",),
    "orjson": ("serve",),
    "packaging": ("package", "verify"),
    "pandas": ("train", "mlflow", "spark"),
    "prometheus_client": ("serve",),
    "pyarrow": ("batch", "dask", "spark"),
    "pyspark": ("spark",),
    "s3fs": ("remote",),
    "scipy": ("train", "tune"),
    "setuptools": ("package",),
    "skl2onnx": ("convert",),
    "sklearn": ("train",),
    "sqlalchemy": ("mlflow",),
    "sqlparse": ("mlflow",),
    "strictyaml": ("train", "jobs"),
    "threadpoolctl": ("train",),
    "uvicorn": ("serve",),
    "uvloop": ("serve",),
}


@contextmanager
def needs(*extras: str) -> Iterator[None]:
    """Turn a failed import into an error that says what to install.

    Parameters
    ----------
    extras : all that are needed, so that one command installs them together.

    Raises
    ------
    MissingExtraError
        When a library is missing. One that is installed but broken raises its own error.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library == __package__:
            raise
        raise MissingExtraError(_sentence(library, extras)) from None


def _sentence(library: str, extras: tuple[str, ...]) -> str:
    """Name the library and its extra; the version excludes another package of the same name."""
    home = next((extra for extra in extras if extra in _EXTRAS_OF.get(library, ())), extras[0])
    return (
        f"{library} is not installed; it comes with the extra {home}: "
        f"pip install '{distribution_name()}[{','.join(extras)}]=={__version__}'."
    )
