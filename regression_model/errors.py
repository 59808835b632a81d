"""The errors of this package; each message names the cause and what to do."""

from __future__ import annotations

__all__ = [
    "AliasMovedError",
    "ClusterError",
    "ConfigError",
    "DataError",
    "ExportError",
    "InputError",
    "MissingExtraError",
    "ModelFileError",
    "OutputError",
    "PackageError",
    "QualityError",
    "RegressionModelError",
    "TrackingError",
    "UnreachableError",
    "VerificationError",
]


class RegressionModelError(Exception):
    """Root of every error that this package raises on purpose."""


class ClusterError(RegressionModelError):
    """Raised when a cluster cannot be reached, or its workers cannot do the work."""


class ConfigError(RegressionModelError):
    """Raised when a configuration cannot be used; lists every mistake with its line.

    Attributes
    ----------
    mistakes : tuple of (line, key, message)
    """

    mistakes: tuple[tuple[int, str, str], ...] = ()


class DataError(RegressionModelError):
    """Raised when training data cannot be read, or breaks the contract in the configuration."""


class ExportError(RegressionModelError):
    """Raised when a fitted pipeline cannot be written as ONNX, or its graph disagrees with it."""


class InputError(RegressionModelError):
    """Raised when an input as a whole cannot be read as rows."""


class MissingExtraError(RegressionModelError, ImportError):
    """Raised when a command needs an optional dependency that is not installed."""


class ModelFileError(RegressionModelError):
    """Raised when a model file is absent, damaged, foreign, or of a newer format."""


class OutputError(RegressionModelError):
    """Raised when a result cannot be written; what was there before is untouched."""


class PackageError(RegressionModelError):
    """Raised when a model cannot be made into a package: its name, its version or the build."""


class QualityError(RegressionModelError):
    """Raised when a trained model misses the quality bar of its configuration."""


class TrackingError(RegressionModelError):
    """Raised when a run, an alias, or the place where they are recorded cannot be read."""


class AliasMovedError(TrackingError):
    """Raised when an alias is not moved, because somebody else has just moved it."""


class UnreachableError(TrackingError):
    """Raised when a tracking server does not answer, or refuses."""


class VerificationError(RegressionModelError):
    """Raised when something cannot be verified or signed: a key, a signature or a training."""
