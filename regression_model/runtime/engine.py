"""onnxruntime, which is told to report nothing before it is loaded.

From 1.29 on it keeps an identifier of the device in the home folder and sends events to its makers
unless this variable is set. Whoever wants that sets the variable to 0.
"""

from __future__ import annotations

import os

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime  # noqa: E402
from onnxruntime.capi import onnxruntime_pybind11_state as errors  # noqa: E402

__all__ = ["errors", "onnxruntime"]
