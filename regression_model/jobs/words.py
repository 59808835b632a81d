"""Texts of options that commands have beside those of jobs; this imports nothing."""

from __future__ import annotations

__all__ = ["CONFIG", "MODEL"]

CONFIG = "Configuration; without it, the packaged one."
MODEL = "Model file, or the name of an installed model; without it, the shipped one."
