"""Where the packaged files are."""

from pathlib import Path

__all__ = ["CONFIG_FILE_PATH", "DATASET_DIR", "PACKAGE_ROOT", "TRAINED_MODEL_DIR"]

PACKAGE_ROOT = Path(__file__).resolve().parent.parent
CONFIG_FILE_PATH = PACKAGE_ROOT / "config.yml"
DATASET_DIR = PACKAGE_ROOT / "datasets"
TRAINED_MODEL_DIR = PACKAGE_ROOT / "trained_models"
