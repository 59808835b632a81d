"""The extras: which library each installs, and the message when one is missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from . import __version__
from .distribution import distribution_name
from .errors import MissingExtraError

__all__ = ["needs"]

_LIBRARIES_OF = {
    "batch": "pyarrow",
    "convert": "skl2onnx",
    "dask": "dask distributed pyarrow",
    "jobs": "strictyaml",
    "mlflow": "alembic mlflow pandas sqlalchemy sqlparse",
    "notify": "apprise",
    "package": "build packaging setuptools",
    "remote": "aiohttp fsspec s3fs",
    "report": "jinja2 markupsafe matplotlib",
    "serve": "httptools orjson prometheus_client uvicorn uvloop",
    "spark": "pandas pyarrow pyspark",
    "train": "feature_engine joblib onnx pandas scipy sklearn strictyaml threadpoolctl",
    "tune": "matplotlib optuna scipy",
    "verify": "cryptography model_signing OpenSSL packaging",
}


@contextmanager
def needs(*extras: str) -> Iterator[None]:
    """Turn a failed import into MissingExtraError, which says what to install.

    `extras` are all that are needed, so that one command installs them together. A library that is
    installed but broken raises its own error.
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
    brings = (extra for extra in extras if library in _LIBRARIES_OF.get(extra, "").split())
    home = next(brings, extras[0])
    return (
        f"{library} is not installed; it comes with the extra {home}: "
        f"pip install '{distribution_name()}[{','.join(extras)}]=={__version__}'."
    )
