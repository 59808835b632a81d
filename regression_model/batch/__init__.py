"""Predictions for engines that hand out Arrow record batches: Dask, Spark, Ray and others.

Importing this package imports neither pyarrow nor an engine.
"""

from __future__ import annotations

from .arrow import output_schema, predict_arrow
from .spark import predict_spark

__all__ = ["output_schema", "predict_arrow", "predict_spark"]
