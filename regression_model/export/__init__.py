"""A fitted pipeline as one ONNX graph in double precision."""

from .onnx_file import export_pipeline
from .parity import Parity, prove_parity

__all__ = ["Parity", "export_pipeline", "prove_parity"]
