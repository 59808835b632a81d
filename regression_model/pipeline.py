"""The pipeline, under the name that everybody knows."""

from .training.pipeline import build_pipeline

__all__ = ["build_pipeline"]
